from __future__ import annotations

from hpbridge.testing import BackendConformance
from hpbridge_bayesopt import SPEC


class TestBayesopt(BackendConformance):
    spec = SPEC
