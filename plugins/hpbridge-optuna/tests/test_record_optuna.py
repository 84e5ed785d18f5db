"""What an objective of Optuna's sees of our study: Optuna's own trial and study."""

from __future__ import annotations

import datetime as dt
import functools
import time

import numpy as np
import optuna
import pytest
from optuna.artifacts import (
    FileSystemArtifactStore,
    get_all_artifact_meta,
    upload_artifact,
)
from optuna.study import StudyDirection
from optuna.terminator import report_cross_validation_scores
from optuna.trial import TrialState

import hpbridge as hpb
from hpbridge.contract.native import native_experiment
from hpbridge.errors import ExperimentError, SpaceError
from hpbridge.trial import State
from hpbridge_optuna import FORMAT

pytestmark = [
    pytest.mark.usefixtures("silent_optuna"),
    # What Optuna itself warns of, whoever runs the objective.
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
    pytest.mark.filterwarnings("ignore:.*has been deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Choices for a categorical:UserWarning"),
]

OPTIMIZERS = ["optuna:tpe", "hyperopt:tpe", "random"]


def run(objective, optimizer="random", n_trials=6, *, way="minimize", **settings):
    experiment = native_experiment(objective, None, way)
    settings = {"seed": 0, "store": ":memory:", **settings}
    return hpb.run(experiment, optimizer, n_trials=n_trials, **settings)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_trial_and_its_study_are_optunas_own(optimizer):
    seen = []

    def look(trial):
        study = trial.study
        assert type(trial) is optuna.trial.Trial
        assert isinstance(study, optuna.Study)
        assert trial.storage.get_trial(trial.number).state is TrialState.RUNNING
        assert study.direction is StudyDirection.MAXIMIZE
        assert len(study.trials) == trial.number + 1
        assert isinstance(trial.datetime_start, dt.datetime)
        assert trial.relative_params == {}
        x = trial.suggest_float("x", 0, 1)
        kind = trial.suggest_categorical("kind", [(1, 2), (3,)])
        assert trial.params == {"x": x, "kind": kind}
        done = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
        assert [t.params for t in done] == [params for params, _ in seen]
        assert [t.value for t in done] == [value for _, value in seen]
        if seen:
            best = max(seen, key=lambda pair: pair[1])
            assert (study.best_params, study.best_value) == best
            assert study.best_trial.user_attrs["twice"] == 2 * best[1]
            assert study.best_trial.datetime_complete >= trial.datetime_start.replace(
                year=2000
            )
            assert len(study.trials_dataframe()) == trial.number + 1
        trial.set_user_attr("twice", 2 * x)
        seen.append(({"x": x, "kind": kind}, x))
        return x

    study = run(look, optimizer, way="maximize")
    assert {t.state for t in study.trials} == {State.COMPLETE}, study.trials[0].error
    assert study.best_trial.attributes == {"twice": 2 * study.best_trial.params["x"]}


