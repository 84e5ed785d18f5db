"""What scikit-learn's own tests need of pytest."""

from __future__ import annotations

import pytest


def pytest_configure(config):
    # Markers are strict here; this one is for runs in several threads.
    config.addinivalue_line("markers", "thread_unsafe: not to be run in threads")


def pytest_collection_modifyitems(items):
    for item in items:
        reason = getattr(item.module, "EXCUSED", {}).get(item.name)
        if reason is not None:
            is_sure = reason is not item.module.REPEATS  # the search draws its seed
            item.add_marker(pytest.mark.xfail(reason=reason, strict=is_sure))
