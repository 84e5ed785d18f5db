"""Choose an optimizer and a driver, and check them against an experiment."""

from __future__ import annotations

import contextlib
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hpbridge.contract.backend import Problem
from hpbridge.contract.capabilities import Feature, Support
from hpbridge.contract.options import read_options
from hpbridge.contract.registry import installed_version, registry
from hpbridge.errors import UnsupportedFeatureError
from hpbridge.learning.defining import DefiningLearner
from hpbridge.learning.growing import GrowingLearner
from hpbridge.learning.learner import Learner
from hpbridge.learning.portfolio import Portfolio, PortfolioLearner
from hpbridge.learning.scalarized import Scalarized, variants
from hpbridge.space.space import Space
from hpbridge.trial import trial_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.backend import Algorithm, BackendSpec, Optimizer
    from hpbridge.contract.defining import DefiningOptimizer
    from hpbridge.experiment import Experiment
    from hpbridge.learning.scalarized import Told


@dataclass(frozen=True)
class Choice:
    """A chosen and checked optimizer: backend, algorithm, options.

    Attributes:
        scalarizes: Whether the core tells one value to an optimizer that takes no more,
            and keeps constraints from one that takes none.
    """

    spec: BackendSpec
    algorithm: Algorithm
    options: Any
    scalarizes: bool = True

    @property
    def name(self) -> str:
        """Backend and algorithm, as in ``optuna:tpe``."""
        return f"{self.spec.name}:{self.algorithm.name}"

    def learner(self, experiment: Experiment, seed: int) -> Learner:
        """Return a fresh optimizer for an experiment, ready to learn."""
        if experiment.is_growing:
            can = self.algorithm.capabilities[Feature.DEFINE_BY_RUN]
            if can.support is Support.NATIVE and self._takes_whole(experiment):
                made = self.make(experiment.over(Space.unknown()), seed)
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
        optimizer = self.make(experiment, seed)
        return Learner(self.name, optimizer, experiment.space, seed)

    def _takes_whole(self, experiment: Experiment) -> bool:
        told = self.told(problem_of(experiment))
        return told is None or told.is_whole

    def _make_grown(self, experiment: Experiment, seed: int) -> Optimizer:
        self.check(problem_of(experiment))
        return self.make(experiment, seed)

    def make(self, experiment: Experiment, seed: int) -> Optimizer:
        """Return a fresh optimizer for an experiment whose space is known."""
        return self.create(problem_of(experiment), seed)

    def create(self, problem: Problem, seed: int) -> Optimizer:
        """Return a fresh optimizer for a problem, as far as the library takes it."""
        told = self.told(problem)
        if told is None or told.is_whole:  # it refuses by itself what it cannot
            return self.spec.create(problem, self.algorithm, self.options, seed)
        algorithm, inner = self.algorithm, told.problem

        def make(seed: int, n_past: int) -> Optimizer:
            options = self.options
            if algorithm.after is not None:
                options = algorithm.after(options, n_past)
            return self.spec.create(inner, algorithm, options, seed)

        return Scalarized(
            make,
            told,
            seed,
            learns=algorithm.learns,
            relearns=algorithm.capabilities.can(Feature.FOREIGN_HISTORY),
            notes=told.sentences(self.name, algorithm),
        )

    def told(self, problem: Problem) -> Told | None:
        """Return a problem as the library takes it; None if it cannot."""
        ways = variants(problem) if self.scalarizes else variants(problem)[:1]
        able = (
            each
            for each in ways
            if not self.algorithm.reasons_against(each.problem, self.options)
        )
        return next(able, None)

    def check(self, problem: Problem) -> None:
        """Check that the optimizer can run a problem.

        Raises:
            UnsupportedFeatureError: With every reason, and the optimizers that can.
        """
        if self.told(problem) is not None:
            return
        last = variants(problem)[-1 if self.scalarizes else 0].problem
        reasons = self.algorithm.reasons_against(last, self.options)
        others = [
            f"{name} with other options" if name == self.name else name
            for name in able(last)
        ]
        raise UnsupportedFeatureError.refused(self.name, reasons, others)


def problem_of(experiment: Experiment) -> Problem:
    """Return what an optimizer is told of an experiment."""
    return Problem(
        experiment.space,
        len(experiment.metrics),
        len(experiment.bounds),
        tuple(experiment.metrics),
        tuple(bound.metric for bound in experiment.bounds),
        tuple(experiment.metrics.values()),
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
    optimizer: str, experiment: Experiment, options: Mapping[str, object] | None = None
) -> Choice:
    """Find an optimizer, and check that it can run an experiment.

    Raises:
        BackendError: If it is not installed, or fails to load.
        OptionError: If it does not have these options.
        UnsupportedFeatureError: With every reason, and the optimizers that can.
    """
    plugins = registry()
    spec, algorithm = plugins.algorithm(optimizer)
    name = f"{spec.name}:{algorithm.name}"
    plugins.require(spec, algorithm)
    read = read_options(name, algorithm.options, options or {})
    choice = Choice(spec, algorithm, read, experiment.scalarize)
    for problem in problems_of(experiment):
        choice.check(problem)
    return choice


def able(problem: Problem) -> list[str]:
    """Return the installed optimizers that can run a problem, with default options."""
    plugins = registry()
    return [
        f"{spec.name}:{algorithm.name}"
        for spec in plugins.backends.values()
        for algorithm in spec.algorithms.values()
        if not algorithm.reasons_against(problem)
        and not plugins.missing(spec, algorithm)
    ]


def versions_of(choice: Choice) -> dict[str, str]:
    """Return the version of Python and of every distribution that is involved."""
    from packaging.requirements import Requirement

    requires = [*choice.spec.requires, *choice.algorithm.requires]
    plugin = registry().plugin_of(choice.spec.name).split(" ")[0]
    names = ["hpbridge", plugin, *(Requirement(r).name for r in requires)]
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
