"""Budgets of rows and of a parameter, beside scikit-learn's successive halving."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import (
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.model_selection._search_successive_halving import _SubsampleMetaSplitter
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.errors import ExperimentError
from hpbridge.evaluation.fidelity import Subsampled

X, Y = load_breast_cancer(return_X_y=True)
X, Y = X[:300], Y[:300]
CV = StratifiedKFold(3, shuffle=True, random_state=4)  # of 200 rows each
SHA = "sha", {"reduction_factor": 3}
RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0]
ROWS = hpb.Budget(22, 198, name="n_samples")


def evaluation(model, space, budget, **settings) -> hpb.Evaluation:
    settings = {"test": None, "metrics": ["accuracy"], "seed": 0, **settings}
    procedure = settings.pop("procedure", CV)
    data = settings.pop("data", (X, Y))
    return hpb.Evaluation(
        model, *data, space=space, procedure=procedure, budget=budget, **settings
    )


def rungs_of(study, name) -> list[dict]:
    """Return the scores by value at each rung of what the optimizer asked for."""
    asked = [t for t in study.trials if t.rung is not None]
    return [
        {t.params[name]: t.metrics[study.main_metric] for t in asked if t.rung == rung}
        for rung in range(1 + max(t.rung for t in asked))
    ]


def iterations_of(search, name) -> list[dict]:
    """Return the same of a search of scikit-learn's."""
    found = search.cv_results_
    rows = zip(found["iter"], found["params"], found["mean_test_score"], strict=True)
    scores: list[dict] = [{} for _ in range(search.n_iterations_)]
    for iteration, params, score in rows:
        scores[iteration][params[name]] = score
    return scores


def test_a_parameter_is_halved_as_scikit_learn_halves_it() -> None:
    model = GradientBoostingClassifier(random_state=0, max_depth=1)
    search = HalvingGridSearchCV(
        model,
        {"learning_rate": RATES},
        resource="n_estimators",
        min_resources=2,
        max_resources=18,
        scoring="neg_log_loss",  # without ties
        cv=CV,
    ).fit(X, Y)
    assert (search.n_resources_, search.n_candidates_) == ([2, 6, 18], [9, 3, 1])
    tuned = evaluation(
        model,
        {"learning_rate": hpb.Categorical(RATES)},
        hpb.Budget(2, 18, name="n_estimators"),
        metrics=["neg_log_loss"],
    )
    study = hpb.run(
        tuned, "optuna:grid", n_trials=14, pruner=SHA, store=":memory:", seed=0
    )
    asked = [t for t in study.trials if t.rung is not None]
    assert [len(each) for each in rungs_of(study, "learning_rate")] == [9, 3, 1]
    assert {t.rung: t.budget for t in asked} == {0: 2, 1: 6, 2: 18}
    for own, theirs in zip(
        rungs_of(study, "learning_rate"),
        iterations_of(search, "learning_rate"),
        strict=True,
    ):
        assert own == pytest.approx(theirs, rel=1e-12)
    (last,) = (t for t in asked if t.rung == 2)
    assert study.best_trial.number == last.number
    fitted = tuned.report(study).best_estimator
    assert fitted.get_params() == search.best_estimator_.get_params()
    # The defaults are a trial in full.
    assert (study.trials[0].origin, study.trials[0].budget) == ("baseline", 18)


def test_rows_are_those_that_scikit_learn_draws() -> None:
    model = make_pipeline(
        StandardScaler(), SGDClassifier(random_state=0, max_iter=5, tol=None)
    )
    name, values = "sgdclassifier__alpha", [10.0**-k for k in range(9)]
    space = {name: hpb.Categorical(values)}
    tuned = evaluation(model, space, ROWS, seed=7)
    study = hpb.run(
        tuned, "optuna:grid", n_trials=14, pruner=SHA, store=":memory:", seed=0
    )
    rungs = rungs_of(study, name)
    assert [len(each) for each in rungs] == [9, 3, 1]
    for n, own in zip((22, 66, 198), rungs, strict=True):
        # The splitter of its searches, with all rows that are scored on.
        splitter = _SubsampleMetaSplitter(
            base_cv=CV, fraction=n / 200, subsample_test=False, random_state=7
        )
        folds = list(splitter.split(X, Y))
        assert {len(fitted) for fitted, _ in folds} == {n}
        theirs = {
            value: cross_val_score(
                clone(model).set_params(**{name: value}), X, Y, cv=folds
            ).mean()
            for value in own
        }
        assert own == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize(
    ("least", "most", "factor", "budgets"),
    [
        (20, 180, 3, [20, 60, 180]),
        (12, 192, 2, [12, 24, 48, 96, 192]),
        (13, 120, 3, [13, 40, 120]),
    ],
)
def test_rungs_have_the_sizes_of_scikit_learns(least, most, factor, budgets) -> None:
    n = factor ** (len(budgets) - 1)
    search = HalvingRandomSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"ccp_alpha": stats.uniform(0, 0.1)},
        n_candidates=n,
        min_resources="exhaust",
        max_resources=most,
        factor=factor,
        cv=CV,
        random_state=0,
        scoring="accuracy",
    ).fit(X, Y)
    tuned = evaluation(
        DecisionTreeClassifier(),
        {"ccp_alpha": hpb.Float(0, 0.1)},
        hpb.Budget(least, most, name="n_samples"),
    )
    pruner = "sha", {"reduction_factor": factor}
    count = 1 + sum(search.n_candidates_)
    study = hpb.run(
        tuned, "random", n_trials=count, pruner=pruner, store=":memory:", seed=0
    )
    asked = [t for t in study.trials if t.rung is not None]
    rungs = [[t for t in asked if t.rung == k] for k in range(len(budgets))]
    assert [len(each) for each in rungs] == search.n_candidates_
    assert [{t.budget for t in each} for each in rungs] == [{b} for b in budgets]
    # Theirs are multiples of the least, and ours parts of the most.
    for k, (own, theirs) in enumerate(zip(budgets, search.n_resources_, strict=True)):
        assert theirs == least * factor**k
        assert 0 <= own - theirs < factor**k


