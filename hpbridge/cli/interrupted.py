"""What a user reads after Ctrl-C: nothing is lost, and how to go on."""

from __future__ import annotations

import contextlib
import shlex
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


COMMAND: list[str] = []
"""What the user typed; a script that is run sees its own name in ``sys.argv``."""


@contextlib.contextmanager
def say_how_to_go_on() -> Iterator[None]:
    """Say it on the way out of a `KeyboardInterrupt`."""
    try:
        yield
    except KeyboardInterrupt:
        words = list(COMMAND)
        if "--resume" not in words:
            words = [*words, "--resume"]
        command = shlex.join(["hpbridge", *words])
        sys.stderr.write(
            f"\nEvery finished trial is in the store.\nHint: go on with `{command}`.\n"
        )
        raise


def store_words() -> list[str]:
    """Return the option of the command that names its store, as it was written.

    Example:
        >>> store_words()
        []
    """
    for k, word in enumerate(COMMAND):
        if word == "--store":
            return COMMAND[k : k + 2]
        if word.startswith("--store="):
            return [word]
    return []
