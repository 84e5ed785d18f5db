"""Whether a Ray answers at the address that the environment names, and why not.

Ray itself tries for a quarter of an hour where nothing is, uninterruptibly. So the
address is looked at first, and then joined in a process of its own, which can be ended
and whose last words are read.
"""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import re
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

from hpbridge.plugin import DriverError, masked

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "RAY_ADDRESS"
OPTION = "address"
LOCAL = "local"
AUTO = "auto"
_CLIENT = "ray://"
_CLIENT_PORT = 10001
_LAST_PORT = 65535
_HOST_AND_PORT = re.compile(r"(?P<host>\[[^\]]+\]|[^:/\s]+):(?P<port>\d+)")

_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 4.0
# Names are looked up by the system, which may take its time.
_LOOK_SECONDS = 9.0
_JOIN_SECONDS = 40.0  # of which the import may take most on a busy machine

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
_FRAME = 9
_SETTINGS = 4

_JOIN = """
import json, sys
sys.path[:] = json.loads(sys.argv[2])
import ray
ray.init(address=sys.argv[1], log_to_driver=False, configure_logging=False)
ray.shutdown()
"""
# Ray's own patience, shortened where nobody can interrupt it.
_PATIENCE = {
    "RAY_NUM_REDIS_GET_RETRIES": "2",
    "RAY_gcs_server_request_timeout_seconds": "10",
    "RAY_USAGE_STATS_ENABLED": "0",
}

_NO_ADDRESS = "Ray takes HOST:PORT, ray://HOST:PORT, 'auto' or 'local'"
_NO_CLIENT = "ray:// needs Ray's client, which is not installed"
_NO_HOST = "there is no host of this name"
_WEB = "a web server answers there, not a Ray"
_OTHER = "what answers there is no Ray"
_TOKEN = "it refuses the token"
_NO_NODE = "it has no node on this machine, and Ray wants one where it is joined"

_START = "start that Ray, or {leave}, so that a local one is started"
_CORRECT = "correct {source}, or {leave}, so that a local one is started"
_HINTS = {
    _NO_ADDRESS: _CORRECT,
    _NO_HOST: _CORRECT,
    _NO_CLIENT: "`pip install 'ray[client]'`, or give the HOST:PORT without ray://",
    _WEB: "give the port that `ray start --head` printed, 6379 unless it says another",
    _TOKEN: "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN to the token of that cluster",
    _NO_NODE: "`ray start --address HOST:PORT` on this machine makes one",
}
# What Ray says of why it is not joined, and what that means.
_MEANINGS = (
    ("Unauthenticated|InvalidAuthToken|AuthenticationError", _TOKEN),
    # Of Ray 2.44 the bare name is all that is left.
    (r"rpc_code: 12|UNIMPLEMENTED|Unimplemented|(?m:^ConnectionError\s*$)", _OTHER),
    ("No node info found|find a (?:Ray )?node|find any (?:Ray )?node", _NO_NODE),
)
# Its own and this process's, of Ray and of Python.
_VERSIONS = re.compile(r"Ray: (\S+)\s+Python: (\S+)")


class Given(NamedTuple):
    """Where Ray is.

    Attributes:
        place: ``HOST:PORT``, ``ray://HOST:PORT``, ``auto`` or ``local``.
        source: What says so: the variable, or the driver's option ``address``.
    """

    place: str
    source: str = VARIABLE

    def refused(self, problem: str) -> DriverError:
        """Return the error for a place that cannot be joined."""
        shown = masked(self.place)
        headline = f"No Ray can be joined at {self.source}={shown!r}"
        is_option = self.source == OPTION
        leave = "leave it out" if is_option else f"unset {self.source}"
        hint = _HINTS.get(problem, _START)
        return DriverError(
            headline, [problem], hint.format(source=self.source, leave=leave)
        )


def given(option: str | None = None) -> Given:
    """Return where a study says that Ray is, or the environment; ``local`` by default.

    Args:
        option: Of the driver: ``address``.
    """
    if option:
        return Given(option.strip(), OPTION)
    return Given(os.environ.get(VARIABLE, "").strip() or LOCAL)


