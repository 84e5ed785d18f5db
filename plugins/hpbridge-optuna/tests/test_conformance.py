from __future__ import annotations

from hpbridge.testing import BackendConformance
from hpbridge_optuna import SPEC


class TestOptuna(BackendConformance):
    spec = SPEC
