"""The winners of a search run again: with other seeds, on other splits."""

from __future__ import annotations

import random
import sys

import cloudpickle
import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import ShuffleSplit, StratifiedKFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.analysis.confirmed import CONFIRMATIONS, RESPLIT, Confirmation
from hpbridge.errors import ArgumentError, ExperimentError
from hpbridge.store import open_store
from hpbridge.trial import Origin

# Workers need not import this module, and with it all of pytest.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def noisy(trial) -> float:
    return trial["x"] ** 2 + random.Random(trial.seed).gauss(0, 0.3)


def experiment(objective=noisy, **settings) -> hpb.Experiment:
    return hpb.Experiment(
        objective=objective, space={"x": hpb.Float(-1, 1)}, **settings
    )


def values_of(confirmation) -> list:
    return [list(winner.values["value"]) for winner in confirmation.winners]


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store.db")


def test_the_winners_run_again_with_seeds_of_their_own(store) -> None:
    e = experiment(baseline={"x": 0.1})
    study = hpb.run(e, "random", n_trials=20, seed=0, store=store)
    found = hpb.confirm(study, e, top=3, repeats=4, store=store)
    by_value = sorted(study.trials, key=lambda trial: trial.metrics["value"])[:3]
    assert [winner.trial for winner in found.winners] == [t.number for t in by_value]
    trials = found.study.trials
    assert {trial.origin for trial in trials} == {Origin.SHARED}
    seeds = {trial.seed for trial in trials}
    assert len(seeds) == 12
    assert not seeds & {trial.seed for trial in study.trials}
    for k, (winner, before) in enumerate(zip(found.winners, by_value, strict=True)):
        own = trials[k::3]
        assert winner.lucky == dict(before.metrics)
        expected = [noisy(hpb.Trial(before.values, number=0, seed=t.seed)) for t in own]
        assert winner.values["value"] == expected
        assert winner.mean == pytest.approx(np.mean(expected))
        assert winner.spread == pytest.approx(np.std(expected, ddof=1))
        interval = stats.t.interval(0.95, 3, np.mean(expected), stats.sem(expected))
        assert (winner.low, winner.high) == pytest.approx(interval)
    means = [winner.mean for winner in found.winners]
    assert [w.new_rank for w in found.winners] == [*stats.rankdata(means).astype(int)]
    assert found.winners[0].lucky["value"] < found.winners[0].mean
    assert f"{found.winners[0].mean:.6g} on average" in found.sentence
    # Its record alone says the same.
    again = Confirmation(hpb.load_study(found.study.name, store))
    assert again.to_json() == found.to_json()


def test_workers_change_nothing_of_it(store) -> None:
    e = experiment()
    study = hpb.run(e, "random", n_trials=6, seed=0, store=store)
    alone = hpb.confirm(study, e, top=2, repeats=2, store=store)
    both = hpb.confirm(study, e, top=2, repeats=2, store=store, workers=2)
    assert values_of(both) == values_of(alone)
    assert {trial.worker for trial in both.study.trials} != {"main"}


def test_another_seed_gives_other_runs(store) -> None:
    e = experiment()
    study = hpb.run(e, "random", n_trials=6, seed=0, store=store)
    first = hpb.confirm(study, e, top=1, repeats=2, store=store)
    other = hpb.confirm(study, e, top=1, repeats=2, store=store, seed=1)
    assert values_of(first) != values_of(other)


def evaluation(**settings) -> hpb.Evaluation:
    return evaluation_of(*make_classification(200, random_state=0), **settings)


def evaluation_of(rows, y, **settings) -> hpb.Evaluation:
    settings = {"metrics": ["accuracy", "roc_auc"], "procedure": 4, **settings}
    space = {"max_depth": hpb.Int(1, 5)}
    return hpb.Evaluation(DecisionTreeClassifier(), rows, y, space=space, **settings)


def test_an_evaluation_runs_again_on_other_splits_of_what_trials_see(store) -> None:
    e = evaluation()
    study = hpb.run(e, "random", n_trials=5, seed=0, store=store)
    found = hpb.confirm(study, e, top=2, repeats=3, store=store)
    seen = e.folds.kept.rows()
    for winner in found.winners:
        scores = [
            cross_val_score(
                clone(DecisionTreeClassifier(random_state=seed, **winner.params)),
                seen.X,
                seen.y,
                cv=StratifiedKFold(4, shuffle=True, random_state=seed),
            )
            for seed in found.about["seeds"]
        ]
        assert winner.values["accuracy"] == pytest.approx(np.mean(scores, axis=1))
        # Nadeau and Bengio: 12 scores, a quarter scored on for three fitted on.
        half = stats.t.ppf(0.975, 11) * np.sqrt(
            (1 / 12 + 1 / 3) * np.var(scores, ddof=1)
        )
        assert winner.high - winner.low == pytest.approx(2 * half)
    assert found.study.attributes[RESPLIT]["n_new"] == 3
    assert found.notes == []


