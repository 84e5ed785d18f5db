"""Choose an optimizer and a driver, and check them against an experiment."""

from __future__ import annotations

import contextlib
import platform
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hpbridge.contract.backend import Problem
from hpbridge.contract.capabilities import Feature, Support
from hpbridge.contract.options import read_options
from hpbridge.contract.registry import installed_version, registry
from hpbridge.contract.resolving import Occasion, Standing
from hpbridge.errors import BackendError, UnsupportedFeatureError
from hpbridge.learning.defining import DefiningLearner
from hpbridge.learning.growing import GrowingLearner
from hpbridge.learning.learner import Learner, in_library
from hpbridge.learning.one_thread import OneThread
from hpbridge.learning.portfolio import Portfolio, PortfolioLearner
from hpbridge.learning.scalarized import Scalarized, variants
from hpbridge.space.space import Space
from hpbridge.trial import trial_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.backend import Algorithm, BackendSpec, Optimizer
    from hpbridge.contract.defining import DefiningOptimizer
    from hpbridge.contract.pruning import Pruning
    from hpbridge.experiment import Experiment
    from hpbridge.learning.scalarized import Told


@dataclass(frozen=True)
class Choice:
    """A chosen and checked optimizer: backend, algorithm, options.

    Attributes:
        scalarizes: Whether the core tells one value to an optimizer that takes no more,
            and keeps constraints from one that takes none.
        has_one_thread: Whether the optimizer computes with one thread of BLAS.
        asked: The name that was asked for, where it stands for this optimizer.
        why: Why it does, a sentence each.
    """

    spec: BackendSpec
    algorithm: Algorithm
    options: Any
    scalarizes: bool = True
    has_one_thread: bool = False
    asked: str = ""
    why: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Backend and algorithm, as in ``optuna:tpe``."""
        return f"{self.spec.name}:{self.algorithm.name}"

    @property
    def label(self) -> str:
        """How it is called among others: as it was asked for, or by its name."""
        return self.asked or self.name

    @property
    def shared_place(self) -> str:
        """Where its trials are in common with other processes; empty if nowhere."""
        shares = self.algorithm.shares
        return "" if shares is None else shares(self.options)

    def learner(
        self, experiment: Experiment, seed: int, pruning: Pruning | None = None
    ) -> Learner:
        """Return a fresh optimizer for an experiment, ready to learn.

        Args:
            experiment: What is tuned.
            seed: Of the optimizer.
            pruning: What ends its trials early. Where several optimizers share the
                trials, each of them learns of all that are its own.
        """
        if experiment.is_growing:
            can = self.algorithm.capabilities[Feature.DEFINE_BY_RUN]
            if can.support is Support.NATIVE and self._takes_whole(experiment):
                made = self.make(experiment.over(Space.unknown()), seed, pruning)
                answers = cast("DefiningOptimizer", made)
                return DefiningLearner(self.name, answers, experiment.space)

            def make(space: Space, n_told: int) -> Optimizer:
                grown = seed if n_told <= 1 else trial_seed(seed, n_told)
                return self._make_grown(experiment.over(space), grown)

            return GrowingLearner(self.name, make, recorded=experiment.space)
        if experiment.parts:
            members = [
                self.make(experiment.over(part.space), seed)
                if part.space.searched
                else None
                for part in experiment.parts
            ]
            portfolio = Portfolio(experiment.parts, members)
            return PortfolioLearner(self.name, portfolio, experiment.space, seed)
        optimizer = self.make(experiment, seed, pruning)
        return Learner(self.name, optimizer, experiment.space, seed)

    def _takes_whole(self, experiment: Experiment) -> bool:
        told = self.told(problem_of(experiment))
        return told is None or told.is_whole

    def _make_grown(self, experiment: Experiment, seed: int) -> Optimizer:
        self.check(problem_of(experiment))
        return self.make(experiment, seed)

    def make(
        self, experiment: Experiment, seed: int, pruning: Pruning | None = None
    ) -> Optimizer:
        """Return a fresh optimizer for an experiment whose space is known."""
        return self.create(problem_of(experiment, pruning), seed)

    def create(self, problem: Problem, seed: int) -> Optimizer:
        """Return a fresh optimizer for a problem, as far as the library takes it."""
        told = self.told(problem)
        if told is None or told.is_whole:  # it refuses by itself what it cannot
            return self._created(problem, self.options, seed)
        algorithm, inner = self.algorithm, told.problem

        def make(seed: int, n_past: int) -> Optimizer:
            options = self.options
            if algorithm.after is not None:
                options = algorithm.after(options, n_past)
            return self._created(inner, options, seed)

        return Scalarized(
            make,
            told,
            seed,
            learns=algorithm.learns,
            relearns=algorithm.capabilities.can(Feature.FOREIGN_HISTORY),
            notes=told.sentences(self.name, algorithm),
        )

    def _created(self, problem: Problem, options: Any, seed: int) -> Optimizer:
        with in_library(self.name, "when it was made"):
            made = self.spec.create(problem, self.algorithm, options, seed)
        return OneThread(made) if self.has_one_thread else made

    def told(self, problem: Problem) -> Told | None:
        """Return a problem as the library takes it; None if it cannot."""
        able = (
            each
            for each in self.ways(problem)
            if not self._reasons_against(each.problem)
        )
        return next(able, None)

    def ways(self, problem: Problem) -> list[Told]:
        """Return what may stand for a problem.

        Where trials are stages, what one was told as is compared later: under weights
        that are drawn for each, that would say nothing.
        """
        whole, *others = variants(problem)
        return [whole, *others] if self._tells_one_value else [whole]

    def _reasons_against(self, problem: Problem) -> list[str]:
        reasons = self.algorithm.reasons_against(problem, self.options)
        if self.scalarizes or reasons:
            return reasons
        # What several members can is said with what the core does for each.
        return [
            f"{member.name}: {reason}"
            for member in self.algorithm.members
            for reason in member.algorithm.capabilities.reasons_against(problem)
        ]

    @property
    def _tells_one_value(self) -> bool:
        return self.scalarizes and not self.algorithm.is_staged

    def check(self, problem: Problem) -> None:
        """Check that the optimizer can run a problem.

        Raises:
            UnsupportedFeatureError: With every reason, and the optimizers that can.
        """
        if self.told(problem) is not None:
            return
        last = self.ways(problem)[-1].problem
        reasons = self._reasons_against(last)
        others = [
            f"{name} with other options" if name == self.name else name
            for name in able(last)
        ]
        raise UnsupportedFeatureError.refused(self.name, reasons, others)


def problem_of(experiment: Experiment, pruning: Pruning | None = None) -> Problem:
    """Return what an optimizer is told of an experiment."""
    return Problem(
        experiment.space,
        len(experiment.metrics),
        len(experiment.bounds),
        tuple(experiment.metrics),
        tuple(bound.metric for bound in experiment.bounds),
        tuple(experiment.metrics.values()),
        pruning,
        experiment.budget,
        experiment.name,
    )


def problems_of(experiment: Experiment) -> list[Problem]:
    """Return what each of an experiment's optimizers is told of it: one as a rule."""
    if not experiment.parts:
        return [problem_of(experiment)]
    return [
        problem_of(experiment.over(part.space))
        for part in experiment.parts
        if part.space.searched
    ]


