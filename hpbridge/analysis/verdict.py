"""Should the updated model be used? One sentence, with its numbers."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import BEST, DEFAULTS, DUMMY, INCUMBENT
from hpbridge.errors import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.analysis.evaluated import Evaluated
    from hpbridge.analysis.paired import Difference

USE, KEEP, OPEN, UNKNOWN = "use it", "keep", "no telling", "unknown"
"""What a verdict comes to: the tuned model; the other; either; nothing is known."""

_IN_USE = {DEFAULTS: "the defaults", INCUMBENT: "the model in use", DUMMY: "a dummy"}
_SURE = 0.95
"""From which probability on two models are said to be practically the same."""


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

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def verdicts_of(evaluated: Evaluated) -> list[Verdict]:
    """Return a verdict against each model that was evaluated, the one in use first."""
    against = [INCUMBENT] if INCUMBENT in _differences(evaluated) else []
    return [verdict(evaluated, each) for each in [*against, DEFAULTS]]


def verdict(evaluated: Evaluated, against: str | None = None) -> Verdict:
    """Return whether the tuned model is to be used, by the best evidence there is.

    Args:
        evaluated: A study that was read.
        against: ``incumbent`` or ``defaults``; by default the model in use, where one
            was brought.
    """
    if against is None:
        against = INCUMBENT if INCUMBENT in _differences(evaluated) else DEFAULTS
    if evaluated.best is None:
        return _unknown(against, "no trial is complete and feasible")
    if against == DEFAULTS and _is_defaults(evaluated):
        return _nothing_bought(evaluated)
    if against in _differences(evaluated):
        return _on_test(evaluated, against)
    return _on_folds(evaluated, against)


def _differences(evaluated: Evaluated) -> Mapping[str, Any]:
    opening = evaluated.opening
    return {} if opening is None else opening.get("differences", {})


def _unknown(against: str, why: str) -> Verdict:
    none = math.nan
    sentence = f"Nobody can tell: {why}."
    return Verdict(UNKNOWN, against, "folds", none, none, none, sentence)


def _is_defaults(evaluated: Evaluated) -> bool:
    best, defaults = evaluated.best, evaluated.defaults
    if best is None or defaults is None or defaults.trial is None:
        return False
    return best.trial == defaults.trial


def _nothing_bought(evaluated: Evaluated) -> Verdict:
    trials, best = count(len(evaluated.study.trials), "trial"), evaluated.best
    value = math.nan if best is None else best.metrics[evaluated.metric]
    sentence = (
        f"Keep the defaults: of {trials}, none was better than they are, with "
        f"{evaluated.metric} {value:.4g} over the folds."
    )
    return Verdict(KEEP, DEFAULTS, "folds", 0.0, 0.0, 0.0, sentence)


def _on_test(evaluated: Evaluated, against: str) -> Verdict:
    opening = evaluated.opening or {}
    found, metric = opening["differences"][against], opening["metric"]
    best, other = (opening["models"][n]["metrics"][metric] for n in (BEST, against))
    if found.get("alike"):
        return _alike(evaluated, against, best)
    gain, low, high = (_number(found[name]) for name in ("mean", "low", "high"))
    p_same = _number(found.get("p_same"))
    advice = _advice(low, high, p_same)
    numbers = (
        f"{metric} is {_text(best)} against {_text(other)} of {_IN_USE[against]} on "
        f"{opening['n_rows']:,} rows that no trial saw: {_gain(gain)}, "
        f"{_interval(low, high)}{_chances(found)}"
    )
    lead = _lead(advice, against, p_same)
    sentence = f"{lead}: {numbers}.{_reopened(evaluated)}"
    return Verdict(advice, against, "test", gain, low, high, sentence)


def _alike(evaluated: Evaluated, against: str, value: Any) -> Verdict:
    opening = evaluated.opening or {}
    sentence = (
        f"The test cannot tell the tuned model from {_IN_USE[against]}: both come to "
        f"{opening['metric']} {_text(value)} on its {opening['n_rows']:,} rows, and so "
        f"they do on every sample of them.{_reopened(evaluated)}"
    )
    none = math.nan
    return Verdict(OPEN, against, "test", 0.0, none, none, sentence)


def _reopened(evaluated: Evaluated) -> str:
    times = len(evaluated.openings)
    if times < 2:  # noqa: PLR2004 - once is as it should be
        return ""
    return (
        f" The test was opened {times} times: its value is no longer that of unseen "
        "data."
    )


def _on_folds(evaluated: Evaluated, against: str) -> Verdict:
    found = evaluated.gain_over(evaluated.defaults) if against == DEFAULTS else None
    if found is None:
        return _unknown(
            against, f"nobody evaluated {_IN_USE[against]} beside the trials"
        )
    advice = _advice(found.low, found.high, found.p_same)
    sentence = (
        f"{_lead(advice, against, found.p_same)}: over the folds by which it was "
        f"chosen, {evaluated.metric} is {described(found)} than that of "
        f"{_IN_USE[against]}; that flatters the best of many trials, a sealed test "
        "does not."
    )
    return Verdict(
        advice, against, "folds", found.mean, found.low, found.high, sentence
    )


def described(found: Difference) -> str:
    """Return a difference over folds in words, as in ``better by 0.02``."""
    if found.why_none:
        return f"{_gain(found.mean)}, without an interval, since {found.why_none},"
    chances = {name: getattr(found, name) for name in ("p_better", "p_same", "p_worse")}
    return (
        f"{_gain(found.mean)}, {_interval(found.low, found.high)} (corrected for "
        f"folds, conservative){_chances(chances)},"
    )


def _number(value: Any) -> float:
    """Return a number of a record, in which there may be none."""
    return float(value) if isinstance(value, (int, float)) else math.nan


def _text(value: Any) -> str:
    number = _number(value)
    return "unknown" if math.isnan(number) else f"{number:.4g}"


def _gain(gain: float) -> str:
    if math.isnan(gain):
        return "better or worse by nobody knows what"
    return f"{'worse' if gain < 0 else 'better'} by {abs(gain):.3g}"


def _interval(low: float, high: float) -> str:
    if math.isnan(low) or math.isnan(high):
        return "no interval"
    return f"95 % interval {low:+.3g} to {high:+.3g}"


def _chances(found: Mapping[str, Any]) -> str:
    names = {"p_better": "better", "p_same": "same", "p_worse": "worse"}
    known = {text: _number(found.get(name)) for name, text in names.items()}
    parts = [f"P({n}) {p:.0%}" for n, p in known.items() if not math.isnan(p)]
    return f", {', '.join(parts)}" if parts else ""


def _advice(low: float, high: float, p_same: float) -> str:
    if math.isnan(low) or math.isnan(high):
        return UNKNOWN
    if p_same >= _SURE:
        return OPEN
    if low > 0:
        return USE
    return KEEP if high < 0 else OPEN


def _lead(advice: str, against: str, p_same: float) -> str:
    if p_same >= _SURE:
        return f"The tuned model and {_IN_USE[against]} are practically the same"
    return {
        USE: "Use the tuned model",
        KEEP: f"Keep {_IN_USE[against]}",
        OPEN: f"The tuned model is not surely better than {_IN_USE[against]}",
        UNKNOWN: "Nobody can tell whether the tuned model is better",
    }[advice]