SPACE = {"n_neighbors": hpb.Int(1, 9)}
KNN = KNeighborsClassifier()


def test_without_a_pruner_all_trials_and_references_have_the_most() -> None:
    space = {"max_leaf_nodes": hpb.Int(2, 9)}  # whose default is none of these
    tuned = evaluation(
        {
            "boosting": (GradientBoostingClassifier(), space),
            "forest": (RandomForestClassifier(), space),
        },
        None,
        hpb.Budget(1, 4, name="n_estimators"),
    )
    assert {e.n_estimators for e in tuned.models.estimators.values()} == {4}
    study = hpb.run(tuned, "random", n_trials=3, store=":memory:", seed=0)
    assert [t.budget for t in study.trials] == [4, 4, 4]
    noted = study.attributes["evaluation"]
    assert noted["budget"] == [1, 4, "n_estimators"]
    for name, model in tuned.models.estimators.items():
        own = "defaults" if name == "boosting" else f"defaults:{name}"
        folds = noted["references"][own]["attributes"]["split_test_accuracy"]
        assert folds == cross_val_score(model, X, Y, cv=CV).tolist()
    best = study.best_trial
    fitted = tuned.report(study).best_estimator
    assert (fitted.n_estimators, best.budget) == (4, 4)


def test_all_rows_are_what_there_is_without_a_budget() -> None:
    how = {"n_trials": 3, "store": ":memory:", "seed": 0}
    of = [None, hpb.Budget(20, 200, name="n_samples"), hpb.Budget(20, 50, "n_samples")]
    plain, whole, part = (
        hpb.run(evaluation(KNN, SPACE, each), "random", **how) for each in of
    )
    key = "split_test_accuracy"
    folds = [[t.attributes[key] for t in s.trials] for s in (plain, whole, part)]
    assert folds[0] == folds[1] != folds[2]
    dummies = [
        s.attributes["evaluation"]["references"]["dummy"] for s in (plain, whole)
    ]
    assert dummies[0]["metrics"]["accuracy"] == dummies[1]["metrics"]["accuracy"]
    sizes = [s.attributes["evaluation"]["sizes"] for s in (plain, whole, part)]
    assert sizes == [[[200, 100]] * 3, [[200, 100]] * 3, [[50, 100]] * 3]


def test_a_larger_subsample_has_the_smaller_and_in_time_the_latest() -> None:
    folds = list(CV.split(X, Y))
    least, more, every = (Subsampled(folds, n, 3) for n in (10, 40, 200))
    for (a, scored), (b, _), (c, _), (fitted, all_scored) in zip(
        least, more, every, folds, strict=True
    ):
        assert b[:10].tolist() == a.tolist()
        assert set(b) <= set(fitted)
        assert c.tolist() == fitted.tolist()
        assert scored.tolist() == all_scored.tolist()
    in_time = list(TimeSeriesSplit(3).split(X))
    for (latest, _), (fitted, _) in zip(
        Subsampled(in_time, 12, 3, is_of_time=True), in_time, strict=True
    ):
        assert latest.tolist() == fitted[-12:].tolist()
    tuned = evaluation(
        DecisionTreeClassifier(),
        {"max_depth": hpb.Int(1, 5)},
        hpb.Budget(40, 75, name="n_samples"),
        procedure=TimeSeriesSplit(3),
    )
    assert tuned.fidelity.is_of_time


@pytest.mark.parametrize(
    ("pruner", "chooses"),
    [
        (SHA, True),
        ("hyperband", True),
        (("race", {"burn_in": 2}), False),
        ("asha", False),
    ],
)
def test_what_pruners_do_with_a_budget(pruner, chooses) -> None:
    tuned = evaluation(KNN, SPACE, ROWS)
    study = hpb.run(tuned, "random", n_trials=15, pruner=pruner, store=":memory:")
    budgets = {t.budget for t in study.trials}
    # Those that end trials by the reports of folds leave all at the most.
    assert (budgets != {198}) is chooses
    assert study.best_trial.budget == 198
    assert not any("checkpoint" in note for note in study.notes)
    assert study.spent.sentence.endswith("n_samples in all")


