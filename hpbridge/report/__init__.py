"""The HTML page of a comparison, or of single studies."""

from __future__ import annotations

from hpbridge.report.page import check_packages, write_report

__all__ = ["check_packages", "write_report"]
