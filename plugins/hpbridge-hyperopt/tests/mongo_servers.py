"""Emulated MongoDB servers, each in a process of its own, spoken to over the wire.

There is no package of `mongod` for Python, and none in Debian 12. These are emulators:
what holds with them is what they share with MongoDB.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

FIND_PYTHON = Path(__file__).parents[3] / ".ci" / "find-python"
MONGOECO = "mongoeco[wire]==4.11.0"
PATIENCE_SECONDS = 120.0

SERVE = """
import asyncio, sys
from mongoeco.engines.memory import MemoryEngine
from mongoeco.wire.proxy import AsyncMongoEcoProxyServer

async def main():
    port = int(sys.argv[1])
    server = AsyncMongoEcoProxyServer(engine=MemoryEngine(), port=port)
    await server.start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def nx_27017():
    """NX-27017, on SQLite in memory; it drops the fields of files in GridFS."""
    if importlib.util.find_spec("nx_27017") is None:
        pytest.skip("nx-27017, an emulated MongoDB, is not installed")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "nx_27017.nx_27017",
        "--db",
        "memory",
        "-p",
        str(port),
    ]
    with running([*command, "--log-file", "/dev/null"], port) as address:
        yield address


@contextlib.contextmanager
def mongoeco():
    """Mongoeco's engine in memory, which needs a newer Python than the tests'."""
    found = subprocess.run(
        ["bash", FIND_PYTHON, "3.13"], capture_output=True, text=True, check=False
    )
    if found.returncode or shutil.which("uv") is None:
        pytest.skip("mongoeco, an emulated MongoDB, needs a Python 3.13, and uv")
    port = free_port()
    command = ["uv", "run", "--no-project", "--quiet", "--with", MONGOECO]
    command += ["--python", found.stdout.strip(), "python", "-c", SERVE, str(port)]
    with running(command, port) as address:
        yield address


@contextlib.contextmanager
def running(command, port):
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(process, port)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def wait_for(process, port) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.skip("the emulated MongoDB cannot be had here: no network, perhaps")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.1)
    pytest.fail("the emulated MongoDB does not answer")
