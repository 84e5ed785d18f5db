from __future__ import annotations

import process_of_tests
import pytest
from spark_session import leave

process_of_tests.prepare()


def pytest_itemcollected(item):
    """Let one worker of pytest-xdist run all of them: they share a session."""
    item.add_marker(pytest.mark.xdist_group("spark"))


@pytest.fixture(scope="session", autouse=True)
def _left():
    """End the session that the tests share, if any asked for it."""
    yield
    leave()


@pytest.fixture
def spark():
    """The session that all share."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    from spark_session import session

    return session()
