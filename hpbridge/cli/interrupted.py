"""What a user reads when a study is cut short: nothing is lost, and how to go on."""

from __future__ import annotations

import contextlib
import shlex
from typing import TYPE_CHECKING

from hpbridge.cli.streams import say
from hpbridge.errors import ExecutorError

if TYPE_CHECKING:
    from collections.abc import Iterator


COMMAND: list[str] = []
"""What the user typed; a script that is run sees its own name in ``sys.argv``."""

_spoken: list[bool] = []


def has_spoken() -> bool:
    """Say whether the user has read already that a study was cut short."""
    return bool(_spoken)


@contextlib.contextmanager
def say_how_to_go_on() -> Iterator[None]:
    """Say it on the way out of a `KeyboardInterrupt` or an `ExecutorError`.

    Raises:
        ExecutorError: With the command that goes on as its hint.
    """
    try:
        yield
    except KeyboardInterrupt:
        say(f"\nEvery finished trial is in the store.\nHint: {_how()}.")
        _spoken.append(True)
        raise
    except ExecutorError as error:
        problems = [*error.problems, "every finished trial is in the store"]
        raise type(error)(error.headline, problems, _how()) from error


def _how() -> str:
    words = list(COMMAND)
    if "--resume" not in words and words[:1] != ["resume"]:
        words = [*words, "--resume"]
    return f"go on with `{shlex.join(['hpbridge', *words])}`"


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
