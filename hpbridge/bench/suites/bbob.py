"""BBOB: the 24 noiseless functions of COCO, as the package ioh has them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.contract.suites import BenchProblem
from hpbridge.experiment import Experiment
from hpbridge.space.parameters import Float

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.trial import Trial

FUNCTIONS = range(1, 25)
FEW = (1, 3, 8, 10, 15, 21, 24)
"""One or two of every group."""

DIMENSIONS = (2, 5, 10)
INSTANCES = (1, 2, 3)
TRIALS_PER_DIMENSION = 20

_GROUPS = (
    (range(1, 6), "separable"),
    (range(6, 10), "moderate"),
    (range(10, 15), "ill-conditioned"),
    (range(15, 20), "multimodal"),
    (range(20, 25), "weakly-structured"),
)
_SOURCE = (
    "ioh 0.4.2, ProblemClass.BBOB; Hansen, Finck, Ros and Auger, "
    "Real-parameter black-box optimization benchmarking 2009 (INRIA RR-6829)"
)


def group_of(function: int) -> str:
    """Return what COCO calls the group of a function.

    Example:
        >>> group_of(15)
        'multimodal'
    """
    return next(name for functions, name in _GROUPS if function in functions)


@dataclass(frozen=True)
class Bbob:
    """The objective: one instance of one function in one dimension, on [-5, 5]^d."""

    function: int
    instance: int
    dimension: int

    def __call__(self, trial: Trial) -> float:
        """Return the function's value, to be minimized."""
        point = [trial[f"x{k}"] for k in range(self.dimension)]
        value: float = _loaded(self.function, self.instance, self.dimension)(point)
        return value

    @property
    def name(self) -> str:
        """As in ``bbob_f01_i01_d05``."""
        return f"bbob_f{self.function:02}_i{self.instance:02}_d{self.dimension:02}"

    def experiment(self) -> Experiment:
        """Return the experiment that minimizes it."""
        space = {f"x{k}": Float(-5.0, 5.0) for k in range(self.dimension)}
        return Experiment(objective=self, space=space, name=self.name)


@functools.cache
def _loaded(function: int, instance: int, dimension: int) -> Any:
    import ioh

    return ioh.get_problem(function, instance, dimension, ioh.ProblemClass.BBOB)


def _stated(objective: Bbob) -> BenchProblem:
    function, instance = objective.function, objective.instance
    dimension = objective.dimension
    return BenchProblem(
        name=objective.name,
        make=objective.experiment,
        dimension=dimension,
        kinds=frozenset({"continuous", group_of(function)}),
        optimum=_loaded(function, instance, dimension).optimum.y,
        optimum_of="formula",
        n_trials=TRIALS_PER_DIMENSION * dimension,
        source=_SOURCE,
    )


def problems(functions: Iterable[int] = FUNCTIONS) -> list[BenchProblem]:
    """Return functions in 2, 5 and 10 dimensions, three instances each.

    Raises:
        ModuleNotFoundError: If ioh is not installed.
    """
    return [
        _stated(Bbob(function, instance, dimension))
        for dimension in DIMENSIONS
        for function in functions
        for instance in INSTANCES
    ]


def few_problems() -> list[BenchProblem]:
    """Return the same of functions 1, 3, 8, 10, 15, 21 and 24."""
    return problems(FEW)
