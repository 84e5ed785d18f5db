"""Every check, where it must speak and where it must not: few cases of each scenario.

`tests/benchmarks/operating_points.py` measures it with many.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from benchmarks.operating import searches
from benchmarks.operating.scenario import measured, wilson
from benchmarks.operating.scenarios import SCENARIOS

from hpbridge.analysis.checks.catalogue import CHECKS

N_CASES = 5
OF_SEARCH = [s for s in SCENARIOS if s.code in {each.code for each in CHECKS}]


@pytest.fixture(autouse=True)
def only_random(monkeypatch):
    """Search by random draws alone, which is quick."""
    monkeypatch.setattr(searches, "OPTIMIZERS", {"random": "random"})


@pytest.mark.parametrize("scenario", OF_SEARCH, ids=lambda s: f"{s.code} {s.text}")
def test_a_check_speaks_where_it_must_and_only_there(scenario):
    rows = list(measured(replace(scenario, skores={}), N_CASES))
    share = sum(row.n_ours for row in rows) / (N_CASES * len(rows))
    assert share >= 0.4 if scenario.must_speak else share <= 0.25


def test_every_check_of_the_search_is_measured_both_ways():
    found = {(s.code, s.must_speak) for s in OF_SEARCH}
    assert found == {(each.code, way) for each in CHECKS for way in (True, False)}


def test_the_interval_of_a_share_is_wilson_s():
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    expected = stats.binomtest(3, 40).proportion_ci(method="wilson")
    assert wilson(3, 40) == pytest.approx((expected.low, expected.high), abs=1e-6)
