"""Virtual time is real time, but for the waiting."""

from __future__ import annotations

import collections
import itertools
import os
import signal
import threading
import time

import pytest

import hpbridge as hpb
from hpbridge.errors import ArgumentError, DriverError
from hpbridge.trial import State
from tests.waiting import wait_until

SPACE = {"x": hpb.Float(-1, 1)}
FREE = ("simulated", {"optimizer_time": "free"})


def run(objective, n_trials=6, *, driver=FREE, backend="random", **settings):
    tuned = hpb.Experiment(objective=objective, space=SPACE)
    given = {"seed": 0, "store": ":memory:", **settings}
    return hpb.run(tuned, backend, n_trials=n_trials, driver=driver, **given)


def spans(study) -> list[tuple[float, float]]:
    """Return from when to when each trial ran, from the beginning of the first."""
    first = min(trial.started_at for trial in study.trials)
    return [
        (round(t.started_at - first, 3), round(t.started_at - first + t.run_seconds, 3))
        for t in study.trials
    ]


def makespan(study) -> float:
    return max(end for _, end in spans(study))


def told(study) -> list[int]:
    return [t.number for t in sorted(study.trials, key=lambda trial: trial.told)]


# With three workers, ends are at least 0.2 s apart.
SECONDS = [0.66, 0.39, 0.98, 0.91, 0.86, 0.9, 0.88, 0.89, 0.83]


class Sleeper:
    """Sleep, and note how long it really took; or only say how long it took before."""

    def __init__(self):
        self.took = {}
        self.is_awake = False

    def __call__(self, number: int, step: int, seconds: float) -> float:
        if not self.is_awake:
            begin = time.perf_counter()
            time.sleep(seconds)
            self.took[number, step] = time.perf_counter() - begin
        return self.took[number, step]


def sleeping(sleeper):
    def objective(trial):
        trial.took(sleeper(trial.number, 0, SECONDS[trial.number]))
        return trial["x"] ** 2

    return objective


def sleeping_and_reporting(sleeper):
    def objective(trial):
        value = (trial.number * 5) % 7
        for step in range(1, 3):
            slept = sleeper(trial.number, step, SECONDS[trial.number] / 2)
            trial.report(value, step, seconds=slept)
            if trial.should_prune():
                raise hpb.TrialPruned
        return value

    return objective


@pytest.mark.parametrize(
    ("kind", "pruner"),
    [(sleeping, None), (sleeping_and_reporting, ("median", {"n_startup_trials": 2}))],
)
def test_it_equals_a_real_run_of_sleeping_trials(kind, pruner) -> None:
    how = {"n_trials": 9, "workers": 3, "pruner": pruner}
    for _ in range(8):
        sleeper = Sleeper()
        real = run(kind(sleeper), driver="threads", **how)
        sleeper.is_awake = True
        virtual = run(kind(sleeper), **how)
        # A busy machine may hold a thread between its trials for longer than 0.2 s.
        if told(virtual) == told(real):
            break
    assert told(virtual) == told(real)
    assert [t.params for t in virtual.trials] == [t.params for t in real.trials]
    assert [t.state for t in virtual.trials] == [t.state for t in real.trials]
    # The real run's end is that of its busiest worker, but for the time between trials.
    slept = collections.Counter()
    for (number, _), seconds in sleeper.took.items():
        slept[real.trials[number].worker] += seconds
    assert makespan(virtual) == pytest.approx(max(slept.values()), abs=0.002)
    assert makespan(virtual) <= makespan(real)
    if pruner is not None:
        assert {t.state for t in virtual.trials} == {State.COMPLETE, State.PRUNED}


def of_number(seconds):
    """Return an objective that takes so long by its number."""

    def objective(trial):
        trial.took(seconds[trial.number])
        return trial["x"]

    return objective


def test_slots_are_filled_in_the_order_of_virtual_time() -> None:
    study = run(of_number([5, 1, 2, 1, 1, 4]), workers=2)
    assert spans(study) == [(0, 5), (0, 1), (1, 3), (3, 4), (4, 5), (5, 9)]
    assert told(study) == [1, 2, 3, 0, 4, 5]
    assert {t.worker for t in study.trials} == {"simulated-0", "simulated-1"}
    assert study.trials[0].asked_at == study.trials[0].started_at
    assert any("times are virtual, of 2 workers" in note for note in study.notes)
    assert study.settings["driver_options"]["optimizer_time"] == "free"


