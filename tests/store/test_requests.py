"""What is asked of a study from elsewhere: to stop, to run more, to run a point."""

from __future__ import annotations

import threading
import time

import pytest
from waiting import wait_until

import hpbridge as hpb
from hpbridge.contract.registry import registry
from hpbridge.engine.requests import more, stop
from hpbridge.errors import SpaceError, StudyOverError
from hpbridge.learning.replay import RESUMED
from hpbridge.learning.requested import STOPPED
from hpbridge.store import open_store, schema
from hpbridge.store.record import Status
from hpbridge.store.requests import What, put

SPACE = {
    "lr": hpb.Float(1e-5, 1e-1, log=True),
    "n": hpb.Int(1, 9),
    "kind": hpb.Categorical({"small": [1], "large": [2]}),
}
POINTS = [
    {"lr": 0.01, "n": 3, "kind": "small"},
    {"lr": 0.02, "n": 4, "kind": "large"},
]


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store.db")


def experiment(objective=lambda trial: trial["lr"] * trial["n"]):
    return hpb.Experiment(objective=objective, space=SPACE, name="tuned")


def count_requests(store):
    database = open_store(store)
    with database.engine.connect() as connection:
        return len(connection.execute(schema.requests.select()).all())


class Running:
    """A study in a thread, whose trials end when they may."""

    def __init__(self, store, **settings):
        self.may_end = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.study = None

        def objective(trial):
            self.begun.release()
            self.may_end.acquire(timeout=120)
            return trial["lr"]

        def keep(session, trial):
            self.inbox = session.writer.inbox

        def run():
            settings["callbacks"] = [keep]
            settings.setdefault("backend", "random")
            self.study = hpb.run(
                experiment(objective), store=store, name="a", seed=0, **settings
            )

        self._thread = threading.Thread(target=run)
        self._thread.start()
        assert self.begun.acquire(timeout=120)

    def end(self, n):
        for _ in range(n):
            self.may_end.release()

    def go_on(self):
        """Let trials end, none at once, until the study has."""
        while self._thread.is_alive():
            self.may_end.release()
            time.sleep(0.005)

    def join(self):
        self._thread.join(120)
        assert not self._thread.is_alive()
        return self.study


def test_a_running_study_stops_after_its_running_trial(store):
    running = Running(store, n_trials=50)
    database = open_store(store)
    running.end(1)  # whose end says where the requests come in
    assert running.begun.acquire(timeout=120)
    put(database, database.study("a").id, What.STOP, {})
    wait_until(lambda: len(running.inbox.waiting) == 1)
    running.end(1)
    study = running.join()
    assert study.stop_reason == STOPPED
    assert study.status is Status.FINISHED
    assert len(study.trials) == 2
    assert count_requests(store) == 0


def test_who_asks_hears_that_it_was_heard(store):
    running = Running(store, n_trials=100_000)  # of 5 ms: none that ends by itself
    ender = threading.Thread(target=running.go_on)
    ender.start()
    assert stop("a", store=store) is True
    study = running.join()
    ender.join()
    assert study.stop_reason == STOPPED


def test_a_running_study_runs_more(store):
    running = Running(store, n_trials=2)
    assert more("a", 3, store=store) is False  # its trial still runs
    running.end(5)
    study = running.join()
    assert len(study.trials) == 5
    assert study.settings["n_trials"] == 5
    assert count_requests(store) == 0


def test_of_a_study_that_does_not_run_neither_is_asked(store):
    hpb.run(experiment(), "random", n_trials=2, store=store, name="a b")
    with pytest.raises(StudyOverError, match="does not run: it is finished"):
        stop("a b", store=store)
    with pytest.raises(StudyOverError) as refused:
        more("a b", 50, store=store)
    assert refused.value.hint == "`hpbridge resume 'a b' --trials 52` goes on with it"
    assert count_requests(store) == 0


def test_what_was_asked_of_a_process_that_is_gone_is_forgotten(store):
    hpb.run(experiment(), "random", n_trials=2, store=store, name="a")
    database = open_store(store)
    put(database, database.study("a").id, What.STOP, {})
    assert len(hpb.resume("a", experiment(), store=store, n_trials=4).trials) == 4


def optimizers():
    found = ["random", "optuna:tpe", "hyperopt:tpe", "skopt:gp"]
    found += ["bayesopt:ucb", "ray:random", "optuna:grid"]
    return [name for name in found if name.split(":")[0] in registry().backends]


