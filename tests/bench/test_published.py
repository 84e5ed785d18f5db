"""What was measured beside published numbers (`tests/benchmarks/published.py`)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "benchmarks" / "data" / "published.json"


@pytest.fixture(scope="module")
def measured():
    return json.loads(DATA.read_text(encoding="utf-8"))


def test_tpe_reaches_what_hyperopts_own_tests_ask_for(measured):
    assert len(measured["hyperopt"]) == 8
    for found in measured["hyperopt"].values():
        assert max(found["best"]) < found["below"]


def test_random_search_is_what_theory_says(measured):
    for found in measured["random"].values():
        mean, deviation = found["theory"]
        error = deviation / math.sqrt(found["seeds"])
        assert len(found["means"]) == 4
        for ours in found["means"].values():
            assert abs(ours - mean) < 3 * error


def test_the_ratio_of_tpe_is_the_published_one_within_the_noise_of_both(measured):
    # Theirs is of as many seeds, so its error is as large.
    found = measured["bbob"]
    assert found["functions"] == 24
    assert abs(found["ratio"] - 0.2463) < 3 * math.sqrt(2) * found["error"]
