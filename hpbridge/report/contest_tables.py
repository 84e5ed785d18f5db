"""The sections of a contest's page on who differs, and on what is missing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.results import DONE, FAILED, MISSING, PARTIAL
from hpbridge.errors import ArgumentError, count
from hpbridge.report import texts
from hpbridge.report.contest_figures import ranks_figure
from hpbridge.report.contest_problems import ranges
from hpbridge.report.contest_sections import Section, interval
from hpbridge.report.table import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.analysis.statistics.pairwise import Pairwise
    from hpbridge.report.contest_estimates import Array, Ends
    from hpbridge.report.contest_numbers import Numbers

ALPHA = 0.05
"""Of the tests on the page."""

_FEWEST_BLOCKS = 2
_MOST_LISTED = 20
_MOST_NAMED = 5


def differences(numbers: Numbers, *, is_nemenyi: bool = False) -> Section:
    """Return the critical-difference diagram, and the tests of all pairs.

    Args:
        numbers: Of the contest.
        is_nemenyi: Whether groups are by Nemenyi's critical difference in place of
            Wilcoxon's test with Holm's correction.

    Raises:
        ArgumentError: If there is nothing that Nemenyi's test could be of.
    """
    from hpbridge.analysis.statistics.omnibus import critical_difference, iman_davenport

    common: dict[str, Any] = {"id": "differences", "title": "Who differs"}
    names = numbers.results.optimizers
    if is_nemenyi:
        check_nemenyi(len(names), len(numbers.blocks), numbers.unit)
    if len(names) < 2:  # noqa: PLR2004 - nobody to differ from
        return Section(**common, why_none="There is one optimizer alone.")
    blocks, unit = numbers.blocks, numbers.unit
    if len(blocks) < _FEWEST_BLOCKS:
        why = (
            f"A test needs {unit}s: there is {len(blocks)}."
            if numbers.shared
            else "There is no problem that every optimizer ran."
        )
        return Section(**common, why_none=why)
    means = numbers.block_ranks.mean[:, 0]
    if any(math.isnan(mean) for mean in means):
        return Section(**common, why_none="No trial ended: there is nothing to rank.")
    order = sorted(range(len(names)), key=lambda o: (float(means[o]), o))
    ranks = [(names[o], o, float(means[o])) for o in order]
    pairs = tested_pairs(numbers)
    critical = critical_difference(len(names), len(blocks)) if is_nemenyi else None
    groups = groups_of(order, pairs, means, critical)
    by = (
        f"Nemenyi's critical difference of {critical:.3g}"
        if critical is not None
        else "Wilcoxon's signed-rank test with Holm's correction"
    )
    title = (
        f"Mean ranks over {count(len(blocks), unit)}; bars join who is not told apart"
    )
    plot = {
        "title": title,
        "description": "Critical-difference diagram. "
        + "; ".join(f"{name} has mean rank {rank:.2f}" for name, _, rank in ranks),
        "figure": ranks_figure(ranks, groups, critical),
        "table": _pairs_table(names, order, pairs),
        "class": "rows",
        "rows": len(names) + len(groups) // 2 + 1,
    }
    whole = iman_davenport(blocks)
    return Section(
        **common,
        lead=_omnibus(whole, unit) + f" Groups are by {by} at {ALPHA:.0%}.",
        plots=[plot],
        notes=_notes_of(unit),
    )


def check_nemenyi(n_optimizers: int, n_blocks: int, unit: str) -> None:
    """Raise ArgumentError where there is nothing that Nemenyi's test could be of."""
    if n_optimizers < 2:  # noqa: PLR2004 - nobody to differ from
        why = "one optimizer alone ran"
        raise ArgumentError.no_nemenyi(why)
    if n_blocks < _FEWEST_BLOCKS:
        why = f"there is {count(n_blocks, unit)} that all optimizers ran"
        raise ArgumentError.no_nemenyi(why)


def tested_pairs(numbers: Numbers) -> Pairwise:
    """Return Wilcoxon's tests of all pairs over problems, corrected by Holm.

    Of each pair it is tested how often the one is better than the other on each
    problem, in which no other optimizer has a say; of one problem, the values by seed.

    Args:
        numbers: Of a contest.

    Source:
        A. Benavoli, G. Corani and F. Mangili, JMLR 17 (2016) 1-10.
    """
    import numpy as np
    from scipy.stats import rankdata

    from hpbridge.analysis.statistics.effects import rank_biserial
    from hpbridge.analysis.statistics.pairwise import Pairwise, holm, signed_rank

    k = len(numbers.results.optimizers)
    p, adjusted, statistic, effect, low, high = (
        np.full((k, k), np.nan) for _ in range(6)
    )
    first, second = np.triu_indices(k, 1)
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        leads = numbers.leads(a, b)
        lost = -leads[~np.isnan(leads)]
        if not lost.size:
            continue
        none = np.zeros(lost.size)
        # Both go by ranks alone, in which infinite differences tie as the greatest.
        lost = np.sign(lost) * rankdata(np.abs(lost))
        statistic[a, b], p[a, b] = signed_rank(lost, none)
        found = rank_biserial(lost, none)
        effect[a, b], low[a, b], high[a, b] = found.value, found.low, found.high
        effect[b, a], low[b, a], high[b, a] = -found.value, -found.high, -found.low
    adjusted[first, second] = holm(p[first, second])
    for matrix in (p, adjusted, statistic):
        matrix[second, first] = matrix[first, second]
    return Pairwise(p, adjusted, statistic, effect, low, high, len(first))