@pytest.mark.parametrize("backend", optimizers())
def test_queued_points_run_first_whoever_optimizes(backend, store):
    space = {"x": hpb.Int(0, 9), "kind": hpb.Categorical(["a", "b"])}
    tuned = hpb.Experiment(objective=lambda trial: trial["x"], space=space)
    points = [{"x": 3, "kind": "b"}, {"x": 7, "kind": "a"}]
    study = hpb.run(
        tuned,
        backend,
        n_trials=4,
        seed=0,
        store=store,
        enqueue=points,
        driver="local",
    )
    assert [dict(trial.params) for trial in study.trials[:2]] == points
    origins = [trial.origin.value for trial in study.trials]
    assert origins == ["enqueued", "enqueued", "asked", "asked"]
    learns = registry().algorithm(backend)[1].capabilities
    if not learns.can(hpb_feature()):
        assert any("does not learn from the 2 first points" in n for n in study.notes)


def hpb_feature():
    from hpbridge.contract.capabilities import Feature

    return Feature.FOREIGN_HISTORY


@pytest.mark.parametrize("backend", ["random", "optuna:tpe", "hyperopt:tpe"])
def test_a_study_with_queued_points_resumes_bit_for_bit(backend, store):
    if backend.split(":")[0] not in registry().backends:
        pytest.skip(f"the plugin of {backend} is not installed")
    settings = {"backend": backend, "seed": 3, "enqueue": POINTS}
    whole = hpb.run(experiment(), n_trials=16, store=":memory:", **settings)
    hpb.run(experiment(), n_trials=13, store=store, name="a", **settings)
    gone_on = hpb.resume("a", experiment(), store=store, n_trials=16)
    assert [t.params for t in gone_on.trials] == [t.params for t in whole.trials]
    assert any(note.endswith(RESUMED) for note in gone_on.notes)


def test_a_point_is_queued_into_a_running_study_and_runs_next(store):
    running = Running(store, n_trials=6, backend="random")
    running.end(1)
    assert running.begun.acquire(timeout=120)
    assert hpb.enqueue("a", POINTS[1], store=store) == [POINTS[1]]
    # The writer looks beside its trials, of which this one goes on meanwhile.
    wait_until(lambda: len(running.inbox.waiting) == 1)
    running.end(50)
    study = running.join()
    queued = [trial for trial in study.trials if trial.origin.value == "enqueued"]
    assert [dict(trial.params) for trial in queued] == [POINTS[1]]
    assert count_requests(store) == 0


def test_a_point_that_is_queued_for_a_study_at_rest_runs_when_it_goes_on(store):
    hpb.run(experiment(), "random", n_trials=2, store=store, name="a")
    hpb.enqueue("a", POINTS, store=store)
    study = hpb.resume("a", experiment(), store=store, n_trials=5)
    origins = [trial.origin.value for trial in study.trials]
    assert origins == ["asked", "asked", "enqueued", "enqueued", "asked"]


def test_a_queued_point_is_not_lost_with_its_process(store):
    class Killed(BaseException):
        pass

    def callback(session, trial):
        raise Killed

    with pytest.raises(Killed):
        hpb.run(
            experiment(),
            "random",
            n_trials=4,
            store=store,
            name="a",
            enqueue=POINTS,
            callbacks=[callback],
        )
    study = hpb.resume("a", experiment(), store=store)
    params = [dict(trial.params) for trial in study.trials]
    assert params[:2] == POINTS
    assert len(params) == 4


def test_an_open_study_queues_points():
    with hpb.open_study(SPACE, "random", store=":memory:") as study:
        assert study.enqueue(POINTS[0]) == [POINTS[0]]
        hpb.enqueue(study, {**POINTS[1], "kind": [2]})
        assert [trial.params for trial in study.ask(3)][:2] == POINTS
        for trial in study.running:
            study.tell(trial, 1.0)


def test_points_that_are_none_are_refused_with_all_that_is_wrong(store):
    hpb.run(experiment(), "random", n_trials=1, store=store, name="a")
    with pytest.raises(SpaceError) as refused:
        hpb.enqueue("a", [POINTS[0], {"lr": 2, "m": 3, "kind": "s"}, 7], store=store)
    text = str(refused.value)
    for part in ("point 2: 'm' is no parameter", "point 2: 'lr'", "'n' is active but"):
        assert part in text
    assert "point 3: it must be a dict of parameters, got 7" in text
    assert count_requests(store) == 0
    with pytest.raises(SpaceError, match="'lr' is active but has no value"):
        hpb.run(experiment(), "random", n_trials=1, store=store, enqueue={"n": 3})
    growing = hpb.Experiment(objective=lambda trial: 1.0, space=None)
    with pytest.raises(SpaceError, match="defines its space while it runs"):
        hpb.run(growing, "random", n_trials=1, store=store, enqueue={"n": 3})


def test_a_forbidden_point_is_refused():
    space = hpb.Space({"n": hpb.Int(1, 9)}, forbid=[{"n": [3]}])
    study = hpb.open_study(space, "random", store=":memory:")
    with study, pytest.raises(SpaceError, match="a clause of forbid= excludes"):
        study.enqueue({"n": 3})
