"""Everything that is settled, and checked, before a study starts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpbridge.contract.builtin import DEFAULT_DRIVER
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.execution import LoopSpec
from hpbridge.contract.pruning import Pruning
from hpbridge.contract.registry import registry
from hpbridge.contract.resolving import ASKED
from hpbridge.drivers.choosing import options_of, spec_of_object
from hpbridge.drivers.cores import threads_of
from hpbridge.engine.arguments import SETTINGS
from hpbridge.errors import ExperimentError
from hpbridge.errors.arguments import wrong
from hpbridge.experiment import KeptObjective
from hpbridge.learning.choice import Choice, machine, versions_of
from hpbridge.learning.one_thread import THREADS, blas_threads, computes_alone
from hpbridge.learning.staging import staged_learner
from hpbridge.pruners.choosing import schedule_of
from hpbridge.store.record import STUDY_FIELDS, StudyRecord
from hpbridge.store.settings import OF_WORKERS, OWN_LOOP, StudySettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.execution import DriverSpec
    from hpbridge.contract.rungs import Schedule
    from hpbridge.experiment import Experiment
    from hpbridge.learning.history import History
    from hpbridge.learning.learner import Learner
    from hpbridge.space.space import Params
    from hpbridge.store.settings import Settings

_HERE = (DEFAULT_DRIVER, "processes", "threads", "simulated")
"""Drivers whose trials run on this machine."""

_LENGTHS = {field.name: field.length for field in STUDY_FIELDS}


def _no_loop(*_: object) -> None:
    registry().driver(OWN_LOOP)  # raises: no other verb has such a loop


_OWN_LOOP = LoopSpec(
    name=OWN_LOOP,
    summary="The caller's own loop: `hpbridge.open_study`.",
    run=_no_loop,
    prepare=_no_loop,
    answers=True,
)


@dataclass(frozen=True)
class Plan:
    """Everything that is settled before a study starts.

    Attributes:
        shared: Points that run first, common to all studies of a comparison.
        enqueued: Points that run after those, before the optimizer is asked.
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
    enqueued: tuple[Params, ...] = ()
    comparison_id: int | None = None
    history: History | None = None
    pool: object = None
    noted: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = {**vars(self.settings), "seed": self.seed}
        problems = wrong(given, SETTINGS) or self._of_objective() or self._of_name()
        problems = problems or self._one_at_a_time() or self._in_this_process()
        problems = problems or [*self._of_workers(), *self._of_pruner()]
        problems = problems or [*self._of_stages(), *self._of_program()]
        if problems:
            raise ExperimentError.invalid(self.experiment.name, problems)
        options_of(self.place, self.settings.driver_options)  # raises where they clash

    def _of_objective(self) -> list[str]:
        """Say why there is nothing to run."""
        if self.experiment.objective is not None or self.driver == OWN_LOOP:
            return []
        why = "so that there is nothing to run"
        instead = "`hpbridge.open_study` gives trials to a loop of your own"
        return [f"objective is None, {why}: {instead}"]

    def _of_name(self) -> list[str]:
        """Say why no store has room for the optimizer's name; one may join many."""
        name, most = self.choice.algorithm.name, _LENGTHS["algorithm"]
        if len(name) <= most:
            return []
        fewer = ": name fewer members" if self.choice.algorithm.members else ""
        limit = f"the name of an algorithm has at most {most} characters in a store"
        return [f"{limit}, and {name!r} has {len(name)}{fewer}"]

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
            f"{name} must be None on the driver {self.place.name!r}; it is for "
            f"{', '.join(map(repr, _that_keep(name)))}"
            for name in given
            if name not in known
        ]

    def _of_program(self) -> list[str]:
        """Say why an objective cannot run, where its trials run on this machine."""
        objective = self.experiment.objective
        if self.driver not in _HERE or not isinstance(objective, KeptObjective):
            return []
        return objective.why_not_here()

    def _of_stages(self) -> list[str]:
        """Say where trials cannot go on from each other."""
        place, who = self.place, self.choice.name
        is_staged = self.choice.algorithm.is_staged
        if not is_staged or getattr(place, "saves", True):
            return []
        why = "whose trials go on from checkpoints of others, which that does not have"
        return [f"driver must be another one than {place.name!r} for {who}, {why}"]

    def _of_pruner(self) -> list[str]:
        """Say what stands against a pruner."""
        chosen = self.settings.pruner
        if chosen is None:
            return []
        name, metrics = chosen["name"], self.experiment.metrics
        problems = self.experiment.against_pruner(
            registry().pruner(name), chosen["options"]
        )
        if len(metrics) > 1:
            problems.append(
                f"pruner {name!r} decides by one metric, and the experiment has "
                f"{len(metrics)}: {', '.join(map(repr, metrics))}"
            )
        if self.schedule is not None:
            if place := self.choice.shared_place:
                problems.append(
                    f"pruner {name!r} cannot give budgets, since trials are shared "
                    f"with others, in {place}"
                )
            if self.experiment.is_growing:
                problems.append(
                    f"pruner {name!r} cannot give budgets, since the objective defines "
                    "its space while it runs"
                )
            return problems
        if not getattr(self.place, "answers", False):
            problems.append(
                f"pruner must be None on the driver {self.place.name!r}, which answers "
                "no report of a running trial"
            )
        return problems + self._of_pauses(name)

    def _of_pauses(self, pruner: str) -> list[str]:
        """Say what stands against trials that pause."""
        if not registry().pruner(pruner).pauses:
            return []
        can = self.choice.algorithm.capabilities
        problems = [
            f"pruner {pruner!r} pauses trials, which {self.choice.name} cannot have, "
            f"without {feature.value!r}: {can.why_not(feature)}"
            for feature in (Feature.PENDING, Feature.OUT_OF_ORDER)
            if not can.can(feature)
        ]
        if isinstance(self.place, LoopSpec):
            problems.append(
                f"pruner {pruner!r} pauses trials, which the driver "
                f"{self.place.name!r} cannot"
            )
        return problems

    @property
    def place(self) -> DriverSpec | LoopSpec:
        """Where its trials run.

        Raises:
            DriverNotFoundError: If no plugin offers its driver.
        """
        if self.driver == OWN_LOOP:
            return _OWN_LOOP
        brought = None if self.pool is None else spec_of_object(self.pool)
        return brought or registry().driver(self.driver)

    @property
    def study(self) -> str:
        """What the study is to be called; a store may add a number."""
        return self.name or name_of_study(self.experiment, self.choice, self.seed)

    def learner(self, study: str, seed: int | None = None) -> Learner:
        """Return a fresh optimizer, ready to learn.

        Args:
            study: What the study is called.
            seed: None for the study's.
        """
        chosen, pruning = self.settings.pruner, None
        seed = self.seed if seed is None else seed
        choice = self.choice
        if computes_alone(choice.algorithm, self.settings.workers):
            choice = replace(choice, has_one_thread=True)
        if self.schedule is not None:
            return staged_learner(choice, self.experiment, self.schedule, seed)
        if chosen is not None:
            pruning = Pruning(chosen["name"], chosen["options"], study)
        return choice.learner(self.experiment, seed, pruning)

    @cached_property
    def schedule(self) -> Schedule | None:
        """How far its trials go, where the pruner gives budgets.

        Raises:
            OptionError: If an option of the pruner says nothing then.
        """
        return schedule_of(self.settings.pruner, self.experiment.budget)

    @property
    def ends_early(self) -> bool:
        """Whether its pruner answers the reports of running trials."""
        return self.settings.pruner is not None and self.schedule is None

    @cached_property
    def threads(self) -> dict[str, int]:
        """With how many threads optimizer and workers compute, as far as it is known.

        The optimizer's are known when it is made, which loads what it computes with.
        """
        found: dict[str, int | None] = {}
        settings, algorithm = self.settings, self.choice.algorithm
        if algorithm.linear_algebra:
            is_alone = self.choice.has_one_thread
            is_alone |= computes_alone(algorithm, settings.workers)
            found[THREADS] = 1 if is_alone else blas_threads()
        if "threads_per_worker" in getattr(self.place, "limits", ()):
            given = settings.threads_per_worker
            found["threads_per_worker"] = threads_of(settings.workers, given)
        return {name: number for name, number in found.items() if number is not None}

    @property
    def record(self) -> StudyRecord:
        """The study, as a store that it begins in takes it."""
        experiment, spec = self.experiment, self.choice.spec
        return StudyRecord(
            name=self.study,
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
                range=experiment.budget,
            ),
            versions=versions_of(self.choice),
            machine=machine() | self.threads,
            comparison_id=self.comparison_id,
            attributes={**experiment.attributes, **self.noted, **self._asked},
        )

    @property
    def _asked(self) -> dict[str, str]:
        return {ASKED: self.choice.asked} if self.choice.asked else {}


def _that_keep(limit: str) -> list[str]:
    """Return the drivers that keep a limit of worker processes."""
    drivers = registry().drivers.items()
    return [name for name, d in drivers if limit in getattr(d, "limits", ())]


def name_of_study(experiment: Experiment, choice: Choice, seed: int) -> str:
    """Return what a study is called that was given no name."""
    optimizer = choice.label.replace(":", "-")  # a name may become that of a file
    return f"{experiment.name}-{optimizer}-{seed}"