def choose(
    optimizer: str,
    experiment: Experiment,
    options: Mapping[str, object] | None = None,
    *,
    n_trials: int | None = None,
    workers: int | None = None,
) -> Choice:
    """Find an optimizer, and check that it can run an experiment.

    Args:
        optimizer: Its name.
        experiment: That it must be able to run.
        options: Of it.
        n_trials: How many there are to be, for a name that stands for another
            optimizer; None where nobody knows.
        workers: How many of them run at the same time, likewise.

    Raises:
        BackendError: If it is not installed, or fails to load.
        OptionError: If it does not have these options.
        UnsupportedFeatureError: With every reason, and the optimizers that can.
    """
    plugins = registry()
    spec, algorithm = plugins.algorithm(optimizer)
    if spec.resolve is not None:
        occasion = Occasion(
            problem=problem_of(experiment),
            is_growing=experiment.is_growing,
            n_trials=n_trials,
            workers=workers,
            standing=lambda name: _standing(name, experiment),
        )
        found = spec.resolve(occasion)
        given = {**found.options, **(options or {})}
        chosen = choose(found.optimizer, experiment, given)
        return replace(chosen, asked=spec.name, why=found.reasons)
    name = f"{spec.name}:{algorithm.name}"
    plugins.require(spec, algorithm)
    read = read_options(name, algorithm.options, options or {})
    choice = Choice(spec, algorithm, read, experiment.scalarize)
    if algorithm.is_staged and (experiment.parts or experiment.is_growing):
        what = "is searched in parts" if experiment.parts else "defines its space"
        reason = f"the experiment {what}, and a trial of it goes on from another one"
        raise UnsupportedFeatureError.refused(name, [reason])
    for problem in problems_of(experiment):
        choice.check(problem)
    if choice.shared_place and (why := _against_sharing(choice, experiment)):
        raise UnsupportedFeatureError.refused(name, [why])
    return choice


