"""What Optuna has no place for, kept as user attributes beside its own data.

They are written by `hpbridge_optuna.format.write`, all under keys that start with
``hpbridge:``, so that a study that went out comes back the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Constraint, Space
from hpbridge_optuna._upstream import CONSTRAINTS, METRIC_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge_optuna.format.raw import RawStudy, RawTrial

PREFIX = "hpbridge:"
SPACE = "hpbridge:space"
"""Of the study: the space as JSON data."""
BOUNDS = "hpbridge:bounds"
"""Of the study: [metric, sign, bound] a constraint."""
METRICS = "hpbridge:metrics"
"""Of a trial: every metric, where the values are not all of them."""
ERROR = "hpbridge:error"
TIMES = "hpbridge:times"
"""Of a trial: start (Unix time) and duration, seconds; None where unknown."""
REPORTS = "hpbridge:reports"
"""Of a trial: (step, value) in order, where Optuna's storages do not hold them so."""
STAGE = "hpbridge:stage"
"""Of a trial: budget, bracket, rung, and the place of the one that it went on from."""
PARAMS = "hpbridge:params"
"""Of a trial: whole numbers that are none of a float, which is what storages keep."""
ATTRIBUTES = "hpbridge:attributes"
"""Of a study or a trial: the user's own attributes of names like these."""


@dataclass(frozen=True)
class Extras:
    """What the attributes of a study say beyond Optuna's own data."""

    space: Space | None = None
    constraints: tuple[Constraint, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """The metric by the key of a constraint."""
    bounds: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, raw: RawStudy, trials: list[RawTrial]) -> Extras:
        """Read those of a study."""
        notes: list[str] = []
        space = _space(raw, trials, notes)
        ours = tuple(Constraint(str(m), s, b) for m, s, b in raw.user.get(BOUNDS, []))
        names = {c.metric: c.metric for c in ours}
        bounds = {c.metric: _bound(c) for c in ours}
        taken = set(raw.system.get(METRIC_NAMES, ())) | {"value"}
        for trial in trials:
            for key in constraint_values(trial)[0]:
                if key not in names:
                    names[key] = f"constraint:{key}" if key in taken else key
                    bounds[names[key]] = "<= 0"
        return cls(space, ours, names, bounds, notes)

    def metrics(self, raw: RawTrial, values: dict[str, float]) -> dict[str, float]:
        """Return every metric of a trial, given those with a direction."""
        if METRICS in raw.user:
            return {str(n): float(v) for n, v in raw.user[METRICS].items()}
        ours = {c.metric: c for c in self.constraints}
        found = dict(values)
        for key, value in constraint_values(raw)[0].items():
            bound = ours.get(key)
            # Optuna holds by how much a bound of ours is missed.
            metric = value if bound is None else bound.sign * value + bound.bound
            found.setdefault(self.names[key], metric)
        return found

    def times(self, raw: RawTrial) -> tuple[float | None, float | None]:
        """Return the start (Unix time) and the duration, seconds."""
        if TIMES in raw.user:
            started, seconds = raw.user[TIMES]
            return started, seconds
        if raw.started is None or raw.ended is None:
            return raw.started, None
        return raw.started, max(raw.ended - raw.started, 0.0)

    def reports(self, raw: RawTrial) -> tuple[tuple[int, float], ...]:
        """Return the intermediate values in their order."""
        pairs = raw.user.get(REPORTS, raw.reports.items())
        return tuple((int(step), float(value)) for step, value in pairs)

    def stage(self, raw: RawTrial, places: Mapping[int, int]) -> dict[str, Any]:
        """Return the budget of a trial, and what belongs to it.

        Args:
            raw: The trial.
            places: Those of the trials that are read, by place in Optuna's study.
        """
        if STAGE not in raw.user:
            return {}
        budget, bracket, rung, parent = raw.user[STAGE]
        place = places.get(parent)
        return {"budget": budget, "bracket": bracket, "rung": rung, "parent": place}

    def error(self, raw: RawTrial) -> str | None:
        """Return the text of a failure."""
        # Optuna before 3.0 kept it as a system attribute.
        text = raw.user.get(ERROR, raw.system.get("fail_reason"))
        return None if text is None else str(text)

    def params(self, raw: RawTrial) -> dict[str, Any]:
        """Return the parameters of a trial, to the last digit."""
        whole = raw.user.get(PARAMS, {})
        return {
            name: int(whole[name]) if name in whole else value
            for name, (_, value) in raw.params.items()
        }

    def attributes(self, user: Mapping[str, Any]) -> dict[str, Any]:
        """Return the user's own attributes."""
        own = {k: v for k, v in user.items() if not k.startswith(PREFIX)}
        return {**own, **user.get(ATTRIBUTES, {})}


def constraint_values(raw: RawTrial) -> tuple[dict[str, float], set[str]]:
    """Return a trial's constraint values by key, and the attributes they are in.

    Source:
        Optuna 5.0.0, `_get_constraints_from_system_attrs`.
    """
    found: dict[str, float] = {}
    attributes: set[str] = set()
    old = raw.system.get(CONSTRAINTS)
    if isinstance(old, list):
        found.update((str(k), float(value)) for k, value in enumerate(old))
        attributes.add(CONSTRAINTS)
    for name, value in raw.system.items():
        prefix, colon, key = name.partition(":")
        if colon and prefix == CONSTRAINTS:
            found[key] = float(value)
            attributes.add(name)
    return found, attributes


def _space(raw: RawStudy, trials: list[RawTrial], notes: list[str]) -> Space | None:
    """Return the space that was written with the study, if the trials are still in it.

    Raises:
        SpaceError: If it is damaged.
    """
    data = raw.user.get(SPACE)
    if data is None:
        return None
    space = Space.from_json(data)
    new = {name for trial in trials for name in trial.params if name not in space}
    if not new:
        return space
    listed = ", ".join(repr(name) for name in sorted(new))
    notes.append(f"the space was inferred anew, since trials have {listed} beyond it")
    return None


def _bound(constraint: Constraint) -> str:
    sign = "<=" if constraint.sign > 0 else ">="
    return f"{sign} {constraint.bound!r}"


def as_user_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the user's attributes as they are written; see `Extras.attributes`."""
    found = {k: v for k, v in attributes.items() if not k.startswith(PREFIX)}
    others = {k: v for k, v in attributes.items() if k.startswith(PREFIX)}
    return {**found, ATTRIBUTES: others} if others else found


def is_told_by_values(metrics: Mapping[str, float], named: list[str]) -> bool:
    """Say whether Optuna's values alone give these metrics back."""
    is_number = all(not math.isnan(value) for value in metrics.values())
    return list(metrics) == named and is_number
