"""Whether anything listens at an address, and why not, in a few words."""

from __future__ import annotations

import queue
import socket
import threading

_CONNECT_SECONDS = 3.0
# Names are looked up by the system, which may take its time.
_LOOK_SECONDS = 6.0


def knock(host: str, port: int) -> str | None:
    """Return why nothing can be at an address; None where something listens.

    Takes a few seconds at most, and Ctrl-C ends it.

    Args:
        host: A name or an address, without brackets.
        port: From 1 to 65535.
    """
    answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    # A thread, since Ctrl-C does not end the looking up of a name.
    threading.Thread(
        target=lambda: answers.put(_connect(host, port)), daemon=True
    ).start()
    try:
        return answers.get(timeout=_LOOK_SECONDS)
    except queue.Empty:
        return f"nothing answers within {_LOOK_SECONDS:g} s"


def _connect(host: str, port: int) -> str | None:
    try:
        socket.create_connection((host, port), _CONNECT_SECONDS).close()
    except socket.gaierror:
        return "there is no host of this name"
    except TimeoutError:
        return f"nothing answers within {_CONNECT_SECONDS:g} s"
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "the name cannot be looked up"
        return f"nothing is there: {why.lower()}"
    return None
