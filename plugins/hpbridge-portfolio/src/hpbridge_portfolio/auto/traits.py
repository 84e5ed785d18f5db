"""What of a problem decides which optimizer it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.plugin import Categorical, count

if TYPE_CHECKING:
    from hpbridge.plugin import Occasion

USUAL_TRIALS = 50
"""How many a study is taken to have where nobody knows."""


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What is looked at.

    Attributes:
        n_parameters: That are searched.
        n_categories: How many of them are choices without an order.
        is_conditional: Whether some are there under conditions alone.
        is_growing: Whether the objective defines its space while it runs.
        n_metrics: That are optimized.
        n_bounds: How many metrics have a bound.
        n_trials: Of the study, `USUAL_TRIALS` where nobody knows.
        is_budget_known: Whether somebody does.
        workers: Trials at the same time.
    """

    n_parameters: int
    n_categories: int = 0
    is_conditional: bool = False
    is_growing: bool = False
    n_metrics: int = 1
    n_bounds: int = 0
    n_trials: int = USUAL_TRIALS
    is_budget_known: bool = True
    workers: int = 1

    @classmethod
    def of(cls, occasion: Occasion) -> Traits:
        """Return the traits of what is tuned."""
        problem = occasion.problem
        searched = problem.space.searched.values()
        return cls(
            n_parameters=len(searched),
            n_categories=sum(
                isinstance(each, Categorical) and not each.ordered for each in searched
            ),
            is_conditional=problem.space.is_conditional,
            is_growing=occasion.is_growing,
            n_metrics=problem.n_objectives,
            n_bounds=problem.n_constraints,
            n_trials=occasion.n_trials or USUAL_TRIALS,
            is_budget_known=occasion.n_trials is not None,
            workers=occasion.workers or 1,
        )

    @property
    def is_numeric(self) -> bool:
        """Whether all parameters are numbers, or in an order, and always there."""
        return not (self.n_categories or self.is_conditional or self.is_growing)

    def __str__(self) -> str:
        return "; ".join(part for part in self._parts() if part)

    def _parts(self) -> list[str]:
        if self.is_growing:
            space = "a space that is defined while trials run"
        else:
            kinds = [
                f"{self.n_categories} without an order" if self.n_categories else "",
                "some under conditions" if self.is_conditional else "",
            ]
            said = " and ".join(kind for kind in kinds if kind) or "all of numbers"
            space = f"{count(self.n_parameters, 'parameter')}, {said}"
        return [
            space,
            count(self.n_metrics, "metric") if self.n_metrics > 1 else "",
            f"{count(self.n_bounds, 'metric')} with a bound" if self.n_bounds else "",
            count(self.n_trials, "trial")
            if self.is_budget_known
            else f"a number of trials that is not known, taken as {self.n_trials}",
            f"{self.workers} at the same time" if self.workers > 1 else "",
        ]
