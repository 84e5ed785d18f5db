"""Where a Dask scheduler is to be, and whether anything is there.

Dask's own client waits for ever where something else listens, takes what that says for
the length of a message, and cannot be interrupted while it looks a name up. So the
address is looked at first, without Dask.
"""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from hpbridge.plugin import DriverError, describe_error, knock, masked

if TYPE_CHECKING:
    from hpbridge_dask.options import DaskOptions

GREETING_SECONDS = 6.0
"""How long what listens may take to greet."""

_LENGTH_BYTES = 8
_LONGEST_GREETING = 2**20
VARIABLE = "DASK_SCHEDULER_ADDRESS"
_ADDRESS = re.compile(
    r"(?:(?P<scheme>tcp|tls|ws|wss|ucx|ucxx)://)?"
    r"(?P<host>\[[^\]]+\]|[^:/\s\[\]]+):(?P<port>\d{1,5})/?"
)
_HINT = "give what `dask scheduler` printed, or nothing for a cluster that starts here"


def refused(address: str, problem: str, hint: str = _HINT) -> DriverError:
    """Return the error for an address at which no scheduler can be used."""
    return DriverError(f"No Dask runs trials at {masked(address)!r}", [problem], hint)


def given(options: DaskOptions) -> str | None:
    """Return where the scheduler is said to be; None for nowhere.

    Raises:
        DriverError: If a file is to say it, and does not.
    """
    if options.scheduler_file is not None:
        return _in_file(options.scheduler_file)
    return options.address or os.environ.get(VARIABLE, "").strip() or None


def _in_file(path: str) -> str:
    hint = "give the file of `dask scheduler --scheduler-file`"
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        return str(found["address"])
    except OSError as error:
        problem = f"the scheduler's file cannot be read: {error.strerror}"
        raise refused(path, problem, hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise refused(path, "the file names no address", hint) from error


def look(address: str) -> None:
    """See that something is at an address.

    Raises:
        DriverError: If nothing can be.
    """
    found = _ADDRESS.fullmatch(address.strip())
    if found is None or not 0 < int(found["port"]) <= 65535:  # noqa: PLR2004
        raise refused(address, "it must be HOST:PORT, or tcp://HOST:PORT or tls://")
    host, port = found["host"].strip("[]"), int(found["port"])
    problem = knock(host, port)
    if problem is None and found["scheme"] in {None, "tcp"}:
        problem = _no_greeting(host, port)
    if problem is not None:
        raise refused(address, problem)


def _no_greeting(host: str, port: int) -> str | None:
    """Return why what listens is no scheduler; None where it greets as one.

    Over TCP a scheduler speaks first, a short message with its length before it.
    """
    try:
        with (
            socket.create_connection((host, port), GREETING_SECONDS) as door,
            door.makefile("rb") as words,
        ):
            said = words.read(_LENGTH_BYTES)
    except TimeoutError:
        return f"what is there says nothing for {GREETING_SECONDS:g} s, as no scheduler"
    except OSError as error:
        return f"what is there ends the connection: {describe_error(error)}"
    if len(said) < _LENGTH_BYTES or int.from_bytes(said, "little") > _LONGEST_GREETING:
        return f"what is there is no scheduler: it says {said!r}"
    return None


def host_of(address: str) -> str:
    """Return the host in an address of Dask's; empty where it has none."""
    found = _ADDRESS.fullmatch(address)
    return "" if found is None else found["host"].strip("[]")
