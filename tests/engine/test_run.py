from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.contract.backend import Outcome
from hpbridge.errors import (
    AlgorithmNotFoundError,
    BackendNotFoundError,
    DriverNotFoundError,
    ExperimentError,
    ObjectiveError,
    OptionError,
    SpaceError,
    UnsupportedFeatureError,
)
from hpbridge.store.record import Status
from hpbridge.trial import State

SPACE = {"x": hpb.Float(-1, 1), "n": hpb.Int(1, 5)}


def bowl(trial) -> float:
    return trial["x"] ** 2 + trial["n"]


def run(objective=bowl, backend="random", **settings) -> hpb.Study:
    names = ("space", "direction", "baseline", "constraints")
    parts = {k: settings.pop(k) for k in names if k in settings}
    experiment = hpb.Experiment(objective=objective, **{"space": SPACE, **parts})
    defaults = {"n_trials": 10, "seed": 0, "store": ":memory:"}
    return hpb.run(experiment, backend, **{**defaults, **settings})


def test_the_same_seed_gives_the_same_study() -> None:
    first, second, third = run(), run(), run(seed=1)
    assert [t.params for t in first.trials] == [t.params for t in second.trials]
    assert [t.seed for t in first.trials] == [t.seed for t in second.trials]
    assert [t.params for t in first.trials] != [t.params for t in third.trials]


def test_a_study_without_a_seed_records_the_one_it_drew() -> None:
    first = run(seed=None)
    again = run(seed=first.seed)
    assert [t.params for t in first.trials] == [t.params for t in again.trials]


def test_maximize_turns_the_sign_once() -> None:
    down, up = run(), run(direction="maximize")
    assert down.best_trial.metrics["value"] == min(
        t.metrics["value"] for t in down.trials
    )
    assert up.best_trial.metrics["value"] == max(t.metrics["value"] for t in up.trials)


def test_maximize_and_minimize_tell_the_optimizer_the_same() -> None:
    settings = {"n_trials": 25, "backend": "optuna:tpe"}
    down = run(**settings)
    up = run(lambda t: -bowl(t), direction="maximize", **settings)
    assert [t.params for t in down.trials] == [t.params for t in up.trials]


def test_a_failed_trial_is_recorded_and_the_study_goes_on() -> None:
    def objective(trial):
        if trial.number == 3:
            msg = "no luck"
            raise RuntimeError(msg)
        return bowl(trial)

    study = run(objective)
    assert [t.number for t in study.trials if t.state is State.FAILED] == [3]
    assert study.trials[3].error == "RuntimeError: no luck"
    assert study.status == "finished"


def test_on_error_stop_ends_the_study_and_keeps_the_trial(tmp_path: Path) -> None:
    with pytest.raises(ObjectiveError, match="Trial 0 failed and on_error is 'stop'"):
        run(lambda _t: None, on_error="stop", store=tmp_path / "s.db")
    (trial,) = hpb.load_study(1, tmp_path / "s.db").trials
    assert trial.error == "returned None for metric 'value'"


def test_a_target_ends_the_study() -> None:
    study = run(n_trials=500, target=1.5)
    assert study.best_trial.metrics["value"] <= 1.5
    assert len(study.trials) < 500
    assert study.stop_reason == "target 1.5 reached"


def test_a_timeout_ends_the_study() -> None:
    study = run(n_trials=10**6, timeout=0.3)
    assert study.stop_reason == "timeout of 0.3 seconds"
    assert 0 < len(study.trials) < 10**6


def test_retries_run_a_failed_trial_again() -> None:
    calls = []

    def objective(trial):
        calls.append(trial.number)
        return bowl(trial) if calls.count(trial.number) == 2 else math.nan

    study = run(objective, n_trials=3, retries=1)
    assert calls == [0, 0, 1, 1, 2, 2]
    assert [(t.state, t.attempts) for t in study.trials] == [(State.COMPLETE, 2)] * 3


def test_a_baseline_runs_first() -> None:
    study = run(baseline={"x": 0.5, "n": 2})
    assert study.trials[0].params == {"x": 0.5, "n": 2}
    assert study.trials[0].origin == "baseline"
    assert len(study.trials) == 10


def test_an_infeasible_trial_is_never_the_best() -> None:
    def objective(trial):
        return {"value": trial["x"], "cost": trial["n"]}

    study = run(objective, "optuna:tpe", n_trials=30, constraints={"cost": "<= 2"})
    assert study.best_trial.metrics["cost"] <= 2
    assert any(t.metrics["cost"] > 2 for t in study.trials)


def test_several_metrics_give_a_front() -> None:
    def objective(trial):
        return {"a": trial["x"], "b": -trial["x"]}

    directions = {"a": "minimize", "b": "minimize"}
    study = run(objective, "optuna:nsga2", direction=directions)
    assert len(study.best_trials) == len(study.trials)
    with pytest.raises(hpb.HpbridgeError, match="2 metrics, no one best"):
        _ = study.best_trial