def test_nothing_that_runs_again_holds_a_row_of_the_test() -> None:
    rows, y = make_classification(200, random_state=0)
    e = evaluation(test=(rows[:40] * 0 + 12345.5, y[:40]))
    again = cloudpickle.dumps(e.again([1, 2], 1))
    assert np.float64(12345.5).tobytes() not in again
    assert not hasattr(e.again([1, 2], 1), "test_rows")


def test_a_splitter_of_scikit_learn_draws_anew(store) -> None:
    e = evaluation(procedure=ShuffleSplit(2, random_state=3))
    study = hpb.run(e, "random", n_trials=2, seed=0, store=store)
    found = hpb.confirm(study, e, top=1, repeats=2, store=store)
    assert found.study.attributes[RESPLIT]["n_new"] == 2


def test_where_seeds_change_nothing_it_is_said(store) -> None:
    e = experiment(lambda trial: trial["x"] ** 2)
    study = hpb.run(e, "random", n_trials=3, seed=0, store=store)
    found = hpb.confirm(study, e, top=2, store=store)
    assert found.is_unchanged
    assert "the new seeds changed nothing" in found.sentence
    still = evaluation(procedure=hpb.KFold(3, shuffle=False))
    study = hpb.run(still, "random", n_trials=3, seed=0, store=store)
    found = hpb.confirm(study, still, top=1, repeats=2, store=store)
    (note,) = found.notes
    assert "the splits are those of the search: 3-fold" in note
    assert np.isnan(found.winners[0].low)


class EnoughError(Exception):
    pass


def stops_after(count: int):
    def listener(session, trial) -> None:
        if len(session.finished) == count:
            raise EnoughError

    return listener


@pytest.mark.parametrize("kind", ["plain", "evaluation"])
def test_what_was_interrupted_goes_on(kind, store) -> None:
    e = experiment() if kind == "plain" else evaluation()
    study = hpb.run(e, "random", n_trials=5, seed=0, store=store)
    settings = {"top": 2, "repeats": 2, "store": store}
    whole = hpb.confirm(study, e, **settings)
    with pytest.raises(EnoughError):
        hpb.confirm(study, e, **settings, seed=4, callbacks=[stops_after(3)])
    begun = hpb.load_study(f"{study.name}-confirmed-2", store)
    assert len(begun.trials) == 3
    found = hpb.confirm(study, e, **settings, seed=4, resume=True)
    assert found.study.id == begun.id
    assert found.study.trials[:3] == begun.trials
    fresh = hpb.confirm(study, e, **settings, seed=4)
    metric = study.main_metric
    assert [t.metrics[metric] for t in found.study.trials] == [
        t.metrics[metric] for t in fresh.study.trials
    ]
    # By the study's own name too; and where nothing is left, nothing runs.
    again = hpb.resume(whole.study.name, e, store=store)
    assert again.trials == whole.study.trials
    assert len(open_store(store).studies(backend="given")) == 3


def test_other_data_do_not_go_on_with_it(store) -> None:
    e = evaluation()
    study = hpb.run(e, "random", n_trials=3, seed=0, store=store)
    found = hpb.confirm(study, e, top=1, repeats=1, store=store)
    other = evaluation_of(*make_classification(200, random_state=1))
    with pytest.raises(ExperimentError, match="its data or its splits are not those"):
        hpb.resume(found.study.name, other, store=store)
    with pytest.raises(
        ExperimentError, match="its data and folds are not those of the study"
    ):
        hpb.confirm(study, other, store=store)


def test_points_that_are_the_same_run_once(store) -> None:
    e = hpb.Experiment(objective=lambda t: t["n"], space={"n": hpb.Int(1, 2)})
    study = hpb.run(e, "random", n_trials=8, seed=0, store=store)
    found = hpb.confirm(study, e, top=2, repeats=1, store=store)
    assert [winner.params["n"] for winner in found.winners] == [1, 2]


