"""Alternatives of estimators: one space, shares of the trials, defaults of each."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.analysis.classes import classes_of
from hpbridge.analysis.evaluated import Evaluated
from hpbridge.errors import ExperimentError
from hpbridge.evaluation.models import Models
from hpbridge.trial import Origin

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
Y = (X[:, 0] + 0.5 * rng.normal(size=60) > 0).astype(int)

TREE = (DecisionTreeClassifier(), {"max_depth": hpb.Int(1, 9)})
LINE = (LogisticRegression(), {"C": hpb.Float(1e-3, 1e3, log=True)})
BACKENDS = ["random", "optuna", "hyperopt", "skopt", "bayesopt"]


def evaluation(models, **settings):
    settings = {"procedure": hpb.KFold(2), "metrics": "accuracy", **settings}
    return hpb.Evaluation(models, X, Y, **settings)


def both(**settings):
    return evaluation({"tree": TREE, "line": LINE}, **settings)


def run(experiment, backend="random", n_trials=12, **settings):
    settings = {"seed": 3, "store": ":memory:", **settings}
    return hpb.run(experiment, backend, n_trials=n_trials, **settings)


def points_of(study, name=None):
    return [
        {k.removeprefix(f"{name}__"): v for k, v in t.params.items() if k != "model"}
        for t in study.trials
        if name is None or t.params["model"] == name
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_with_shares_each_class_is_searched_as_it_is_alone(backend):
    study = run(both(shares={"tree": 0.25, "line": 0.75}), backend)
    for name, (estimator, space) in {"tree": TREE, "line": LINE}.items():
        alone = run(evaluation(estimator, space=space), backend, 9)
        own = points_of(study, name)
        assert own == points_of(alone)[: len(own)]
    assert len(points_of(study, "tree")) == 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_shares_one_optimizer_chooses_between_the_classes(backend):
    study = run(both(), backend)
    assert {t.params["model"] for t in study.trials} == {"tree", "line"}
    assert all(
        name == "model" or name.startswith(trial.params["model"])
        for trial in study.trials
        for name in trial.params
    )
    assert all(trial.error is None for trial in study.trials)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (1 / 3, 2 / 3)])
def test_no_class_is_ever_a_trial_from_its_share(shares):
    study = run(
        both(shares=dict(zip(["tree", "line"], shares, strict=True))), "random", 30
    )
    count = 0
    for number, trial in enumerate(study.trials):
        count += trial.params["model"] == "tree"
        if number > 1 / min(shares):  # the defaults of each run first
            assert abs(count - shares[0] * (number + 1)) < 1


def test_a_share_may_stand_beside_its_estimator():
    beside = evaluation({"tree": (*TREE, 0.25), "line": (*LINE, 0.75)})
    assert beside.record == both(shares={"tree": 0.25, "line": 0.75}).record


def test_the_defaults_of_each_class_are_the_first_trials():
    study = run(both(shares={"tree": 0.5, "line": 0.5}), n_trials=4)
    # The tree's own depth, None, is outside of its space.
    assert [(t.origin, t.params["model"]) for t in study.trials[:2]] == [
        (Origin.BASELINE, "line"),
        (Origin.ASKED, "tree"),
    ]
    assert study.trials[0].params["line__C"] == 1.0
    assert (
        "accuracy"
        in study.attributes["evaluation"]["references"]["defaults"]["metrics"]
    )


def test_the_defaults_of_later_classes_outside_of_their_space_are_beside_the_trials():
    study = run(evaluation({"line": LINE, "tree": TREE}), n_trials=3)
    references = study.attributes["evaluation"]["references"]
    assert set(references) == {"dummy", "defaults:tree"}


def test_defaults_under_a_condition_are_a_point():
    kernel = hpb.Categorical(["rbf", "poly"])
    degree = hpb.Int(2, 5, when={"kernel": "poly"})
    made = evaluation(SVC(), space={"kernel": kernel, "degree": degree})
    assert made.baseline_points == ({"kernel": "rbf"},)


def test_a_stopped_study_goes_on_as_if_it_had_not(tmp_path):
    shares = {"tree": 0.25, "line": 0.75}
    whole = run(both(shares=shares), "optuna", 14)
    store = tmp_path / "studies.db"
    run(both(shares=shares), "optuna", 6, store=store, name="s")
    again = hpb.resume("s", both(shares=shares), store=store, n_trials=14)
    assert points_of(again) == points_of(whole)
    assert any("bit for bit" in note for note in again.notes)
    with pytest.raises(ExperimentError, match="shares are not those of the study"):
        hpb.resume("s", both(), store=store, n_trials=20)


def test_workers_share_the_classes_by_the_same_rule():
    shares = {"tree": 0.25, "line": 0.75}
    alone = run(both(shares=shares), n_trials=8)
    side_by_side = run(both(shares=shares), n_trials=8, workers=2)
    assert points_of(side_by_side) == points_of(alone)


def test_a_study_goes_on_from_one_of_another_optimizer():
    first = run(both(), "random", 6)
    study = run(both(shares={"tree": 0.5, "line": 0.5}), "skopt", 6, history=first)
    own = [t.params["model"] for t in study.trials[6:]]
    assert own.count("tree") == 3


def test_a_class_without_parameters_is_its_defaults():
    models = {"line": LogisticRegression(), "tree": TREE}
    study = run(evaluation(models, shares={"line": 0.5, "tree": 0.5}), n_trials=6)
    assert [t.params["model"] for t in study.trials] == ["line", *["tree"] * 5]
    assert any("nothing left to propose" in note for note in study.notes)


def test_a_grid_that_ends_leaves_its_trials_to_the_others():
    few = (DecisionTreeClassifier(), {"max_depth": hpb.Categorical([1, 2])})
    study = run(
        evaluation({"few": few, "tree": TREE}, shares={"few": 0.5, "tree": 0.5}),
        "optuna:grid",
        50,
    )
    names = [t.params["model"] for t in study.trials]
    assert (names.count("few"), names.count("tree")) == (2, 9)
    assert study.stop_reason.startswith("exhausted")


def refusal_of(models, **settings) -> list[str]:
    with pytest.raises(ExperimentError) as caught:
        evaluation(models, **settings)
    return list(caught.value.problems)


def test_shares_that_cannot_be_are_refused_all_at_once():
    two = {"tree": TREE, "line": LINE}
    assert refusal_of(two, shares={"tre": -1, "line": 0.5}) == [
        "shares names no alternative 'tre'; did you mean 'tree'?",
        "the share of 'tre' must be in (0, 1], got -1",
        "there is no share for 'tree'",
    ]
    assert refusal_of(two, shares={"tree": 0.5, "line": 0.7}) == [
        "the shares must be 1 together, and are 1.2"
    ]
    assert refusal_of(two, shares=[0.5, 0.5]) == [
        "shares must be {alternative: share}, got [0.5, 0.5]"
    ]
    assert (
        "shares are given twice"
        in refusal_of(
            {"tree": (*TREE, 0.5), "line": (*LINE, 0.5)}, shares={"tree": 1, "line": 0}
        )[0]
    )
    assert refusal_of({"tree": (*TREE, 0.5), "line": LINE}) == [
        "there is no share for 'line'"
    ]
    assert refusal_of(DecisionTreeClassifier(), space=TREE[1], shares={"a": 1}) == [
        "shares are of alternatives, and there is one estimator"
    ]
    assert (
        "space cannot be given beside shares"
        in refusal_of(
            two, shares={"tree": 0.5, "line": 0.5}, space={"line__tol": hpb.Float(0, 1)}
        )[0]
    )


def test_alternatives_that_cannot_be_are_refused_all_at_once():
    problems = refusal_of({"a__b": TREE, "line": (LINE[0], {"CC": hpb.Float(0, 1)})})
    assert len(problems) == 2
    assert "'CC'; did you mean 'C'" in problems[1]
    assert refusal_of({"tree": (*TREE, 0.5, 1), "line": LINE})
    assert refusal_of({"tree": TREE}) == [
        "alternatives are two estimators or more, got ['tree']"
    ]


def test_a_table_of_the_classes_is_made_of_the_record():
    study = run(both(shares={"tree": 0.25, "line": 0.75}), n_trials=12)
    tree, line = classes_of(Evaluated(study))
    assert (tree.name, tree.n_trials, tree.share, tree.planned) == (
        "tree",
        3,
        0.25,
        0.25,
    )
    assert line.value == max(
        t.metrics["accuracy"] for t in study.trials if t.params["model"] == "line"
    )
    assert line.low <= line.value <= line.high
    assert line.defaults == study.trials[0].metrics["accuracy"]
    references = study.attributes["evaluation"]["references"]
    assert tree.defaults == references["defaults"]["metrics"]["accuracy"]
    assert line.fit_seconds > 0
    assert line.to_json()["trial"] == line.best.trial
    one = run(evaluation(TREE[0], space=TREE[1]), n_trials=2)
    assert classes_of(Evaluated(one)) == []


def test_an_estimator_without_alternatives_gets_a_point_as_it_is():
    models = Models({"": TREE[0]}, hpb.Space(TREE[1]))
    assert not models.is_choice
    assert models.fresh({"max_depth": 3}).max_depth == 3
