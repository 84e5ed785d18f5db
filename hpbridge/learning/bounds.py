"""The bounds of a study: the experiment's own, and those that its trials have set."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpbridge.experiment import Constraint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.experiment import Experiment
    from hpbridge.learning.learner import Learner
    from hpbridge.store import StudyWriter
    from hpbridge.store.settings import StudySettings


class Bounds:
    """What makes a trial of a study infeasible.

    A constraint that a trial sets, as an objective of another library may, is a metric
    of the trial, and from then on a bound of the study: at most 0.

    Args:
        experiment: With its own bounds.
        recorded: How the study's record says that it is run, if it has one.

    Attributes:
        all: Those of the experiment first.
        recorded: How the study's record says by now that it is run.
    """

    def __init__(self, experiment: Experiment, recorded: StudySettings | None) -> None:
        self._own = experiment.bounds
        self._metrics = experiment.metrics
        self.recorded = recorded
        self.all = experiment.bounds
        if recorded is not None and len(recorded.bounds) > len(self.all):
            self.all = recorded.bounds

    def of(self, learner: Learner) -> tuple[Constraint, ...]:
        """Return those that a learner is told of."""
        return self.all if learner.defines else self._own

    def metrics_of(self, constraints: Mapping[str, float]) -> dict[str, float]:
        """Return what a trial has set, as metrics of it."""
        return {
            f"constraint:{name}" if name in self._metrics else name: value
            for name, value in constraints.items()
        }

    def add(
        self, constraints: Mapping[str, float], learner: Learner, writer: StudyWriter
    ) -> bool:
        """Take what a trial has set; say whether any of it is new."""
        known = {bound.metric for bound in self.all}
        new = [name for name in self.metrics_of(constraints) if name not in known]
        if not new:
            return False
        self.all += tuple(Constraint(name, 1, 0.0) for name in new)
        if self.recorded is not None:
            self.recorded = replace(self.recorded, bounds=self.all)
            writer.update(settings=self.recorded)
        if not learner.defines:
            learner.note(
                f"{learner.name} does not see the constraints that the objective sets: "
                f"{', '.join(map(repr, new))}"
            )
        return True
