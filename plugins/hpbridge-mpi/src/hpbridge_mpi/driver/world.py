"""The ranks of this MPI job, and the lines between the first and the others."""

from __future__ import annotations

import atexit
import contextlib
import hmac
import os
import secrets
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import DriverError
from hpbridge_mpi.driver.launch import choose_library, launch
from hpbridge_mpi.driver.line import Line
from hpbridge_mpi.driver.rank import OVER, serve

if TYPE_CHECKING:
    from hpbridge_mpi.driver.launch import Launch

# Within which all ranks connect, once they have heard where to.
_CONNECT_SECONDS = 60.0
_HINT = "start it as in `mpiexec -n 9 hpbridge run FILE --driver mpi`"


class World:
    """What rank 0 knows of the others.

    Attributes:
        lines: To each other rank that lives, by its number.
        hosts: Where each of them is.
    """

    def __init__(self, lines: dict[int, Line], hosts: dict[int, str]) -> None:
        self.lines, self.hosts = lines, hosts

    @property
    def is_here(self) -> bool:
        """Whether all ranks are on this machine."""
        return {*self.hosts.values()} == {socket.gethostname()}

    def close(self) -> None:
        """Let the other ranks end."""
        for line in self.lines.values():
            line.put(OVER)
            line.close()


_world: World | None = None


def world() -> World:
    """Return the other ranks, in rank 0; in any other, serve, and never return.

    All ranks must call it. They meet at its first call.

    Raises:
        DriverError: If there is no MPI, or one rank alone.
        SystemExit: In the other ranks, when the program of rank 0 is over.
    """
    global _world  # noqa: PLW0603 - a process has one MPI
    if _world is None:
        _world = _meet()
    return _world


def _meet() -> World:
    found = launch()
    choose_library(found)
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        said = " ".join(str(error).split())[:300]
        _leave_quietly(found)
        headline = f"mpi4py finds no MPI: {said}"
        hint = "pip install mpich, or load your cluster's MPI module"
        raise DriverError(headline, hint=hint) from error
    ranks = MPI.COMM_WORLD
    if ranks.size == 1:
        _leave_quietly(found)
        raise _alone(found, MPI.Get_library_version())
    if ranks.rank == 0:
        made = _first(ranks)
        # Before MPI's own end, which waits for all.
        atexit.register(made.close)
        return made
    line = _other(ranks)
    is_over = line is not None and serve(line)
    if is_over:
        sys.exit(0)
    os._exit(1)  # rank 0 died, and MPI's own end would wait for it


def _leave_quietly(found: Launch) -> None:
    """End a rank that finds itself alone; the first one says why."""
    if found.rank:
        sys.exit(1)


def _alone(found: Launch, library: str) -> DriverError:
    if found.size == 1:
        headline = "The driver mpi needs two ranks or more: the first coordinates"
        return DriverError(headline, hint=_HINT)
    name = "Open MPI" if "Open MPI" in library else library.partition(" ")[0]
    headline = f"{found.launcher} has launched {found.size} processes, of which each "
    headline += f"finds itself alone: mpi4py uses {name}"
    hint = "use the mpiexec of that library, or name the other in MPI4PY_LIBMPI"
    return DriverError(headline, hint=hint)


def _first(ranks: Any) -> World:
    """Tell all ranks where to connect, and wait until they have."""
    token = secrets.token_urlsafe(24)
    # All of this machine's addresses: others are elsewhere, perhaps.
    with socket.create_server(("", 0), backlog=1024) as door:
        ranks.bcast((_addresses(), door.getsockname()[1], token), root=0)
        lines: dict[int, Line] = {}
        hosts: dict[int, str] = {}
        deadline = time.monotonic() + _CONNECT_SECONDS
        while len(lines) < ranks.size - 1:
            door.settimeout(max(deadline - time.monotonic(), 0.01))
            try:
                end, _ = door.accept()
            except TimeoutError:
                break
            line = Line(end)
            said = _greeting(line, token)
            if said is None:
                line.close()  # a stranger
                continue
            lines[said["rank"]], hosts[said["rank"]] = line, said["host"]
    if not lines:
        headline = "No other rank reaches rank 0"
        problem = f"it listened for {_CONNECT_SECONDS:g} seconds at {_addresses()}"
        raise DriverError(headline, [problem])
    return World(lines, hosts)


def _greeting(line: Line, token: str) -> dict[str, Any] | None:
    """Return what a rank says when it comes; None where it is none."""
    deadline = time.monotonic() + _CONNECT_SECONDS / 6
    while not line.is_over and time.monotonic() < deadline:
        try:
            for said in line.take(1.0):
                is_ours = hmac.compare_digest(str(said["token"]), token)
                return said if is_ours else None
        except (ValueError, KeyError, TypeError):
            return None
    return None


def _addresses() -> list[str]:
    name = socket.gethostname()
    found = [name]
    with contextlib.suppress(OSError):
        found += [str(info[4][0]) for info in socket.getaddrinfo(name, None)]
    return [*dict.fromkeys([*found, "127.0.0.1"])]


def _other(ranks: Any) -> Line | None:
    """Connect to rank 0."""
    hosts, port, token = ranks.bcast(None, root=0)
    for host in hosts:
        try:
            end = socket.create_connection((host, port), timeout=_CONNECT_SECONDS / 6)
        except OSError:
            continue
        end.settimeout(None)
        line = Line(end)
        line.put("here", rank=ranks.rank, host=socket.gethostname(), token=token)
        return line
    return None
