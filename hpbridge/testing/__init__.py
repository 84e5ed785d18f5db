"""What a plugin's author tests with: the conformance kit and the parity check."""

from __future__ import annotations

from hpbridge.testing.checks import CheckResult
from hpbridge.testing.conformance import BackendConformance, check_backend

__all__ = ["BackendConformance", "CheckResult", "check_backend"]
