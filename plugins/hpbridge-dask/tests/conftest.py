from __future__ import annotations

import process_of_tests
import pytest
from dask_cluster import leave

process_of_tests.prepare()


def pytest_itemcollected(item):
    """Let one worker of pytest-xdist run all of them: they share a cluster."""
    item.add_marker(pytest.mark.xdist_group("dask"))


@pytest.fixture(scope="session", autouse=True)
def _left():
    """End the cluster that the tests share, if any asked for it."""
    yield
    leave()
