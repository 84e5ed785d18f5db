"""One feature that alone explains all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.evaluation.checks.alone import alone, strength, together
from hpbridge.evaluation.checks.data import MOST_CLASSES

if TYPE_CHECKING:
    from hpbridge.evaluation.checks.data import Data, Sample

CODE, TITLE = "HPB105", "one feature alone explains all"

PERFECT = 0.98
"""The strength of a column that is the target in other words."""

STRONG = 0.6
"""From which strength on it is asked what the other columns can do."""

OF_ALL = 0.95
"""What a column has to reach of the strength of all columns."""

OF_OTHERS = 0.85
"""What the other columns must not reach of the strength of that one."""


def check(data: Data) -> Finding:
    """Say whether one column does what all of them do, and the others cannot."""
    n_columns, sample = data.table.n_columns, data.sample
    if n_columns < 2:  # noqa: PLR2004
        return cannot(CODE, TITLE, "there is one feature")
    if data.target.is_single and len(data.target.counts) > MOST_CLASSES:
        return cannot(CODE, TITLE, f"there are {len(data.target.counts)} classes")
    first = sample.folds[:1]
    quick = {k: alone(sample, sample.column(k).codes, first) for k in data.columns}
    likely = sorted(quick, key=lambda k: -quick[k])[:3]
    found = {k: alone(sample, sample.column(k).codes) for k in likely}
    best = max(found, key=lambda k: found[k])
    name, alone_ = sample.column(best).name, found[best]
    plain = f"The column {name!r} alone predicts the target by {alone_:.2f}"
    measure = "where 0 is a guess and 1 perfect"
    rival = max((found[k] for k in likely if k != best), default=0.0)
    if alone_ < STRONG or (OF_OTHERS * alone_ < rival and alone_ < PERFECT):
        sentence = f"{plain}, {measure}, and the next one by {rival:.2f}."
        return Finding(CODE, TITLE, False, sentence, alone_)
    whole, others = _with_and_without(sample, data.columns, best)
    spoke = alone_ >= OF_ALL * whole and others <= OF_OTHERS * alone_
    if alone_ >= PERFECT:
        # The target in other words may be there twice.
        rivals = [k for k in quick if quick[k] >= PERFECT * quick[best]]
        spoke = spoke or len(rivals) <= max(2, n_columns // 10)
    sentence = (
        f"{plain}, all columns by {whole:.2f} and all others by {others:.2f}, "
        f"{measure}."
    )
    hint = (
        f"ask whether {name!r} is known before the target is: if it follows from it, "
        "drop it"
    )
    return Finding(CODE, TITLE, spoke, sentence, alone_, hint if spoke else "")


def _with_and_without(
    sample: Sample, columns: list[int], best: int
) -> tuple[float, float]:
    """Return the strength of all columns, and of all but one."""
    others = [k for k in columns if k != best]
    return _strength(sample, columns), _strength(sample, others)


def _strength(sample: Sample, columns: list[int]) -> float:
    answers, truth = together(sample, columns, sample.folds[:2])
    return strength(truth, answers, of_classes=sample.target.is_single)
