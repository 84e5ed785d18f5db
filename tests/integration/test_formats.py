"""Every format, both ways: what it declares to hold comes back, the rest is said."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest

import hpbridge as hpb
from hpbridge.contract.foreign import Part
from hpbridge.contract.registry import registry
from hpbridge.errors import FormatError
from hpbridge.trial import State

WRITTEN = [name for name, form in registry().formats.items() if form.write is not None]
PAIRS = list(itertools.permutations(WRITTEN, 2))
N_TRIALS = 8


def space_with(parts):
    labels = {"small": (1,), "large": (2, 3)}
    space = {
        "lr": hpb.Float(1e-4, 1, log=True),
        "n": hpb.Int(1, 9),
        "x": hpb.Float(0, 1, step=0.25),
        "c": hpb.Categorical(labels if Part.LABELS in parts else ["a", "b"]),
    }
    if Part.CONDITIONS in parts:
        first = space["c"].labels[0]
        space["m"] = hpb.Float(0, 1, when={"c": first})
        space["k"] = hpb.Int(1, 3, when={"n": [1, 2, 3, 4, 5, 6]})
    if Part.PRIORS in parts:
        space["p"] = hpb.Float(0, 10, prior=hpb.Normal(4, 2))
        space["w"] = hpb.Categorical(["u", "v"], weights=[0.75, 0.25])
    if Part.CONSTANTS in parts:
        space["fixed"] = 7
    return space


def objective_with(parts):
    def objective(trial):
        if Part.REPORTS in parts:
            for step in range(3):
                trial.report(trial["lr"] * (step + 1), step)
        if Part.FAILED in parts and trial.number == 2:
            raise ValueError("too large" if Part.ERRORS in parts else "")
        if Part.PRUNED in parts and trial.number == 4:
            raise hpb.TrialPruned
        is_infinite = Part.NON_FINITE in parts and trial.number == 3
        metrics = {"loss": math.inf if is_infinite else trial["lr"] + trial["n"]}
        if Part.SEVERAL in parts:
            metrics["gain"] = -float(trial["n"])
        if Part.FURTHER in parts:
            metrics["seconds"] = 0.25 * trial.number
        return metrics

    return objective


def study_with(parts):
    """Run a study that has these parts, by random search."""
    direction = {"loss": "maximize" if Part.DIRECTIONS in parts else "minimize"}
    if Part.SEVERAL in parts:
        direction["gain"] = "minimize"
    experiment = hpb.Experiment(
        objective=objective_with(parts),
        space=space_with(parts),
        name="sample",
        direction=direction,
        constraints={"loss": "<= 6.5"} if Part.CONSTRAINTS in parts else None,
    )
    study = hpb.run(experiment, "random", n_trials=N_TRIALS, seed=1, store=":memory:")
    if Part.ATTRIBUTES in parts:
        noted = {"author": "x", "tags": ["a", {"b": 1}], "n": 3, "none": None}
        trials = [dataclasses.replace(t, attributes=noted) for t in study.trials]
        study = dataclasses.replace(study, trials=tuple(trials), attributes=noted)
    return study


def of_trials(take):
    return lambda study: [take(trial) for trial in study.trials]


ASPECTS = {
    Part.SPACE: lambda study: {
        name: p
        for name, p in study.space.to_json()["parameters"].items()
        if name in {"lr", "n", "x"}
    },
    Part.CONDITIONS: lambda study: (
        {n: dict(p.when) for n, p in study.space.items() if p.when},
        [sorted(trial.params) for trial in study.trials],
    ),
    Part.PRIORS: lambda study: [study.space["p"], study.space["w"]],
    Part.CONSTANTS: lambda study: study.space["fixed"],
    Part.LABELS: of_trials(lambda trial: trial.params["c"]),
    Part.DIRECTIONS: lambda study: list(study.metrics.values()),
    Part.SEVERAL: lambda study: (
        list(study.metrics.items()),
        [trial.metrics.get("gain") for trial in study.trials],
    ),
    Part.FURTHER: of_trials(lambda trial: trial.metrics.get("seconds")),
    Part.FAILED: of_trials(lambda trial: (trial.state is State.FAILED, trial.params)),
    Part.ERRORS: of_trials(lambda trial: trial.error),
    Part.PRUNED: of_trials(lambda trial: (trial.state is State.PRUNED, trial.params)),
    Part.REPORTS: of_trials(lambda trial: trial.reports),
    Part.NON_FINITE: of_trials(lambda trial: trial.metrics.get("loss")),
    # Optuna and Hyperopt keep times in microseconds and milliseconds.
    Part.TIMES: of_trials(
        lambda trial: pytest.approx((trial.started_at, trial.run_seconds), abs=2e-3)
    ),
    Part.ATTRIBUTES: lambda study: (
        study.attributes,
        [trial.attributes for trial in study.trials],
    ),
    Part.CONSTRAINTS: lambda study: (
        study.bounds,
        [study.is_feasible(trial) for trial in study.trials],
    ),
}
"""What must be the same of two studies for the part to be held."""

NEEDS = {Part.ERRORS: {Part.FAILED}}
"""Parts that a study can only have along with others."""


def test_every_part_is_tested():
    assert set(ASPECTS) == set(Part)


def assert_same(part, before, after):
    if part is Part.TIMES:
        times = [(t.started_at, t.run_seconds) for t in after.trials]
        assert times == ASPECTS[part](before)
    else:
        assert ASPECTS[part](after) == ASPECTS[part](before)


def there_and_back(study, name, folder):
    target = folder / f"study-{name}"
    notes = hpb.write_study(study, target, name)
    return hpb.read_study(target), notes


@pytest.mark.parametrize("part", Part, ids=lambda part: part.name.lower())
@pytest.mark.parametrize("name", WRITTEN)
def test_a_part_comes_back_or_its_loss_is_said(name, part, tmp_path):
    study = study_with({part} | NEEDS.get(part, set()))
    back, notes = there_and_back(study, name, tmp_path)
    if part in registry().formats[name].holds:
        assert_same(part, study, back)
    else:
        assert notes, f"{part.value} is lost without a word"
        assert all(note and note[-1] != "." for note in notes)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_plain_study_comes_back_and_nothing_is_said(name, tmp_path):
    study = study_with(set())
    back, _ = there_and_back(study, name, tmp_path)
    assert len(back.trials) == N_TRIALS
    ours, theirs = study.main_metric, back.main_metric
    before = [(t.params["n"], t.params["lr"], t.metrics[ours]) for t in study.trials]
    after = [(t.params["n"], t.params["lr"], t.metrics[theirs]) for t in back.trials]
    assert after == before
    assert back.best_trial.params["n"] == study.best_trial.params["n"]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_study_crosses_two_formats(first, second, tmp_path):
    known = registry().formats
    both = known[first].holds & known[second].holds
    parts = {part for part in both if NEEDS.get(part, set()) <= both}
    study = study_with(parts)
    between, _ = there_and_back(study, first, tmp_path)
    after, _ = there_and_back(between, second, tmp_path)
    assert len(after.trials) == N_TRIALS
    for part in parts:
        assert_same(part, study, after)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_that_is_there_is_not_overwritten(name, tmp_path):
    target = tmp_path / "study"
    target.write_text("mine")
    with pytest.raises(FormatError, match="cannot be written") as caught:
        hpb.write_study(study_with(set()), target, name)
    assert str(caught.value).count("Hint: ") == 1
    assert target.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


@pytest.mark.parametrize("name", WRITTEN)
def test_no_other_format_takes_it_for_its_own(name, tmp_path):
    target = tmp_path / "study"
    hpb.write_study(study_with(set()), target, name)
    assert [n for n, form in registry().formats.items() if form.recognizes(target)] == [
        name
    ]


@pytest.mark.parametrize("name", sorted(registry().formats))
@pytest.mark.parametrize(
    "content",
    [b"", b"hello, world\n", b"\x00\x01\x02" * 100, b"{}", b"[1, 2]", b"a,b\n1,2\n"],
    ids=["empty", "text", "bytes", "object", "list", "table"],
)
def test_a_file_of_another_kind_is_refused_in_a_sentence(name, content, tmp_path):
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        hpb.read_study(path, format=name)
    assert str(caught.value).count("Hint: ") == 1
