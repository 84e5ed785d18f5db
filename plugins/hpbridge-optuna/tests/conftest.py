from __future__ import annotations

import optuna
import pytest

from hpbridge.contract.registry import is_met
from hpbridge_optuna import SPEC


@pytest.fixture
def silent_optuna():
    """Keep Optuna from logging every trial, in this test only."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(level)


@pytest.fixture(autouse=True)
def _installed(request):
    """Skip what needs more than is installed, as ``gp`` needs PyTorch."""
    values = getattr(getattr(request.node, "callspec", None), "params", {}).values()
    for name in {v for v in values if isinstance(v, str)} & SPEC.algorithms.keys():
        missing = [r for r in SPEC.algorithms[name].requires if not is_met(r)]
        if missing:
            pytest.skip(f"not installed: {', '.join(missing)}")