def test_states_reports_and_values_of_earlier_trials_are_shown():
    def mixed(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number == 1:
            raise ValueError
        for step in (2, 0, 5):
            trial.report(x + step, step)
            trial.report(-1.0, step)  # once more: Optuna takes the first
        assert not trial.should_prune()
        if trial.number == 2:
            raise optuna.TrialPruned
        if trial.number == 3:
            one, failed, pruned = trial.study.trials[:3]
            assert one.state is TrialState.COMPLETE
            assert failed.state is TrialState.FAIL
            assert failed.value is None
            assert pruned.state is TrialState.PRUNED
            assert pruned.value == pruned.intermediate_values[5]
            assert list(pruned.intermediate_values) == [2, 0, 5]
            assert pruned.distributions == one.distributions
            assert trial.study.best_trial.number == 0
        return x

    with pytest.warns(UserWarning, match="already reported"):
        study = run(mixed, n_trials=4)
    assert [t.state.value for t in study.trials] == [
        *("complete", "failed", "pruned", "complete")
    ]
    assert [step for step, _ in study.trials[0].reports] == [2, 0, 5]


def test_a_report_that_optuna_refuses_fails_the_trial():
    def wrong(trial):
        trial.report(trial.suggest_float("x", 0, 1), -1)

    study = run(wrong, n_trials=1)
    assert "must be non-negative" in study.trials[0].error


def test_the_record_is_shown_when_a_study_goes_on(tmp_path):
    seen = []

    def look(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_user_attr("x", x)
        trial.report(x, 3)
        seen.append(
            [
                (t.number, t.params, t.user_attrs, t.intermediate_values, t.value)
                for t in trial.study.get_trials(states=[TrialState.COMPLETE])
            ]
        )
        return x

    store = tmp_path / "store.db"
    experiment = native_experiment(look, None)
    study = hpb.run(experiment, "optuna", n_trials=4, seed=0, store=store)
    before = seen[-1]
    hpb.resume(study.name, experiment, store=store, n_trials=6)
    assert len(seen) == 6
    assert seen[4][:3] == before
    assert [number for number, *_ in seen[-1]] == [0, 1, 2, 3, 4]
    hpb.run(experiment, "optuna", n_trials=1, seed=0, store=":memory:", history=study)
    assert seen[-1][:3] == before
    assert len(seen[-1]) == 4


def test_the_objective_stops_the_study_after_its_trial():
    def stop(trial):
        if trial.number == 2:
            trial.study.stop()
        return trial.suggest_float("x", 0, 1)

    study = run(stop)
    assert len(study.trials) == 3
    assert study.trials[-1].state is State.COMPLETE
    assert study.stop_reason == "the objective called study.stop()"


def test_attributes_of_the_study_stay_for_the_run():
    def count(trial):
        study = trial.study
        study.set_user_attr("n", study.user_attrs.get("n", 0) + 1)
        assert study.user_attrs["n"] == trial.number + 1
        study.set_metric_names(["loss"])
        assert study.metric_names == ["loss"]
        return trial.suggest_float("x", 0, 1)

    assert {t.state for t in run(count).trials} == {State.COMPLETE}


def test_scores_and_artifacts_are_kept_with_the_trial_and_go_out(tmp_path):
    folder = FileSystemArtifactStore(tmp_path)
    model = tmp_path / "model.txt"

    def keeping(trial):
        x = trial.suggest_float("x", 0, 1)
        report_cross_validation_scores(trial, np.array([x, x + 1]))
        model.write_text(str(x))
        upload_artifact(artifact_store=folder, file_path=model, study_or_trial=trial)
        return x

    study = run(keeping, n_trials=3)
    assert {t.state for t in study.trials} == {State.COMPLETE}, study.trials[0].error
    path = tmp_path / "out.db"
    FORMAT.write(study, str(path))
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    out = optuna.load_study(study_name=study.name, storage=storage)
    for trial in out.trials:
        scores = trial.system_attrs["terminator:cv_scores"]
        assert scores == [trial.params["x"], trial.params["x"] + 1]
        (meta,) = get_all_artifact_meta(trial, storage=storage)
        assert meta.filename == "model.txt"


def nested(trial):
    trial.suggest_float("x", 0, 1)
    trial.study.optimize(lambda _: 0, n_trials=1)


def enqueues(trial):
    trial.suggest_float("x", 0, 1)
    try:
        trial.study.enqueue_trial({"x": 1})
    except hpb.HpbridgeError:
        return 0


def asks(trial):
    trial.suggest_float("x", 0, 1)
    return trial.study.ask().suggest_float("x", 0, 1)


def tells(trial):
    trial.suggest_float("x", 0, 1)
    trial.study.tell(trial, 1.0)


def changes_another(trial):
    trial.suggest_float("x", 0, 1)
    trial.storage.set_trial_user_attr(0, "x", 1)
    trial.storage.set_trial_user_attr(1, "x", 1)


@pytest.mark.parametrize(
    ("objective", "problem"),
    [
        (nested, "uses study.optimize()"),
        (enqueues, "study.enqueue_trial()"),
        (asks, "uses study.ask()"),
        (tells, "uses study.tell()"),
        (changes_another, "the attributes of a trial that has ended"),
    ],
)
def test_what_cannot_be_ends_the_study_with_a_sentence(objective, problem):
    ran = []

    def counted(trial):
        ran.append(trial.number)
        return objective(trial)

    with pytest.raises(ExperimentError) as caught:
        run(counted)
    assert problem in str(caught.value)
    assert ran == [0]


def test_changing_choices_end_the_study_with_the_same_sentence_everywhere():
    def changing(trial):
        choices = ["a", "b", "c"][: 2 + trial.number]
        return len(trial.suggest_categorical("c", choices))

    said = set()
    for optimizer in OPTIMIZERS:
        with pytest.raises(SpaceError, match="'c' was Categorical") as caught:
            run(changing, optimizer)
        said.add(str(caught.value))
    assert len(said) == 1


GIVEN = {
    "x": optuna.distributions.FloatDistribution(0, 0.5),
    "n": optuna.distributions.IntDistribution(3, 3),
}


def scaled(trial, scale):
    x, n = trial.suggest_float("x", 0, 1), trial.suggest_int("n", 1, 9)
    return scale * x + n + 0 * len(trial.study.directions)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_space_may_be_given_and_be_narrower(workers, tmp_path):
    for space in (GIVEN, {"x": hpb.Float(0, 0.5), "n": 3}):
        experiment = native_experiment(functools.partial(scaled, scale=2), space)
        study = hpb.run(
            experiment,
            "optuna:random",
            n_trials=4,
            seed=0,
            workers=workers,
            store=tmp_path / f"{len(space)}.db",
        )
        assert [t.error for t in study.trials] == [None] * 4
        for trial in study.trials:
            assert trial.params["x"] <= 0.5
            assert trial.metrics["value"] == 2 * trial.params["x"] + 3


@pytest.mark.parametrize(
    ("space", "problem"),
    [
        ({"x": hpb.Float(0, 1)}, "'n' is suggested, but the experiment was given its"),
        ({"x": hpb.Float(2, 3), "n": 3}, "is above the upper bound|not in|outside"),
    ],
)
def test_a_space_that_was_given_and_lacks_something_is_a_sentence(space, problem):
    experiment = native_experiment(functools.partial(scaled, scale=2), space)
    with pytest.raises(SpaceError, match=problem):
        hpb.run(experiment, "random", n_trials=4, seed=0, store=":memory:")


def looks(trial):
    return trial.suggest_float("x", 0, 1) + len(trial.study.trials)


def test_in_another_process_the_record_is_not_there_and_that_is_said(tmp_path):
    experiment = native_experiment(looks, {"x": hpb.Float(0, 1)})
    study = hpb.run(
        experiment, "random", n_trials=2, seed=0, workers=2, store=tmp_path / "s.db"
    )
    assert all("with workers=1" in t.error for t in study.trials)


def test_many_trials_are_not_looked_at_for_nothing():
    def plain(trial):
        return trial.suggest_float("x", 0, 1)

    began = time.process_time()
    study = run(plain, n_trials=300)
    assert len(study.trials) == 300
    assert time.process_time() - began < 60
