"""A trial that was asked for, and what the record says of one that ended."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Point
from hpbridge.contract.backend import Outcome
from hpbridge.contract.stage import Stage
from hpbridge.trial import Origin, State, by_step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hpbridge.contract.backend import Suggestion
    from hpbridge.experiment import Constraint
    from hpbridge.space.parameters import Label
    from hpbridge.trial import FinishedTrial

GIVEN = "given"
"""In `FinishedTrial.native`: the parameters whose values were given, if any were."""

# Of an error or a traceback, in characters.
LONGEST_TEXT = 1_000_000


@dataclass(slots=True)
class Ask:
    """A trial to run: plain data, may be sent to another process."""

    number: int
    params: Mapping[str, Label]
    seed: int
    origin: Origin = Origin.ASKED
    tells_before: int = 0
    asked_at: float = 0.0
    ask_seconds: float = 0.0
    suggestion: Suggestion | None = None
    given: Mapping[str, object] = field(default_factory=dict)
    """What was given for it, as written, where the space is defined by running."""
    stage: Stage | None = None
    """How far it goes and what it goes on from, in an experiment with a budget."""
    request: int | None = None
    """Of a point that was queued by hand: what is done once it is recorded."""

    @property
    def point(self) -> Point:
        """What the trial is, for the process that runs it."""
        budget = None if self.stage is None else self.stage.budget
        return Point(dict(self.params), self.number, self.seed, budget)

    @property
    def staged(self) -> dict[str, Any]:
        """What the record says of its stage."""
        stage = self.stage
        if stage is None:
            return {}
        return {
            "budget": stage.budget,
            "bracket": stage.bracket,
            "rung": stage.rung,
            "parent": stage.parent,
        }


def ask_of(trial: FinishedTrial) -> Ask:
    """Return the ask behind a recorded trial, without the optimizer's own handle."""
    return Ask(
        number=trial.number,
        params=trial.params,
        seed=trial.seed,
        origin=trial.origin,
        tells_before=trial.tells_before,
        asked_at=trial.asked_at,
        ask_seconds=trial.ask_seconds,
        stage=stage_of(trial),
    )


def stage_of(trial: FinishedTrial) -> Stage | None:
    """Return the stage of a recorded trial; None where it has none."""
    parts = trial.budget, trial.bracket, trial.rung, trial.parent
    return None if parts == (None,) * 4 else Stage(*parts)


def outcome_of(
    trial: FinishedTrial, signs: Mapping[str, float], bounds: Iterable[Constraint]
) -> Outcome:
    """Return what an optimizer is told of a trial: everything minimized.

    Args:
        trial: What became of it.
        signs: By metric, in order: -1.0 where it is maximized, else 1.0.
        bounds: That the optimizer knows of.
    """
    metrics, sign = trial.metrics, next(iter(signs.values()))
    values: tuple[float, ...] = ()
    if trial.state is State.PRUNED:
        known = by_step(trial.reports)  # where it stands is its greatest step
        values = (sign * known[max(known)],) if known else ()
    elif trial.state is State.COMPLETE or all(m in metrics for m in signs):
        values = tuple([s * metrics[m] for m, s in signs.items()])
    constraints = tuple([b.violation(metrics) for b in bounds])
    if any(map(math.isnan, constraints)):
        constraints = ()
    reports = tuple([(step, sign * value) for step, value in trial.reports])
    return Outcome(trial.state, values, constraints, reports, trial.budget)


def recorded_text(text: str) -> str:
    """Return text that every database and file takes.

    No NUL, no half of a surrogate pair, and no more megabytes than anybody reads.
    """
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]} … ({len(text)} characters)"
    plain = text.replace("\0", "\\x00")
    return plain.encode("utf-8", "backslashreplace").decode("utf-8")
