"""The checks by their codes: what each looks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.analysis.checks import edge, gain, gap
from hpbridge.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hpbridge.analysis.checks.finding import Finding
    from hpbridge.analysis.evaluated import Evaluated


@dataclass(frozen=True)
class Check:
    """A check of a search.

    Attributes:
        code: ``HPB2nn``, what silences it.
        title: The mistake in a few words.
        about: What it looks for, in a sentence.
        make: The check itself.
        is_quick: Whether it is made at the end of a run, too, and not only in reports.
    """

    code: str
    title: str
    about: str
    make: Callable[[Evaluated], Finding]
    is_quick: bool = True


CHECKS: tuple[Check, ...] = (
    Check(
        edge.EDGE,
        edge.EDGE_TITLE,
        "the scores still improve where a range ends, near the best",
        edge.on_the_edge,
    ),
    Check(
        gain.NOTHING,
        gain.NOTHING_TITLE,
        "the best trial is not surely better than the estimator's defaults",
        gain.bought_nothing,
    ),
    Check(
        gap.OVERFITTED,
        gap.OVERFITTED_TITLE,
        "the best trial scores better on training rows than on validation rows, by "
        "more than the folds vary",
        gap.overfitted,
    ),
    Check(
        gain.BASELINE,
        gain.BASELINE_TITLE,
        "the best trial is not surely better than a guess that looks at no feature",
        gain.no_better_than_a_guess,
    ),
)
"""The checks of the search, by code."""

DATA_CHECKS: dict[str, str] = {}
"""What the checks of the data look for, by code; `hpbridge.evaluation.checks` makes
them."""


def unknown_codes(silence: Iterable[object]) -> list[str]:
    """Return a sentence for each code that no check has."""
    known = [*DATA_CHECKS, *(each.code for each in CHECKS)]
    return [
        f"silence names {code!r:.100}, which is no check; {nearest(str(code), known)}"
        for code in silence
        if code not in known
    ]
