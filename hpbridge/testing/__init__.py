"""What a plugin's author tests with: the conformance kits and the parity check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.lazy import lazy_names

if TYPE_CHECKING:
    from hpbridge.testing.checks import CheckResult
    from hpbridge.testing.conformance import BackendConformance, check_backend
    from hpbridge.testing.driver_conformance import DriverConformance, check_driver
    from hpbridge.testing.format_conformance import FormatConformance, check_format
    from hpbridge.testing.host_conformance import HostConformance, check_host
    from hpbridge.testing.hosted import Hosted, Recorder
    from hpbridge.testing.pruner_conformance import PrunerConformance, check_pruner

__all__ = [
    "BackendConformance",
    "CheckResult",
    "DriverConformance",
    "FormatConformance",
    "HostConformance",
    "Hosted",
    "PrunerConformance",
    "Recorder",
    "check_backend",
    "check_driver",
    "check_format",
    "check_host",
    "check_pruner",
]

# By name: the kit's own modules look up each other here.
__getattr__ = lazy_names(
    __name__,
    {
        "BackendConformance": "hpbridge.testing.conformance",
        "CheckResult": "hpbridge.testing.checks",
        "DriverConformance": "hpbridge.testing.driver_conformance",
        "FormatConformance": "hpbridge.testing.format_conformance",
        "HostConformance": "hpbridge.testing.host_conformance",
        "Hosted": "hpbridge.testing.hosted",
        "PrunerConformance": "hpbridge.testing.pruner_conformance",
        "Recorder": "hpbridge.testing.hosted",
        "check_backend": "hpbridge.testing.conformance",
        "check_driver": "hpbridge.testing.driver_conformance",
        "check_format": "hpbridge.testing.format_conformance",
        "check_host": "hpbridge.testing.host_conformance",
        "check_pruner": "hpbridge.testing.pruner_conformance",
    },
)
