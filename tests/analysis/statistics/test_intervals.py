"""Intervals of means and medians: they hold as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpbridge.analysis.statistics.intervals import (
    anytime_interval,
    bootstrap_mean,
    mean_band,
    median_band,
    median_interval,
)

RUNS = 2000

SHAPES = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0, 0.0),
    "uniform": (lambda rng, shape: rng.random(shape), 0.5, 0.5),
    "skewed": (lambda rng, shape: rng.beta(1, 3, shape), 0.25, 1 - 0.5 ** (1 / 3)),
}
"""How values are drawn, their mean, their median."""


def held(band, truth):
    return ((band.low <= truth) & (truth <= band.high)).mean()


@pytest.mark.parametrize("n", [5, 12, 50])
@pytest.mark.parametrize("shape", SHAPES)
def test_intervals_hold_mean_and_median_as_often_as_they_say(n, shape):
    draw, mean, median = SHAPES[shape]
    values = draw(np.random.default_rng(n), (RUNS, n))
    # Of uniform values, whose tails are light, it is a little longer than need be.
    means = mean_band(values, draws=2000)
    assert 0.93 <= held(means, mean) <= (0.98 if shape == "uniform" else 0.97)
    assert held(median_band(values), median) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("n", [3, 4])
def test_of_three_and_four_values_the_mean_of_normal_ones_is_held(n):
    values = np.random.default_rng(n).normal(size=(RUNS, n))
    assert held(mean_band(values), 0.0) == pytest.approx(0.95, abs=0.02)


def test_too_few_values_have_no_interval_and_say_so():
    assert bootstrap_mean([1.0, 2.0]).why_none == "2 values; a mean takes 3"
    assert median_interval([1.0] * 4).why_none == "4 values; a median takes 5"
    assert math.isnan(bootstrap_mean([]).value)
    assert math.isnan(median_interval([]).value)


def test_values_that_are_not_there_are_left_out_and_failed_ones_have_no_size():
    assert bootstrap_mean([1.0, np.nan, 2.0, 3.0, 5.0, 4.0]) == bootstrap_mean(
        [1.0, 2.0, 3.0, 5.0, 4.0]
    )
    failed = bootstrap_mean([1.0, 2.0, 3.0, 4.0, np.inf])
    assert failed.value == math.inf
    assert math.isnan(failed.low)
    assert failed.why_none == "a failed run has no size to average"


def test_a_row_that_failed_leaves_the_other_rows_as_they_are():
    values = np.random.default_rng(0).random((3, 8))
    alone = mean_band(values[:2])
    values[2, 0] = np.inf
    found = mean_band(values)
    np.testing.assert_allclose(found.low[:2], alone.low)
    assert math.isnan(found.low[2])


def test_equal_values_are_sure_of_themselves():
    found = bootstrap_mean([0.1] * 7)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))


def test_values_that_are_almost_all_equal_have_an_interval_of_their_size():
    found = bootstrap_mean([7.0] * 7 + [6.84])
    assert 6.8 < found.low < found.value < found.high < 7.05


def test_intervals_move_with_the_values_and_their_scale():
    values = np.random.default_rng(0).exponential(size=12)
    small, great = bootstrap_mean(values), bootstrap_mean(values * 1e6 + 3e6)
    assert great.low == pytest.approx(small.low * 1e6 + 3e6)
    assert great.high == pytest.approx(small.high * 1e6 + 3e6)


def test_curves_have_an_interval_at_each_trial_and_an_open_end_before_the_first_value():
    curves = np.minimum.accumulate(np.random.default_rng(0).random((7, 9)), axis=1)
    curves[:2, :3] = np.inf
    curves = np.vstack([curves, np.full(9, np.nan)])  # no run
    found = anytime_interval(curves)
    assert found.value.shape == (9,)
    np.testing.assert_array_equal(found.value, np.median(curves[:7], axis=0))
    assert np.isinf(found.high[:3]).all()
    assert np.isfinite(found.high[3:]).all()
    mean = anytime_interval(curves, "mean")
    assert np.isnan(mean.low[:3]).all()
    assert (mean.low[3:] <= mean.value[3:]).all()