def test_of_several_metrics_the_front_runs_again(store) -> None:
    def both(trial) -> dict:
        chance = random.Random(trial.seed).random() / 10
        return {"a": trial["x"] ** 2 + chance, "b": (trial["x"] - 1) ** 2}

    e = experiment(both, direction={"a": "minimize", "b": "minimize"})
    study = hpb.run(e, "random", n_trials=10, seed=0, store=store)
    found = hpb.confirm(study, e, top=2, repeats=2, store=store)
    front = [trial.number for trial in study.best_trials][:2]
    assert [winner.trial for winner in found.winners] == front
    assert {"lucky a", "lucky b", "mean a", "mean b"} <= found.table()[0].keys()


def test_failed_runs_are_counted_and_in_no_mean(store) -> None:
    def sometimes(trial) -> float:
        if trial.seed % 3 == 0:
            msg = "by chance"
            raise ValueError(msg)
        return trial["x"]

    e = experiment(sometimes)
    study = hpb.run(e, "random", n_trials=10, seed=0, store=store)
    found = hpb.confirm(study, e, top=1, repeats=9, store=store)
    (winner,) = found.winners
    n_failed = sum(trial.seed % 3 == 0 for trial in found.study.trials)
    assert winner.n_failed == n_failed > 0
    assert len(winner.values["value"]) == 9 - n_failed
    assert found.notes == [f"{n_failed} runs of it failed, and no mean has them"]


def test_an_objective_that_defines_its_space_runs_again(store) -> None:
    def asks(trial) -> float:
        x = trial.suggest("x", hpb.Float(0, 1))
        if trial.suggest("kind", hpb.Categorical(["a", "b"])) == "a":
            x += trial.suggest("more", hpb.Float(0, 1))
        return x + random.Random(trial.seed).random()

    e = hpb.Experiment(objective=asks, space=None)
    study = hpb.run(e, "random", n_trials=8, seed=0, store=store)
    found = hpb.confirm(study, e, top=4, repeats=2, store=store)
    assert {trial.state.value for trial in found.study.trials} == {"complete"}
    assert not found.is_unchanged
    with pytest.raises(ExperimentError, match="in this process alone: leave out work"):
        hpb.confirm(study, e, store=store, workers=2)


def test_what_cannot_be_confirmed_is_refused_before_the_first_trial(store) -> None:
    e = experiment(constraints={"value": "<= 0.5"})
    study = hpb.run(e, "random", n_trials=6, seed=0, store=store)
    n_there = sum(study.is_feasible(trial) for trial in study.trials)
    with pytest.raises(ExperimentError) as refused:
        hpb.confirm(study, e, top=7, store=store)
    (problem,) = refused.value.problems
    assert f"at most {n_there}: study" in problem
    assert problem.endswith("got 7")
    with pytest.raises(ExperimentError) as refused:
        hpb.confirm(study, e, top=0, repeats=0, resume="no", store=store)
    assert len(refused.value.problems) == 3
    other = hpb.Experiment(objective=noisy, space={"y": hpb.Float(0, 1)})
    with pytest.raises(ExperimentError, match="space is not the one that study"):
        hpb.confirm(study, other, store=store)
    with pytest.raises(ExperimentError, match="was not run from a file"):
        hpb.confirm(study, store=store)
    assert len(open_store(store).studies()) == 1


def test_a_study_is_named_or_given(store) -> None:
    e = experiment()
    study = hpb.run(e, "random", n_trials=6, seed=0, store=store, name="mine")
    by_name = hpb.confirm("mine", e, top=1, repeats=2, store=store)
    by_id = hpb.confirm(study.id, e, top=1, repeats=2, store=store)
    assert values_of(by_name) == values_of(by_id)
    with pytest.raises((ArgumentError, ExperimentError), match="study must be a Study"):
        hpb.confirm(3.5, e, store=store)  # type: ignore[arg-type]


def test_the_study_that_was_confirmed_says_so(store) -> None:
    e = experiment()
    study = hpb.run(e, "random", n_trials=6, seed=0, store=store)
    found = hpb.confirm(study, e, top=2, repeats=2, store=store)
    noted = hpb.load_study(study.name, store)
    assert noted.attributes[CONFIRMATIONS] == [found.to_json()]
    assert f"Confirmed: {found.sentence}." in str(hpb.report(noted))
    hpb.confirm(study, e, top=2, repeats=2, store=store, resume=True)
    assert len(hpb.load_study(study.name, store).attributes[CONFIRMATIONS]) == 1


def test_it_is_kept_where_the_study_is(store) -> None:
    e = experiment()
    study = hpb.run(e, "random", n_trials=3, seed=0, store=store)
    found = hpb.confirm(study, e, top=1, repeats=2)
    assert hpb.load_study(found.study.name, store).trials == found.study.trials
