"""Effect sizes: signs, failed cells, intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpbridge.analysis.statistics.effects import (
    a12,
    akinshin_gamma,
    cliffs_delta,
    cohens_d,
    magnitude,
    rank_biserial,
)

RUNS = 2000


@pytest.mark.parametrize("effect", [rank_biserial, cliffs_delta, cohens_d])
def test_above_0_the_first_is_better(effect):
    better = np.array([0.1, 0.4, 0.2, 0.3, 0.6, 0.5])
    assert effect(better, better + np.array([1, 2, 1, 3, 1, 1])).value > 0.9
    assert effect(better + 1, better).value < -0.9
    assert akinshin_gamma(better, better + 1) > 0.9
    assert a12(better, better + 1).value == 1.0


@pytest.mark.parametrize("n", [5, 10, 50])
@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
def test_the_interval_of_the_rank_biserial_correlation_holds_what_is_expected(n, shift):
    rng = np.random.default_rng(n)
    # Equal sums of ranks have equal intervals: each is sought once.
    drawn = {}
    for one in rng.normal(shift, 1, (RUNS, n)):
        drawn.setdefault(round(rank_biserial_value(one), 9), []).append(one)
    more = rng.normal(shift, 1, (20_000, n))
    truth = np.mean([rank_biserial_value(one) for one in more])
    held = sum(
        len(same) * rank_biserial(np.zeros(n), same[0]).holds(truth)
        for same in drawn.values()
    )
    # Of five problems there are 16 sums of ranks, so that no interval is just right.
    assert 0.93 <= held / RUNS <= (0.97 if n > 7 else 0.98)


def rank_biserial_value(differences):
    ranks = np.abs(differences).argsort().argsort() + 1
    return (ranks * np.sign(differences)).sum() / ranks.sum()


@pytest.mark.parametrize("truth", [0.0, 0.8, 2.0])
def test_the_interval_of_d_is_exact_for_normal_values(truth):
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(RUNS):
        first, second = rng.normal(size=6), rng.normal(truth, 1, 9)
        held += cohens_d(first, second).holds(truth)
    assert held / RUNS == pytest.approx(0.95, abs=0.02)


def test_failures_are_worst_by_rank_and_have_no_size():
    assert rank_biserial([1.0] * 5, [np.nan] * 5).value == 1.0
    assert rank_biserial([np.nan] * 5, [np.inf] * 5).why_none is not None
    assert cliffs_delta([np.nan] * 5, [1.0] * 5).value == -1.0
    assert math.isnan(cohens_d([1.0, 2.0, np.nan], [1.0, 2.0, 3.0]).value)
    assert math.isnan(akinshin_gamma([np.nan, np.nan, 1.0], [1.0, 2.0, 3.0]))
    assert math.isfinite(akinshin_gamma([np.nan, 0.0, 1.0], [1.0, 2.0, 3.0]))


def test_too_few_values_have_no_interval_and_say_so():
    found = rank_biserial([1, 2, 3, 4, 9], [2, 3, 4, 5, 9])
    assert (found.value, found.why_none) == (
        1.0,
        "4 problems with a difference; it takes 5",
    )
    assert cohens_d([1, 2], [2, 3]).why_none == "d takes 3 values of each"
    assert cohens_d([1, 1, 1], [1, 1, 1]).why_none == "the values have no spread"


def test_words_of_effects():
    assert [magnitude(one) for one in (0.1, -0.2, 0.4, -0.9)] == [
        "negligible",
        "small",
        "medium",
        "large",
    ]
    assert magnitude(0.4, "d") == "small"
