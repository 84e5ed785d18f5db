"""The helper process that keeps a study's optimizer warm from one ask to the next.

``python -m hpbridge.engine.warm SOCKET`` reads what it serves from standard input and
says on standard output when it listens. It has the study only while it answers, so that
others may tell, and ask, in between; what they did it catches up with, or relives the
record. It ends when nobody has asked for so long, or when the study is over.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.engine.turns import Turns, plain_trial
from hpbridge.engine.warm_client import LONGEST, error_to_json
from hpbridge.errors import HpbridgeError
from hpbridge.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

_READ_SECONDS = 5.0


def main() -> None:
    """Serve one study."""
    path, about = Path(sys.argv[1]), json.load(sys.stdin)
    try:
        with _alone(path) as is_first:
            if not is_first:
                _say({})  # another one listens, or will in a moment
                return
            turns = Turns(open_store(about["place"]), about["study"])
            _serve(path, turns, float(about["seconds"]))
    except HpbridgeError as error:
        _say({"error": error_to_json(error)})


def _say(what: dict[str, Any]) -> None:
    """Say once how it began, and nothing more: whoever reads that goes."""
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Say whether no other helper of the study is there, and keep others out."""
    import fcntl

    with path.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _serve(path: Path, turns: Turns, seconds: float) -> None:
    path.unlink(missing_ok=True)  # of a helper that was killed
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(64)
            _say({})
            _listen(listener, turns, seconds)
    except TimeoutError:
        pass  # nobody asks any more
    finally:
        path.unlink(missing_ok=True)


def _listen(listener: socket.socket, turns: Turns, seconds: float) -> None:
    """Answer whoever asks, until the study is over.

    Raises:
        TimeoutError: If nobody asks for so long.
    """
    asked: dict[str, Any] = {}
    while not asked.get("is_over", False):
        seconds = asked.get("seconds", seconds)
        listener.settimeout(seconds)
        connection, _ = listener.accept()
        with connection:
            asked = _answered(connection, turns)


def _answered(connection: socket.socket, turns: Turns) -> dict[str, Any]:
    """Answer one who asks; return what is to be known of it."""
    connection.settimeout(_READ_SECONDS)
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        if _peer(connection) != os.getuid():
            return {}
        with connection.makefile("rwb") as stream:
            request = json.loads(stream.readline(LONGEST))
            n, seconds = int(request["n"]), float(request["seconds"])
            reply, is_over = _asked(turns, n)
            stream.write(json.dumps(reply).encode() + b"\n")
        return {"seconds": seconds, "is_over": is_over}
    return {}


def _peer(connection: socket.socket) -> int:
    """Return the user at the other end, where the system says so."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return os.getuid()  # the folder keeps others out
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, option, size)
    )
    return int(user)


def _asked(turns: Turns, n: int) -> tuple[dict[str, Any], bool]:
    """Ask for trials; say whether the study is over."""
    try:
        with turns.turn() as opened:
            trials = [plain_trial(trial) for trial in opened.ask(n)]
    except HpbridgeError as error:
        return {"error": error_to_json(error)}, True
    return {"trials": trials}, False


if __name__ == "__main__":
    main()
