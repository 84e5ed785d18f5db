"""Why trials failed: their errors, those that say the same counted as one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpbridge.trial import FinishedTrial

LONGEST = 200
"""Characters of an error, where it is one of several things to read."""

# What differs between two errors that say the same: addresses, numbers.
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+\b")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Failures:
    """Failed trials with one error.

    Attributes:
        error: Of the first of them, in one line, cut off where it is long.
        numbers: Of the trials, in order.
    """

    error: str
    numbers: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.numbers)


def failures_of(trials: Iterable[FinishedTrial]) -> list[Failures]:
    """Return the failed trials by their errors, the most frequent error first.

    Errors that differ in numbers and addresses alone are one.

    Example:
        >>> failures_of([])
        []
    """
    found: dict[str, list[FinishedTrial]] = {}
    for trial in trials:
        if trial.state is State.FAILED:
            found.setdefault(kind_of(trial.error), []).append(trial)
    made = [
        Failures(line_of(those[0].error), tuple(trial.number for trial in those))
        for those in found.values()
    ]
    return sorted(made, key=lambda each: -each.count)


def kind_of(error: str | None) -> str:
    """Return what errors have in common that say the same.

    Example:
        >>> kind_of("ValueError: 3 of 1e5 at 0x7fca")
        'ValueError: # of # at #'
    """
    return _NUMBER.sub("#", _ADDRESS.sub("#", _plain(error)))


def line_of(error: str | None) -> str:
    """Return an error in one line that can be read."""
    text = _plain(error)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."


def _plain(error: str | None) -> str:
    text = " ".join((error or "no message")[: 10 * LONGEST].split())
    if not text.isprintable():  # a terminal would obey it
        text = "".join(c if c.isprintable() else "?" for c in text)
    return text


def sentences_of(failures: Sequence[Failures], most: int = 3) -> list[str]:
    """Return a line an error, the most frequent first, and one for all the rest.

    Example:
        >>> sentences_of([Failures("KeyError: 'x'", (0, 2))])
        ["2 trials failed: KeyError: 'x'"]
    """
    lines = [f"{_trials(each.count)} failed: {each.error}" for each in failures[:most]]
    rest = failures[most:]
    if rest:
        n_trials = _trials(sum(each.count for each in rest))
        kinds = "another error" if len(rest) == 1 else f"{len(rest)} other errors"
        lines.append(f"{n_trials} failed with {kinds}")
    return lines


def _trials(count: int) -> str:
    return f"{count} trial" if count == 1 else f"{count} trials"