def _omnibus(whole: Any, unit: str) -> str:
    if whole.why_none:
        return f"No test of all at once: {whole.why_none}."
    verdict = "the optimizers differ" if whole.p < ALPHA else "no difference is shown"
    return (
        f"Friedman's test over {count(whole.n_problems, unit)}, by Iman and Davenport: "
        f"F = {whole.statistic:.4g}, p = {whole.p:.2g}: {verdict}."
    )


def _notes_of(unit: str) -> list[str]:
    if unit == "problem":
        return []
    only = (
        "There is one problem: its seeds stand in for problems. What differs here "
        "differs on this problem, and nothing follows for others."
    )
    return [only]


def groups_of(
    order: Sequence[int],
    pairs: Pairwise,
    means: Array,
    critical: float | None = None,
) -> list[tuple[int, int]]:
    """Return the longest runs of neighbours by rank of whom no two differ.

    Args:
        order: The optimizers, the best first.
        pairs: Their tests.
        means: Mean ranks.
        critical: The difference by which ranks must differ; by default `pairs` decides.

    Returns:
        First and last place in the order; runs of one are left out.
    """

    def differ(a: int, b: int) -> bool:
        if critical is not None:
            return abs(float(means[a] - means[b])) > critical
        return float(pairs.adjusted[a, b]) < ALPHA

    groups: list[tuple[int, int]] = []
    for first in range(len(order)):
        last = first
        while last + 1 < len(order) and not any(
            differ(order[k], order[last + 1]) for k in range(first, last + 1)
        ):
            last += 1
        if last > first and (not groups or last > groups[-1][1]):
            groups.append((first, last))
    return groups


def _pairs_table(
    names: Sequence[str], order: Sequence[int], pairs: Pairwise
) -> dict[str, Any]:
    rows = [
        Row(
            [
                f"{names[a]} \N{EN DASH} {names[b]}",
                interval(_effect(pairs, a, b)),
                _p(pairs.adjusted[a, b]),
                _p(pairs.p[a, b]),
            ]
        )
        for place, a in enumerate(order)
        for b in order[place + 1 :]
    ]
    headers = ["Pair, the better rank first", "Effect (rank-biserial)"]
    return {"headers": [*headers, "p by Holm", "p alone"], "rows": rows}


def _effect(pairs: Pairwise, a: int, b: int) -> Ends:
    return float(pairs.effect[a, b]), float(pairs.low[a, b]), float(pairs.high[a, b])


def _p(value: float) -> str:
    if math.isnan(value):
        return texts.NONE
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"  # noqa: PLR2004


def missing(numbers: Numbers, absent: Mapping[str, str]) -> Section:
    """Return which runs are missing, broke or are not whole, and why.

    Args:
        numbers: Of the contest.
        absent: What else is missing from it, by name.
    """
    found = numbers.results
    rows = _left_out(absent)
    reasons: dict[tuple[str, int, str], list[tuple[int, int]]] = {}
    for (p, o, s), why in found.why.items():
        key = (found.optimizers[o], int(found.states[p, o, s]), why)
        reasons.setdefault(key, []).append((p, s))
    for (optimizer, state, why), runs in reasons.items():
        rows.append(
            Row([optimizer, _WORDS.get(state, "missing"), why, _runs(numbers, runs)])
        )
    partial = found.states == PARTIAL
    lead = (
        f"{int((found.states == DONE).sum()):,} of {found.states.size:,} runs have all "
        f"their trials; {int(partial.sum()):,} are not whole, "
        f"{int((found.states == FAILED).sum()):,} broke, "
        f"{int((found.states == MISSING).sum()):,} are missing. "
        f"{int(found.n_failed.sum()):,} of {int(found.n_told.sum()):,} trials failed; "
        "each counts as a trial that found nothing."
    )
    more = len(rows) - _MOST_LISTED
    notes = [f"{more} further reasons are in the record."] if more > 0 else []
    headers = ["Optimizer", "What", "Why", "Runs"]
    label = "Runs that are missing or broke"
    table = {"headers": headers, "rows": rows[:_MOST_LISTED], "label": label}
    tables = [{**table, "is_open": True}] if rows else []
    return Section(
        id="missing", title="What is missing", lead=lead, tables=tables, notes=notes
    )


def _left_out(absent: Mapping[str, str]) -> list[Row]:
    """Return a row an optimizer and reason; names are ``OPTIMIZER on PROBLEM``."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, why in sorted(absent.items()):
        optimizer, _, problem = name.partition(" on ")
        found.setdefault((optimizer, why), []).append(problem)
    rows = []
    for (optimizer, why), problems in found.items():
        more = len(problems) - _MOST_NAMED
        text = ", ".join(problems[:_MOST_NAMED])
        text += f" and {more} more" if more > 0 else ""
        rows.append(Row([optimizer, "left out", why, text]))
    return rows


_WORDS = {MISSING: "missing", FAILED: "broke", PARTIAL: "not whole", DONE: "whole"}


def _runs(numbers: Numbers, runs: Sequence[tuple[int, int]]) -> str:
    found = numbers.results
    by_problem: dict[int, list[int]] = {}
    for p, s in runs:
        by_problem.setdefault(p, []).append(found.seeds[s])
    parts = [
        f"{found.problems[p].name}: {'seed' if len(seeds) == 1 else 'seeds'} "
        f"{ranges(sorted(seeds))}"
        for p, seeds in sorted(by_problem.items())
    ]
    more = len(parts) - _MOST_NAMED
    shown = "; ".join(parts[:_MOST_NAMED])
    return f"{shown}; and {more} problems more" if more > 0 else shown
