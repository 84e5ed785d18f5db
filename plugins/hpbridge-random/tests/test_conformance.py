from __future__ import annotations

from hpbridge.testing import BackendConformance
from hpbridge_random import SPEC


class TestRandom(BackendConformance):
    spec = SPEC
