"""The page of a search in a real browser: narrow, dark, on paper, and hostile."""

from __future__ import annotations

import functools
import json
from dataclasses import replace

import pytest
from report_studies import HOSTILE, run
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb


class Hostile(DecisionTreeClassifier):
    """An estimator whose text tries to be markup."""

    def __repr__(self, *given, **named):
        return HOSTILE


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages of a search of each kind: classes, numbers, and no evaluation at all."""
    folder = tmp_path_factory.mktemp("pages")
    studies = {"classes": classes(), "numbers": numbers(), "plain": plain()}
    for name, report in studies.items():
        report.to_html(folder / f"{name}.html")
    return folder


def classes():
    rows, y = make_classification(150, 4, random_state=0)
    labels = {0: HOSTILE, 1: "<i>one</i>"}
    evaluation = hpb.Evaluation(
        {HOSTILE: (Hostile(), {"max_depth": hpb.Int(1, 9)}), "b": LogisticRegression()},
        rows,
        [labels[value] for value in y],
        procedure=hpb.KFold(3),
        metrics=["f1_macro", "accuracy"],
        name=HOSTILE,
        incumbent=LogisticRegression(C=1e-4).fit(rows, [labels[v] for v in y]),
    )
    study = hpb.run(evaluation, "random", n_trials=15, seed=0, store=":memory:")
    return evaluation.report(study)


def numbers():
    rows, y = make_regression(80, 3, noise=9.0, random_state=0)
    evaluation = hpb.Evaluation(
        Ridge(),
        rows,
        y,
        space={
            "alpha": hpb.Float(1e-3, 1e3, log=True),
            "fit_intercept": hpb.Categorical([True, False]),
        },
        procedure=hpb.KFold(4),
    )
    study = hpb.run(evaluation, "random", n_trials=12, seed=0, store=":memory:")
    return evaluation.report(study)


def plain():
    study = run(
        lambda t: {"a": t["x"], "b": -t["x"]},
        direction={"a": "minimize", "b": "minimize"},
        name=HOSTILE,
        n_trials=12,
    )
    return hpb.report(study)


PLOTS = {"classes": 15, "numbers": 12, "plain": 10}
"""Figures of each page, those in closed boxes included."""

SEEN = """(() => {
  const all = (path) => [...document.querySelectorAll(path)];
  return {
    title: document.title,
    canvases: all(".canvas").length,
    drawn: all(".canvas").filter((c) => c.querySelector(".main-svg")).length,
    captions: all("figcaption").map((c) => c.textContent),
    markup: all("main b, main i, .canvas svg tspan[style*=bold]").length,
    fetched: performance.getEntriesByType("resource").length,
    text: document.body.innerText,
    headings: all("h2").map((h) => h.textContent),
    width: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  };
})()"""


def open_all(tab):
    tab.look("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    tab.settle()


@pytest.fixture(scope="module")
def look_at(tab, pages):
    """What is seen of a page, before and after all its boxes are opened."""

    @functools.cache
    def look(name, width, is_dark):
        tab.show(pages / f"{name}.html", width=width, is_dark=is_dark)
        answer = "document.querySelector('.answer')?.getBoundingClientRect().bottom"
        closed = {**tab.look(SEEN), "end of the answer": tab.look(answer)}
        open_all(tab)
        return closed, tab.look(SEEN)

    return look


@pytest.mark.parametrize(
    ("name", "width", "is_dark"),
    [
        ("classes", 1300, False),
        ("numbers", 390, True),
        ("plain", 1300, False),
        pytest.param("classes", 390, True, marks=pytest.mark.slow),
        pytest.param("numbers", 1300, False, marks=pytest.mark.slow),
        pytest.param("plain", 390, True, marks=pytest.mark.slow),
    ],
)
def test_every_figure_is_drawn_and_nothing_is_too_wide(look_at, name, width, is_dark):
    _, seen = look_at(name, width, is_dark)
    assert seen["drawn"] == seen["canvases"] == PLOTS[name]
    assert seen["width"] <= seen["window"]
    assert seen["fetched"] == 0
    assert seen["markup"] == 0
    assert seen["title"] != "owned"


def test_hostile_names_are_text(look_at):
    _, seen = look_at("classes", 1300, False)
    # As experiment, estimator, model class, parameter and class of the target.
    assert seen["text"].count(HOSTILE) >= 5
    assert "<i>one</i>" in seen["text"]


def test_the_answer_stands_first_and_the_evidence_follows(look_at):
    closed, _ = look_at("classes", 1300, False)
    headings = closed["headings"]
    assert headings[:3] == ["The answer", "What tuning bought", "Checks"]
    assert {"The sealed test", "Folds", "The search"} < {*headings}
    assert closed["end of the answer"] < 900


def test_what_a_plain_study_lacks_is_named(look_at):
    seen, _ = look_at("plain", 1300, False)
    assert "no sealed test and no references" in seen["text"]
    assert "The sealed test" not in seen["headings"]


def test_paper_has_what_the_screen_folds(tab, pages):
    tab.show(pages / "classes.html", width=1300)
    before = tab.look(SEEN)
    assert before["drawn"] < before["canvases"]
    assert tab.printed().startswith(b"%PDF")
    tab.wait("document.querySelector('details:not([open])')")
    after = tab.look(SEEN)
    assert after["drawn"] == after["canvases"]


def test_charts_on_paper_take_its_width_and_do_not_overlap(tab, pages):
    tab.show(pages / "classes.html", width=700)
    tab.call("Emulation.setEmulatedMedia", media="print")
    tab.look("void dispatchEvent(new Event('beforeprint'))")
    tab.settle()
    boxes = tab.look(
        "[...document.querySelectorAll('figure')].map((f) => f.getBoundingClientRect())"
        ".map((r) => [r.left, r.top, r.right, r.bottom])"
    )
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            apart = min(one[2], other[2]) <= max(one[0], other[0])
            assert apart or min(one[3], other[3]) <= max(one[1], other[1])
    assert tab.look(SEEN)["width"] <= tab.look(SEEN)["window"]
    tab.call("Emulation.setEmulatedMedia", media="")


def test_odd_records_have_their_page(tab, tmp_path):
    report = numbers()
    study = report.study
    opening = json.loads(json.dumps(study.attributes["openings"][0]))
    opening["models"]["best"]["interval"] = [None, None]
    opening["differences"]["defaults"] |= {"low": None, "high": None}
    odd = {
        "no trials": replace(study, trials=()),
        "nothing noted": replace(study, attributes={}),
        "sealed": replace(study, attributes={**study.attributes, "openings": []}),
        "no intervals": replace(
            study, attributes={**study.attributes, "openings": [opening]}
        ),
        "one trial": replace(study, trials=study.trials[:1]),
    }
    for name, each in odd.items():
        hpb.report(each).to_html(tmp_path / f"{name}.html")
        tab.show(tmp_path / f"{name}.html", width=390)
        open_all(tab)
        seen = tab.look(SEEN)
        assert seen["drawn"] == seen["canvases"], name
        assert seen["width"] <= seen["window"], name
