from __future__ import annotations

from hpbridge.testing import BackendConformance
from hpbridge_ray import SPEC


class TestRay(BackendConformance):
    spec = SPEC
    expected_failures = {
        ("foreign_history", "bohb"): (
            "BOHB models 2 (d + 1) trials of d parameters, more than the check shows it"
        )
    }
