"""For the tests of all plugins."""

from __future__ import annotations

import os

import pytest

# Tests run on every core already. Before NumPy is loaded; processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let one worker of pytest-xdist check an algorithm: the kit keeps its runs."""
    from hpbridge.testing import BackendConformance

    kit, call = getattr(item, "cls", None), getattr(item, "callspec", None)
    if kit is not None and issubclass(kit, BackendConformance) and call is not None:
        group = f"{kit.spec.name}:{call.params['algorithm']}"
        item.add_marker(pytest.mark.xdist_group(group))
