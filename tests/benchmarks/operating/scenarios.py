"""All scenarios, in the order of the table."""

from __future__ import annotations

from benchmarks.operating import edges, faults

SCENARIOS = (*faults.SCENARIOS, *edges.SCENARIOS)