def test_a_study_is_the_same_each_time() -> None:
    def objective(trial):
        for step in range(1, 10):
            trial.report(trial["x"] ** 2 + 1 / step, step, seconds=1 + abs(trial["x"]))
            if trial.should_prune():
                raise hpb.TrialPruned
        return trial["x"] ** 2

    for pruner in ("sha", "asha:promotion", "median", "hyperband"):
        how = {"n_trials": 60, "workers": 7, "pruner": pruner, "backend": "optuna:tpe"}
        one, other = run(objective, **how), run(objective, **how)
        seen = [(t.params, t.state, t.reports, t.told) for t in one.trials]
        assert seen == [(t.params, t.state, t.reports, t.told) for t in other.trials]
        assert spans(one) == spans(other)


def test_a_report_is_answered_at_its_moment() -> None:
    def objective(trial):
        # The worse one comes second to its rung: that is when it loses.
        bad, slow = trial.number == 0, trial.number == slowest
        for step in range(1, 4):
            trial.report(float(bad), step, seconds=2.0 if slow else 1.0)
            if trial.should_prune():
                raise hpb.TrialPruned
        return float(bad)

    pruner = "sha", {"min_resource": 1, "reduction_factor": 2}
    slowest = 0
    study = run(objective, 2, workers=2, pruner=pruner)
    assert [t.state.value for t in study.trials] == ["pruned", "complete"]
    assert spans(study) == [(0, 2), (0, 3)]
    slowest = 1
    study = run(objective, 2, workers=2, pruner=pruner)
    # At 1 s and 2 s it was alone at its rung.
    assert study.trials[0].reports == ((1, 1.0), (2, 1.0), (3, 1.0))


def test_limits_are_in_virtual_seconds() -> None:
    started = time.monotonic()
    study = run(of_number([1000.0] * 9), 9, workers=2, timeout=3500)
    assert len(study.trials) == 8
    assert makespan(study) == 4000
    assert study.stop_reason == "timeout of 3500 seconds"
    study = run(of_number([1000, 5000, 10]), 3, timeout_trial=2000)
    assert [t.state.value for t in study.trials] == ["complete", "failed", "complete"]
    assert study.trials[1].error == "took longer than 2000 seconds; ended"
    assert spans(study) == [(0, 1000), (1000, 3000), (3000, 3010)]
    assert time.monotonic() - started < 100


def test_a_trial_that_takes_too_long_keeps_what_it_reported_until_then() -> None:
    def objective(trial):
        for step in itertools.count(1):
            trial.report(0.5, step, seconds=10)

    study = run(objective, 1, timeout_trial=35)
    assert study.trials[0].reports == ((1, 0.5), (2, 0.5), (3, 0.5))
    assert study.trials[0].run_seconds == 35


def test_a_failed_trial_runs_again_and_takes_its_time_again() -> None:
    failed: set[int] = set()

    def objective(trial):
        trial.took(10)
        if trial.number not in failed:
            failed.add(trial.number)
            raise ValueError
        return 1.0

    study = run(objective, 2, retries=1)
    assert [(t.state, t.attempts) for t in study.trials] == [(State.COMPLETE, 2)] * 2
    assert makespan(study) == 30  # of the first trial, its last attempt is recorded


def test_paused_trials_go_on_from_what_they_saved() -> None:
    def objective(trial):
        for step in range(trial.load(0) + 1, 10):
            trial.report(trial["x"] ** 2, step, seconds=1)
            trial.save(step)
            if trial.should_prune():
                raise hpb.TrialPruned
        return trial["x"] ** 2

    pruner = "asha:promotion", {"reduction_factor": 3, "max_resource": 9}
    study = run(objective, 27, workers=4, pruner=pruner)
    for trial in study.trials:
        # No step ran twice, and each took its second.
        assert [step for step, _ in trial.reports] == [
            *range(1, len(trial.reports) + 1)
        ]
        assert trial.run_seconds == pytest.approx(len(trial.reports))
    assert any(len(t.reports) == 9 for t in study.trials)
    assert any(len(t.reports) == 1 for t in study.trials)


def test_budgets_and_populations_run_in_virtual_time() -> None:
    def objective(trial):
        begin = trial.load(0)
        for epoch in range(begin + 1, int(trial.budget) + 1):
            trial.report(trial["x"] ** 2 + 1 / epoch, epoch, seconds=60)
            trial.save(epoch)
        return trial["x"] ** 2

    tuned = hpb.Experiment(objective=objective, space=SPACE, budget=hpb.Budget(1, 9))
    how = {"n_trials": 22, "workers": 3, "driver": FREE, "store": ":memory:", "seed": 0}
    study = hpb.run(tuned, "random", pruner="hyperband", **how)
    steps = sum(
        t.budget if t.parent is None else t.budget / 3 * 2 for t in study.trials
    )
    assert {t.budget for t in study.trials} == {1, 3, 9}
    total = sum(t.run_seconds for t in study.trials)
    assert total == pytest.approx(60 * steps)
    assert makespan(study) >= total / 3
    study = hpb.run(tuned, "pbt", **how)
    assert any(t.parent is not None for t in study.trials)
    assert makespan(study) >= sum(t.run_seconds for t in study.trials) / 3 - 0.01


