"""A loop of one's own: the trials of `run`, stored, resumed; and what is wrong."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter

import pytest

import hpbridge as hpb
from hpbridge.contract.registry import registry
from hpbridge.errors import (
    DriverNotFoundError,
    ExperimentError,
    StoreLockedError,
    StudyOverError,
    TellError,
)
from hpbridge.learning.choice import choose
from hpbridge.learning.replay import RESUMED
from hpbridge.store import open_store
from hpbridge.store.record import Status

SPACE = {
    "lr": hpb.Float(1e-5, 1e-1, log=True),
    "x": hpb.Float(-1, 1),
    "n": hpb.Int(1, 9),
    "kind": hpb.Categorical({"small": [1], "large": [2]}),
}
N_TRIALS = 14
SLOW = {"bayesopt:ucb": 7}  # of which two are its model's


def value_of(trial):
    return trial["x"] ** 2 + trial["n"] + math.log(trial["lr"]) ** 2 + trial["kind"][0]


def objective(trial):
    if trial.number % 5 == 3:
        return math.nan
    return value_of(trial)


def experiment(**more):
    return hpb.Experiment(**{"objective": None, "space": SPACE, **more})


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store.db")


def what_is_the_same(trials):
    of = attrgetter(
        *("number", "state", "params", "seed", "origin", "tells_before", "told"),
        *("error", "reports"),
    )
    return [(of(trial), repr(trial.metrics)) for trial in trials]


def default_optimizers():
    found = []
    for name, spec in registry().libraries.items():
        choice = choose(name, experiment())
        if not choice.algorithm.is_staged and not registry().lacking(spec.requires):
            found.append(choice.name)
    return found


@pytest.mark.parametrize("backend", default_optimizers())
def test_one_at_a_time_its_trials_are_those_of_run_bit_for_bit(backend):
    tuned = experiment(objective=objective, name="tuned", baseline={**BASELINE})
    n_trials = SLOW.get(backend, N_TRIALS)
    settings = {"backend": backend, "seed": 3, "n_trials": n_trials}
    ran = hpb.run(tuned, store=":memory:", driver="local", **settings)
    with hpb.open_study(
        experiment(name="tuned", baseline={**BASELINE}), store=":memory:", **settings
    ) as study:
        for trial in study:
            study.tell(trial, objective(trial))
        read = study.read()
    assert what_is_the_same(read.trials) == what_is_the_same(ran.trials)
    assert read.status is Status.RUNNING
    assert study.read().status is Status.FINISHED


BASELINE = {"lr": 0.01, "x": 0.5, "n": 3, "kind": "small"}


@pytest.mark.parametrize("backend", ["random", "optuna:tpe", "hyperopt:tpe"])
def test_several_at_once_its_trials_are_those_of_run_in_the_same_order(backend):
    if backend.split(":")[0] not in registry().backends:
        pytest.skip(f"the plugin of {backend} is not installed")
    tuned = experiment(objective=value_of)
    settings = {"backend": backend, "seed": 3, "n_trials": N_TRIALS}
    with ThreadPoolExecutor(4) as pool:
        ran = hpb.run(tuned, store=":memory:", driver=pool, workers=4, **settings)
    by_telling = sorted(ran.trials, key=lambda trial: trial.told)
    with hpb.open_study(experiment(), store=":memory:", **settings) as study:
        asked, n_told = {}, 0
        for recorded in ran.trials:
            for told in by_telling[n_told : recorded.tells_before]:
                study.tell(told.number, value_of(asked[told.number]))
            n_told = max(n_told, recorded.tells_before)
            asked[recorded.number] = study.ask()
        for told in by_telling[n_told:]:
            study.tell(asked[told.number], value_of(asked[told.number]))
        read = study.read()
    assert what_is_the_same(read.trials) == what_is_the_same(ran.trials)


def test_several_are_asked_for_at_once(store):
    with hpb.open_study(experiment(), "random", seed=0, store=store) as study:
        trials = study.ask(4)
        assert [trial.number for trial in trials] == [0, 1, 2, 3]
        assert study.running == trials
        for trial in reversed(trials):
            study.tell(trial, value_of(trial))
    assert [t.told for t in hpb.load_study(study.name, store).trials] == [3, 2, 1, 0]


def test_a_space_with_a_direction_is_enough():
    way = {"accuracy": "maximize"}
    with hpb.open_study(SPACE, "random", direction=way, store=":memory:") as study:
        trial = study.ask()
        assert isinstance(trial["kind"], list)
        assert trial.params["kind"] in {"small", "large"}
        assert study.tell(trial, {"accuracy": 0.5, "seconds": 3}).metrics == {
            "accuracy": 0.5,
            "seconds": 3.0,
        }
    assert study.best_trial.number == 0


def test_trials_fail_are_pruned_and_note_what_they_like():
    with hpb.open_study(SPACE, "random", store=":memory:") as study:
        failed = study.fail(study.ask(), "out of memory")
        trial = study.ask()
        trial.report(0.5, 1)
        trial.set_attribute("host", "a1")
        pruned = study.prune(trial)
        third = study.tell(study.ask(), state="failed", error="again")
    assert (failed.state, failed.error) == (hpb.State.FAILED, "out of memory")
    assert (pruned.state, pruned.reports) == (hpb.State.PRUNED, ((1, 0.5),))
    assert pruned.attributes == {"host": "a1"}
    assert third.error == "again"


def test_a_pruner_decides_as_in_run():
    def curve(trial):
        for step in range(1, 6):
            trial.report(abs(trial["x"]) + 1 / step, step)
            if trial.should_prune():
                raise hpb.TrialPruned
        return abs(trial["x"])

    settings = {"backend": "random", "seed": 1, "n_trials": 20, "pruner": "median"}
    ran = hpb.run(experiment(objective=curve), store=":memory:", **settings)
    with hpb.open_study(experiment(), store=":memory:", **settings) as study:
        for trial in study:
            try:
                study.tell(trial, curve(trial))
            except hpb.TrialPruned:
                study.prune(trial)
        read = study.read()
    assert what_is_the_same(read.trials) == what_is_the_same(ran.trials)
    assert any(trial.state is hpb.State.PRUNED for trial in read.trials)


@pytest.mark.parametrize("backend", ["random", "optuna:tpe"])
def test_opened_again_by_its_name_it_goes_on_as_if_never_closed(backend, store):
    if backend.split(":")[0] not in registry().backends:
        pytest.skip(f"the plugin of {backend} is not installed")
    settings = {"backend": backend, "seed": 3}
    whole = hpb.run(
        experiment(objective=value_of), n_trials=20, store=":memory:", **settings
    )
    for n_trials in (6, 13, 20):
        with hpb.open_study(
            experiment(), n_trials=n_trials, store=store, name="mine", **settings
        ) as study:
            for trial in study:
                study.tell(trial, value_of(trial))
    read = hpb.load_study("mine", store)
    assert what_is_the_same(read.trials) == what_is_the_same(whole.trials)
    assert sum(note.endswith(RESUMED) for note in read.notes) == 2
    assert read.status is Status.FINISHED
    assert [study.name for study in open_store(store).studies()] == ["mine"]


def test_what_was_never_told_is_recorded_and_can_be_told_later(store):
    with hpb.open_study(experiment(), "random", seed=0, store=store, name="a") as study:
        for trial in study.ask(4)[:2]:
            study.tell(trial, value_of(trial))
    read = hpb.load_study("a", store)
    assert read.status is Status.INTERRUPTED
    assert "asked and never told: trials 2 and 3" in read.notes
    assert read.stop_reason == "closed before trials 2 and 3 had been told"
    with hpb.open_study(experiment(), store=store, name="a") as study:
        assert [trial.number for trial in study.running] == [2, 3]
        assert study.ask().number == 4
        study.tell(2, 0.5)
        study.tell(study.running[0], 0.25)
        study.fail(4, "no time")
    read = hpb.load_study("a", store)
    assert read.status is Status.FINISHED
    assert [trial.number for trial in read.trials] == [0, 1, 2, 3, 4]
    assert not any("never told" in note for note in read.notes)


def test_left_by_an_exception_it_is_interrupted(store):
    def loop():
        with hpb.open_study(experiment(), "random", store=store, name="a") as study:
            study.tell(study.ask(), 1 / 1)
            study.tell(study.ask(), 1 / 0)

    with pytest.raises(ZeroDivisionError):
        loop()
    read = hpb.load_study("a", store)
    assert read.status is Status.INTERRUPTED
    assert read.stop_reason == "its loop raised ZeroDivisionError: division by zero"
    assert [trial.number for trial in read.trials] == [0]


def test_resume_runs_what_was_never_told(store):
    with hpb.open_study(
        experiment(), "random", n_trials=5, seed=0, store=store, name="a"
    ) as study:
        study.tell(study.ask(2)[1], 0.5)
    whole = experiment(objective=value_of)
    resumed = hpb.resume("a", whole, store=store)
    assert [trial.number for trial in resumed.trials] == [0, 1, 2, 3, 4]
    assert resumed.status is Status.FINISHED


def test_callbacks_are_called_with_what_was_told():
    heard = []
    with hpb.open_study(
        SPACE,
        "random",
        store=":memory:",
        callbacks=[lambda session, trial: heard.append((session.n_done, trial.number))],
    ) as study:
        for trial in study.ask(3):
            study.tell(trial, 1.0)
    assert heard == [(1, 0), (2, 1), (3, 2)]


def test_a_target_ends_it():
    with hpb.open_study(SPACE, "random", store=":memory:", target=0.5) as study:
        study.tell(study.ask(), 1.0)
        assert not study.is_over
        study.tell(study.ask(), 0.5)
        assert study.is_over
        with pytest.raises(StudyOverError, match=r"no further trial: target 0\.5"):
            study.ask()


def test_threads_take_turns(store):
    with hpb.open_study(
        SPACE, "random", seed=0, n_trials=40, store=store, name="a"
    ) as study:

        def work():
            while True:
                try:
                    trial = study.ask()
                except StudyOverError:
                    return
                study.tell(trial, trial["x"])

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    read = hpb.load_study("a", store)
    assert [trial.number for trial in read.trials] == [*range(40)]
    assert sorted(trial.told for trial in read.trials) == [*range(40)]


WRONG = {
    "text": ("much", "told the str 'much' for metric 'value'"),
    "no text of a number": ("0.3", "0.3"),
    "none": (None, "told None"),
    "another metric": ({"loss": 1.0}, "told no metric 'value', but loss=1"),
    "several": ([1.0, 2.0], "told 2 values"),
    "a further metric that is none": ({"value": 1, "x": "y"}, "'y'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_result_is_refused_and_can_be_told_anew(case):
    value, text = WRONG[case]
    with hpb.open_study(SPACE, "random", store=":memory:") as study:
        trial = study.ask()
        with pytest.raises(TellError, match=text) as refused:
            study.tell(trial, value)
        assert refused.value.headline.startswith("Trial 0 of study ")
        assert study.tell(trial, 1.0).state is hpb.State.COMPLETE


def test_a_value_that_is_nan_is_a_failed_trial_as_in_run():
    with hpb.open_study(SPACE, "random", store=":memory:") as study:
        told = study.tell(study.ask(), math.nan)
    assert (told.state, told.error) == (
        hpb.State.FAILED,
        "returned nan for metric 'value'",
    )


def test_a_trial_is_told_once_and_only_where_it_was_asked_for():
    with (
        hpb.open_study(SPACE, "random", store=":memory:", name="a") as study,
        hpb.open_study(SPACE, "random", store=":memory:", name="b") as other,
    ):
        trial, foreign = study.ask(), other.ask()
        with pytest.raises(TellError, match="it is of study 'b'"):
            study.tell(foreign, 1.0)
        study.tell(trial, 1.0)
        for again in (trial, 0):
            with pytest.raises(TellError, match="trial 0: it has been told before"):
                study.tell(again, 1.0)
        for unknown in (7, "0", True, None):
            with pytest.raises(TellError, match="it was never asked for"):
                study.tell(unknown, 1.0)
        with pytest.raises(TellError, match="a trial that is failed has no value"):
            study.tell(study.ask(), 1.0, state="failed")
        with pytest.raises(TellError, match="state must be one of complete, failed"):
            study.tell(1, state="done")
        other.fail(foreign, "no")
        study.fail(1, "no")
    for call in (study.ask, lambda: study.tell(1, 1.0)):
        with pytest.raises(StudyOverError, match="Study 'a' is closed"):
            call()


def test_it_says_why_there_is_no_trial():
    with hpb.open_study(SPACE, "random", store=":memory:", n_trials=3) as study:
        assert len(study.ask(5)) == 3
        with pytest.raises(StudyOverError, match="all its 3 have been asked for") as no:
            study.ask()
        assert no.value.hint == "tell trials 0, 1 and 2 first"
        for trial in study.running:
            study.tell(trial, 1.0)
        with pytest.raises(StudyOverError, match="it has had its 3"):
            study.ask()


def test_a_study_is_open_in_one_place(store):
    with hpb.open_study(SPACE, "random", store=store, name="a") as study:
        study.tell(study.ask(), 1.0)
        with pytest.raises(StoreLockedError, match="Study 'a' is being written"):
            hpb.open_study(SPACE, "random", store=store, name="a")


def test_opened_as_another_one_it_is_refused_with_all_that_differs(store):
    hpb.open_study(SPACE, "random", seed=1, store=store, name="a").close()
    with pytest.raises(ExperimentError) as refused:
        hpb.open_study(
            SPACE, "optuna:tpe", seed=2, store=store, name="a", pruner="median"
        )
    text = str(refused.value)
    for part in ("backend is optuna:tpe", "seed is 2, and it has 1", "pruner is not"):
        assert part in text
    with pytest.raises(ExperimentError, match="its space is not the one"):
        hpb.open_study({"y": hpb.Float(0, 1)}, store=store, name="a")


def test_what_needs_a_loop_of_ours_is_refused():
    whole = experiment(objective=value_of)
    with pytest.raises(ExperimentError, match="objective is None"):
        hpb.run(experiment(), "random", store=":memory:")
    with pytest.raises(DriverNotFoundError):
        hpb.run(whole, "random", store=":memory:", driver="own")
    with pytest.raises(ExperimentError, match="pauses trials"):
        hpb.open_study(whole, "random", store=":memory:", pruner="asha:promotion")
    with pytest.raises(ExperimentError, match="no objective to define it"):
        hpb.Experiment(objective=None, space=None)
    with pytest.raises(ExperimentError, match="defines its space while it runs"):
        hpb.open_study(hpb.Experiment(objective=value_of, space=None), store=":memory:")


def test_without_a_number_of_trials_resume_asks_for_one(store):
    with hpb.open_study(SPACE, "random", seed=1, store=store, name="a") as study:
        study.tell(study.ask(), 1.0)
    assert hpb.load_study("a", store).settings["n_trials"] is None
    whole = experiment(objective=value_of)
    with pytest.raises(ExperimentError, match="pass n_trials="):
        hpb.resume("a", whole, store=store)
    assert len(hpb.resume("a", whole, store=store, n_trials=3).trials) == 3
