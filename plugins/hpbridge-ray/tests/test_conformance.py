from __future__ import annotations

from hpbridge.testing import BackendConformance
from hpbridge_ray import SPEC


class TestRay(BackendConformance):
    spec = SPEC
