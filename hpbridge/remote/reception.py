"""The reception: a process beside the study's, to which agents come over HTTP.

The study's process thinks, and is not asked. Here jobs wait for agents, reports are
answered by the study's policy, and it is kept which agent is there. What comes from
agents is JSON, and nothing of it is unpickled; every request bears the token. It ends
with the study's process.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import pickle
import socket
import sys
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hpbridge.remote import book as said
from hpbridge.remote.book import Book, Member, Order
from hpbridge.remote.client import CONFLICT, FORBIDDEN, UNKNOWN, proof, python_version
from hpbridge.remote.depot import Depot
from hpbridge.remote.pipe import Pipe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_LOOK_SECONDS = 0.5
# How long agents may take to hear that they are to leave.
_LEAVE_SECONDS = 2.0
_MOST_BYTES = 64 << 20


class Reception:
    """What answers agents.

    Args:
        main: The line to the study's process.
        token: That requests must bear; None for none.
        welcome: What an agent is told when it joins.
        gone_seconds: As of `Book`.
    """

    def __init__(
        self,
        main: Pipe,
        token: str | None,
        welcome: Mapping[str, Any],
        gone_seconds: float,
    ) -> None:
        self._main, self._token, self._welcome = main, token, welcome
        self._book = Book(self._say, gone_seconds)
        self._depot = Depot(self._order_of)
        self._experiments: dict[str, tuple[bytes, Any]] = {}
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_flushing = False

    def application(self) -> Starlette:
        """Return it as an application of ASGI."""
        posts = {
            "/join": self._join,
            "/next": self._next,
            "/watch": self._watch,
            "/report": self._report,
            "/leave": self._leave,
            "/fetch": self._depot.fetch,
            "/drop": self._depot.drop,
        }
        routes = [Route("/hello", self._hello)]
        routes += [
            Route(path, self._post(f), methods=["POST"]) for path, f in posts.items()
        ]
        routes += [Route("/carry", self._guarded(self._carry), methods=["POST"])]
        routes += [Route("/experiment/{key}", self._guarded(self._experiment))]
        return Starlette(routes=routes)

    async def serve(self) -> None:
        """Obey the study's process until it is gone."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._main.socket, self._obey)
        while not self._over.done():
            await asyncio.wait([self._over], timeout=_LOOK_SECONDS)
            self._book.reap()

    def _say(self, *message: Any) -> None:
        self._main.put(*message)
        if not self._is_flushing:
            self._flush()

    def _flush(self) -> None:
        """Send what the study's process takes; it may be busy for long."""
        loop = asyncio.get_running_loop()
        is_waiting = self._main.flush()
        if is_waiting and not self._is_flushing:
            loop.add_writer(self._main.socket, self._flush)
        elif self._is_flushing and not is_waiting:
            loop.remove_writer(self._main.socket)
        self._is_flushing = is_waiting

    def _obey(self) -> None:
        for what, *about in self._main.take():
            self._do(what, *about)
        if self._main.is_dead and not self._over.done():
            self._over.set_result(None)

    def _do(self, what: str, *about: Any) -> None:
        book = self._book
        if what == said.JOB:
            book.give(Order(*about))
        elif what == said.CANCEL:
            book.cancel(*about)
        elif what == said.ANSWER:
            book.answer(*about)
        elif what == said.POLICY:
            study, policy, path = about
            sys.path[:] = path
            book.decide_by(study, pickle.loads(policy))
        elif what == said.TELL:
            book.tell(*about)
        elif what == said.EXPERIMENT:
            key, packed, description = about
            self._experiments[key] = packed, description
        elif what == said.CLOSE:
            book.close()
            asyncio.get_running_loop().create_task(self._end()).add_done_callback(
                lambda _: None
            )

    async def _end(self) -> None:
        for _ in range(round(_LEAVE_SECONDS / 0.02)):
            if not self._book.members:
                break
            await asyncio.sleep(0.02)
        if not self._over.done():
            self._over.set_result(None)

    async def _hello(self, request: Request) -> Response:
        from hpbridge import __version__

        nonce = request.query_params.get("nonce", "")
        return JSONResponse(
            {"hpbridge": __version__, "proof": proof(self._token, nonce)}
        )

    def _guarded(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            expected = f"Bearer {self._token}"
            if self._token is not None and not hmac.compare_digest(
                given.encode(), expected.encode()
            ):
                return _no(FORBIDDEN, "the token is not that of the study")
            return await answer(request)

        return guarded

    def _post(
        self, answer: Callable[[Request, dict[str, Any]], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            if int(request.headers.get("content-length") or 0) > _MOST_BYTES:
                return _no(CONFLICT, f"it is longer than {_MOST_BYTES} bytes")
            try:
                data = json.loads(await request.body())
                return await answer(request, data)
            except ClientDisconnect:
                return Response()
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                return _no(CONFLICT, f"it is no message of an agent: {error!r:.200}")

        return self._guarded(answered)

    async def _join(self, _request: Request, data: dict[str, Any]) -> Response:
        problems = self._against(data)
        if problems:
            self._say(said.TURNED, str(data["worker"]), problems)
            return _no(CONFLICT, *problems)
        running = data["running"] if data["of"] == self._book.incarnation else None
        keeps = self._book.join(
            str(data["agent"]), str(data["host"]), str(data["worker"]), running
        )
        described = {key: about for key, (_, about) in self._experiments.items()}
        welcome = {**self._welcome, "experiments": described, "keeps": keeps}
        return JSONResponse({**welcome, "incarnation": self._book.incarnation})

    def _against(self, data: Mapping[str, Any]) -> list[str]:
        """Say why an agent cannot serve here."""
        from hpbridge import __version__

        problems = []
        if data["version"] != __version__:
            problems.append(
                f"it has hpbridge {data['version']}, the study {__version__}"
            )
        ours = python_version()
        if not data["brings"] and data["python"] != ours:
            # What was packed by value is of one version of Python.
            problems.append(f"it has Python {data['python']}, the study {ours}")
        return problems

    def _member(self, data: Mapping[str, Any]) -> Member | None:
        if data["of"] != self._book.incarnation:
            return None
        member = self._book.members.get(data["agent"])
        if member is not None:
            self._book.hear(member)
        return member

    def _order_of(self, data: Mapping[str, Any]) -> Order | None:
        """Return the job that an agent speaks of, if it is its."""
        member = self._member(data)
        order = None if member is None else member.order
        return order if order is not None and order.id == data["job"] else None

    async def _carry(self, request: Request) -> Response:
        try:
            return await self._depot.carry(request)
        except ClientDisconnect:
            return Response()
        except (ValueError, TypeError, KeyError, OSError) as error:
            return _no(CONFLICT, f"it is no checkpoint of an agent: {error!r:.200}")

    async def _next(self, request: Request, data: dict[str, Any]) -> Response:
        member = self._member(data)
        if member is None:
            return _stranger()
        for message in data["said"]:
            self._book.take(member, message["job"], message)
        self._obey()
        if data.get("last"):
            return JSONResponse({"job": None, "leaves": True})
        order = self._book.next_for(member)
        if order is None and not self._book.is_closing:
            if not await self._news(request, member, "next"):
                return Response()
            order = self._book.next_for(member)
        if order is None:
            return JSONResponse({"job": None, "leaves": self._book.is_closing})
        return Response(
            b'{"leaves": false, "job": ' + order.data + b"}",
            media_type="application/json",
        )

    async def _watch(self, request: Request, data: dict[str, Any]) -> Response:
        member = self._member(data)
        if member is None:
            return _stranger()
        has_news = member.cancelled is not None or self._book.is_closing
        if not has_news and not await self._news(request, member, "watch"):
            return Response()
        news = {"cancel": member.cancelled, "leaves": self._book.is_closing}
        return JSONResponse(news)

    async def _news(self, request: Request, member: Member, name: str) -> bool:
        """Wait for news for an agent; say whether its connection still stands."""
        waiting = asyncio.get_running_loop().create_future()
        setattr(member, name, waiting)
        gone = asyncio.ensure_future(request.receive())
        member.n_open += 1
        try:
            await asyncio.wait(
                {waiting, gone},
                timeout=said.HOLD_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            member.n_open -= 1
            if getattr(member, name) is waiting:
                setattr(member, name, None)
        is_gone = gone.done()
        gone.cancel()
        if not is_gone:
            self._book.hear(member)
        elif not member.n_open:
            member.gone_at = asyncio.get_running_loop().time()
        if is_gone and waiting.done():
            self._book.wake_one()  # another one
        return not is_gone

    async def _report(self, _request: Request, data: dict[str, Any]) -> Response:
        self._obey()  # first: it may speak of what is then asked
        member = self._member(data)
        if member is None:
            return _stranger()
        reports = [
            (int(n), int(step), float(value)) for n, step, value in data["reports"]
        ]
        return JSONResponse({"reply": self._book.report(member, data["job"], reports)})

    async def _leave(self, _request: Request, data: dict[str, Any]) -> Response:
        member = self._member(data)
        if member is not None:
            self._book.leave(member, str(data["why"]), by_itself=True)
        return JSONResponse({})

    async def _experiment(self, request: Request) -> Response:
        found = self._experiments.get(request.path_params["key"])
        if found is None:
            return _stranger()
        return Response(found[0], media_type="application/octet-stream")


def _no(status: int, *problems: str) -> Response:
    return JSONResponse({"problems": problems}, status)


def _stranger() -> Response:
    return _no(UNKNOWN, "the agent is not known here")


async def _serve(line: socket.socket) -> None:
    import uvicorn

    line.setblocking(False)
    main = Pipe(line)
    loop = asyncio.get_running_loop()
    while not (first := main.take()):
        if main.is_dead:
            return
        readable = loop.create_future()
        loop.add_reader(line, readable.set_result, None)
        await readable
        loop.remove_reader(line)
    token, welcome, number, tls, gone_seconds = first[0]
    reception = Reception(main, token, welcome, gone_seconds)
    for what in first[1:]:
        reception._do(*what)
    config = uvicorn.Config(
        reception.application(),
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=75,
        **tls,
    )
    server = uvicorn.Server(config)
    door = socket.socket(fileno=number)
    serving = asyncio.ensure_future(server.serve(sockets=[door]))
    await asyncio.wait(
        [serving, asyncio.ensure_future(reception.serve())],
        return_when=asyncio.FIRST_COMPLETED,
    )
    os._exit(0)  # nothing is left to be done, and somebody waits for it


def main() -> None:
    """Serve the process at the other end of standard input until it closes it."""
    line = socket.socket(fileno=os.dup(0))
    asyncio.run(_serve(line))
