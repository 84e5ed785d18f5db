"""Runtimes on the page of a contest: shares of targets, and what is expected."""

from __future__ import annotations

from dataclasses import replace

import contest_results as made
import numpy as np
import pytest

from hpbridge.analysis.statistics.runtime import ert, ert_interval
from hpbridge.report.contest_numbers import N_TARGETS, Numbers
from hpbridge.report.contest_runtime import runtimes


def table_of(found):
    (table,) = runtimes(Numbers(found)).tables
    return table


def falling(n_problems=1, n_seeds=12):
    """Return runs whose regret is 1, and a tenth of it from trial 4, 5, 6 ... on."""
    found = made.results(n_problems, 2, n_seeds, 40)
    best = np.ones_like(found.best)
    for s in range(n_seeds):
        best[:, 1, s, 3 + s :] = 0.1
    return replace(found, best=best)


def test_the_targets_of_the_table_are_among_those_of_the_curve():
    numbers = Numbers(made.results())
    targets = numbers.targets
    assert len(targets) == N_TARGETS
    assert targets[[9, 19, 29]] == pytest.approx([0.1, 0.01, 0.001])
    names = [row.cells[0] for row in table_of(made.results(2))["rows"]]
    assert names == [
        f"problem{p}, {target}" for p in (0, 1) for target in ("0.1", "0.01", "0.001")
    ]


def test_the_running_time_is_that_of_the_statistics_with_its_interval():
    first, *_ = table_of(falling())["rows"]
    hits = np.arange(4.0, 16.0)
    held = ert_interval(hits, 40)
    assert ert(hits, 40) == 9.5
    assert first.cells == [
        "0.1",
        "never reached\n0 of 12 runs",
        f"9.5\n{held.low:.3g} to {held.high:.3g}",
    ]


def test_runs_that_never_came_to_a_target_have_spent_their_trials_and_are_counted():
    found = falling()
    best = found.best.copy()
    best[0, 1, :2] = 1.0  # they never fall
    first = table_of(replace(found, best=best))["rows"][0].cells[2]
    expected = (2 * 40 + sum(range(6, 16))) / 10
    assert first.startswith(f"{expected:.3g}\n")
    assert first.endswith("\n10 of 12 runs")
    told = found.n_told.copy()
    told[0, 1, 0] = 7  # it broke, and spent no more
    found = made.broken(replace(found, best=best, n_told=told), (0, 1, 0), 7)
    first = table_of(found)["rows"][0].cells[2]
    assert first.startswith(f"{(7 + 40 + sum(range(6, 16))) / 10:.3g}\n")


def test_of_few_runs_there_is_no_interval():
    cells = table_of(falling(n_seeds=5))["rows"][0].cells
    assert cells[2] == "6"
    assert "from 10 runs on" in runtimes(Numbers(falling())).notes[0]


def test_only_problems_with_a_known_optimum_have_a_running_time():
    found = made.results(3)
    problems = (replace(found.problems[0], optimum=None), *found.problems[1:])
    rows = table_of(replace(found, problems=problems))["rows"]
    assert {row.cells[0].partition(",")[0] for row in rows} == {"problem1", "problem2"}
    assert not runtimes(Numbers(made.results(optimum=None))).tables


def test_the_table_of_many_problems_is_folded():
    assert table_of(made.results(5))["is_open"]
    assert not table_of(made.results(6))["is_open"]


def test_the_curve_and_the_table_agree_on_who_reached_a_target():
    numbers = Numbers(made.results(1, 3, 8, 60, seed=2))
    rows = table_of(numbers.results)["rows"]
    regret = numbers.regret[0, :, :, -1]
    for target, row in zip(numbers.targets[[9, 19, 29]], rows, strict=True):
        for o, cell in enumerate(row.cells[1:]):
            n = int((regret[o] <= target).sum())
            assert cell.endswith(f"{n} of 8 runs") or (n == 8 and "runs" not in cell)
