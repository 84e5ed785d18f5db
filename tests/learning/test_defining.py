"""Studies whose optimizer answers what the objective asks for while it runs."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.errors import OptimizerError, UnsupportedFeatureError
from hpbridge.trial import Origin, State


def branches(trial):
    if trial.suggest("clf", hpb.Categorical(["svc", "rf"])) == "svc":
        return trial.suggest("C", hpb.Float(1e-3, 1e3, log=True))
    return trial.suggest("depth", hpb.Int(1, 9))


def shrinking(trial):
    a = trial.suggest("a", hpb.Float(0, 1))
    if trial.number == 3:
        raise ValueError
    return a - trial.suggest("b", hpb.Float(0, 1 - a))


def flat(trial):
    return trial.suggest("x", hpb.Float(-1, 1)) ** 2 + trial.suggest("n", hpb.Int(1, 9))


def growing(objective, **changed):
    return hpb.Experiment(objective=objective, space=None, name="defining", **changed)


def params_of(study):
    return [dict(trial.params) for trial in study.trials]


def test_a_static_space_is_searched_as_if_it_had_been_given():
    given = hpb.Experiment(
        objective=lambda t: t["x"] ** 2 + t["n"],
        space={"x": hpb.Float(-1, 1), "n": hpb.Int(1, 9)},
    )
    settings = {"n_trials": 20, "seed": 3, "store": ":memory:"}
    for optimizer in ("optuna:tpe", "optuna:nsga2", "optuna:qmc"):
        ours = hpb.run(growing(flat), optimizer, **settings)
        assert params_of(ours) == params_of(hpb.run(given, optimizer, **settings))
        assert ours.space == given.space
        assert ours.notes == ()


@pytest.mark.parametrize("objective", [flat, branches, shrinking])
@pytest.mark.parametrize("baseline", [(), [{"x": 0.5, "a": 0.25, "clf": "svc"}]])
def test_a_study_goes_on_as_if_it_had_never_stopped(objective, baseline, tmp_path):
    experiment = growing(objective, baseline=baseline)
    settings = {"backend": "optuna:tpe", "seed": 0}
    whole = hpb.run(experiment, n_trials=24, store=":memory:", **settings)
    store = tmp_path / "store.db"
    part = hpb.run(experiment, n_trials=14, store=store, **settings)
    resumed = hpb.resume(part.name, experiment, store=store, n_trials=24)
    assert params_of(resumed) == params_of(whole)
    assert resumed.space == whole.space
    assert "replay reproduced every proposal" in resumed.notes[-1]


def test_another_objective_continues_and_says_so(tmp_path):
    def wider(trial):
        return trial.suggest("x", hpb.Float(-9, 9)) ** 2

    store = tmp_path / "store.db"
    one = growing(lambda t: t.suggest("x", hpb.Float(-1, 1)) ** 2)
    study = hpb.run(one, "optuna:random", n_trials=4, seed=0, store=store, name="s")
    resumed = hpb.resume("s", growing(wider), store=store, n_trials=9)
    assert params_of(resumed)[:4] == params_of(study)
    assert resumed.space["x"] == hpb.Float(-9, 9)


def test_it_goes_on_from_another_library(tmp_path):
    first = hpb.run(growing(branches), "random", n_trials=9, seed=0, store=":memory:")
    study = hpb.run(
        growing(branches),
        "optuna:tpe",
        n_trials=15,
        seed=0,
        history=first,
        store=":memory:",
    )
    assert len(study.trials) == 24
    assert [t.origin for t in study.trials].count(Origin.IMPORTED) == 9
    assert study.space == first.space


def test_what_it_cannot_search_ends_the_study_with_the_reason():
    with pytest.raises(UnsupportedFeatureError, match="'x' needs float"):
        hpb.run(
            growing(flat), "optuna:bruteforce", n_trials=3, seed=0, store=":memory:"
        )


def test_what_it_lacks_is_emulated_as_in_a_space_that_was_given():
    size = hpb.Categorical(["s", "m", "l"], weights=[8, 1, 1])

    def weighted(trial):
        return len(trial.suggest("size", size)) + trial.suggest("q", hpb.Int(1, 4))

    study = hpb.run(
        growing(weighted), "optuna:random", n_trials=40, seed=0, store=":memory:"
    )
    assert [t.params["size"] for t in study.trials].count("s") > 25


def test_a_trial_that_runs_again_asks_for_the_same():
    seen = []

    def flaky(trial):
        seen.append(trial.suggest("x", hpb.Float(0, 1)))
        if len(seen) % 2:
            raise ValueError
        return seen[-1]

    study = hpb.run(
        growing(flaky), "optuna:tpe", n_trials=6, seed=0, retries=1, store=":memory:"
    )
    assert {t.state for t in study.trials} == {State.COMPLETE}
    assert [t.params["x"] for t in study.trials] == seen[::2] == seen[1::2]


def test_an_error_of_the_library_while_a_trial_runs_is_not_the_trials(monkeypatch):
    import optuna

    def broken(*_args, **_kwargs):
        raise LookupError

    monkeypatch.setattr(optuna.samplers.RandomSampler, "sample_independent", broken)
    with pytest.raises(OptimizerError, match="LookupError"):
        hpb.run(growing(flat), "optuna:random", n_trials=3, seed=0, store=":memory:")
