"""Fronts of problems with several metrics on the page of a contest."""

from __future__ import annotations

import re
from dataclasses import replace

import contest_results as made
import pytest

import hpbridge as hpb
from hpbridge.analysis.contest.verdict import verdict_of
from hpbridge.engine.compare import load_comparison
from hpbridge.report.contest_fronts import MOST_FRONTS, fronts
from hpbridge.report.contest_numbers import Numbers
from hpbridge.report.contest_page import contest_html
from hpbridge.report.sections import MOST_OF_FRONT


def section_of(found):
    (section,) = fronts(Numbers(found))
    return section


def test_problems_of_one_metric_have_no_front():
    assert fronts(Numbers(made.results(3))) == []


def test_every_optimizer_keeps_its_color_and_symbol_in_every_plot():
    found = made.with_fronts(made.results(3, 3), 2)
    second = [each for each in found.fronts[1] if each.optimizer != 0]
    found = replace(found, fronts={**found.fronts, 1: tuple(second)})
    first, last = (panel["figure"]["data"] for panel in section_of(found).panels)
    looks = {trace["name"]: trace["marker"] for trace in first}
    assert [*looks] == list(found.optimizers)
    assert {trace["name"]: trace["marker"] for trace in last} == {
        name: look for name, look in looks.items() if name != found.optimizers[0]
    }


def test_the_table_says_where_each_trial_is_and_how_many_more_there_are():
    found = made.with_fronts(made.results(2, 2, 5), 1)
    (table,) = section_of(found).tables
    assert table["headers"] == ["Optimizer", "Seed", "Study", "Trial", "cost", "loss"]
    assert len(table["rows"]) == MOST_OF_FRONT
    assert table["label"] == (
        "30 trials of the front of problem0, of which the first 20 are listed"
    )
    study = found.studies[0, 0, 3]
    assert table["rows"][3].cells == ["random", "3", str(study), "3", "3", "0.25"]


def test_of_three_metrics_each_pair_is_drawn():
    found = made.with_fronts(made.results(1), 1, ("a", "b", "c"))
    titles = [panel["title"] for panel in section_of(found).panels]
    assert titles == [f"problem0: The front: {y} by {x}" for x, y in ("ab", "ac", "bc")]


def test_of_many_problems_some_at_even_distances_are_drawn_and_it_is_said():
    section = section_of(made.with_fronts(made.results(40, 2, 2, 3), 31))
    names = [panel["title"].partition(":")[0] for panel in section.panels]
    assert names == [f"problem{p}" for p in (0, 6, 12, 18, 24, 30)]
    assert len(names) == MOST_FRONTS
    (note,) = section.notes
    assert note.startswith("Of 31 problems with a front, 6 are drawn, at even distance")


@pytest.mark.parametrize(
    ("n_empty", "said"),
    [
        (1, "1 problem with several metrics has no front"),
        (2, "2 problems with several metrics have no front"),
    ],
)
def test_problems_without_a_front_are_counted(n_empty, said):
    found = made.with_fronts(made.results(4), 3)
    empty = dict.fromkeys(range(n_empty), ())
    section = section_of(replace(found, fronts={**found.fronts, **empty}))
    assert len(section.panels) == 3 - n_empty
    assert section.notes[0].startswith(said)


def test_where_no_problem_has_a_front_the_page_says_so():
    found = made.with_fronts(made.results(2), 2, n_trials=0)
    page = contest_html(found, made.record(found), verdict_of(found))
    assert "no trial has a finite number for every metric" in page


def pair(trial):
    return {"cost": trial["x"] ** 2, "loss": (trial["x"] - 1) ** 2}


def bowl(trial):
    return trial["x"] ** 2


def test_a_bench_of_problems_with_several_metrics_shows_their_fronts(tmp_path):
    space = {"x": hpb.Float(-1, 2)}
    ways = {"cost": "minimize", "loss": "minimize"}
    problems = [
        hpb.Experiment(objective=pair, space=space, direction=ways, name="pair"),
        hpb.Experiment(objective=bowl, space=space, name="bowl"),
    ]
    store = tmp_path / "s.db"
    names = ["random", "optuna:tpe"]
    found = hpb.bench(problems, names, n_trials=5, seeds=2, store=store)
    found.report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert re.findall("<figcaption>(pair: [^<]*)<", page) == [
        "pair: The front: loss by cost"
    ]
    results = load_comparison(found.name, store).results
    assert set(results.fronts) == {0}
    assert f"{len(results.fronts[0])} trials of the front of pair" in page
