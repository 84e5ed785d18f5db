from __future__ import annotations

import json
import math

import pytest

import hpbridge as hpb
from hpbridge.analysis.lineage import line_of
from hpbridge.errors import FormatError, SpaceError, TrialNotFoundError
from hpbridge.report.lineage_figure import lineage_figure
from hpbridge.report.page import write_report

SPACE = {"rate": hpb.Float(1e-4, 1.0, log=True), "kind": hpb.Categorical(["a", "b"])}


def train(trial):
    """Note with which parameters each step was trained."""
    steps = trial.load([])
    while len(steps) < trial.budget:
        steps.append([trial["rate"], trial["kind"]])
    trial.save(steps)
    trial.set_attribute("steps", steps)
    return trial["rate"] + 1 / trial.budget


EXPERIMENT = hpb.Experiment(
    objective=train, space=SPACE, name="t", budget=hpb.Budget(2, 12, name="epochs")
)


@pytest.fixture(scope="module")
def study():
    options = {"population_size": 4, "perturbation_interval": 2}
    return hpb.run(
        EXPERIMENT, "pbt", n_trials=24, seed=3, options=options, store=":memory:"
    )


def test_a_lineage_leads_from_the_beginning_to_the_trial(study):
    lineage = study.lineage()
    assert lineage[-1] == study.best_trial
    assert lineage[0].parent is None
    assert [t.budget for t in lineage] == [2, 4, 6, 8, 10, 12][: len(lineage)]
    assert study.lineage(0) == [study.trials[0]]
    assert line_of(study.lineage(0)) == "0"
    assert line_of([study.trials[k] for k in range(20)]).count("...") == 1
    with pytest.raises(TrialNotFoundError, match="holds no trial 99"):
        study.lineage(99)


def test_a_schedule_has_the_parameters_of_every_step(study, tmp_path):
    for trial in study.trials:
        schedule = study.schedule(trial.number)
        told = [
            [schedule.at(step)["rate"], schedule.at(step)["kind"]]
            for step in range(1, int(trial.budget) + 1)
        ]
        assert told == trial.attributes["steps"]
    schedule = study.schedule()
    schedule.save(tmp_path / "best.json")
    assert hpb.Schedule.load(tmp_path / "best.json") == schedule
    rows = json.loads((tmp_path / "best.json").read_text())["intervals"]
    assert rows[0][0] == 0
    assert rows[-1][1] == study.best_trial.budget


def test_a_schedule_that_is_replayed_trains_with_the_same_parameters(study):
    copied = max(study.trials, key=lambda t: len(study.schedule(t.number).intervals))
    schedule = study.schedule(copied.number)
    assert len(schedule.intervals) > 1
    again = hpb.replay(schedule, EXPERIMENT, seed=0, store=":memory:")
    last = again.trials[-1]
    assert last.attributes["steps"] == copied.attributes["steps"]
    assert last.params == copied.params
    assert last.metrics == copied.metrics
    assert again.schedule(last.number).intervals == schedule.intervals
    assert again.attributes["replays"] == schedule.source


def test_what_is_no_schedule_is_refused(study, tmp_path):
    rows = [[0, 2, {"rate": 0.1}], [4, 6, {"rate": 0.1}]]
    for data in [{}, [], {"schema": 2}, {"schema": 1, "intervals": []}, "x"]:
        with pytest.raises(FormatError, match="This is no schedule"):
            hpb.Schedule.from_json(data)
    with pytest.raises(FormatError, match="from 4 to 6 follows 2"):
        hpb.Schedule.from_json({"schema": 1, "intervals": rows})
    with pytest.raises(FormatError, match="This is no schedule"):
        hpb.Schedule.load(tmp_path / "none.json")
    other = hpb.Experiment(objective=train, space={"n": hpb.Int(1, 3)}, name="o")
    with pytest.raises(SpaceError, match="The interval from 0 to"):
        hpb.replay(study.schedule(), other, store=":memory:")
    plain = hpb.Experiment(objective=lambda t: t["n"], space={"n": hpb.Int(1, 3)})
    without = hpb.run(plain, "random", n_trials=2, seed=0, store=":memory:")
    with pytest.raises(FormatError, match="has no schedule"):
        without.schedule()
    assert lineage_figure(without, without.trials) is None


def test_the_page_shows_what_went_on_from_what(study, tmp_path):
    figure = lineage_figure(study, study.trials)
    lines = [t for t in figure["data"] if t["mode"] == "lines"]
    assert {"goes on", "to the best"} <= {trace["name"] for trace in lines}
    (shaded,) = [t for t in figure["data"] if t["name"].startswith("shaded")]
    assert shaded["name"] == "shaded from low to high rate"
    for text, color in zip(shaded["text"], shaded["marker"]["color"], strict=True):
        number = int(text.partition(",")[0].removeprefix("trial "))
        rate = study.trials[number].params["rate"]
        assert f"rate={rate!r}" in text
        assert color == pytest.approx(math.log10(rate), rel=1e-5)
    n_children = sum(trial.parent is not None for trial in study.trials)
    assert sum(trace["x"].count(None) for trace in lines) == n_children
    write_report([study], tmp_path / "page.html", title="t")
    text = (tmp_path / "page.html").read_text()
    assert "Lineage" in text
    assert f"the best came of trials {line_of(study.lineage())}" in text.replace(
        "&gt;", ">"
    )
