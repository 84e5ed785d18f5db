"""Reports of running trials: answered at once, recorded whatever becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from waiting import PATIENCE, is_alive, wait_until

import hpbridge as hpb
from hpbridge.contract.attempt import Reply
from hpbridge.contract.backend import Optimizer, Suggestion
from hpbridge.drivers import workers
from hpbridge.drivers.desk_process import DeskProcess
from hpbridge.drivers.local import open_local
from hpbridge.drivers.loop import drive
from hpbridge.engine.life import Life
from hpbridge.engine.plan import Plan
from hpbridge.errors import ExperimentError, PrunerError
from hpbridge.learning.choice import Choice, choose
from hpbridge.store.settings import Settings
from hpbridge.trial import State

SPACE = {"x": hpb.Float(-1, 1)}

# Objectives are nested functions: they go to a worker by value.


def run(objective, n_trials=4, **settings) -> hpb.Study:
    tuned = hpb.Experiment(objective=objective, space=SPACE)
    given = {"seed": 0, "store": ":memory:", "workers": 2, **settings}
    return hpb.run(tuned, "random", n_trials=n_trials, **given)


def exits():
    os._exit(1)


def is_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def takes_too_long():
    time.sleep(60)


@pytest.mark.parametrize("end", [exits, is_killed, takes_too_long])
def test_what_a_trial_reported_is_kept_when_it_dies(end) -> None:
    code = end.__code__  # the function itself is of this module

    def objective(trial):
        import types

        for step in range(1, 6):
            trial.report(step / 2, step)
        if trial.number == 1:
            names = {name: __import__(name) for name in ("os", "signal", "time")}
            types.FunctionType(code, names)()
        return trial["x"]

    study = run(objective, timeout_trial=2.0)
    expected = tuple((step, step / 2) for step in range(1, 6))
    assert [trial.reports for trial in study.trials] == [expected] * 4
    assert [trial.state for trial in study.trials].count(State.FAILED) == 1
    assert study.trials[1].state is State.FAILED


def test_an_attempt_that_died_leaves_no_reports_to_the_next(tmp_path) -> None:
    def objective(trial):
        trial.report(1.0, 1)
        mark = tmp_path / str(trial.number)
        if not mark.exists():
            mark.touch()
            os._exit(1)
        return 1.0

    study = run(objective, retries=1)
    assert [(t.attempts, t.reports) for t in study.trials] == [(2, ((1, 1.0),))] * 4


class StopAt3:
    def report(self, number, step, value) -> Reply:
        return Reply.STOP if step == 3 and number % 2 else Reply.GO_ON

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


def life_of(objective, n_trials=4, **settings) -> Life:
    tuned = hpb.Experiment(objective=objective, space=SPACE)
    given = Settings(n_trials, **settings)
    plan = Plan(tuned, choose("random", tuned), given, 0, "local")
    return Life(plan, ":memory:")


@contextmanager
def opened(life):
    with open_local(life.plan.experiment, life.plan.settings) as executor:
        yield executor


def epochs():
    def objective(trial):
        from hpbridge import TrialPruned

        for step in range(trial.load(0) + 1, 6):
            trial.report(trial["x"] * step, step)
            trial.save(step)
            if trial.should_prune():
                raise TrialPruned
        return trial["x"]

    return objective


def test_a_policy_stops_trials_in_workers() -> None:
    life = life_of(epochs(), workers=2)
    with opened(life) as executor:
        life.pruner = StopAt3()
        drive([life], executor)
    found = [(t.state, len(t.reports)) for t in life.study().trials]
    assert found == [(State.COMPLETE, 5), (State.PRUNED, 3)] * 2


def test_a_policy_pauses_trials_in_workers_and_they_go_on() -> None:
    life = life_of(epochs(), workers=2)
    with opened(life) as executor:
        life.pruner = PauseAt3()
        drive([life], executor)
    for trial in life.study().trials:
        assert trial.state is State.COMPLETE
        assert [step for step, _ in trial.reports] == [1, 2, 3, 4, 5]


class Thinks(Optimizer):
    """Thinks, and answers nobody, until trial 0 has got its answers."""

    def __init__(self, mark) -> None:
        self.mark, self.asked = mark, 0

    def ask(self) -> Suggestion:
        self.asked += 1
        until = time.monotonic() + PATIENCE
        while self.asked == 2 and not self.mark.exists():
            assert time.monotonic() < until
        return Suggestion(self.asked, {"x": 0.5})

    def tell(self, suggestion, outcome) -> None:
        pass


def test_a_report_is_answered_while_the_optimizer_thinks(tmp_path, monkeypatch) -> None:
    mark = tmp_path / "answered"

    def objective(trial):
        for step in range(100):
            trial.report(0.5, step)
        mark.touch()
        return 1.0

    monkeypatch.setattr(Choice, "make", lambda *_: Thinks(mark))
    study = run(objective, n_trials=2)
    assert [len(trial.reports) for trial in study.trials] == [100, 100]


def test_when_the_desk_dies_trials_go_on_and_keep_their_reports(monkeypatch) -> None:
    desks = []

    class Mortal(DeskProcess):
        def __init__(self) -> None:
            super().__init__()
            desks.append(self)

    monkeypatch.setattr(workers, "DeskProcess", Mortal)

    def kill(_session, trial) -> None:
        if trial.number == 1:
            desks[0]._process.kill()

    def objective(trial):
        for step in range(3):
            trial.report(1.0, step)
            time.sleep(0.01)
        return 1.0

    study = run(objective, n_trials=8, callbacks=[kill])
    assert [len(trial.reports) for trial in study.trials] == [3] * 8
    assert {trial.state for trial in study.trials} == {State.COMPLETE}


SCRIPT = """
import os, sys
import hpbridge as hpb
from hpbridge.drivers import desk_process

