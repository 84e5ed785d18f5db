from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Tests run on every core already. Before NumPy is loaded; processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No deadline: a busy machine is no bug. Derandomized: a run says the same twice.
settings.register_profile("repository", deadline=None, derandomize=True, database=None)
settings.load_profile("repository")

_SERVERS = {"postgresql", "mariadb"}


def pytest_itemcollected(item):
    """Let one worker of pytest-xdist run all tests of a server: it starts once."""
    named = set(getattr(item, "fixturenames", ()))
    if hasattr(item, "callspec"):
        named |= {v for v in item.callspec.params.values() if isinstance(v, str)}
    for server in named & _SERVERS:
        item.add_marker(pytest.mark.xdist_group(server))
