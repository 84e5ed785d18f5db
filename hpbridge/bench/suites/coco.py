"""COCO's mixed-integer, constrained and bi-objective functions.

As the package coco-experiment has them; a problem has COCO's own name.

- ``bbob-mixint``: four of five variables are whole numbers, of 2, 4, 8 and 16 values.
- ``bbob-constrained``: every constraint is a metric, at most 0 where it is kept. The
  first trial of every study is the feasible point at which COCO lets solvers begin:
  with many constraints nothing that is drawn at random is feasible.
- ``bbob-biobj``: two functions at once. The reference point of the hypervolume is the
  nadir that COCO states. It is searched in [-5, 5]^d, where both functions have their
  optimum and as its published entries of TPE did; COCO's own bounds are 20 times as
  wide.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.bench.suites.bbob import TRIALS_PER_DIMENSION
from hpbridge.contract.suites import BenchProblem
from hpbridge.experiment import Experiment
from hpbridge.space.parameters import Float, Int

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.experiment import Direction
    from hpbridge.space.kinds import Parameter
    from hpbridge.trial import Trial

MIXINT, CONSTRAINED, BIOBJ = "bbob-mixint", "bbob-constrained", "bbob-biobj"

INSTANCES = {MIXINT: "1-3", CONSTRAINED: "1", BIOBJ: "1"}
DIMENSIONS = {MIXINT: "5,10", CONSTRAINED: "2,5", BIOBJ: "2,5"}
OBJECTIVES = ("f1", "f2")

_SOURCES = {
    MIXINT: "Tusar, Brockhoff and Hansen, Mixed-integer benchmark problems for single- "
    "and bi-objective optimization (GECCO 2019)",
    CONSTRAINED: "Dufosse, Hansen, Brockhoff, Sampaio, Atamna and Auger, Building "
    "scalable test problems for benchmarking constrained optimizers (2022)",
    BIOBJ: "Brockhoff, Auger, Hansen and Tusar, Using well-understood single-objective "
    "functions in multiobjective black-box optimization test suites (2022)",
}


@functools.cache
def suite_of(suite: str) -> Any:
    """Return the package's suite, of the dimensions and instances that are used.

    Raises:
        ModuleNotFoundError: If coco-experiment is not installed.
    """
    import cocoex

    chosen = f"dimensions: {DIMENSIONS[suite]} instance_indices: {INSTANCES[suite]}"
    return cocoex.Suite(suite, "", chosen)


@functools.cache
def problem_of(suite: str, name: str) -> Any:
    """Return a problem of the package by its id, as in ``bbob-mixint_f001_i01_d05``."""
    return suite_of(suite).get_problem(name)


@functools.cache
def optima() -> dict[str, dict[str, float]]:
    """Return the known optima by suite and problem, without its name's beginning.

    Source: coco-experiment 2.8.2, ``Problem._best_parameter("print")``, which writes
    the best point into a file of the current folder: so it is not asked here.
    """
    home = importlib.resources.files("hpbridge.bench.suites")
    found: dict[str, dict[str, float]] = json.loads(
        (home / "coco_optima.json").read_text(encoding="utf-8")
    )
    return found


@dataclass(frozen=True)
class Coco:
    """The objective: a problem of one of the suites."""

    suite: str
    name: str

    def __call__(self, trial: Trial) -> float | dict[str, float]:
        """Return its value; with its constraints, or both of its values, by name."""
        problem = problem_of(self.suite, self.name)
        point = [trial[f"x{k}"] for k in range(problem.dimension)]
        if self.suite == BIOBJ:
            return dict(zip(OBJECTIVES, map(float, problem(point)), strict=True))
        value = float(problem(point))
        if not problem.number_of_constraints:
            return value
        broken = map(float, problem.constraint(point))
        return {"f": value, **{f"g{k + 1}": each for k, each in enumerate(broken)}}

    @property
    def space(self) -> Mapping[str, Parameter]:
        """The whole numbers first, as in COCO."""
        problem = problem_of(self.suite, self.name)
        lows, highs = problem.lower_bounds.tolist(), problem.upper_bounds.tolist()
        whole = problem.number_of_integer_variables
        if self.suite == BIOBJ:
            lows, highs = [-5.0] * len(lows), [5.0] * len(highs)
        return {
            f"x{k}": Int(int(low), int(high)) if k < whole else Float(low, high)
            for k, (low, high) in enumerate(zip(lows, highs, strict=True))
        }

    def experiment(self) -> Experiment:
        """Return the experiment that minimizes it."""
        problem = problem_of(self.suite, self.name)
        n_constraints = problem.number_of_constraints
        names = OBJECTIVES if self.suite == BIOBJ else ("f",)
        direction: dict[str, Direction] = dict.fromkeys(names, "minimize")
        baseline: tuple[dict[str, float], ...] = ()
        if n_constraints:
            start = problem.initial_solution.tolist()
            baseline = ({f"x{k}": each for k, each in enumerate(start)},)
        return Experiment(
            objective=self,
            space=self.space,
            name=self.name,
            direction="minimize" if self.suite == MIXINT else direction,
            baseline=baseline,
            constraints={f"g{k + 1}": "<= 0" for k in range(n_constraints)},
        )


def mixint() -> list[BenchProblem]:
    """Return 24 functions in 5 and 10 dimensions, three instances each."""
    return _problems(MIXINT, "mixed", "integer")


def constrained() -> list[BenchProblem]:
    """Return 54 functions in 2 and 5 dimensions: nine, each under six constraints."""
    return _problems(CONSTRAINED, "continuous", "constrained")


def biobj() -> list[BenchProblem]:
    """Return 55 pairs of functions in 2 and 5 dimensions."""
    return _problems(BIOBJ, "continuous", "multi-objective")


def _problems(suite: str, *kinds: str) -> list[BenchProblem]:
    every = suite_of(suite)
    return [_stated(Coco(suite, name), *kinds) for name in every.ids()]


def _stated(objective: Coco, *kinds: str) -> BenchProblem:
    suite = objective.suite
    problem = problem_of(suite, objective.name)
    nadir = problem.largest_fvalues_of_interest
    name = objective.name.removeprefix(f"{suite}_")
    # A function under constraints has another optimum in every dimension.
    key = name if suite == CONSTRAINED else name.rpartition("_d")[0]
    return BenchProblem(
        name=objective.name,
        make=objective.experiment,
        dimension=problem.dimension,
        kinds=frozenset(kinds),
        optimum=None if suite == BIOBJ else optima()[suite][key],
        optimum_of="" if suite == BIOBJ else "formula",
        reference_point=None if nadir is None else tuple(nadir.tolist()),
        n_trials=TRIALS_PER_DIMENSION * problem.dimension,
        source=f"coco-experiment 2.8.2, {suite}; {_SOURCES[suite]}",
    )
