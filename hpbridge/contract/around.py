"""What a running trial can see of the study around it, and ask of it.

Our own objectives need no more than their parameters. One that is written for another
library may look at the study as that library shows it: earlier trials, the best value,
a way to stop. Whoever makes a trial object of that library builds it of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from hpbridge.errors import ExperimentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.experiment import Experiment
    from hpbridge.space.kinds import Searched
    from hpbridge.space.plain import Label
    from hpbridge.space.space import Space
    from hpbridge.trial import FinishedTrial


class Around(Protocol):
    """The study around a trial, for all that an objective of ours has no word for.

    Attributes:
        kept: What an objective keeps from one trial to the next, by a name of its own;
            nobody else looks at it, and it ends with the process.
    """

    kept: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the study."""

    @property
    def metrics(self) -> Mapping[str, str]:
        """Direction by metric, in order."""

    @property
    def space(self) -> Space:
        """What is known of the space so far."""

    @property
    def finished(self) -> Sequence[FinishedTrial]:
        """Trials that have ended, imported ones included, in the order of telling."""

    @property
    def proposed(self) -> Mapping[str, Label]:
        """What was proposed before the trial began, plain values."""

    def stop(self, reason: str) -> None:
        """Let no further trial begin."""


class Answering(Around, Protocol):
    """Besides, who answers what a trial asks for whose space becomes known by it."""

    @property
    def given(self) -> Mapping[str, object]:
        """What was given for the trial, as the user wrote it: some parameters or all.

        Only where the space becomes known while it runs; elsewhere it is proposed.
        """

    @property
    def is_asked(self) -> bool:
        """Whether the optimizer itself answers what the trial asks for."""

    def propose(self, name: str, parameter: Searched) -> Label:
        """Return the optimizer's answer to what the trial asks for, where `is_asked`.

        Raises:
            HpbridgeError: If the optimizer cannot search it, or fails.
        """

    def settle(self, name: str, parameter: Searched, value: Label) -> None:
        """Tell the optimizer of a value that was given, where `is_asked`."""

    def note(self, text: str) -> None:
        """Say something of the study, once, to whoever reads it."""


class Apart:
    """What a trial knows of its study in a process apart from it: little.

    Args:
        experiment: Whose trial it is.
        params: Of the trial.
    """

    def __init__(self, experiment: Experiment, params: Mapping[str, Label]) -> None:
        self._experiment, self.proposed = experiment, params
        self.kept: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The name of the experiment; that of the study is not known here."""
        return self._experiment.name

    @property
    def metrics(self) -> Mapping[str, str]:
        """Direction by metric, in order."""
        return self._experiment.metrics

    @property
    def space(self) -> Space:
        """The space of the experiment."""
        return self._experiment.space

    @property
    def finished(self) -> NoReturn:
        """Refuse to say: it cannot be known here.

        Raises:
            ExperimentError: Always.
        """
        does = "looks at the trials of its study"
        raise self._refused(does)

    def stop(self, reason: str) -> NoReturn:  # noqa: ARG002 - as of `Around`
        """Refuse, as the study is elsewhere."""
        does = "stops its study"
        raise self._refused(does)

    def _refused(self, does: str) -> ExperimentError:
        problem = (
            f"the objective {does}, which it can only in the study's own process: "
            "with workers=1, the driver 'local' and no timeout_trial, "
            "trials_per_worker, memory_trial or threads_per_worker"
        )
        return ExperimentError.invalid(self._experiment.name, [problem])
