"""Everything that is settled, and checked, before a study starts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.contract.builtin import DEFAULT_DRIVER
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.registry import registry
from hpbridge.engine.arguments import SETTINGS
from hpbridge.errors import ExperimentError
from hpbridge.errors.arguments import wrong
from hpbridge.learning.choice import Choice, machine, versions_of
from hpbridge.store.record import StudyRecord
from hpbridge.store.settings import OF_WORKERS, StudySettings

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Mapping

    from hpbridge.contract.execution import DriverSpec, LoopSpec
    from hpbridge.experiment import Experiment
    from hpbridge.learning.history import History
    from hpbridge.space.space import Params
    from hpbridge.store.settings import Settings

FUTURES = "futures:"
"""Of a driver that the caller brought: what follows is the type of the pool."""


@dataclass(frozen=True)
class Plan:
    """Everything that is settled before a study starts.

    Attributes:
        shared: Points that run first, common to all studies of a comparison.
        comparison_id: The comparison that it belongs to, in the store.
        history: Another study's trials that it goes on from.
        pool: What the caller brought to run its trials; then `driver` is only its name.
        noted: What its record notes beside what the experiment does.

    Raises:
        ExperimentError: If a setting cannot be.
    """

    experiment: Experiment
    choice: Choice
    settings: Settings
    seed: int
    driver: str
    name: str | None = None
    shared: tuple[Params, ...] = ()
    comparison_id: int | None = None
    history: History | None = None
    pool: concurrent.futures.Executor | None = None
    noted: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = {**vars(self.settings), "seed": self.seed}
        problems = wrong(given, SETTINGS)
        problems = problems or self._one_at_a_time() or self._in_this_process()
        problems = problems or self._of_workers()
        if problems:
            raise ExperimentError.invalid(self.experiment.name, problems)
        self.place  # noqa: B018 - raises where there is none

    def _one_at_a_time(self) -> list[str]:
        """Say why the algorithm cannot have several trials running at once."""
        can = self.choice.algorithm.capabilities
        return [
            f"workers must be 1 for {self.choice.name}, "
            f"without {feature.value!r}: {can.why_not(feature)}"
            for feature in (Feature.PENDING, Feature.OUT_OF_ORDER)
            if self.settings.workers > 1 and not can.can(feature)
        ]

    def _in_this_process(self) -> list[str]:
        """Say what an objective that defines its space by running cannot have."""
        s = self.settings
        if not self.experiment.is_growing:
            return []
        why = "since the objective defines its space while it runs"
        problems = [f"workers must be 1, {why}"] if s.workers > 1 else []
        limits = ("timeout_trial", *OF_WORKERS)
        given = [name for name in limits if getattr(s, name) is not None]
        problems += [f"{name} must be None, {why}" for name in given]
        if self.driver != DEFAULT_DRIVER:
            problems.append(f"driver must be {DEFAULT_DRIVER!r}, {why}")
        if self.shared:
            problems.append(f"there can be no shared start, {why}")
        return problems

    def _of_workers(self) -> list[str]:
        """Say which limits of worker processes the driver does not know."""
        given = [n for n in OF_WORKERS if getattr(self.settings, n) is not None]
        known: frozenset[str] = getattr(self.place, "limits", frozenset())
        return [
            f"{name} must be None, since only the worker processes of the driver "
            f"{DEFAULT_DRIVER!r} have it, and driver is {self.place.name!r}"
            for name in given
            if name not in known
        ]

    @property
    def place(self) -> DriverSpec | LoopSpec:
        """Where its trials run.

        Raises:
            DriverNotFoundError: If no plugin offers its driver.
        """
        if self.pool is not None:
            from hpbridge.drivers.futures import spec_of

            return spec_of(self.pool)
        return registry().driver(self.driver)

    @property
    def record(self) -> StudyRecord:
        """The study, as a store that it begins in takes it."""
        experiment, spec = self.experiment, self.choice.spec
        name = f"{experiment.name}-{spec.name}-{self.choice.algorithm.name}-{self.seed}"
        return StudyRecord(
            name=self.name or name,
            experiment=experiment.name,
            reference=experiment.reference,
            backend=spec.name,
            algorithm=self.choice.algorithm.name,
            seed=self.seed,
            options=asdict(self.choice.options),
            space=experiment.space,
            metrics=experiment.metrics,
            settings=StudySettings(
                self.settings,
                self.driver,
                experiment.bounds,
                self.shared,
                history=None if self.history is None else self.history.past,
            ),
            versions=versions_of(self.choice),
            machine=machine(),
            comparison_id=self.comparison_id,
            attributes={**experiment.attributes, **self.noted},
        )


def name_of_driver(
    driver: str | concurrent.futures.Executor, experiment: Experiment
) -> tuple[str, concurrent.futures.Executor | None]:
    """Return the name of a driver, and the pool if it is one that the caller brought.

    Raises:
        ExperimentError: If it is neither.
    """
    if isinstance(driver, str):
        return driver, None
    from concurrent.futures import Executor

    if not isinstance(driver, Executor):
        problem = (
            "driver must be the name of one or a concurrent.futures.Executor, "
            f"got {driver!r:.200}"
        )
        raise ExperimentError.invalid(experiment.name, [problem])
    return f"{FUTURES}{type(driver).__name__}", driver
