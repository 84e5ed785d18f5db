"""The checks by their codes: what each looks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.analysis.checks import (
    defaults,
    edge,
    folds,
    gain,
    gap,
    importance,
    slow,
)
from hpbridge.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

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
        "the scores still improve where a declared range ends, near the best",
        edge.on_the_edge,
    ),
    Check(
        importance.IDLE,
        importance.IDLE_TITLE,
        "a parameter explains no more of the scores than added noise would",
        importance.hardly_mattered,
    ),
    Check(
        gain.NOTHING,
        gain.NOTHING_TITLE,
        "the best trial is not surely better than the estimator's defaults",
        gain.bought_nothing,
    ),
    Check(
        defaults.TRUSTED,
        defaults.TRUSTED_TITLE,
        "what is worth tuning is left at its default, or the defaults were not "
        "evaluated",
        defaults.defaults_trusted,
    ),
    Check(
        gap.OVERFITTED,
        gap.OVERFITTED_TITLE,
        "the best trial scores better on training rows than on validation rows, by "
        "more than the folds vary",
        gap.overfitted,
    ),
    Check(
        gap.FLATTERED,
        gap.FLATTERED_TITLE,
        "the best trial scores better on the folds that chose it than on the sealed "
        "test, by more than chance",
        gap.flattered,
    ),
    Check(
        gain.BASELINE,
        gain.BASELINE_TITLE,
        "the best trial is not surely better than a guess that looks at no feature",
        gain.no_better_than_a_guess,
    ),
    Check(
        folds.DISAGREE,
        folds.DISAGREE_TITLE,
        "another metric has another best trial, and surely so",
        folds.disagree,
    ),
    Check(
        folds.FOLD,
        folds.FOLD_TITLE,
        "one fold's score is farther from the others than chance explains",
        folds.stands_out,
    ),
    Check(
        slow.SLOW,
        slow.SLOW_TITLE,
        "a faster model class of the same search is about as good as the best",
        slow.slow,
    ),
)
"""The checks of the search, by code."""

DATA_CHECKS: dict[str, str] = {
    "HPB101": "the optimized metric is nearly as good for always answering the most "
    "frequent class, or for never answering a rare one",
    "HPB102": "rows have copies, target included, on the other side of a fold or of "
    "the test; rows that are equal by chance, of few columns with few values, are none",
    "HPB103": "rows are copies of each other, and of different classes",
    "HPB104": "a column with a value of its own for each row, as a row number or a key "
    "has, predicts the target",
    "HPB105": "one column alone predicts the target nearly perfectly, or as well as "
    "all of them where the others come nowhere near",
    "HPB106": "rows scored on are older than rows fitted on, by a column or an index "
    "of dates along which the target moves",
    "HPB107": "folds score on groups that they are fitted on, although groups= is "
    "given; or a column looks like groups, and models are worse for new ones",
    "HPB108": "folds, or the test, score on fewer than 5 rows of a class on average",
}
"""What the checks of the data look for, by code; `hpbridge.evaluation.checks` makes
them."""


def unknown_codes(silence: object) -> list[str]:
    """Return a sentence for each code that no check has."""
    if isinstance(silence, str) or not isinstance(silence, Iterable):
        return [f"silence must be a list of codes, got {silence!r:.100}"]
    known = [*DATA_CHECKS, *(each.code for each in CHECKS)]
    return [
        f"silence names {code!r:.100}, which is no check; {nearest(str(code), known)}"
        for code in silence
        if code not in known
    ]
