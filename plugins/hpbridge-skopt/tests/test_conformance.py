from __future__ import annotations

from hpbridge.testing import BackendConformance
from hpbridge_skopt import SPEC


class TestSkopt(BackendConformance):
    spec = SPEC
