"""Where a reception takes checkpoints from agents, and hands them out.

An agent reaches what belongs to its job, by the job's own words, and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response, StreamingResponse

from hpbridge.checkpoints.commits import HISTORY, remove_commit
from hpbridge.remote.client import CONFLICT, DIGEST, UNKNOWN, read_prefix
from hpbridge.remote.shipping import (
    BLOCK,
    digest_of,
    is_commit,
    pack_folder,
    unpack_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.requests import Request

    from hpbridge.remote.book import Order


class Depot:
    """The checkpoints of the jobs that run.

    Args:
        order_of: Returns the job that an agent runs, by what it says of itself; None
            where it is no longer its.
    """

    def __init__(self, order_of: Callable[[Mapping[str, Any]], Order | None]) -> None:
        self._order_of = order_of

    def _place(self, about: Mapping[str, Any]) -> dict[str, Any] | None:
        order = self._order_of(about)
        checkpoint = None if order is None else json.loads(order.data)["checkpoint"]
        return None if checkpoint is None else checkpoint["place"]

    async def carry(self, request: Request) -> Response:
        """Take a checkpoint: what it is, then its archive."""
        with tempfile.TemporaryFile() as file:
            async for block in request.stream():
                file.write(block)
            file.seek(0)
            about = read_prefix(file)
            place = self._place(about)
            if place is None:
                return _no("the job is no longer the agent's", UNKNOWN)
            if not is_commit(about["name"]):
                return _no(f"no checkpoint is called {about['name']!r}")
            problem = await asyncio.to_thread(_keep, place, about, file)
        return JSONResponse({}) if problem is None else _no(problem)

    async def fetch(self, _request: Request, about: dict[str, Any]) -> Response:
        """Hand out what a job goes on from."""
        place = self._place(about)
        if place is None:
            return _no("the job is no longer the agent's", UNKNOWN)
        start = Path(place["starts"][int(about["start"])])
        try:
            file, digest = await asyncio.to_thread(pack_folder, start)
        except OSError as error:
            return _no(f"it cannot be read: {error.strerror}")
        return StreamingResponse(_blocks(file), headers={DIGEST: digest})

    async def drop(self, _request: Request, about: dict[str, Any]) -> Response:
        """Remove checkpoints that their trial has removed."""
        place = self._place(about)
        if place is not None:
            for name in filter(is_commit, about["names"]):
                folder = Path(place["folder"], str(place["trial"]), name)
                await asyncio.to_thread(remove_commit, folder)
        return JSONResponse({})


def _keep(
    place: Mapping[str, Any], about: Mapping[str, Any], file: IO[bytes]
) -> str | None:
    """Write a checkpoint where it belongs; return why that is not done."""
    with tempfile.TemporaryFile() as archive:
        while block := file.read(BLOCK):
            archive.write(block)
        archive.seek(0)
        if digest_of(archive) != about["digest"]:
            return "it is not what was sent"
        trial = Path(place["folder"], str(place["trial"]))
        try:
            unpack_folder(archive, trial / about["name"])
            with (trial / HISTORY).open("a", encoding="utf-8") as history:
                history.writelines(f"{line}\n" for line in about["history"])
        except (OSError, ValueError) as error:
            return f"it cannot be kept: {error}"
    return None


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with contextlib.closing(file):
        while block := file.read(BLOCK):
            yield block


def _no(problem: str, status: int = CONFLICT) -> Response:
    return JSONResponse({"problems": [problem]}, status)