def test_a_best_trial_short_of_the_most_is_told() -> None:
    tuned = evaluation(KNN, {"n_neighbors": hpb.Int(1, 4)}, ROWS)  # no default in it
    settings = {"pruner": SHA, "store": ":memory:", "seed": 0}
    short = hpb.run(tuned, "random", n_trials=12, **settings)
    assert short.best_trial.budget == 66
    note = "no trial got to the most of the budget, 198 n_samples: the best is at 66"
    assert any(each.startswith(note) for each in short.notes)
    whole = hpb.run(tuned, "random", n_trials=13, **settings)
    assert whole.best_trial.budget == 198
    assert not any("the most of the budget" in each for each in whole.notes)


def test_one_fold_and_pooled_metrics_have_budgets_too() -> None:
    for procedure, data in (
        (hpb.HoldOut(), (X, Y)),
        (hpb.LeaveOneOut(), (X[::6], Y[::6])),
    ):
        tuned = evaluation(
            KNN,
            SPACE,
            hpb.Budget(12, 36, name="n_samples"),
            metrics=["f1_macro"],
            procedure=procedure,
            data=data,
        )
        study = hpb.run(tuned, "random", n_trials=6, pruner=SHA, store=":memory:")
        assert {t.budget for t in study.trials} == {12, 36}
        with pytest.raises(ExperimentError, match="has nothing to decide by"):
            hpb.run(tuned, "random", n_trials=2, pruner="asha", store=":memory:")


def test_searches_within_and_points_again_keep_the_budget(tmp_path) -> None:
    tuned = evaluation(KNN, SPACE, hpb.Budget(20, 80, name="n_samples"))
    where = tmp_path / "s.db"
    study = hpb.run(tuned, "random", n_trials=4, store=where, seed=0)
    assert pickle.loads(pickle.dumps(tuned.by_value())).fidelity == tuned.fidelity
    again = tuned.again([1, 2], 1)
    assert again.budget == tuned.budget
    settings = {"n_trials": 5, "outer": 3, "pruner": SHA, "store": where}
    assert len(tuned.nested("random", **settings).record["studies"]) == 3
    with pytest.raises(ExperimentError, match="fold has 133") as caught:
        evaluation(KNN, SPACE, ROWS).nested("random", **settings)
    assert len(caught.value.problems) == 3
    with pytest.raises(ExperimentError, match="budget"):
        evaluation(KNN, SPACE, ROWS).report(study)


@pytest.mark.parametrize(
    ("model", "budget", "problem"),
    [
        (KNN, (1, 9), r"budget must be hpb.Budget\(.*got \(1, 9\)"),
        (
            KNN,
            hpb.Budget(100, 1000, name="n_samples"),
            "is 1,000 rows, and the smallest training fold has 200",
        ),
        (KNN, hpb.Budget(1, 90, name="n_samples"), "2 rows or more, got 1"),
        (KNN, hpb.Budget(2.5, 90, name="n_samples"), "whole numbers"),
        (
            KNN,
            hpb.Budget(2, 90, name="n_samples"),
            "2 rows, has . of class . in fold .: the smallest with 2 of each class",
        ),
        (
            KNN,
            hpb.Budget(1, 9, name="leaf_sise"),
            "no parameter 'leaf_sise' for the budget; did you mean 'leaf_size'",
        ),
        (KNN, hpb.Budget(1, 9, name="n_sample"), "did you mean 'n_samples'"),
        (KNN, hpb.Budget(1, 9, name="n_neighbors"), "'n_neighbors' is searched"),
        (
            {
                "a": (KNN, SPACE),
                "b": (DecisionTreeClassifier(), {"max_depth": hpb.Int(1, 9)}),
            },
            hpb.Budget(1, 9, name="max_depth"),
            r"'a': KNeighborsClassifier has no(.|\n)*'b': 'max_depth' is searched",
        ),
    ],
)
def test_bad_budgets_are_refused(model, budget, problem) -> None:
    space = None if isinstance(model, dict) else SPACE
    with pytest.raises(ExperimentError, match=problem):
        evaluation(model, space, budget)


def test_the_least_that_is_named_will_do() -> None:
    with pytest.raises(ExperimentError) as caught:
        evaluation(KNN, SPACE, hpb.Budget(2, 90, name="n_samples"))
    least = int(caught.value.problems[0].split()[-1])
    with pytest.raises(ExperimentError, match="has 1 of class"):
        evaluation(KNN, SPACE, hpb.Budget(least - 1, 90, name="n_samples"))
    tuned = evaluation(KNN, SPACE, hpb.Budget(least, 90, name="n_samples"))
    counts = [
        np.unique(Y[fitted], return_counts=True)[1].min()
        for fitted, _ in tuned.fidelity.subsampled(tuned.folds.folds, least)
    ]
    assert min(counts) == 2
