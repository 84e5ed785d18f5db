"""The one loop: several studies at once, all results handed over, replies obeyed."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

import hpbridge as hpb
from hpbridge.checkpoints.keeper import Keeper
from hpbridge.contract.attempt import Checkpoint, Reply, Run
from hpbridge.contract.execution import DriverSpec, Ended, Lost, Paused
from hpbridge.contract.registry import registry
from hpbridge.drivers.in_process import InProcess
from hpbridge.drivers.loop import drive
from hpbridge.engine.life import Life
from hpbridge.engine.plan import Plan
from hpbridge.errors import ExperimentError, StoreError
from hpbridge.learning.choice import choose
from hpbridge.store.settings import Settings
from hpbridge.store.writer import StudyWriter
from hpbridge.trial import Result, State, TrialPruned

SPACE = {"x": hpb.Float(-1, 1)}


def life_of(objective, n_trials=4, *, optimizer="random", seed=0, **settings) -> Life:
    tuned = hpb.Experiment(objective=objective, space=SPACE)
    given = Settings(n_trials, **settings)
    plan = Plan(tuned, choose(optimizer, tuned), given, seed, "local")
    return Life(plan, ":memory:")


def square(trial):
    return trial["x"] ** 2


def params(study) -> list:
    return [trial.params for trial in study.trials]


class Held(InProcess):
    """Ends its jobs only when all of its slots are busy, the last one first."""

    def __init__(self, slots) -> None:
        super().__init__()
        self.slots = slots
        self.jobs, self.most = [], 0

    def start(self, job) -> None:
        self.jobs.append(job)
        self.most = max(self.most, len(self.jobs))

    def wait(self, seconds) -> None:
        for job in reversed(self.jobs):
            super().start(job)
            super().wait(seconds)
        self.jobs.clear()


def test_several_studies_fill_the_slots_and_propose_what_they_would_alone() -> None:
    alone = []
    for seed in range(4):
        life = life_of(square, 5, seed=seed)
        drive([life], InProcess())
        alone.append(params(life.study()))
    lives = [life_of(square, 5, seed=seed) for seed in range(4)]
    executor = Held(3)
    drive(lives, executor)
    assert executor.most == 3
    assert [params(life.study()) for life in lives] == alone


def test_studies_begin_when_a_slot_is_idle() -> None:
    begun = []

    def lives():
        for seed in range(3):
            begun.append(seed)
            yield life_of(lambda _: seen.append(len(begun)) or 1.0, 2, seed=seed)

    seen: list[int] = []
    drive(lives(), InProcess())
    assert seen == [1, 1, 2, 2, 3, 3]


def test_an_error_of_one_study_ends_that_study_alone() -> None:
    def stops(trial):
        if trial.number == 1:
            raise ValueError
        return 1.0

    lives = [life_of(stops, on_error="stop"), life_of(square)]
    drive(lives, Held(2))
    assert "Trial 1 failed" in str(lives[0].error)
    assert len(lives[1].study().trials) == 4


def test_an_error_that_is_not_ours_ends_all_of_them() -> None:
    lives = [life_of(square), life_of(square)]

    def broken(_session, _trial):
        raise ZeroDivisionError

    lives[0]._listeners = (broken,)
    with pytest.raises(ZeroDivisionError):
        drive(lives, Held(2))
    assert all(isinstance(life.error, ZeroDivisionError) for life in lives)


class Says(InProcess):
    """Says what a test wants of each job."""

    def __init__(self, say, slots=1) -> None:
        super().__init__()
        self.say, self.slots, self.started, self.cancelled = say, slots, [], []

    def start(self, job) -> None:
        self.started.append(job)
        self._messages += self.say(job)

    def wait(self, seconds) -> None:
        pass

    def cancel(self, job) -> None:
        self.cancelled.append(job)


def run_of(value=1.0, *reports) -> Run:
    return Run(Result(State.COMPLETE, {"value": value}, reports), 0.0, 1.0)


def test_a_result_that_comes_twice_or_late_is_taken_once() -> None:
    earlier = []

    def say(job):
        earlier.append(Ended(job, run_of(job.number)))
        return [*earlier, Lost(job, "died", 0.0, 0.0, "w")]

    life = life_of(square)
    drive([life], Says(say))
    values = [trial.metrics["value"] for trial in life.study().trials]
    assert values == [0, 1, 2, 3]


def test_every_trial_that_could_not_be_saved_is_in_the_error(monkeypatch) -> None:
    def fails(_self, trial):
        msg = "no space"
        raise StoreError(msg, [f"the trial {trial.number}"], "free some")

    def say(job):
        waiting.append(Ended(job, run_of()))
        return waiting if len(waiting) == 3 else []

    waiting: list = []
    life = life_of(square, workers=3)
    monkeypatch.setattr(StudyWriter, "add", fails)
    drive([life], Says(say, slots=3))
    assert str(life.error) == (
        "no space:\n  - the trial 0\n  - the trial 1\n  - the trial 2\nHint: free some."
    )


def test_what_still_runs_is_cancelled_when_its_study_fails(monkeypatch) -> None:
    def fails(_self, _trial):
        msg = "no space"
        raise StoreError(msg)

    executor = Says(lambda job: [Ended(job, run_of())] if job.number else [], slots=2)
    monkeypatch.setattr(StudyWriter, "add", fails)
    drive([life_of(square, workers=2)], executor)
    assert [job.number for job in executor.cancelled] == [0]


def test_a_paused_trial_goes_on_when_nothing_new_may_start() -> None:
    def say(job):
        place = job.checkpoint.place
        if job.number == 0 and not place.starts:
            keeper = Keeper(place, job.params, job.seed)
            keeper.save("state", [(1, 0.5)])
            run = run_of(1.0, (1, 0.5))
            return [Paused(job, Checkpoint(keeper.last.reports, place), run)]
        if place.starts:
            keeper = Keeper(place, job.params, job.seed)
            found.append((keeper.begin(), keeper.load(None)))
        return [Ended(job, run_of(1.0, *job.checkpoint.reports))]

    found: list = []
    executor = Says(say)
    life = life_of(square, 3)
    drive([life], executor)
    assert [job.number for job in executor.started] == [0, 1, 2, 0]
    assert found == [(((1, 0.5),), "state")]
    first = life.study().trials[0]
    assert (first.reports, first.run_seconds, first.attempts) == (((1, 0.5),), 2.0, 1)


class StopAt3:
    def report(self, number, step, value) -> Reply:
        return Reply.STOP if step == 3 else Reply.GO_ON

    def end(self, *about) -> None:
        pass


class PauseAt3:
    def report(self, number, step, value) -> Reply:
        return Reply.PAUSE if step == 3 else Reply.GO_ON

    def begin_again(self, *about) -> None:
        pass

    def go_on(self, *about) -> None:
        pass

    def end(self, *about) -> None:
        pass


def epochs(trial):
    """Trains for 5 epochs, from where it was paused."""
    for step in range(trial.load(0) + 1, 6):
        trial.report(trial["x"] * step, step)
        trial.save(step)
        if trial.should_prune():
            raise TrialPruned
    return trial["x"]


def test_a_trial_stops_when_its_report_is_answered_so() -> None:
    executor = InProcess()
    life = life_of(epochs)
    life.pruner = StopAt3()
    drive([life], executor)
    for trial in life.study().trials:
        assert (trial.state, len(trial.reports)) == (State.PRUNED, 3)


def test_a_trial_that_pauses_goes_on_where_it_was() -> None:
    executor = InProcess()
    life = life_of(epochs)
    life.pruner = PauseAt3()
    drive([life], executor)
    for trial in life.study().trials:
        assert trial.state is State.COMPLETE
        assert [step for step, _ in trial.reports] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_pool_runs_trials_and_stays_its_owners(kind) -> None:
    tuned = hpb.Experiment(objective=lambda trial: trial["x"] ** 2, space=SPACE)
    with kind(2) as pool:
        given = {"n_trials": 6, "seed": 1, "store": ":memory:"}
        study = hpb.run(tuned, "random", driver=pool, workers=2, **given)
        again = hpb.run(tuned, "random", driver=pool, **given)
        assert pool.submit(int, 3).result() == 3
    here = hpb.run(tuned, "random", **given)
    assert params(study) == params(again) == params(here)
    assert study.settings["driver"] == f"futures:{kind.__name__}"
    workers = {trial.worker for trial in study.trials}
    assert "main" not in workers
    assert 1 <= len(workers) <= 2


def test_a_pool_that_was_shut_down_is_a_sentence(tmp_path) -> None:
    tuned = hpb.Experiment(objective=square, space=SPACE)
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    store = str(tmp_path / "s.db")
    with pytest.raises(hpb.HpbridgeError, match="takes no more trials"):
        hpb.run(tuned, "random", driver=pool, n_trials=2, store=store, name="s")
    assert hpb.load_study("s", store).status == "interrupted"
    with pytest.raises(ExperimentError, match="ran on a ThreadPoolExecutor of yours"):
        hpb.resume("s", tuned, store=store)
    with ThreadPoolExecutor(1) as other:
        study = hpb.resume("s", tuned, store=store, driver=other)
    assert len(study.trials) == 2


def test_a_pool_cannot_end_a_trial(tmp_path) -> None:
    tuned = hpb.Experiment(objective=square, space=SPACE)
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(ExperimentError, match="cannot end a running trial"),
    ):
        hpb.run(tuned, "random", driver=pool, timeout_trial=1.0, store=":memory:")
    with pytest.raises(ExperimentError, match="driver must be the name of one, "):
        hpb.run(tuned, "random", driver=threading.Lock(), store=":memory:")


def test_a_report_of_a_thread_is_answered_while_others_wait() -> None:
    tuned = hpb.Experiment(objective=epochs, space=SPACE)
    with ThreadPoolExecutor(2) as pool:
        study = hpb.run(
            tuned, "random", driver=pool, workers=2, n_trials=4, store=":memory:"
        )
    assert all(len(trial.reports) == 5 for trial in study.trials)


@contextlib.contextmanager
def recording(events):
    events.append("opened")
    yield InProcess()
    events.append("closed")


def test_a_resumed_study_opens_its_driver_as_a_new_one_does(
    monkeypatch, tmp_path
) -> None:
    events: list[str] = []
    spec = DriverSpec("recording", "", lambda *_: recording(events))
    monkeypatch.setitem(registry().records["driver"], "recording", spec)
    store = str(tmp_path / "s.db")
    tuned = hpb.Experiment(objective=square, space=SPACE)
    hpb.run(tuned, "random", driver="recording", n_trials=2, store=store, name="s")
    assert events == ["opened", "closed"]
    hpb.resume("s", tuned, store=store, n_trials=4)
    assert events == ["opened", "closed"] * 2