def test_the_time_of_the_studys_own_process_is_counted_where_it_is_asked_for() -> None:
    def busy(_session, _trial):
        time.sleep(0.05)

    seconds = of_number([1.0] * 4)
    counted = run(seconds, 4, driver="simulated", callbacks=[busy])
    assert makespan(counted) >= 4 + 3 * 0.05
    free = run(seconds, 4, callbacks=[busy])
    assert makespan(free) == 4


def test_what_states_no_time_takes_what_it_takes() -> None:
    def objective(trial):
        if trial.number == 1:
            trial.took(100)
        return time.sleep(0.03) or 1.0

    study = run(objective, 2)
    assert 0.03 <= study.trials[0].run_seconds < 100
    assert study.trials[1].run_seconds == 100
    assert any("trials that state no time" in note for note in study.notes)


def test_time_is_stated_in_seconds_from_0() -> None:
    given = [-1, float("nan"), float("inf"), "long", None]
    for seconds in given:
        with pytest.raises(ArgumentError, match="seconds must be"):
            hpb.Trial({}, number=0, seed=0).took(seconds)
    hpb.Trial({}, number=0, seed=0).report(1.0, 1, seconds=3)


def test_elsewhere_time_that_is_stated_does_nothing() -> None:
    study = run(of_number([1e6] * 3), 3, driver="local")
    assert all(t.run_seconds < 1e3 for t in study.trials)


def test_no_thread_stays_behind() -> None:
    before = threading.active_count()

    def objective(trial):
        for step in range(5):
            try:
                trial.report(1.0, step, seconds=trial.number + 1)
            finally:
                ended.append(trial.number)
        return 0.0 if trial.number == 0 else 1.0

    ended: list[int] = []
    study = run(objective, 50, workers=10, target=0.0)
    # Those that ran beside it have ended, well or not; nobody waits any more.
    assert study.stop_reason == "target 0 reached"
    assert threading.active_count() == before
    assert {t.number for t in study.trials} <= {*ended}


def test_an_error_of_the_study_ends_what_runs_beside_it() -> None:
    before = threading.active_count()

    def broken(_session, _trial):
        raise ZeroDivisionError

    def objective(trial):
        trial.report(1.0, 1, seconds=trial.number)
        return 1.0

    with pytest.raises(ZeroDivisionError):
        run(objective, 50, workers=10, callbacks=[broken])
    assert threading.active_count() == before


def test_a_machine_without_further_threads_is_a_sentence(monkeypatch) -> None:
    def refuses(_thread) -> None:
        if threading.active_count() > before + 2:
            msg = "can't start new thread"
            raise RuntimeError(msg)
        start(_thread)

    before, start = threading.active_count(), threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", refuses)
    with pytest.raises(DriverError, match="take fewer workers"):
        run(of_number([1.0] * 9), 9, workers=9)
    wait_until(lambda: threading.active_count() <= before)


@pytest.mark.parametrize("where", ["begin", "on"])
def test_an_interrupt_waits_for_no_trial(where) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def objective(trial):
        if trial.number == 2 and where == "begin":
            begun.set()
            may_end.wait(60)
        trial.report(1.0, 1, seconds=1)
        if trial.number == 2 and where == "on":
            begun.set()
            may_end.wait(60)
        trial.report(1.0, 2, seconds=1)
        return 1.0

    def interrupt() -> None:
        begun.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    before = threading.active_count()
    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run(objective, 50, workers=3)
    # It runs on, to no effect, and ends with its next report.
    may_end.set()
    wait_until(lambda: threading.active_count() <= before)


def test_a_study_that_goes_on_is_no_earlier_than_it_was(tmp_path) -> None:
    store = tmp_path / "a.db"
    tuned = hpb.Experiment(objective=of_number([1e5] * 6), space=SPACE)
    study = hpb.run(tuned, "random", n_trials=3, driver=FREE, seed=0, store=store)
    study = hpb.resume(study.name, tuned, n_trials=6, store=store)
    assert spans(study) == [(k * 1e5, (k + 1) * 1e5) for k in range(6)]
