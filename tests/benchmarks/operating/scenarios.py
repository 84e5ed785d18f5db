"""All scenarios, in the order of the table."""

from __future__ import annotations

from benchmarks.operating import edges, faults, made_up, models, trusted

SCENARIOS = tuple(
    sorted(
        (
            *faults.SCENARIOS,
            *edges.SCENARIOS,
            *models.SCENARIOS,
            *made_up.SCENARIOS,
            *trusted.SCENARIOS,
        ),
        key=lambda scenario: scenario.code,
    )
)
