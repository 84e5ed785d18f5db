"""What is told where Spark's own package is missing."""

from __future__ import annotations

import importlib.util

import pytest

import hpbridge as hpb
from hpbridge.errors import DriverError


def test_a_missing_pyspark_is_a_sentence(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DriverError, match="needs pyspark, which is not installed"):
        hpb.minimize(
            lambda x: x,
            {"x": hpb.Float(0, 1)},
            "random",
            n_trials=1,
            driver="spark",
            store=":memory:",
        )