def test_forbidden_points_are_never_run_and_do_not_count() -> None:
    space = hpb.Space(SPACE, forbid=[{"n": [1, 2]}, lambda p: p["x"] > 0])
    study = run(space=space, n_trials=40)
    assert len(study.trials) == 40
    assert all(t.params["n"] > 2 and t.params["x"] <= 0 for t in study.trials)


def test_a_space_that_forbids_everything_is_a_sentence() -> None:
    space = hpb.Space(SPACE, forbid=[lambda _p: True])
    with pytest.raises(SpaceError, match="forbids every one of"):
        run(space=space)


def test_a_predicate_that_raises_is_a_sentence() -> None:
    space = hpb.Space(SPACE, forbid=[lambda p: p["y"] > 0])
    with pytest.raises(SpaceError, match="raised KeyError"):
        run(space=space)


def test_an_exhausted_optimizer_ends_the_study() -> None:
    study = run(lambda t: t["n"], "optuna:grid", space={"n": hpb.Int(1, 5)}, n_trials=9)
    assert len(study.trials) == 5
    assert str(study.stop_reason).startswith("exhausted: ")


@pytest.mark.parametrize(
    ("backend", "error", "told"),
    [
        ("optnua", BackendNotFoundError, "did you mean 'optuna'?"),
        ("optuna:tpee", AlgorithmNotFoundError, "did you mean 'tpe'"),
    ],
)
def test_an_unknown_optimizer_names_the_nearest(backend, error, told) -> None:
    with pytest.raises(error, match=re.escape(told)):
        run(backend=backend)


def test_all_wrong_options_are_told_at_once() -> None:
    with pytest.raises(OptionError) as caught:
        run(backend="optuna:tpe", options={"n_startup_trial": 3, "multivariate": "x"})
    text = str(caught.value)
    assert "no option 'n_startup_trial'; did you mean 'n_startup_trials'?" in text
    assert "'multivariate' must be" in text


def test_a_space_that_a_backend_cannot_run_names_those_that_can() -> None:
    with pytest.raises(UnsupportedFeatureError) as caught:
        run(backend="optuna:grid")
    text = str(caught.value)
    assert "'x' needs float: the library cannot" in text
    assert "random:random" in text.splitlines()[-1]


def test_all_wrong_settings_are_told_at_once() -> None:
    with pytest.raises(ExperimentError) as caught:
        run(
            n_trials=0, seed=-1, workers=0, timeout=-2.0, on_error="ignore", retries=1.5
        )
    text = str(caught.value)
    for word in ("n_trials", "seed", "workers", "timeout", "on_error", "retries"):
        assert f"- {word} must be" in text


@pytest.mark.parametrize("seed", [2**32, -1, 1.0, True])
def test_a_seed_that_a_library_cannot_take_is_refused(seed) -> None:
    with pytest.raises(ExperimentError, match=r"seed must be a whole number in \[0, 2"):
        run(seed=seed)


def test_an_unknown_driver_is_a_sentence() -> None:
    with pytest.raises(DriverNotFoundError, match="No driver named 'locl'"):
        run(driver="locl")


def test_minimize_is_run_without_ceremony() -> None:
    study = hpb.minimize(
        lambda p: p["x"] ** 2, SPACE, "random", n_trials=5, seed=0, store=":memory:"
    )
    assert len(study.trials) == 5


def test_the_outcome_is_minimized_and_carries_constraints() -> None:
    told: list[Outcome] = []

    def listen(session, trial):
        told.append(session.outcome(trial))

    def objective(trial):
        return {"acc": trial["x"], "cost": 3.0}

    run(
        objective,
        "optuna:tpe",
        direction={"acc": "maximize"},
        constraints={"cost": "<= 2", "acc": ">= 0"},
        n_trials=1,
        callbacks=[listen],
    )
    (x,) = told[0].values
    assert told[0].constraints == (1.0, x)


def test_a_predicate_that_exits_is_a_sentence() -> None:
    def leaves(_values):
        raise SystemExit(0)

    space = hpb.Space(SPACE, forbid=[leaves])
    with pytest.raises(SpaceError, match="raised SystemExit: 0"):
        run(space=space)


class Remarked(hpb.Experiment):
    """Says something at the end, or is interrupted while it thinks."""

    def remarks(self, read):
        study = read()
        if self.is_interrupted:
            raise KeyboardInterrupt
        return [f"it has {len(study.trials)} trials"]


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_a_study_is_finished_before_it_is_remarked_on(tmp_path, is_interrupted) -> None:
    experiment = Remarked(objective=bowl, space=SPACE)
    experiment.is_interrupted = is_interrupted
    store = tmp_path / "s.db"

    def run_it() -> None:
        hpb.run(experiment, "random", n_trials=3, seed=0, store=store)

    if is_interrupted:
        with pytest.raises(KeyboardInterrupt):
            run_it()
    else:
        run_it()
    study = hpb.load_study(1, store)
    assert (study.status, len(study.trials)) == (Status.FINISHED, 3)
    assert ("it has 3 trials" in study.notes) is not is_interrupted
