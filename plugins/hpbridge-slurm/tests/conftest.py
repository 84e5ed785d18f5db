from __future__ import annotations

import pytest
import slurm_here


@pytest.fixture(scope="session")
def _slurm():
    reason = slurm_here.why_not()
    if reason:
        pytest.skip(reason)
    with slurm_here.started() as found:
        yield found


@pytest.fixture
def slurm(_slurm, tmp_path, monkeypatch):
    """A real Slurm of one node, which one test uses at a time."""
    monkeypatch.chdir(tmp_path)
    yield _slurm
    _slurm.clear()


def pytest_itemcollected(item):
    """Let one worker of pytest-xdist run all tests that share the Slurm."""
    if "slurm" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.xdist_group("slurm"))
