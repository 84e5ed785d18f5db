"""The rules: which optimizers for which problems, the best first.

A rule is no opinion: its candidates stand in the order of what was measured, and
`hpbridge_portfolio.auto.evidence` has the numbers, which `hpbridge explain` and the
README show. tests/benchmarks/evidence.py measures them anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge_portfolio.auto.traits import Traits

MANY_TRIALS = 100
"""From how many trials on evolution is worth its slow start, where all is numbers."""


@dataclass(frozen=True)
class Rule:
    """Which optimizers for which problems.

    Attributes:
        name: Of the part of the evidence that it rests on.
        applies: Whether it is for a problem; the first rule that is, holds.
        because: What it says, one phrase.
        candidates: The best first; the first one that can run here is chosen.
    """

    name: str
    applies: Callable[[Traits], bool]
    because: str
    candidates: tuple[str, ...]


RULES = (
    Rule(
        "growing",
        lambda traits: traits.is_growing,
        "its library defines spaces while trials run, and nothing is known before",
        ("optuna:tpe",),
    ),
    Rule(
        "metrics",
        lambda traits: traits.n_metrics > 1,
        "several metrics have a front, which it searches as a whole",
        ("optuna:tpe", "optuna:nsga2"),
    ),
    Rule(
        "bounds",
        lambda traits: traits.n_bounds > 0,
        "it models which trials are within the bounds",
        ("optuna:tpe",),
    ),
    Rule(
        "categories",
        lambda traits: not traits.is_numeric,
        "choices without an order and conditions suit trees of densities",
        ("optuna:tpe",),
    ),
    Rule(
        "one number",
        lambda traits: traits.n_parameters == 1,
        "evolution needs two parameters",
        ("optuna:tpe", "hyperopt:tpe"),
    ),
    Rule(
        "many trials",
        lambda traits: traits.n_trials >= MANY_TRIALS,
        "evolution and densities are level there, and it thinks less",
        ("optuna:cmaes", "optuna:tpe"),
    ),
    Rule(
        "few trials",
        lambda _: True,
        "evolution moves from the middle of the space at once",
        ("optuna:cmaes", "optuna:tpe", "hyperopt:tpe"),
    ),
)

OTHERWISE = (
    "optuna:tpe",
    "hyperopt:tpe",
    "bayesopt:ucb",
    "skopt:gp",
    "skopt:et",
    "ray:optuna",
    "ray:hyperopt",
)
"""What learns, for any problem, where none of a rule's candidates can run."""

LAST = ("optuna:random", "hyperopt:random", "skopt:random", "ray:random", "random")
"""What does not learn."""
