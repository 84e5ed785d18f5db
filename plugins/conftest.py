"""For the tests of all plugins."""

from __future__ import annotations

import process_of_tests
import pytest

process_of_tests.prepare()


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays."""
    process_of_tests.freeze()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let one worker of pytest-xdist check an algorithm: the kit keeps its runs."""
    from hpbridge.testing import BackendConformance

    kit, call = getattr(item, "cls", None), getattr(item, "callspec", None)
    if kit is not None and issubclass(kit, BackendConformance) and call is not None:
        group = f"{kit.spec.name}:{call.params['algorithm']}"
        item.add_marker(pytest.mark.xdist_group(group))
