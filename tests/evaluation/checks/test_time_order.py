from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from checked_data import findings, steps

import hpbridge as hpb

CODE = "HPB106"
RNG = np.random.default_rng(0)
DAYS = pd.date_range("2020-01-01", periods=300, freq="D")
SERIES = steps()
UP = (np.median(SERIES) < SERIES).astype(int)


def frame_of(dates, **more):
    return pd.DataFrame({"x": RNG.normal(size=300), "when": dates, **more})


DATES = {
    "pandas": DAYS,
    "in a zone": DAYS.tz_localize("Europe/Paris"),
    "objects": [dt.date(2020, 1, 1) + dt.timedelta(k) for k in range(300)],
    "text": [f"{day:%Y-%m-%d %H:%M}" for day in DAYS],
}


@pytest.mark.parametrize("dates", DATES)
def test_folds_that_know_the_future_are_told(dates):
    found = findings(frame_of(DATES[dates]), UP)[CODE]
    assert found.spoke is True
    assert "'when'" in found.sentence
    assert "TimeOrder" in found.hint
    assert 0.4 < found.number < 0.6


def test_the_index_of_a_frame_and_polars_are_looked_at():
    frame = pd.DataFrame({"x": RNG.normal(size=300)}, index=DAYS)
    assert findings(frame, UP)[CODE].spoke is True
    other = pl.DataFrame({"x": RNG.normal(size=300), "when": list(DAYS)})
    assert findings(other, SERIES, numbers=True)[CODE].spoke is True


def test_rows_in_the_order_of_time_are_silent():
    found = findings(frame_of(DAYS), UP, procedure=hpb.TimeOrder())[CODE]
    assert found.spoke is False
    assert found.number == 0
    order = RNG.permutation(300)
    found = findings(frame_of(DAYS[order]), UP[order], procedure=hpb.TimeOrder())
    assert found[CODE].spoke is True  # but they are not sorted


def test_a_test_before_what_is_fitted_on_is_told():
    frame = frame_of(DAYS)
    middle = frame.iloc[100:160], UP[100:160]
    rest = np.r_[0:100, 160:300]
    seen = frame.iloc[rest], UP[rest]
    found = findings(*seen, test=middle, procedure=hpb.TimeOrder())[CODE]
    assert found.spoke is True


@pytest.mark.parametrize("seed", range(5))
def test_dates_along_which_nothing_moves_are_silent(seed):
    rng = np.random.default_rng(seed)
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(
        rng.integers(0, 20_000, 300), unit="D"
    )
    found = findings(frame_of(born), rng.integers(0, 2, 300))[CODE]
    assert found.spoke is False
    assert "does not move" in found.sentence


def test_many_rows_of_one_day_are_in_no_order():
    frame = frame_of(np.repeat(DAYS[:3], 100))
    y = np.tile(np.arange(100) > 50, 3).astype(int)  # each day's rows sorted by class
    assert findings(frame, y)[CODE].spoke is False


def test_without_dates_there_is_nothing_to_tell():
    found = findings(RNG.normal(size=(300, 2)), UP)[CODE]
    assert found.spoke is None
    missing = frame_of([None] * 300)
    assert findings(missing, UP)[CODE].spoke is None
