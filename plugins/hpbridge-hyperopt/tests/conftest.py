from __future__ import annotations

import pytest


def pytest_itemcollected(item):
    """Let one worker of pytest-xdist run all tests that share a Spark."""
    if "spark_trials" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.xdist_group("spark"))