def objective(trial):
    trial.report(1.0, 1)
    return 1.0

def note(session, trial):
    if trial.number == 2:
        os.kill(os.getpid(), 9)

before = desk_process.DeskProcess.start
def noted(self):
    is_new = self._process is None
    before(self)
    if is_new:
        print(self._process.pid, flush=True)
desk_process.DeskProcess.start = noted
tuned = hpb.Experiment(objective=objective, space={"x": hpb.Float(0, 1)})
hpb.run(tuned, "random", n_trials=9, store=":memory:", workers=2, callbacks=[note])
"""


def test_the_desk_ends_with_the_process_that_started_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    wait_until(lambda: not is_alive(pid))


def test_a_step_beyond_64_bits_comes_with_the_result() -> None:
    study = run(lambda trial: trial.report(1.0, 2**70) or 1.0, n_trials=2)
    assert [trial.reports for trial in study.trials] == [((2**70, 1.0),)] * 2


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_a_pruner_answers_trials_in_a_pool(kind) -> None:
    tuned = hpb.Experiment(objective=epochs(), space=SPACE)
    given = {"n_trials": 8, "seed": 0, "store": ":memory:"}
    pruner = ("threshold", {"upper": 1.0})
    alone = hpb.run(tuned, "random", pruner=pruner, **given)
    with kind(2) as pool:
        study = hpb.run(tuned, "random", pruner=pruner, driver=pool, **given)
        side_by_side = hpb.run(
            tuned, "random", pruner=pruner, driver=pool, workers=2, **given
        )
    assert {t.state for t in alone.trials} == {State.COMPLETE, State.PRUNED}
    for found in (study, side_by_side):
        assert [t.reports for t in found.trials] == [t.reports for t in alone.trials]


def test_what_a_pools_process_reported_before_it_died_is_kept(tmp_path) -> None:
    def objective(trial):
        trial.report(0.5, 1)
        os.kill(os.getpid(), signal.SIGKILL)

    tuned = hpb.Experiment(objective=objective, space=SPACE)
    given = {"pruner": "median", "store": tmp_path / "own.db", "name": "own"}
    with ProcessPoolExecutor(1) as pool, pytest.raises(hpb.HpbridgeError):
        hpb.run(tuned, "random", driver=pool, **given)
    (trial,) = hpb.load_study("own", store=tmp_path / "own.db").trials
    assert (trial.state, trial.reports) == (State.FAILED, ((1, 0.5),))


class Raises:
    def report(self, trial, step, value) -> Reply:
        raise ZeroDivisionError

    def end(self, *about) -> None:
        pass


class RaisesAtTheEnd(Raises):
    def report(self, trial, step, value) -> Reply:
        return Reply.GO_ON

    def end(self, *about) -> None:
        raise ZeroDivisionError


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("policy", [Raises(), RaisesAtTheEnd()])
def test_a_pruner_that_raises_ends_its_study_in_a_sentence(policy, workers) -> None:
    life = life_of(epochs(), workers=workers, n_trials=20)
    life.pruner = policy
    with opened(life) as executor:
        drive([life], executor)
    assert isinstance(life.error, PrunerError)
    assert life.error.hint


def test_a_pool_whose_processes_cannot_come_to_the_desk_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(DeskProcess, "open_door", lambda desk, path: None)
    tuned = hpb.Experiment(objective=epochs(), space=SPACE)
    given = {"pruner": "median", "store": ":memory:"}
    with (
        ProcessPoolExecutor(1) as pool,
        pytest.raises(ExperimentError, match="pruner must be None on this pool"),
    ):
        hpb.run(tuned, "random", driver=pool, **given)
