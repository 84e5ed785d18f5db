"""Warnings while models are fitted: counted, not printed once a fold and trial."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from hpbridge.trial import FinishedTrial

ATTRIBUTE = "warnings"
"""The attribute of a trial: ``{kind: [how many, the first one's text]}``."""

_MOST_KINDS, _MOST_TEXT = 20, 300


class Warned:
    """Counts, by its kind, what would be shown while it is entered.

    What somebody has filtered stays so: ignored is not counted, and an error is raised.
    Other threads than the main one show theirs, since filters are those of all threads.
    """

    def __init__(self) -> None:
        self._counts: dict[str, list[Any]] = {}
        self._caught: Any = None

    @property
    def attributes(self) -> dict[str, Any]:
        """What a trial notes; nothing if nothing warned."""
        return {ATTRIBUTE: self._counts} if self._counts else {}

    def __enter__(self) -> Warned:
        if threading.current_thread() is threading.main_thread():
            self._caught = warnings.catch_warnings()
            self._caught.__enter__()
            warnings.showwarning = self._count  # type: ignore[assignment]
            # After all others: every one is counted where nobody said otherwise.
            warnings.simplefilter("always", append=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._caught is not None:
            self._caught.__exit__(kind, error, traceback)

    def _count(
        self, message: Warning | str, category: type[Warning], *_where: Any
    ) -> None:
        name = category.__name__
        if name not in self._counts and len(self._counts) >= _MOST_KINDS:
            name = Warning.__name__
        noted = self._counts.setdefault(name, [0, str(message)[:_MOST_TEXT]])
        noted[0] += 1


def told(trials: Iterable[FinishedTrial]) -> list[str]:
    """Return a sentence for each kind of warning that trials noted."""
    found: dict[str, list[tuple[int, str]]] = {}
    for trial in trials:
        noted = trial.attributes.get(ATTRIBUTE)
        for kind, (count, text) in noted.items() if isinstance(noted, dict) else ():
            found.setdefault(kind, []).append((count, text))
    return [
        f"{kind} {sum(count for count, _ in each):,} times in {len(each):,} "
        f"trial{'s' * (len(each) > 1)}, the first: {_first_line(each[0][1])}"
        for kind, each in found.items()
    ]


def _first_line(text: str) -> str:
    return (text.splitlines() or [""])[0][:150]
