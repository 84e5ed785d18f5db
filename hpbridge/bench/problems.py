"""The problems of a bench: those of a suite, or any experiments."""

from __future__ import annotations

import fnmatch
import functools
import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.registry import CORE, registry
from hpbridge.contract.suites import BenchProblem
from hpbridge.errors import (
    ExperimentError,
    LibraryNotInstalledError,
    nearest,
)
from hpbridge.experiment import Experiment
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Int

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.contract.suites import SuiteSpec

YOURS = "yours"
"""What a bench of any experiments is called, where a suite has its name."""

DEFAULT_SEEDS = 10
DEFAULT_TRIALS = 50

_TIMES_DIMENSION = re.compile(r"(\d+(?:\.\d+)?)\s*d")


@dataclass(frozen=True)
class Suite:
    """The problems of a bench, and how it is meant.

    Attributes:
        name: `YOURS` for any experiments.
        problems: By name, in the order of the tables.
        n_trials: Of a study, where neither bench nor problem says.
        seeds: Of each optimizer on each problem, where the bench does not say.
        defaults: Further arguments of the bench, where it does not say.
    """

    name: str
    problems: dict[str, BenchProblem]
    n_trials: int | str = DEFAULT_TRIALS
    seeds: int = DEFAULT_SEEDS
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @functools.cached_property
    def experiments(self) -> dict[str, Experiment]:
        """Of each problem, made once, under the problem's name.

        Raises:
            ExperimentError: With every problem that cannot be made.
        """
        return {name: made(problem) for name, problem in self.problems.items()}

    def facts(self, problem: str) -> dict[str, Any]:
        """Return what every study of a problem notes."""
        return self.problems[problem].facts(self.name)

    def against(self, patterns: Sequence[str] | None) -> list[str]:
        """Say which patterns, as of `only`, fit none of its problems."""
        if patterns is None:
            return []
        names = list(self.problems)
        odd = [p for p in patterns if not fnmatch.filter(names, p)]
        told = [f"no problem is called {p!r}; {nearest(p, names)}" for p in odd]
        return told if patterns else ["no problem is left"]

    def only(self, patterns: Sequence[str] | None) -> Suite:
        """Return the field with some of its problems alone.

        Args:
            patterns: Names, or globs as in ``"*_breast"``; None for all.

        Raises:
            ExperimentError: With every pattern that fits none.
        """
        if patterns is None:
            return self
        if wrong := self.against(patterns):
            raise ExperimentError.of_bench(self.name, wrong)
        names = list(self.problems)
        kept = {n for p in patterns for n in fnmatch.filter(names, p)}
        chosen = {n: each for n, each in self.problems.items() if n in kept}
        return replace(self, problems=chosen)

    def trials_of(self, problem: str, given: int | str | None) -> int:
        """Return how many trials a study of a problem has.

        Args:
            problem: Its name.
            given: A number, or as many times the dimension (``"20d"``); None for what
                problem and suite are meant for.
        """
        known = self.problems[problem]
        if given is None:
            given = known.n_trials or self.n_trials
        if isinstance(given, int):
            return given
        return math.ceil(times_of(given) * known.dimension)


def times_of(text: str) -> float:
    """Return the number of ``"20d"``; 0 where it is none.

    Example:
        >>> times_of("20d"), times_of("2.5 d"), times_of("20")
        (20.0, 2.5, 0.0)
    """
    found = _TIMES_DIMENSION.fullmatch(text.strip().lower())
    return float(found[1]) if found else 0.0


def made(problem: BenchProblem) -> Experiment:
    """Return the experiment of a problem, under the problem's name."""
    experiment = problem.make()
    if experiment.name != problem.name:
        experiment = experiment.at(experiment.reference)  # a copy
        experiment.name = problem.name
    return experiment


def suite_of(given: object) -> Suite:
    """Return the problems that a bench is asked for.

    Args:
        given: A suite's name, or a list of experiments, references to such or problems.

    Raises:
        SuiteNotFoundError: With the nearest name there is.
        LibraryNotInstalledError: If what a suite needs is missing, with the command.
        ExperimentNotFoundError: If a reference leads to none.
        ExperimentError: With everything else that is wrong.
    """
    if isinstance(given, str) and not is_reference(given):
        return named_suite(given)
    words = [given] if isinstance(given, (str, Experiment, BenchProblem)) else given
    return _suite_of_any(list(words))  # type: ignore[call-overload]


def is_reference(word: str) -> bool:
    """Say whether a word means an experiment in a file, and no suite."""
    return any(sign in word for sign in "./\\:")


def named_suite(name: str) -> Suite:
    """Return the problems of a suite; see `suite_of`."""
    spec = registry().suite(name)
    missing = registry().lacking(spec.requires)
    if missing:
        command = install_command(spec)
        raise LibraryNotInstalledError.missing(name, missing, command, "Suite")
    problems = {problem.name: problem for problem in spec.problems()}
    n_trials, defaults = spec.n_trials, spec.defaults
    if "n_trials" in defaults:
        # It counts more than what each problem is meant for.
        n_trials = defaults["n_trials"]
        problems = {n: replace(p, n_trials=None) for n, p in problems.items()}
    return Suite(name, problems, n_trials, spec.seeds, defaults)


def install_command(spec: SuiteSpec) -> str:
    """Return the command that installs what a suite needs."""
    plugin = registry().distributions.get(("suite", spec.name), CORE).split(" ")[0]
    plugin = "hpbridge" if plugin == CORE else plugin
    if not spec.extra:
        return "pip install " + " ".join(f'"{each}"' for each in spec.requires)
    return f'pip install "{plugin}[{spec.extra}]"'


def _suite_of_any(given: list[object]) -> Suite:
    problems = [_problem_of(each) for each in given]
    names = [problem.name for problem in problems]
    wrong = [f"{n!r} is the name of several" for n in names if names.count(n) > 1]
    if not problems:
        wrong = ["there is no problem"]
    if wrong:
        raise ExperimentError.of_bench(YOURS, list(dict.fromkeys(wrong)))
    return Suite(YOURS, {problem.name: problem for problem in problems})


def _problem_of(given: object) -> BenchProblem:
    if isinstance(given, BenchProblem):
        return given
    experiment = given
    if isinstance(given, str):
        from hpbridge.contract.references import load_experiment

        experiment = load_experiment(given)
    if not isinstance(experiment, Experiment):
        problem = f"{given!r:.200} is no experiment, and no reference to one"
        raise ExperimentError.of_bench(YOURS, [problem])
    if experiment.is_growing:
        problem = "its objective defines its space while it runs"
        raise ExperimentError.invalid(experiment.name, [f"{problem}: no bench has it"])
    return BenchProblem(
        name=experiment.name,
        make=_Given(experiment),
        dimension=len(experiment.space.searched),
        kinds=kinds_of(experiment),
        source=experiment.reference,
    )


class _Given:
    """Makes a problem of an experiment that is there."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment

    def __call__(self) -> Experiment:
        return self._experiment


def kinds_of(experiment: Experiment) -> frozenset[str]:
    """Return the kinds of a problem that can be seen in its space."""
    searched = experiment.space.searched.values()
    found = set()
    has_choice = any(isinstance(each, Categorical) for each in searched)
    n_whole = sum(isinstance(each, Int) for each in searched)
    if has_choice or 0 < n_whole < len(searched):
        found.add("mixed")
    else:
        found.add("integer" if n_whole else "continuous")
    if any(each.when for each in searched):
        found.add("conditional")
    if len(experiment.metrics) > 1:
        found.add("several metrics")
    return frozenset(found)
