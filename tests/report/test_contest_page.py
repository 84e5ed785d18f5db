"""The page of a contest, of runs that never ran."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import contest_results as made
import numpy as np
import plotly.graph_objects as go
import pytest

from hpbridge.analysis.contest.results import FAILED, MISSING, PARTIAL
from hpbridge.analysis.contest.verdict import verdict_of
from hpbridge.errors import ArgumentError
from hpbridge.report.contest_figures import Line, lines_figure, ranks_figure
from hpbridge.report.contest_numbers import MOST_PLACES, Numbers
from hpbridge.report.contest_overview import overview, wins
from hpbridge.report.contest_page import contest_html, shown, write_contest
from hpbridge.report.contest_problems import ranges
from hpbridge.report.contest_tables import differences, groups_of, missing
from hpbridge.report.look import plotly_figure

SENTENCES = ["Use <this> & that.", "It is not sure: `--resume <it>` goes on."]


def verdict(found):
    return replace(verdict_of(found), sentences=SENTENCES)


def page_of(found, **changes):
    return contest_html(found, made.record(found, **changes), verdict(found))


def figures_of(page):
    found = re.findall(r'<script type="application/json">(.*?)</script>', page)
    return [json.loads(text) for text in found]


def sections_of(found):
    return {each.id: each for each in shown(Numbers(found), {})}


def text_of(page):
    body = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", body)).split())


def test_the_verdict_stands_first_and_every_part_is_there():
    page = page_of(made.results())
    text = text_of(page)
    headings = re.findall(r'<h2 id="([a-z]+)">', page)
    assert headings == [
        "verdict",
        "convergence",
        "ranks",
        "differences",
        "ecdf",
        "random",
        "problems",
        "profile",
        "overhead",
        "missing",
        "checklist",
        "record",
    ]
    assert text.index("Use <this> & that.") < text.index("Mean rank")
    assert "Not shown" not in text
    assert len(figures_of(page)) == 9


def test_commands_in_sentences_are_set_as_commands():
    page = page_of(made.results())
    assert "It is not sure: <code>--resume &lt;it&gt;</code> goes on." in page


def test_every_figure_is_one_that_plotly_knows_and_has_its_numbers_beside_it():
    page = page_of(made.without(made.results(), 1, 1))
    for figure in figures_of(page):
        go.Figure(figure["data"] and plotly_figure(figure))
    assert page.count("<figure") == page.count("The same in numbers")


def test_links_lead_to_parts_of_the_page():
    page = page_of(made.results())
    ids = set(re.findall(r'id="([a-z]+)"', page))
    links = set(re.findall(r'href="#([a-z]+)"', page))
    assert links
    assert links <= ids


def test_the_page_is_the_same_in_another_process_at_another_moment(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import contest_results as made\n"
        "from hpbridge.analysis.contest.verdict import verdict_of\n"
        "from hpbridge.report.contest_page import contest_html\n"
        "found = made.without(made.results(6, 3, 5, 12), 1, 1)\n"
        "found = made.broken(found, (2, 1, 0))\n"
        "page = contest_html(found, made.record(found), verdict_of(found))\n"
        "sys.stdout.buffer.write(page.encode())\n"
    )
    tests = str(Path(made.__file__).parent)
    pages = [
        subprocess.run(
            [sys.executable, "-c", code, tests],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            cwd=tmp_path,
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    ]
    assert pages[0] == pages[1]
    assert b"2023-11-14 22:13 UTC" in pages[0]


def test_statistics_hold_over_the_problems_that_all_ran_and_name_the_others():
    found = made.without(made.results(), 1, 2)
    text = text_of(page_of(found))
    assert (
        "Statistics hold over 7 of 8 problems, which every optimizer ran; left out: "
        "problem1 (without skopt:gp)." in text
    )
    assert "it takes no categories" in text
    table = sections_of(found)["problems"].tables[0]
    assert table["rows"][1].cells[3] == "left out"
    assert Numbers(found).shared == [0, 2, 3, 4, 5, 6, 7]


def test_a_run_that_broke_counts_and_is_listed():
    found = made.broken(made.results(), (0, 1, 2))
    numbers = Numbers(found)
    assert np.isinf(numbers.final[0, 1, 2])
    assert numbers.regret[0, 1, 2].tolist() == [1.0] * len(numbers.places)
    assert numbers.run_ranks[0, 1, 2, -1] == 4
    section = missing(numbers, {"ray": "not installed"})
    rows = [row.cells for row in section.tables[0]["rows"]]
    assert ["ray", "left out", "not installed", ""] in rows
    assert [
        "optuna:tpe",
        "broke",
        "RuntimeError: no memory",
        "problem0: seed 2",
    ] in rows
    cell = sections_of(found)["problems"].tables[0]["rows"][0].cells[2]
    assert cell.endswith("1 of 6 without a value\n1 broke")


def test_normalised_regret_is_between_the_optimum_and_one_random_trial():
    found = made.results(2, 2, 5, 10)
    numbers = Numbers(found)
    first = np.median(found.best[0, 0, :, 0])
    expected = np.minimum(found.best[0, 1, :, -1], first) / first
    assert numbers.regret[0, 1, :, -1] == pytest.approx(expected)
    assert numbers.regrets.mean[0, 0] <= 1


def test_intervals_of_regret_hold_nothing_that_regret_cannot_be():
    found = made.broken(made.results(9, 7, 12, 40), (2, 3, 1))
    numbers = Numbers(found)
    for each in (numbers.regrets, numbers.regrets_by_seconds):
        assert np.nanmin(each.low) >= 0
        assert np.nanmax(each.high) <= 1
    best = found.best.copy()
    best[0, 1] = -found.best[0, 0, :, :1].max()  # better than the optimum known
    better = Numbers(replace(found, best=best)).regrets
    assert (better.low[1] <= better.mean[1]).all()


def test_without_an_optimum_the_best_value_seen_stands_in_and_no_target_is_made():
    found = made.results(optimum=None)
    sections = sections_of(found)
    assert "No problem's optimum is known" in sections["convergence"].notes[0]
    assert "No problem's optimum is known" in sections["ecdf"].why_none
    numbers = Numbers(found)
    assert np.nanmin(numbers.regret) == 0


def test_without_random_search_ranks_are_shown_and_regret_is_not():
    sections = sections_of(made.results(reference=None))
    assert "no random search" in sections["convergence"].why_none
    assert "no random search" in sections["random"].why_none
    assert sections["ranks"].plots
    assert sections["differences"].plots


def test_one_problem_is_compared_by_its_seeds_and_says_so():
    found = made.results(1, 3, 8)
    section = sections_of(found)["differences"]
    assert "over 8 seeds" in section.lead
    assert "nothing follows for others" in section.notes[0]
    assert "for new seeds on this very problem" in text_of(page_of(found))


@pytest.mark.parametrize(
    ("shape", "whys"),
    [
        ((3, 1, 4, 5), {"ranks", "differences", "random", "profile"}),
        ((1, 2, 1, 5), {"differences", "profile"}),
        ((1, 1, 1, 1), {"ranks", "differences", "random", "profile"}),
    ],
)
def test_what_cannot_be_shown_says_why(shape, whys):
    found = made.results(*shape)
    sections = sections_of(found)
    assert {name for name, each in sections.items() if each.why_none} == whys
    page_of(found)


def test_a_contest_in_which_all_failed_has_a_page():
    found = made.results(3, 2, 3, 4)
    found = replace(
        found,
        best=np.full_like(found.best, np.inf),
        states=np.full_like(found.states, FAILED),
        n_failed=found.n_told,
    )
    text = text_of(page_of(found))
    assert "18 broke" in text
    assert "there is nothing to normalise by" in text


def test_a_contest_of_which_nothing_ran_has_a_page():
    found = made.results(2, 2, 2, 3)
    nothing = np.full_like(found.best, np.nan)
    found = replace(
        found,
        best=nothing,
        seconds=nothing,
        optimizer_seconds=nothing,
        states=np.full_like(found.states, MISSING),
        n_told=np.zeros_like(found.n_told),
    )
    text = text_of(page_of(found))
    assert "8 are missing" in text
    assert "There is no problem that every optimizer ran." in text


def test_a_contest_that_ended_before_its_first_trial_has_a_page():
    found = made.results(2, 3, 2, 1)
    none = np.full((*found.states.shape, 0), np.nan)
    found = replace(
        found,
        best=none,
        seconds=none,
        optimizer_seconds=none,
        states=np.full_like(found.states, PARTIAL),
        n_told=np.zeros_like(found.n_told),
    )
    assert "there is nothing to rank" in page_of(found)


def test_all_ties_are_ties():
    found = made.results(6, 3, 4, 5)
    found = replace(found, best=np.ones_like(found.best), problems=found.problems)
    numbers = Numbers(found)
    assert numbers.block_ranks.mean[:, 0].tolist() == [2.0] * 3
    assert "no difference is shown" in differences(numbers).lead
    rows = overview(numbers)["rows"]
    assert [row.cells[3] for row in rows] == ["0 + 6 of 6"] * 3
    headers = overview(numbers)["headers"]
    assert headers[3] == "Wins + ties"


def test_a_win_is_of_one_alone_and_what_several_share_is_a_tie():
    found = made.results(3, 3, 4, 5)
    best = np.full_like(found.best, 5.0)
    best[0, 1] = best[1, :2] = 1.0
    assert wins(Numbers(replace(found, best=best))) == [(0, 2), (1, 2), (0, 1)]


def test_runs_that_are_not_whole_stand_beside_the_optimizer_with_those_that_broke():
    found = made.broken(made.results(2, 2, 3, 4), (0, 1, 2))
    states = found.states.copy()
    states[0, 1, 0] = PARTIAL
    shown = overview(Numbers(replace(found, states=states)))
    assert shown["headers"][6] == "Runs not whole"
    cells = {row.cells[0]: row.cells[6] for row in shown["rows"]}
    assert cells == {"random": "0 of 6", "optuna:tpe": "2 of 6\n1 broke"}


def test_budgets_of_problems_may_differ():
    found = made.results(4, 2, 4, 40)
    told = found.n_told.copy()
    told[0] = 10
    best = found.best.copy()
    best[0, ..., 10:] = best[0, ..., 9:10]
    numbers = Numbers(replace(found, n_told=told, best=best))
    assert not numbers.is_one_budget
    assert numbers.places[-1] == 1
    assert numbers.at_places[:, -1].tolist() == [9, 39, 39, 39]
    titles = [p["figure"]["layout"]["xaxis"] for p in sections_of(found)["ranks"].plots]
    assert titles


def test_long_curves_are_thinned_and_it_is_said():
    found = made.results(3, 2, 3, 300)
    numbers = Numbers(found)
    assert len(numbers.places) <= MOST_PLACES
    assert numbers.places[0] == 1
    assert numbers.places[-1] == 300
    note = sections_of(found)["convergence"].notes[-1]
    assert f"Of 300 budgets, {len(numbers.places)} are drawn" in note


def test_a_run_that_is_not_whole_is_counted():
    found = made.results(2, 2, 3, 4)
    states = found.states.copy()
    states[0, 0, 0] = PARTIAL
    section = missing(Numbers(replace(found, states=states)), {})
    assert "1 are not whole" in section.lead


def test_values_by_seconds_are_those_of_the_trials_told_by_then():
    found = made.results(1, 1, 1, 6)
    numbers = Numbers(found)
    values = numbers.by_seconds([0])[0, 0, 0]
    for moment, value in zip(numbers.seconds, values, strict=True):
        n_told = int((found.seconds[0, 0, 0] <= moment).sum())
        assert value == (found.best[0, 0, 0, n_told - 1] if n_told else np.inf)


def test_the_probability_of_beating_random_is_that_over_all_pairs():
    found = made.results(2, 2, 5, 6)
    numbers = Numbers(found)
    ours, theirs = found.best[:, 1, :, -1], found.best[:, 0, :, -1]
    wins = (ours[:, :, None] < theirs[:, None, :]).mean(axis=(1, 2)).mean()
    assert numbers.beats_random.mean[1, -1] == pytest.approx(wins)
    assert numbers.beats_random.mean[0, -1] == pytest.approx(0.5)


class Pairs:
    def __init__(self, k, *differing):
        self.adjusted = np.ones((k, k))
        for a, b in differing:
            self.adjusted[a, b] = self.adjusted[b, a] = 0.01


@pytest.mark.parametrize(
    ("differing", "groups"),
    [
        ((), [(0, 3)]),
        ([(0, 3)], [(0, 2), (1, 3)]),
        ([(0, 1), (0, 2), (0, 3)], [(1, 3)]),
        ([(a, b) for a in range(4) for b in range(a)], []),
    ],
)
def test_groups_join_neighbours_of_whom_no_two_differ(differing, groups):
    assert groups_of([0, 1, 2, 3], Pairs(4, *differing), np.arange(4.0)) == groups


def test_nemenyi_goes_by_the_critical_difference():
    section = differences(Numbers(made.results(20, 4)), is_nemenyi=True)
    assert "Nemenyi's critical difference of 1.05" in section.lead
    names = [t.get("name", "") for t in section.plots[0]["figure"]["data"]]
    assert "critical difference 1.05" in names


def test_nemenyi_where_asked_is_on_the_page(tmp_path):
    found = made.results(20, 4)
    given = found, made.record(found), verdict(found)
    write_contest(*given, tmp_path / "x.html", is_nemenyi=True)
    page = (tmp_path / "x.html").read_text()
    assert "Nemenyi&#39;s critical difference of 1.05" in page
    assert "Nemenyi" not in page_of(found)


@pytest.mark.parametrize(
    ("shape", "why"),
    [((5, 1), "one optimizer alone ran"), ((1, 3, 1), "there is 1 seed that all")],
)
def test_nemenyi_is_refused_where_it_means_nothing(tmp_path, shape, why):
    found = made.results(*shape)
    given = found, made.record(found), verdict(found)
    with pytest.raises(ArgumentError, match=why):
        write_contest(*given, tmp_path / "x.html", is_nemenyi=True)
    assert not [*tmp_path.iterdir()]


def test_no_two_names_of_the_diagram_share_a_row():
    ranks = [(f"optimizer {k}", k, 1 + k / 100) for k in range(12)]
    layout = ranks_figure(ranks, [(0, 11)])["layout"]["yaxis"]
    rows = layout["tickvals"]
    assert np.diff(rows).min() >= 1 - 1e-9
    assert len({*layout["ticktext"]}) == 12


def test_what_a_logarithm_has_no_place_for_is_not_drawn():
    line = Line("a", 0, [1, 2, 3], [1.0, 0.1, 0.0], [0.5, -0.1, 0.0], [2.0, 0.3, 0.0])
    data = lines_figure([line], {"type": "log"}, {"type": "log"})["data"]
    assert data[0]["y"] == [0.5, 0.1]
    assert data[2]["y"] == [1.0, 0.1]


def test_numbers_of_studies_are_listed_as_ranges():
    assert ranges([1, 2, 3, 7, 9, 10]) == "1 to 3, 7, 9 to 10"
    assert ranges([]) == "\N{EN DASH}"


def test_a_page_of_many_problems_stays_small(tmp_path):
    found = made.results(40, 10, 3, 50)
    path = tmp_path / "page.html"
    write_contest(found, made.record(found), verdict(found), path)
    empty = tmp_path / "least.html"
    least = made.results(1, 1, 1, 1)
    write_contest(least, made.record(least), verdict(least), empty)
    assert path.stat().st_size - empty.stat().st_size < 500_000
