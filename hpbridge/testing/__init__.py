"""What a plugin's author tests with: the conformance kits and the parity check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.lazy import lazy_names

if TYPE_CHECKING:
    from hpbridge.testing.checks import CheckResult
    from hpbridge.testing.conformance import BackendConformance, check_backend
    from hpbridge.testing.format_conformance import FormatConformance, check_format

__all__ = [
    "BackendConformance",
    "CheckResult",
    "FormatConformance",
    "check_backend",
    "check_format",
]

# By name: the kit's own modules look up each other here.
__getattr__ = lazy_names(
    __name__,
    {
        "BackendConformance": "hpbridge.testing.conformance",
        "CheckResult": "hpbridge.testing.checks",
        "FormatConformance": "hpbridge.testing.format_conformance",
        "check_backend": "hpbridge.testing.conformance",
        "check_format": "hpbridge.testing.format_conformance",
    },
)