def check(address: Given) -> None:
    """Make sure that a Ray can be joined at an address.

    Raises:
        DriverError: If not, with what is wrong.
    """
    look(address)
    problem = _join(address.place)
    if problem is not None:
        raise address.refused(problem)


def look(address: Given) -> None:
    """Look whether something like a Ray is at an address, without Ray.

    Raises:
        DriverError: If not.
    """
    problem = None if address.place == AUTO else _look(address.place)
    if problem is not None:
        raise address.refused(problem)


def _look(address: str) -> str | None:
    """Return why no Ray can be at an address; None where one may be."""
    is_client = address.startswith(_CLIENT)
    place = address.removeprefix(_CLIENT)
    if is_client and ":" not in place:
        place = f"{place}:{_CLIENT_PORT}"
    found = _HOST_AND_PORT.fullmatch(place)
    if found is None or not 0 < int(found["port"]) <= _LAST_PORT:
        return _NO_ADDRESS
    if is_client and importlib.util.find_spec("grpc") is None:
        return _NO_CLIENT
    host, port = found["host"].strip("[]"), int(found["port"])
    answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    # A thread, since Ctrl-C does not end the looking up of a name.
    threading.Thread(
        target=lambda: answers.put(_knock(host, port)), daemon=True
    ).start()
    try:
        return answers.get(timeout=_LOOK_SECONDS)
    except queue.Empty:
        return f"nothing answers within {_LOOK_SECONDS:g} s"


def _knock(host: str, port: int) -> str | None:
    try:
        line = socket.create_connection((host, port), _CONNECT_SECONDS)
    except socket.gaierror:
        return _NO_HOST
    except TimeoutError:
        return f"nothing answers within {_CONNECT_SECONDS:g} s"
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "the name cannot be looked up"
        return f"nothing is there: {why.lower()}"
    with line:
        return None if _has_tls() else _greet(line)


def _has_tls() -> bool:
    return os.environ.get("RAY_USE_TLS", "0").lower() in {"1", "true"}


def _greet(line: socket.socket) -> str | None:
    """Return why what is at the other end is no gRPC server; None where it is one."""
    line.settimeout(_ANSWER_SECONDS)
    data = b""
    try:
        line.sendall(_PREFACE)
        while len(data) < _FRAME:
            more = line.recv(64)
            if not more:
                break
            data += more
    except TimeoutError:
        return f"something listens there, and says nothing for {_ANSWER_SECONDS:g} s"
    except OSError:
        return _OTHER
    if data.startswith((b"HTTP/", b"<")):
        return _WEB
    is_frame = len(data) >= _FRAME and not data[0] and data[3] == _SETTINGS
    return None if is_frame else _OTHER


def _join(address: str) -> str | None:
    """Return why a Ray cannot be joined; None where another process could."""
    path = json.dumps([entry for entry in sys.path if isinstance(entry, str)])
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    process = subprocess.Popen(
        [sys.executable, *flags, "-c", _JOIN, address, path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=_environment(),
        text=True,
        errors="replace",
    )
    try:
        _, said = process.communicate(timeout=_JOIN_SECONDS)
    except subprocess.TimeoutExpired:
        return f"it does not let anybody join within {_JOIN_SECONDS:g} s"
    finally:
        process.kill()
        process.wait()
    return None if process.returncode == 0 else _meaning(said)


def _environment() -> Mapping[str, str]:
    # The address is an argument: the variable would go before it.
    kept = {k: v for k, v in os.environ.items() if k != VARIABLE}
    return {**kept, **_PATIENCE}


def _meaning(said: str) -> str:
    """Return what Ray's last words mean."""
    versions = _VERSIONS.findall(said) if "ersion mismatch" in said else []
    if len(versions) > 1:
        (its_ray, its_python), (ray, python) = versions[:2]
        return (
            f"it runs Ray {its_ray} with Python {its_python}, this process Ray {ray} "
            f"with Python {python}"
        )
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, said):
            return meaning
    lines = [line for line in said.splitlines() if line.strip()]
    return " ".join(lines[-1].split()).rstrip(".")[:300] if lines else "it says nothing"
