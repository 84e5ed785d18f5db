from __future__ import annotations

import logging

import fmin_studies
import pytest


def pytest_itemcollected(item):
    """Let one worker of pytest-xdist run all tests that share a Spark."""
    if "spark_trials" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.xdist_group("spark"))


@pytest.fixture(scope="module")
def no_logged_failures():
    logging.getLogger("hyperopt.fmin").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("hyperopt.fmin").setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def trials(no_logged_failures):
    return fmin_studies.run(40)
