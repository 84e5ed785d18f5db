"""Should the updated model be used? One sentence, with its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import BEST, DEFAULTS, DUMMY, INCUMBENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.analysis.evaluated import Evaluated

USE, KEEP, OPEN, UNKNOWN = "use it", "keep", "no telling", "unknown"
"""What a verdict comes to: the tuned model; the other; either; nothing is known."""

_IN_USE = {DEFAULTS: "the defaults", INCUMBENT: "the model in use", DUMMY: "a dummy"}


@dataclass(frozen=True)
class Verdict:
    """Whether the tuned model is better than another one.

    Attributes:
        advice: One of the words of this module.
        against: ``defaults`` or ``incumbent``.
        where: ``test`` or ``folds``: what it was computed on.
        gain: By how much the tuned model is better; NaN if unknown.
        low: Lower end of the 95 % interval; NaN where there is none.
        high: Upper end.
        sentence: All of it in words.
    """

    advice: str
    against: str
    where: str
    gain: float
    low: float
    high: float
    sentence: str


def verdict(evaluated: Evaluated, against: str | None = None) -> Verdict:
    """Return whether the tuned model is to be used, by the best evidence there is.

    Args:
        evaluated: A study that was read.
        against: ``incumbent`` or ``defaults``; by default the model in use, where one
            was brought.
    """
    opening = evaluated.opening
    if against is None:
        has_incumbent = opening is not None and INCUMBENT in opening["differences"]
        against = INCUMBENT if has_incumbent else DEFAULTS
    if opening is not None and against in opening["differences"]:
        return _on_test(opening, against)
    return _on_folds(evaluated, against)


def _on_test(opening: Mapping[str, Any], against: str) -> Verdict:
    found = opening["differences"][against]
    metric = opening["metric"]
    best, other = (opening["models"][n]["metrics"][metric] for n in (BEST, against))
    gain, low, high = found["mean"], found["low"], found["high"]
    advice = _advice(low, high)
    numbers = (
        f"{metric} is {best:.4g} against {other:.4g} of {_IN_USE[against]} on "
        f"{opening['n_rows']:,} rows that no trial saw: {gain:+.3g}, 95 % interval "
        f"{low:+.3g} to {high:+.3g}, P(better) {found['p_better']:.0%}"
    )
    sentence = f"{_lead(advice, against)}: {numbers}."
    return Verdict(advice, against, "test", gain, low, high, sentence)


def _on_folds(evaluated: Evaluated, against: str) -> Verdict:
    found = evaluated.gain_over(evaluated.defaults) if against == DEFAULTS else None
    if found is None:
        sentence = (
            f"Nobody can tell: {_IN_USE[against]} was not evaluated beside the trials."
        )
        none = math.nan
        return Verdict(UNKNOWN, against, "folds", none, none, none, sentence)
    advice = _advice(found.low, found.high)
    interval = (
        f"no interval, since {found.why_none}"
        if found.why_none
        else f"95 % interval {found.low:+.3g} to {found.high:+.3g} (corrected for "
        f"folds, conservative), P(better by 0.01 or more) {found.p_better:.0%}"
    )
    sentence = (
        f"{_lead(advice, against)}: over the folds by which it was chosen, "
        f"{evaluated.metric} differs by {found.mean:+.3g} from {_IN_USE[against]}, "
        f"{interval}; that flatters the best of many trials, a sealed test does not."
    )
    return Verdict(
        advice, against, "folds", found.mean, found.low, found.high, sentence
    )


def _advice(low: float, high: float) -> str:
    if math.isnan(low):
        return UNKNOWN
    if low > 0:
        return USE
    return KEEP if high < 0 else OPEN


def _lead(advice: str, against: str) -> str:
    return {
        USE: "Use the tuned model",
        KEEP: f"Keep {_IN_USE[against]}",
        OPEN: f"The tuned model is not surely better than {_IN_USE[against]}",
        UNKNOWN: "Nobody can tell whether the tuned model is better",
    }[advice]
