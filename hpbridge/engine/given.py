"""A study of points that are known before: they run again, and nothing is searched.

Its record names the optimizer ``given:points``, and has what it is beside the
attribute `hpbridge.analysis.confirmed.CONFIRMS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.analysis.confirmed import CONFIRMS
from hpbridge.contract.backend import (
    Algorithm,
    BackendSpec,
    ExhaustedError,
    NoOptions,
    Optimizer,
)
from hpbridge.contract.capabilities import YES, Capabilities, Feature
from hpbridge.learning.choice import Choice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.backend import Outcome, Problem, Suggestion
    from hpbridge.experiment import Experiment
    from hpbridge.space.parameters import Label
    from hpbridge.store.record import StudyRecord


class _Given(Optimizer):
    """Proposes nothing: all its trials are first points."""

    def ask(self) -> Suggestion:
        """Refuse: there is nothing left.

        Raises:
            ExhaustedError: Always.
        """
        msg = "every point that was given has run"
        raise ExhaustedError(msg)

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Nothing is ever told: nothing is proposed."""

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """Learn nothing."""


def _create(problem: Problem, algorithm: Algorithm, options: Any, seed: int) -> _Given:  # noqa: ARG001 - as of a backend
    return _Given()


_POINTS = Algorithm(
    name="points",
    summary="Runs the points that it is given.",
    capabilities=Capabilities(dict.fromkeys(Feature, YES)),
    native_call="",
    learns=False,
    starts_random=False,
)
_SPEC = BackendSpec(
    name="given",
    summary=_POINTS.summary,
    requires=(),
    algorithms={_POINTS.name: _POINTS},
    create=_create,
)

GIVEN_POINTS = Choice(_SPEC, _POINTS, NoOptions())
"""What runs points that are known before; no plugin offers it."""


def is_of_given_points(record: StudyRecord) -> bool:
    """Say whether a study runs trials of another one again."""
    return record.optimizer == GIVEN_POINTS.name and CONFIRMS in record.attributes


def as_again(experiment: Experiment, record: StudyRecord) -> Experiment:
    """Return an experiment as a study of given points ran it."""
    noted = record.attributes[CONFIRMS]
    return fixed(experiment, record).again(noted["seeds"], len(noted["trials"]))


def fixed(experiment: Experiment, record: StudyRecord) -> Experiment:
    """Return the same experiment over a space that is known, as a study found it."""
    if not experiment.is_growing:
        return experiment
    known = experiment.over(record.space)
    known.is_growing = False
    return known
