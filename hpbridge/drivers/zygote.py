"""A process that loads an experiment once, and forks workers that have it.

It is a fresh interpreter, which does nothing but load, and so has no thread but its
own: a fork of it is safe. What an experiment's modules start or open when they are
imported may not survive a fork: where a thread runs or a file is open after it has
loaded, workers are fresh interpreters too, and load the experiment each on its own.

What it is told are pickled tuples, each preceded by its length; with one to fork come
the worker's sockets. It says `SAID`: what, a process, its exit status.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import signal
import socket
import struct
import sys
import warnings
from typing import TYPE_CHECKING, Any

from hpbridge.drivers import marked, worker
from hpbridge.drivers.outlets import flush, take_over
from hpbridge.errors.foreign import describe_error

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    from hpbridge.drivers.worker import Loaded

LENGTH = struct.Struct("<q")
SAID = struct.Struct("<qqq")

LOAD, START, REAP = "load", "start", "reap"
"""What it is told: to load an experiment; to start a worker; how one has ended."""

STARTED, REAPED = 1, 2
"""What it says: that a worker lives; how one has ended."""

# Whose position no two processes share, as they would a file's.
_HARMLESS = frozenset(
    {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}
)


def command(module: str, *arguments: Any) -> list[str]:
    """Return the command for a fresh interpreter that runs the `main` of a module."""
    import subprocess

    path = [entry for entry in sys.path if isinstance(entry, str)]
    code = (
        f"import sys; sys.path[:] = {path!r}; sys.argv[:] = {sys.argv!r}; "
        f"from {module} import main; main(*{list(arguments)!r})"
    )
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return [sys.executable, *flags, "-c", code]


def main() -> None:
    """Serve the process at the other end of standard input until it closes it."""
    take_over()
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import ctypes  # noqa: F401 - for what each worker does first

    zygote = _Zygote(connection)
    try:
        lines = zygote.serve()
    except (EOFError, ConnectionError):
        return
    # From here on, this is a worker.
    atexit.register(_leave)
    worker.main(lines[0] if lines else None, zygote.loaded)


def _leave() -> None:
    """End a worker when what was registered in it has run.

    What was registered before it was forked is the zygote's: a folder that is removed
    at the end would be gone for the other workers.
    """
    flush()
    os._exit(0)


class _Zygote:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.loaded: Loaded | None = None
        self._may_fork = False
        self._memory = -1
        self._fresh: dict[int, subprocess.Popen[bytes]] = {}

    def serve(self) -> list[int]:
        """Do what is told; return in a new worker, with the number of its line.

        Raises:
            EOFError: When nobody is left to tell anything.
        """
        while True:
            message, sockets = self._receive()
            what, *about = message
            if what == LOAD:
                self._load(*about)
            elif what == REAP:
                self._reap(*about)
            elif what == START:
                flush()
                pid = os.fork() if self._may_fork else self._start(sockets, *about)
                if pid == 0:
                    return self._become(sockets, *about)
                self._say(STARTED, pid)
            for number in sockets:
                os.close(number)

    def _receive(self) -> tuple[tuple[Any, ...], list[int]]:
        head, sockets, _, _ = socket.recv_fds(self._connection, LENGTH.size, 4)
        while len(head) < LENGTH.size:
            head += self._read(LENGTH.size - len(head))
        (length,) = LENGTH.unpack(head)
        data = bytearray()
        while len(data) < length:
            data += self._read(min(length - len(data), 1 << 20))
        return pickle.loads(bytes(data)), sockets

    def _read(self, size: int) -> bytes:
        data = self._connection.recv(size)
        if not data:
            raise EOFError
        return data

    def _say(self, what: int, pid: int = 0, status: int = 0) -> None:
        self._connection.sendall(SAID.pack(what, pid, status))

    def _load(self, key: int, packed: bytes) -> None:
        files = _open_files()
        try:
            self.loaded = key, worker.unpack_experiment(packed), None
        except BaseException as error:  # noqa: BLE001 - a module may raise anything
            self.loaded = key, None, describe_error(error)
        self._may_fork = _has_one_thread() and not _opened_since(files)
        if not self._may_fork:
            self._memory = os.memfd_create("experiment")
            with open(self._memory, "wb", closefd=False) as file:
                file.write(packed)

    def _start(self, sockets: list[int], variables: Mapping[str, str]) -> int:
        """Start a fresh interpreter that loads the experiment; return its process."""
        import subprocess

        tasks, *lines = sockets
        line = lines[0] if lines else None
        key = None if self.loaded is None else self.loaded[0]
        process = subprocess.Popen(
            command("hpbridge.drivers.worker", line, None, key, self._memory),
            stdin=tasks,
            pass_fds=[*lines, self._memory],
            start_new_session=True,
            env={**os.environ, **variables},
        )
        self._fresh[process.pid] = process
        return process.pid

    def _reap(self, pid: int) -> None:
        if pid in self._fresh:
            code = self._fresh.pop(pid).wait()
        else:
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self._say(REAPED, pid, code)

    def _become(self, sockets: list[int], variables: Mapping[str, str]) -> list[int]:
        """Make a worker of this fork; return the number of its line, if it has one."""
        self._connection.close()
        os.setsid()
        os.dup2(sockets[0], 0)
        os.close(sockets[0])
        _mark(variables[marked.NAME])
        os.environ.update(variables)
        _draw_anew()
        return sockets[1:]


def _has_one_thread() -> bool:
    """Say whether there is no thread but this, once a fork was prepared.

    OpenBLAS ends its threads before a fork, and starts new ones as it needs them.
    jemalloc's, which pyarrow starts, is made anew in a fork.

    Source: OpenBLAS 0.3.30 driver/others/memory.c (`openblas_fork_handler`); jemalloc
    5.3 src/background_thread.c (`background_thread_postfork_child`).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    threads = os.listdir("/proc/self/task")  # noqa: PTH208 - no pathlib
    return len(threads) - sum(map(_is_of_jemalloc, threads)) == 1


def _is_of_jemalloc(thread: str) -> bool:
    try:
        with open(f"/proc/self/task/{thread}/comm") as file:  # noqa: PTH123
            return file.read().startswith("jemalloc_bg")
    except OSError:
        return False  # it has just ended


def _open_files() -> dict[str, str]:
    found = {}
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - no pathlib
        with contextlib.suppress(OSError):  # that of the list itself
            found[number] = os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115
    return found


def _opened_since(before: Mapping[str, str]) -> bool:
    """Say whether a file was opened, and is still open: workers would share it."""
    return any(
        target not in _HARMLESS and before.get(number) != target
        for number, target in _open_files().items()
    )


def _mark(mark: str) -> None:
    """Give this process a mark of its own, which its own forks have too.

    Others read it where the environment was when the process began, so it is written
    there; `os.environ` makes a new place.
    """
    import ctypes

    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_void_p
    place = getenv(marked.NAME.encode())
    ctypes.memmove(place, mark.encode(), len(mark))


def _draw_anew() -> None:
    """Let workers draw different numbers from numpy, as if each had imported it.

    Where a module has seeded it, all begin there. Python's own generator sees to it by
    itself.
    """
    random = getattr(sys.modules.get("numpy"), "random", None)
    if random is None:
        return
    with contextlib.suppress(AttributeError):  # before numpy 1.25
        if random.get_bit_generator().seed_seq is None:
            return
    random.seed()
