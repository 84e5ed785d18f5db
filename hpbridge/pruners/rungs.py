"""Successive halving and Hyperband that give budgets: brackets and their rungs.

Source:
    Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization,
    JMLR 18 (2018), Algorithm 1: with ``s_max = floor(log(R / least, eta))``, bracket
    ``s`` begins with ``ceil((s_max + 1) / (s + 1) * eta**s)`` configurations of
    ``R * eta**-s``; of ``n`` at a rung, ``floor(n / eta**i)`` reach the i-th after it.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from hpbridge.contract.rungs import Rung, Schedule
from hpbridge.contract.stage import plain_budget

if TYPE_CHECKING:
    from hpbridge.contract.offered_pruners import Halving, Hyperband
    from hpbridge.space.budget import Budget


def hyperband_rungs(options: Hyperband, budget: Budget) -> Schedule:
    """Return the brackets of Hyperband, the most exploring one first.

    Raises:
        ValueError: If an option is none of its own where there is a budget.
    """
    _refuse(min_resource=options.min_resource != 1, max_resource=options.max_resource)
    _refuse(bootstrap_count=options.bootstrap_count)
    eta = options.reduction_factor
    most = _n_halvings(budget, eta)
    return Schedule(
        tuple(_bracket(budget, eta, most, s) for s in reversed(range(most + 1)))
    )


def halving_rungs(options: Halving, budget: Budget) -> Schedule:
    """Return the one bracket of successive halving.

    Raises:
        ValueError: If an option is none of its own where there is a budget.
    """
    _refuse(min_resource=options.min_resource, bootstrap_count=options.bootstrap_count)
    eta = options.reduction_factor
    most = _n_halvings(budget, eta)
    rate = options.min_early_stopping_rate
    if rate > most:
        msg = f"'min_early_stopping_rate' must be at most {most}, got {rate}"
        raise ValueError(msg)
    return Schedule((_bracket(budget, eta, most - rate, most - rate),))


def _refuse(**given: object) -> None:
    said = [name for name, value in given.items() if value]
    if said:
        msg = f"{said[0]!r} is for trials that are ended early; here the budget says it"
        raise ValueError(msg)


def _n_halvings(budget: Budget, eta: int) -> int:
    """Return how often the most may be divided before it is less than the least."""
    ratio, count = Fraction(budget.most) / Fraction(budget.least), 0
    # What is less by rounding alone is not less.
    while ratio * (1 + Fraction(1, 2**40)) >= eta ** (count + 1):
        count += 1
    return count


def _bracket(budget: Budget, eta: int, most: int, s: int) -> tuple[Rung, ...]:
    size = ceil(Fraction(most + 1, s + 1) * eta**s)
    budgets = [Fraction(budget.most) / eta ** (s - i) for i in range(s + 1)]
    return tuple(
        Rung(floor(Fraction(size, eta**i)), _budget_of(budget, each))
        for i, each in enumerate(budgets)
    )


def _budget_of(budget: Budget, exact: Fraction) -> float:
    number = floor(exact) if budget.is_whole else float(exact)
    return plain_budget(max(number, budget.least))
