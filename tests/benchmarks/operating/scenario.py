"""A scenario of the operating points, and how it is measured."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Z = 1.959964


@dataclass(frozen=True)
class Scenario:
    """Cases of one kind, for one check.

    Attributes:
        code: Of the check.
        text: What is simulated.
        must_speak: Whether a check that is right speaks.
        cases: ``cases(seed)``: a case for each setting, ``{"20 trials": case}``.
        ours: Whether our check speaks of a case; None where it cannot be made.
        skores: The same of skore's rule, by its code.
    """

    code: str
    text: str
    must_speak: bool
    cases: Callable[[int], Mapping[str, Any]]
    ours: Callable[[Any], bool | None]
    skores: Mapping[str, Callable[[Any], bool | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """How often a check spoke in one setting of a scenario."""

    scenario: Scenario
    setting: str
    n_cases: int
    n_ours: int
    n_skores: Mapping[str, int]

    def line(self) -> str:
        """Return the row of the table."""
        where = ", ".join(part for part in (self.scenario.text, self.setting) if part)
        must = "yes" if self.scenario.must_speak else "no"
        theirs = ", ".join(
            f"{code} {share(k, self.n_cases)}" for code, k in self.n_skores.items()
        )
        ours = share(self.n_ours, self.n_cases)
        return f"| {self.scenario.code} | {where} | {must} | {ours} | {theirs or '-'} |"


def share(k: int, n: int) -> str:
    """Return a share of cases with its interval."""
    low, high = wilson(k, n)
    return f"{100 * k / n:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def wilson(k: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    p = k / n
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def measured(scenario: Scenario, n_cases: int) -> Iterator[Row]:
    """Simulate a scenario, and yield a row a setting."""
    ours: dict[str, int] = {}
    skores: dict[str, dict[str, int]] = {}
    for seed in range(n_cases):
        for setting, case in scenario.cases(seed).items():
            ours[setting] = ours.get(setting, 0) + bool(scenario.ours(case))
            counts = skores.setdefault(setting, dict.fromkeys(scenario.skores, 0))
            for code, rule in scenario.skores.items():
                counts[code] += bool(rule(case))
    for setting, n_ours in ours.items():
        yield Row(scenario, setting, n_cases, n_ours, skores[setting])