def _standing(optimizer: str, experiment: Experiment) -> Standing:
    """Say whether an optimizer can run an experiment here."""
    try:
        choose(optimizer, experiment)
    except UnsupportedFeatureError as error:
        return Standing("; ".join(error.problems))
    except BackendError as error:
        return Standing(error.headline, error.hint.strip("`"))
    return Standing()


def _against_sharing(choice: Choice, experiment: Experiment) -> str:
    """Say why trials cannot be had in common: they must mean the same to everybody."""
    cannot = f"its trials cannot be in {choice.shared_place}, since "
    if experiment.is_growing:
        return f"{cannot}the objective defines its space while it runs"
    if experiment.parts:
        return f"{cannot}the experiment is searched in parts, each by itself"
    told = choice.told(problem_of(experiment))
    if told is not None and not told.is_whole and choice.algorithm.learns:
        return f"{cannot}it is told other values than the trials have"
    return ""


def able(problem: Problem) -> list[str]:
    """Return the installed optimizers that can run a problem, with default options."""
    plugins = registry()
    return [
        f"{spec.name}:{algorithm.name}"
        for spec in plugins.libraries.values()
        for algorithm in spec.algorithms.values()
        if not algorithm.is_staged  # what it does is something else
        and not algorithm.reasons_against(problem)
        and not plugins.missing(spec, algorithm)
    ]


def versions_of(choice: Choice) -> dict[str, str]:
    """Return the version of Python and of every distribution that is involved."""
    from packaging.requirements import Requirement

    requires = [*choice.spec.requires, *choice.algorithm.requires]
    specs = [choice.spec, *(member.spec for member in choice.algorithm.members)]
    plugins = [registry().plugin_of(spec.name).split(" ")[0] for spec in specs]
    names = ["hpbridge", *plugins, *(Requirement(r).name for r in requires)]
    names += ["numpy", "scipy", "scikit-learn"]
    found = {n: installed_version(n) for n in dict.fromkeys(names) if n}
    python = {"python": platform.python_version()}
    return python | {n: version for n, version in found.items() if version}


def machine() -> dict[str, Any]:
    """Return what a result may depend on: system, processor, cores, memory."""
    import os

    found: dict[str, Any] = {
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }
    if name := _processor():
        found["processor"] = name
    # Windows has no `sysconf`, and other systems not all of its names.
    with contextlib.suppress(AttributeError, ValueError, OSError):
        found["memory_bytes"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return found


def _processor() -> str | None:
    """Return the processor's name where Linux tells it."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            # Of the first core: there may be hundreds.
            lines = file.read(4096).splitlines()
    except OSError:
        return None
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return " ".join(next(names, "").split()) or None
