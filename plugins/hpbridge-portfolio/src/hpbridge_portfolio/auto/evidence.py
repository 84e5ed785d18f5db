"""What was measured, as the rules quote it and the README shows it."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge_portfolio.auto.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = Path(__file__).with_name("evidence.json")
"""Written by tests/benchmarks/evidence.py, which says how it is read."""


@functools.cache
def evidence() -> dict[str, Any]:
    """Return all that was measured."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def sentence_of(rule: str, optimizer: str) -> str:
    """Return how an optimizer did where a rule holds; empty where that is not known.

    Example:
        >>> sentence_of("no such rule", "optuna:tpe")
        ''
    """
    part = evidence()["rules"].get(rule)
    if part is None or optimizer not in part["ranks"]:
        return ""
    ranks = part["ranks"]
    return (
        f" (measured: mean rank {ranks[optimizer]['mean']:.2f} of {len(ranks)} after "
        f"{part['n_trials']} trials on {part['n_problems']} problems)"
    )


def rules_table() -> str:
    """Return the rules with what was measured, as a table for a README."""
    head = "| rule | chosen, the first that can run | mean rank (95 % interval) |\n"
    return head + "| --- | --- | --- |\n" + "".join(_rows_of_rules())


def _rows_of_rules() -> Iterator[str]:
    for rule in RULES:
        names = ", ".join(f"`{name}`" for name in rule.candidates)
        part = evidence()["rules"].get(rule.name)
        yield f"| {rule.name} | {names} | {_ranks(part) if part else rule.because} |\n"


def _ranks(part: Mapping[str, Any]) -> str:
    ranks = sorted(part["ranks"].items(), key=lambda each: each[1]["mean"])
    said = ", ".join(f"`{name}` {_interval(each)}" for name, each in ranks)
    size = f"{part['n_problems']} problems, {part['n_trials']} trials"
    seeds = "1 seed" if part["seeds"] == 1 else f"{part['seeds']} seeds"
    return f"{said}; {size}, {seeds}"


def _interval(number: Mapping[str, float | None]) -> str:
    low, high = number["low"], number["high"]
    if low is None or high is None:
        return f"{number['mean']:.2f}"
    return f"{number['mean']:.2f} ({low:.2f} to {high:.2f})"


def portfolio_table() -> str:
    """Return what portfolios are worth, as a table for a README."""
    said = evidence()["portfolio"]
    columns = ("portfolio", "mean rank", "behind the best member", "behind the median")
    lines = [f"| {' | '.join(columns)} |\n", "| --- | --- | --- | --- |\n"]
    for name, each in said["variants"].items():
        cells = (_interval(each[key]) for key in ("rank", "to_best", "to_median"))
        lines.append(f"| `{name}` | {' | '.join(cells)} |\n")
    return "".join(lines)


def rival_table() -> str:
    """Return `auto` beside AutoSampler's rule, as a table for a README."""
    columns = ("rule", "`auto` chooses", "problems", "rank behind AutoSampler's choice")
    lines = [f"| {' | '.join(columns)} |\n", "| --- | --- | --- | --- |\n"]
    lines += [
        f"| {part} | `{each['auto']}` | {each['n_problems']} | {_interval(each)} |\n"
        for part, each in evidence()["rival"].items()
    ]
    return "".join(lines)
