"""Races over the folds of an evaluation, and pruners that it has no use for."""

from __future__ import annotations

import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.analysis.nested import INNER
from hpbridge.errors import ExperimentError
from hpbridge.store import open_store
from hpbridge.trial import State

SPACE = {
    "svc__C": hpb.Float(1e-3, 1e2, log=True),
    "svc__gamma": hpb.Float(1e-4, 1e1, log=True),
}


def evaluation(procedure=10, data=load_breast_cancer, **settings) -> hpb.Evaluation:
    rows, y = data(return_X_y=True)
    model = make_pipeline(StandardScaler(), SVC())
    settings = {"metrics": ["accuracy"], "test": None, **settings}
    return hpb.Evaluation(
        model, rows[::3], y[::3], space=SPACE, procedure=procedure, **settings
    )


@pytest.mark.parametrize(
    ("optimizer", "workers"), [("random", 1), ("optuna", 1), ("hyperopt", 2)]
)
def test_a_trial_ends_at_the_fold_where_the_test_says_so(optimizer, workers) -> None:
    e = evaluation()
    settings = {"n_trials": 10, "seed": 0, "workers": workers, "store": ":memory:"}
    study = hpb.run(e, optimizer, pruner="race", **settings)
    pruned = [each for each in study.trials if each.state is State.PRUNED]
    assert pruned
    complete = [each for each in study.trials if each.state is State.COMPLETE]
    for trial in pruned:
        steps = [step for step, _ in trial.reports]
        assert steps == list(range(1, len(steps) + 1))
        assert 3 <= len(steps) < 10
        # What it reported is what the record has of its folds, in the order of these.
        splits = trial.attributes["split_test_accuracy"]
        order = e.record["order"][: len(steps)]
        assert [value for _, value in trial.reports] == [splits[k] for k in order]
        assert sum(each is not None for each in splits) == len(steps)
        own = [value for _, value in trial.reports]
        p_values = [
            stats.ttest_rel(own, _first(best, len(own)), alternative="less").pvalue
            for best in complete
        ]
        assert any(p < 0.05 for p in p_values)
    assert all(len(each.reports) == 10 for each in complete)


def _first(trial, count):
    return [value for _, value in trial.reports][:count]


def test_the_race_is_the_same_in_workers_and_after_a_pause(tmp_path) -> None:
    e, store = evaluation(), str(tmp_path / "store.db")
    settings = {"seed": 3, "pruner": ("race:winloss", {"burn_in": 2}), "store": store}
    whole = hpb.run(e, "random", n_trials=8, **settings)
    half = hpb.run(e, "random", n_trials=4, name="half", **settings)
    rest = hpb.resume(half.name, e, n_trials=8, store=store)
    apart = hpb.run(
        e, "random", n_trials=8, name="apart", trials_per_worker=9, **settings
    )
    assert State.PRUNED in {each.state for each in whole.trials}
    for other in (rest, apart):
        assert [each.reports for each in other.trials] == [
            each.reports for each in whole.trials
        ]
        assert [each.state for each in other.trials] == [
            each.state for each in whole.trials
        ]


def test_searches_inside_outer_folds_race(tmp_path) -> None:
    e, store = evaluation(), str(tmp_path / "store.db")
    settings = {"n_trials": 6, "outer": 2, "store": store}
    found = e.nested("random", pruner="race", **settings)
    inner = open_store(store).studies()
    assert [each.settings.budget.pruner["name"] for each in inner] == ["race:ttest"] * 2
    trials = [t for each in inner for t in hpb.load_study(each.name, store).trials]
    assert State.PRUNED in {each.state for each in trials}
    # The same goes on; another pruner, or none, is another search.
    again = e.nested("random", pruner="race", resume=True, **settings)
    assert again.params == found.params
    assert len(open_store(store).studies()) == 2
    e.nested("random", resume=True, **settings)
    assert len([s for s in open_store(store).studies() if INNER in s.attributes]) == 4


@pytest.mark.parametrize(
    ("procedure", "pruner", "said"),
    [
        (hpb.HoldOut(0.3), "race", "compares trials by the folds that both have run"),
        (hpb.HoldOut(0.3), "median", "reports nothing before its end"),
        (3, "race", "no trial in the first burn_in=3 folds"),
        (5, ("race:winloss", {"burn_in": 5}), "a smaller burn_in"),
    ],
)
def test_what_could_end_no_trial_is_refused(procedure, pruner, said, tmp_path) -> None:
    e, store = evaluation(procedure), tmp_path / "store.db"
    with pytest.raises(ExperimentError) as caught:
        hpb.run(e, "random", n_trials=3, pruner=pruner, store=str(store))
    assert said in str(caught.value)
    assert not store.exists()
    with pytest.raises(ExperimentError) as caught:
        e.nested("random", n_trials=3, outer=2, pruner=pruner, store=str(store))
    assert said in str(caught.value)


def test_a_metric_of_all_folds_together_is_refused() -> None:
    rows, y = load_wine(return_X_y=True)
    space = {"var_smoothing": hpb.Float(1e-9, 1.0, log=True)}
    e = hpb.Evaluation(
        GaussianNB(),
        rows[::4],
        y[::4],
        space=space,
        procedure=hpb.LeaveOneOut(),
        metrics=["f1_macro"],
        test=None,
    )
    with pytest.raises(ExperimentError, match="no fold reports it"):
        hpb.run(e, "random", n_trials=3, pruner="race", store=":memory:")
    with pytest.raises(ExperimentError, match="no fold reports it"):
        hpb.run(e, "random", n_trials=3, pruner="asha", store=":memory:")
