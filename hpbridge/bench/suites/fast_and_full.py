"""The suites `fast` and `full`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.bench.suites import analytic, models

if TYPE_CHECKING:
    from hpbridge.contract.suites import BenchProblem


def fast() -> list[BenchProblem]:
    """Return two smooth problems, two with conditions, and two more kinds of trouble.

    They are of five kinds, and a trial of the slowest takes a twentieth of a second.
    """
    return [
        analytic.BRANIN,
        analytic.ACKLEY_MIXED,
        analytic.TREE,
        analytic.NOISY_BOWL,
        models.SVM_BREAST,
        models.CASH_BREAST,
    ]


def full() -> list[BenchProblem]:
    """Return the problems of `fast` and ten more."""
    return [
        *fast(),
        analytic.HARTMANN6,
        analytic.ROSENBROCK4,
        analytic.RASTRIGIN10,
        analytic.CURVE,
        analytic.ZDT1_5,
        analytic.COSTED_NET,
        models.KNN_DIGITS,
        models.RF_WINE,
        models.HGB_DIABETES,
    ]
