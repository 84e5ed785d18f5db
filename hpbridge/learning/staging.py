"""Make the learner of a study whose trials are given budgets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpbridge.contract.capabilities import Feature
from hpbridge.learning.staged import Learning, StagedLearner

if TYPE_CHECKING:
    from hpbridge.contract.rungs import Schedule
    from hpbridge.experiment import Experiment
    from hpbridge.learning.choice import Choice
    from hpbridge.learning.learner import Learner


def learning_of(choice: Choice) -> Learning:
    """Return what an optimizer takes of trials at several budgets."""
    algorithm = choice.algorithm
    return Learning(
        learns=algorithm.learns,
        observes=algorithm.capabilities.can(Feature.FOREIGN_HISTORY),
        takes_budgets=algorithm.takes_budgets,
    )


def staged_learner(
    choice: Choice, experiment: Experiment, schedule: Schedule, seed: int
) -> StagedLearner:
    """Return a fresh optimizer whose trials go as far as a schedule says.

    Args:
        choice: The optimizer.
        experiment: With a budget.
        schedule: How far its trials go.
        seed: Of the optimizer.
    """

    def make(seed: int, n_past: int) -> Learner:
        after = choice.algorithm.after
        if after is None or n_past == 0:
            return choice.learner(experiment, seed)
        options = after(choice.options, n_past)
        return replace(choice, options=options).learner(experiment, seed)

    return StagedLearner(make, schedule, learning_of(choice), seed)
