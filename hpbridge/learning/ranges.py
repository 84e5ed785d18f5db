"""Ranges that differ from trial to trial: the widest of them, and each trial's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from hpbridge.space.kinds import Parameter, Searched, with_when
from hpbridge.space.parameters import Float, Int

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hpbridge.space.plain import Label
    from hpbridge.space.space import Space
    from hpbridge.trial import FinishedTrial

OWN, FIRST = "ranges", "first_ranges"
"""In `FinishedTrial.native`: ranges that are not as they were first; what those were,
in the first trial of another one."""


def widened(known: Searched, parameter: Searched) -> Searched | None:
    """Return the parameter that holds the values of both.

    Args:
        known: Without a condition.
        parameter: Likewise.

    Returns:
        `known` itself where it does; None where they differ in more than their range.

    Example:
        >>> widened(Int(1, 5), Int(3, 9))
        Int(low=1, high=9, log=False, step=1, prior=None, when=())
    """
    if known == parameter:
        return known
    if not isinstance(known, (Float, Int)) or type(known) is not type(parameter):
        return None
    other = parameter
    if known.log != other.log or _prior(known) is not None or _prior(other) is not None:
        return None
    low, high = min(known.low, other.low), max(known.high, other.high)
    changed: dict[str, Any] = {"low": low, "high": high, "step": _step(known, other)}
    return known if _is_within(known, changed) else replace(known, **changed)


def _prior(parameter: Searched) -> object:
    return getattr(parameter, "prior", None)


def _is_within(known: Float | Int, changed: Mapping[str, Any]) -> bool:
    return all(getattr(known, name) == value for name, value in changed.items())


def _step(known: Float | Int, other: Float | Int) -> float | None:
    free = 1 if isinstance(known, Int) else None
    steps = [p.step for p in (known, other) if p.low != p.high]  # one value has none
    if not steps or any(step != steps[0] for step in steps) or steps[0] == free:
        return free
    step = cast("float", steps[0])
    offset = known.low - other.low
    # In floats, another start of the grid gives other last bits.
    is_same = offset % step == 0 if isinstance(known, Int) else offset == 0
    return step if is_same else free


class Ranges:
    """What each parameter was when it was first asked for, where that has changed.

    Args:
        trials: Of a record.
    """

    def __init__(self, trials: Iterable[FinishedTrial] = ()) -> None:
        self._first: dict[str, Searched] = {}
        self.read(trials)

    def note(
        self, asked: Mapping[str, tuple[Searched, Label]], space: Space
    ) -> dict[str, Any]:
        """Return what the record of a trial keeps, for `FinishedTrial.native`.

        Args:
            asked: By the trial.
            space: What was known before it.
        """
        found: dict[str, Any] = {}
        for name, (parameter, _) in asked.items():
            known = self._first.get(name) or space.get(name)
            if not isinstance(known, Searched):
                continue
            known = with_when(known, ()) if known.when else known
            if known == parameter:
                continue
            if name not in self._first:
                self._first[name] = known
                found.setdefault(FIRST, {})[name] = known.to_json()
            found.setdefault(OWN, {})[name] = parameter.to_json()
        return found

    def read(self, trials: Iterable[FinishedTrial]) -> None:
        """Take what records of trials keep."""
        for trial in trials:
            self._first.update(_parameters(trial.native.get(FIRST)))

    def own(self, trial: FinishedTrial) -> dict[str, Searched]:
        """Return the parameters that differ from trial to trial, as one had them."""
        if not self._first:
            return {}
        return {**self._first, **_parameters(trial.native.get(OWN))}

    def of(
        self, trial: FinishedTrial, asked: Mapping[str, tuple[Searched, Label]]
    ) -> dict[str, tuple[Searched, Label]]:
        """Return what a trial asked for with the ranges that it had then."""
        own = self.own(trial)
        return {name: (own.get(name, p), value) for name, (p, value) in asked.items()}


def _parameters(data: Any) -> dict[str, Searched]:
    """Return the parameters of a record; nothing where it is damaged."""
    if not isinstance(data, dict):
        return {}
    try:
        found = {name: Parameter.from_json(each) for name, each in data.items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
    return {name: p for name, p in found.items() if isinstance(p, Searched)}
