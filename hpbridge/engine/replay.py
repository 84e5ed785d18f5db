"""Replay a schedule of parameters: train once more as a member of a population did."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from hpbridge.contract.backend import (
    Algorithm,
    BackendSpec,
    ExhaustedError,
    NotYetError,
    Optimizer,
    Suggestion,
)
from hpbridge.contract.builtin import DEFAULT_DRIVER
from hpbridge.contract.offered_backends import CAPABILITIES
from hpbridge.contract.stage import Stage, plain_budget
from hpbridge.engine.arguments import given_settings
from hpbridge.engine.life import Life, live
from hpbridge.engine.plan import Plan
from hpbridge.learning.choice import Choice
from hpbridge.store.settings import Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from hpbridge.analysis.lineage import Schedule
    from hpbridge.contract.backend import Outcome
    from hpbridge.experiment import Experiment
    from hpbridge.space.space import Params
    from hpbridge.store import Database
    from hpbridge.study import Study

NAME = "schedule"


class Scheduled(Optimizer):
    """Proposes the intervals of a schedule, each from the checkpoint of the last."""

    def __init__(self, intervals: Iterable[tuple[float, Params]]) -> None:
        self._left = list(intervals)
        self._n_asked = self._n_told = 0

    def ask(self) -> Suggestion:
        """Propose the next interval."""
        if not self._left:
            msg = "the schedule is at its end"
            raise ExhaustedError(msg)
        if self._n_told < self._n_asked:
            raise NotYetError
        number, (end, params) = self._n_asked, self._left.pop(0)
        self._n_asked += 1
        parent = number - 1 if number else None
        stage = Stage(budget=plain_budget(end), parent=parent)
        return Suggestion(number, params, stage=stage)

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:  # noqa: ARG002
        """Nothing that is told changes a schedule."""
        self._n_told += 1


def replay(
    schedule: Schedule,
    experiment: Experiment,
    *,
    seed: int | None = None,
    store: str | os.PathLike[str] | Database | None = None,
    name: str | None = None,
) -> Study:
    """Train once, with the parameters of a schedule at its steps.

    Each interval is a trial, which goes on from the checkpoint of the one before it.

    Args:
        schedule: As of `hpbridge.Study.schedule`.
        experiment: What trains; its space is the schedule's.
        seed: Of the trials' own seeds.
        store: As of `hpbridge.run`.
        name: Of the study that it is.

    Raises:
        SpaceError: If the parameters are not in the space.
    """
    intervals = []
    for each in schedule.intervals:
        what = f"The interval from {each.begin:g} to {each.end:g}"
        intervals.append((each.end, experiment.space.canonical(each.params, what)))
    algorithm = Algorithm(
        name=NAME,
        summary="Trains by a schedule.",
        capabilities=CAPABILITIES,
        native_call="hpbridge.replay",
        learns=False,
        is_staged=True,
    )
    spec = BackendSpec(
        name=NAME,
        summary="A schedule of parameters.",
        requires=(),
        algorithms={NAME: algorithm},
        create=lambda *_: Scheduled(intervals),
    )
    plan = Plan(
        experiment,
        Choice(spec, algorithm, algorithm.options()),
        Settings(**given_settings(n_trials=len(schedule.intervals))),
        secrets.randbits(32) if seed is None else seed,
        DEFAULT_DRIVER,
        name,
        noted={"replays": schedule.source},
    )
    return live(Life(plan, store))
