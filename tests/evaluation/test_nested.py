"""Nested cross-validation: as scikit-learn nests it, with any optimizer inside."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_wine, make_classification, make_regression
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.analysis.nested import INNER, NESTED, Nested
from hpbridge.errors import ExperimentError
from hpbridge.store import open_store

GRID = {"max_depth": [1, 2, 4], "min_samples_leaf": [1, 8]}


def evaluation(estimator=None, **settings) -> hpb.Evaluation:
    rows, y = make_classification(180, 8, n_informative=4, flip_y=0.2, random_state=3)
    space = {name: hpb.Categorical(values) for name, values in GRID.items()}
    settings = {"procedure": 3, "metrics": ["roc_auc", "accuracy"], **settings}
    estimator = estimator or DecisionTreeClassifier()
    return hpb.Evaluation(estimator, rows, y, space=space, **settings)


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store.db")


def test_it_is_what_scikit_learn_nests(store) -> None:
    e = evaluation(seed=5)
    found = e.nested("optuna:bruteforce", n_trials=6, outer=4, seed=2, store=store)
    seen = e.folds.kept.rows()
    search = GridSearchCV(
        DecisionTreeClassifier(random_state=5),
        GRID,
        scoring="roc_auc",
        cv=StratifiedKFold(3, shuffle=True, random_state=5),
    )
    own = cross_validate(
        search,
        seen.X,
        seen.y,
        cv=StratifiedKFold(4, shuffle=True, random_state=2),
        scoring=["roc_auc", "accuracy"],
        return_estimator=True,
    )
    assert found.params == [each.best_params_ for each in own["estimator"]]
    assert found.inner() == pytest.approx([s.best_score_ for s in own["estimator"]])
    for metric in ("roc_auc", "accuracy"):
        assert found.scores("tuned", metric) == list(own[f"test_{metric}"])
    scores = own["test_roc_auc"]
    assert found.mean() == pytest.approx(scores.mean())
    # Nadeau and Bengio: a quarter is scored on for three fitted on.
    half = stats.t.ppf(0.975, 3) * np.sqrt((1 / 4 + 1 / 3) * scores.var(ddof=1))
    assert found.interval() == pytest.approx(
        (scores.mean() - half, scores.mean() + half)
    )
    optimism = np.array([s.best_score_ for s in own["estimator"]]) - scores
    assert found.optimism.mean == pytest.approx(optimism.mean())
    assert str(round(found.mean(), 4)) in found.sentence


def test_defaults_and_dummy_are_scored_on_the_same_outer_folds(store) -> None:
    e = evaluation(sample_weight=None, seed=1)
    found = e.nested("random", n_trials=2, outer=3, seed=4, store=store)
    seen = e.folds.kept.rows()
    cv = StratifiedKFold(3, shuffle=True, random_state=4)
    for name, model in {
        "defaults": DecisionTreeClassifier(random_state=1),
        "dummy": DummyClassifier(strategy="prior"),
    }.items():
        own = cross_validate(model, seen.X, seen.y, cv=cv, scoring="accuracy")
        assert found.scores(name, "accuracy") == list(own["test_score"])
    gain = found.gain_over("defaults")
    assert gain.mean == pytest.approx(
        np.mean(found.scores()) - np.mean(found.scores("defaults"))
    )
    row = found.table()[0]
    assert row["outer"] == found.scores()[0]
    assert row["max_depth"] == found.params[0]["max_depth"]
    assert found.chosen["max_depth"] == [each["max_depth"] for each in found.params]


@pytest.mark.parametrize("backend", ["optuna", "skopt", "hyperopt"])
def test_any_optimizer_searches_inside(backend, store) -> None:
    rows, y = load_wine(return_X_y=True)
    e = hpb.Evaluation(
        KNeighborsClassifier(),
        rows,
        y,
        space={"n_neighbors": hpb.Int(1, 30)},
        metrics="accuracy",
        procedure=3,
    )
    found = e.nested(backend, n_trials=4, outer=3, store=store)
    assert [len(hpb.load_study(n, store).trials) for n in found.studies] == [4] * 3
    for k, name in enumerate(found.studies):
        study = hpb.load_study(name, store)
        assert study.backend == backend
        assert study.seed == k
        assert study.attributes["evaluation"]["n_seen"] == found.record["sizes"][k][0]
        assert study.attributes[INNER]["fold"] == k
        assert study.best_trial.number == found.record["trials"][k]
    assert found.record["inner_scores"].keys() == {"accuracy"}


def test_the_sealed_test_takes_no_part(store) -> None:
    rows, y = make_classification(120, random_state=0)
    marked = rows[:30] * 0 + 12345.5
    e = hpb.Evaluation(
        GaussianNB(),
        rows,
        y,
        test=(marked, y[:30]),
        space={"var_smoothing": hpb.Float(1e-9, 1, log=True)},
        metrics="accuracy",
    )
    found = e.nested("random", n_trials=2, outer=2, store=store)
    assert sum(scored for _, scored in found.record["sizes"]) == 120
    assert e.is_sealed
    e = evaluation()
    found = e.nested("random", n_trials=1, outer=2, store=store)
    assert sum(scored for _, scored in found.record["sizes"]) == e.n_rows == 144


def test_groups_stay_together_inside_and_outside(store) -> None:
    groups = np.repeat(np.arange(30), 6)
    e = evaluation(groups=groups, test=None)
    found = e.nested("random", n_trials=1, outer=3, store=store)
    seen = e.folds.kept.rows()
    assert set(map(tuple, found.record["sizes"])) == {(120, 60)}
    assert seen.params["groups"] is not None
    for name in found.studies:
        sizes = hpb.load_study(name, store).attributes["evaluation"]["sizes"]
        assert all(fitted % 6 == scored % 6 == 0 for fitted, scored in sizes)


def test_time_keeps_its_order_inside_and_outside(store) -> None:
    rows, y = make_regression(90, 4, noise=9, random_state=0)
    e = hpb.Evaluation(
        Ridge(),
        rows,
        y,
        space={"alpha": hpb.Float(1e-3, 1e3, log=True)},
        procedure=hpb.TimeOrder(3),
        test=None,
        metrics="neg_mean_absolute_error",
    )
    found = e.nested("random", n_trials=2, outer=4, store=store)
    expected = [[len(a), len(b)] for a, b in TimeSeriesSplit(4).split(rows)]
    assert found.record["sizes"] == expected
    assert "later parts" in found.record["procedure"]


class EnoughError(Exception):
    pass


def test_what_was_interrupted_goes_on(store) -> None:
    e = evaluation()
    settings = {"n_trials": 3, "outer": 3, "store": store}
    seen = []

    def stop(session, trial) -> None:
        seen.append(trial)
        if len(seen) == 5:
            raise EnoughError

    with pytest.raises(EnoughError):
        e.nested("optuna", **settings, callbacks=[stop])
    begun = open_store(store).studies()
    assert len(begun) == 2
    ran: list = []
    found = e.nested(
        "optuna", **settings, resume=True, callbacks=[lambda _, t: ran.append(t)]
    )
    assert len(ran) == 4
    assert [study.id for study in open_store(store).studies()][:2] == [1, 2]
    assert len(open_store(store).studies()) == 3
    whole = e.nested("optuna", **settings)
    assert found.params == whole.params
    assert found.scores() == whole.scores()
    # Where all has run, nothing runs again.
    ran.clear()
    again = e.nested(
        "optuna", **settings, resume=True, callbacks=[lambda _, t: ran.append(t)]
    )
    assert (ran, again.scores()) == ([], whole.scores())
    # Another search is another one.
    e.nested("optuna", **{**settings, "outer": 2}, resume=True)
    assert len(open_store(store).studies()) == 8


def test_it_is_noted_for_the_report_of_the_study_that_it_is_of(store) -> None:
    e = evaluation()
    study = hpb.run(e, "random", n_trials=2, seed=0, store=store)
    found = e.nested("random", n_trials=2, outer=3, store=store, study=study)
    noted = hpb.load_study(study.name, store)
    assert Nested(noted.attributes[NESTED][-1]).to_json() == found.to_json()
    rows = {row["data"]: row for row in hpb.report(noted).data_table()}
    assert rows["nested outer"]["rows"] == 48
    findings = {each.code: each.sentence for each in e.report(noted).findings}
    estimate = f"Nested cross-validation estimated {found.mean():.4g}."
    assert findings["HPB206"].endswith(estimate)
    last = hpb.load_study(found.studies[-1], store)
    assert Nested(last.attributes[NESTED][-1]).scores() == found.scores()
    assert "nested outer" not in {r["data"] for r in hpb.report(last).data_table()}


@pytest.mark.slow
def test_workers_change_nothing_of_it(store) -> None:
    e = evaluation(clone(DecisionTreeClassifier()))
    settings = {"n_trials": 2, "outer": 2, "store": store}
    alone = e.nested("random", **settings)
    assert e.nested("random", **settings, workers=2).scores() == alone.scores()


def problems_of(call) -> list[str]:
    with pytest.raises(ExperimentError) as refused:
        call()
    return list(refused.value.problems)


def test_all_that_is_wrong_is_said_before_the_first_fit(store) -> None:
    class NeverFits(GaussianNB):
        def fit(self, *_: object, **__: object) -> None:
            raise AssertionError

    e = hpb.Evaluation(
        NeverFits(),
        *make_classification(60, random_state=0),
        space={"var_smoothing": hpb.Float(1e-9, 1, log=True)},
        metrics="accuracy",
        test=None,
    )
    found = problems_of(
        lambda: e.nested("random", n_trials=0, outer=1, seed=-1, store=store, worker=2)
    )
    assert found == [
        "n_trials must be a whole number >= 1, got 0",
        "seed must be a whole number in [0, 2**32), got -1",
        "nested has no argument 'worker'; did you mean 'workers'?",
        "outer: n_splits must be a whole number >= 2, got 1",
    ]
    (found,) = problems_of(lambda: e.nested("random", outer=60, store=store))[:1]
    assert found.startswith("outer: class 1 has 30 rows, fewer")
    (found,) = problems_of(lambda: e.nested(outer=hpb.LeaveOneOut(), store=store))
    assert found.startswith("60 of the 60 outer folds are scored on one row alone")
    halves = [(np.arange(30), np.arange(30, 60))]
    found = problems_of(
        lambda: hpb.Evaluation(
            NeverFits(),
            *make_classification(60, random_state=0),
            space={"var_smoothing": hpb.Float(1e-9, 1, log=True)},
            metrics="accuracy",
            test=None,
            procedure=halves,
        ).nested("random", store=store)
    )
    assert found[0].startswith("the evaluation's folds are given by row numbers")
    assert open_store(store).studies() == []


def test_outer_folds_without_a_class_are_refused(store) -> None:
    rows, _ = make_classification(60, random_state=0)
    y = np.repeat([0, 1], 30)
    e = hpb.Evaluation(
        GaussianNB(),
        rows,
        y,
        space={"var_smoothing": hpb.Float(1e-9, 1, log=True)},
        metrics="accuracy",
        test=None,
    )
    outer = [(np.arange(30), np.arange(30, 60))]
    assert problems_of(lambda: e.nested("random", outer=outer, store=store)) == [
        "outer fold 0 is searched on no row of class 1",
        "outer fold 0 is scored on no row of class 0",
    ]


def test_outer_folds_that_cannot_be_split_again_are_refused(store) -> None:
    rows, _ = make_classification(60, random_state=0)
    y = np.array([1] * 6 + [0] * 54)
    e = hpb.Evaluation(
        GaussianNB(),
        rows,
        y,
        space={"var_smoothing": hpb.Float(1e-9, 1, log=True)},
        metrics="accuracy",
        test=None,
    )
    found = problems_of(lambda: e.nested("random", outer=3, store=store))
    assert len(found) == 3
    assert found[0].startswith("inside outer fold 0: class 1 has 4 rows, fewer")
