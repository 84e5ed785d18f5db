"""The brackets of the paper, and what has no place where there is a budget."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.contract.offered_pruners import Halving, Hyperband
from hpbridge.pruners.rungs import halving_rungs, hyperband_rungs

PAPER = [
    [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    [(34, 3), (11, 9), (3, 27), (1, 81)],
    [(15, 9), (5, 27), (1, 81)],
    [(8, 27), (2, 81)],
    [(5, 81)],
]
"""Li et al. 2018, for R = 81 and eta = 3."""


def plain(schedule):
    return [[(rung.size, rung.budget) for rung in each] for each in schedule.brackets]


def test_hyperband_has_the_brackets_of_the_paper() -> None:
    schedule = hyperband_rungs(Hyperband(), hpb.Budget(1, 81, name="epochs"))
    assert plain(schedule) == PAPER
    assert schedule.n_trials == 206
    assert schedule.least == 1
    assert schedule.cost(goes_on=False) == sum(n * r for b in PAPER for n, r in b)
    assert schedule.cost(goes_on=True) == 297 + 276 + 279 + 324 + 405
    # Another round is like the first.
    assert schedule.bracket(7) == schedule.bracket(2)


def test_successive_halving_is_the_first_bracket() -> None:
    options = Halving(reduction_factor=3)
    assert plain(halving_rungs(options, hpb.Budget(1, 81))) == PAPER[:1]
    options = Halving(reduction_factor=3, min_early_stopping_rate=1)
    assert plain(halving_rungs(options, hpb.Budget(1, 81))) == [
        [(27, 3), (9, 9), (3, 27), (1, 81)]
    ]


def test_rungs_lie_between_the_ends_of_any_budget() -> None:
    schedule = hyperband_rungs(Hyperband(), hpb.Budget(1, 100))
    assert [r.budget for r in schedule.brackets[0]] == [1, 3, 11, 33, 100]
    schedule = hyperband_rungs(Hyperband(reduction_factor=2), hpb.Budget(0.1, 1))
    assert [r.budget for r in schedule.brackets[0]] == [0.125, 0.25, 0.5, 1]
    schedule = hyperband_rungs(Hyperband(), hpb.Budget(0.3, 0.9))
    assert [r.budget for r in schedule.brackets[0]] == [pytest.approx(0.3), 0.9]
    schedule = hyperband_rungs(Hyperband(), hpb.Budget(5, 5))
    assert plain(schedule) == [[(1, 5)]]


@pytest.mark.parametrize(
    ("make", "options", "name"),
    [
        (hyperband_rungs, Hyperband(min_resource=2), "min_resource"),
        (hyperband_rungs, Hyperband(max_resource=81), "max_resource"),
        (
            hyperband_rungs,
            Hyperband(max_resource=9, bootstrap_count=1),
            "max_resource",
        ),
        (halving_rungs, Halving(min_resource=2), "min_resource"),
        (halving_rungs, Halving(min_early_stopping_rate=9), "min_early_stopping_rate"),
    ],
)
def test_what_the_budget_says_is_no_option(make, options, name) -> None:
    with pytest.raises(ValueError, match=name):
        make(options, hpb.Budget(1, 81))
