"""Ask a study by a helper process that keeps its optimizer warm.

The helper (`hpbridge.engine.warm`) listens to a socket in a folder that is this user's
alone. Whoever asks first starts it; it ends when nobody has asked for so long.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hpbridge import errors
from hpbridge.errors import HpbridgeError, OptionError

LONGEST = 2**24
"""Of a message, in bytes."""
_LONGEST_PATH = 100  # of a socket, in bytes; systems allow 104 or 108
_START_SECONDS, _LOOK_SECONDS = 60.0, 0.2
_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 600.0


def ask_warm(place: str, study: str, n: int, seconds: float) -> list[dict[str, Any]]:
    """Return the next trials of a study, from its helper, which is started if need be.

    Args:
        place: Of the store: a URL, or the whole path of a file.
        study: Its name or id.
        n: How many trials.
        seconds: After which the helper ends that nobody has asked meanwhile.

    Raises:
        HpbridgeError: As of `hpbridge.engine.opened.OpenStudy.ask`.
        OptionError: If there can be no helper.
    """
    path = path_of(place, study)
    request = {"n": n, "seconds": seconds}
    about = {"place": place, "study": study, "seconds": seconds}
    connection = _connected(path)
    deadline = time.monotonic() + _START_SECONDS
    while connection is None:
        if time.monotonic() > deadline:
            msg = "it does not answer"
            raise _no_helper(msg)
        _start(path, about)
        connection = _connected(path)
        if connection is None:  # another one begins, or ends
            time.sleep(_LOOK_SECONDS)
    with connection:
        connection.settimeout(_ANSWER_SECONDS)
        reply = _talk(connection, request)
    if "error" in reply:
        raise error_of(reply["error"])
    trials: list[dict[str, Any]] = reply["trials"]
    return trials


def path_of(place: str, study: str) -> Path:
    """Return the socket of a study's helper, in a folder that is this user's alone.

    Raises:
        OptionError: If there is no such folder, or no such socket on this system.
    """
    if not hasattr(socket, "AF_UNIX"):
        msg = "this system has no Unix sockets"
        raise _no_helper(msg)
    digest = hashlib.sha256(json.dumps([place, study]).encode()).hexdigest()
    path = _private_folder() / digest[:32]
    if len(os.fsencode(path)) > _LONGEST_PATH:
        msg = f"its socket {path} would have too long a path"
        raise _no_helper(msg)
    return path


def _private_folder() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR")
    name = f"hpbridge-{os.getuid()}"
    folder = Path(base or tempfile.gettempdir()) / name
    with contextlib.suppress(FileExistsError):
        try:
            folder.mkdir(mode=0o700)
        except FileNotFoundError as error:
            msg = f"{folder.parent} is no folder"
            raise _no_helper(msg) from error
    found = folder.lstat()
    is_folder = stat.S_ISDIR(found.st_mode)
    if not is_folder or found.st_uid != os.getuid() or found.st_mode & 0o077:
        msg = f"{folder} is not a folder that is yours alone"
        raise _no_helper(msg)
    return folder


def _no_helper(why: str) -> OptionError:
    return OptionError.of_command(
        "--warm", [f"there is no helper: {why}"], "ask without --warm"
    )


def _connected(path: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_CONNECT_SECONDS)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        return None
    return connection


def _talk(connection: socket.socket, request: dict[str, Any]) -> dict[str, Any]:
    try:
        with connection.makefile("rwb") as stream:
            stream.write(json.dumps(request).encode() + b"\n")
            stream.flush()
            line = stream.readline(LONGEST)
        reply: dict[str, Any] = json.loads(line)
    except (OSError, ValueError) as error:
        headline = "The helper that keeps the optimizer warm is gone"
        hint = "ask again; a trial that it gave to nobody is one to be told"
        raise HpbridgeError(headline, hint=hint) from error
    return reply


def _start(path: Path, about: dict[str, Any]) -> None:
    """Start the helper, and return once it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hpbridge.engine.warm", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # Not among its words: a URL may hold a password, and anybody sees those.
    with process.stdin as words, process.stdout as said:  # type: ignore[union-attr]
        words.write(json.dumps(about).encode())
        words.close()
        line = said.readline(LONGEST)
    process.returncode = 0  # it outlives this process, which does not wait for it
    reply = json.loads(line or b'{"error": {}}')
    if "error" in reply:
        raise error_of(reply["error"])


def error_to_json(error: HpbridgeError) -> dict[str, Any]:
    """Return an error as JSON data."""
    return {
        "type": type(error).__name__,
        "headline": error.headline,
        "problems": list(error.problems),
        "hint": error.hint,
    }


def error_of(data: dict[str, Any]) -> HpbridgeError:
    """Return the error that the helper met."""
    if not data:
        return _no_helper("it ended as it began")
    kind = getattr(errors, str(data["type"]), HpbridgeError)
    made: HpbridgeError = kind(data["headline"], data["problems"], data["hint"])
    return made
