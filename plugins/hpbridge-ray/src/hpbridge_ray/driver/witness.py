"""A process of its own that says what was where Ray ends this one in C++."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

# Says its second argument when its standard input ends without a word, and the socket
# that it was given, if any, had ended before.
_CODE = """
import os, select, sys
line, is_dead = int(sys.argv[1]), sys.argv[1] == "-1"
while True:
    ready = select.select([0] if is_dead else [0, line], [], [])[0]
    if 0 in ready:
        break
    is_dead = True
if is_dead and not os.read(0, 1):
    sys.stderr.write(sys.argv[2])
"""


@contextlib.contextmanager
def witness(text: str, line: socket.socket | None = None) -> Iterator[None]:
    """Let a text be said if this process ends while the body runs.

    Args:
        text: Whole lines.
        line: To what must have ended before it; None where nothing must have.
    """
    lines = [] if line is None else [line.fileno()]
    number = str(lines[0]) if lines else "-1"
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _CODE, number, text],
        stdin=subprocess.PIPE,
        pass_fds=lines,
        start_new_session=True,
    )
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            process.communicate(b"all is well")
