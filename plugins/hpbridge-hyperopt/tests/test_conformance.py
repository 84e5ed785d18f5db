from __future__ import annotations

from hpbridge.testing import BackendConformance
from hpbridge_hyperopt import SPEC


class TestHyperopt(BackendConformance):
    spec = SPEC
