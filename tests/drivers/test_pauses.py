"""No study waits for what nobody starts, whatever its trials do."""

from __future__ import annotations

import random

import pytest

import hpbridge as hpb
from hpbridge.contract.attempt import Checkpoint, Reply, Run
from hpbridge.contract.execution import Ended, Lost, Paused
from hpbridge.drivers.in_process import InProcess
from hpbridge.drivers.interrupts import INTERRUPTED
from hpbridge.drivers.loop import drive
from hpbridge.engine.life import Life
from hpbridge.engine.plan import Plan
from hpbridge.learning.choice import choose
from hpbridge.pruners.choosing import chosen_pruner
from hpbridge.store.settings import Settings
from hpbridge.trial import Result, State

MOST_WAITS = 5_000


class Chance(InProcess):
    """Trials that pause, end, die and disobey by chance; messages come in any order."""

    def __init__(self, seed, slots) -> None:
        super().__init__()
        self.slots, self.rng = slots, random.Random(seed)
        self.jobs, self.n_waits = [], 0
        self.risk = self.rng.choice([0.0, 0.1, 0.5])

    def start(self, job) -> None:
        self.jobs.append(job)

    def wait(self, seconds) -> None:
        self.n_waits += 1
        assert self.n_waits < MOST_WAITS, "it hangs"
        assert self.jobs, "it waits, and nothing runs"
        job = self.jobs.pop(self.rng.randrange(len(self.jobs)))
        self._messages.append(self.run(job))

    def cancel(self, job) -> None:
        self.jobs.remove(job)

    def run(self, job):
        reports = list(job.checkpoint.reports)
        for step in range(len(reports) + 1, 20):
            if self.rng.random() < self.risk / 5:
                return Lost(job, "died", 0.0, 1.0, "w")
            value = self.rng.choice([1.0, self.rng.random(), float("nan")])
            reports.append((step, value))
            reply = self._reply(job, step, value)
            if reply is Reply.PAUSE and self.rng.random() > self.risk / 2:
                run = Run(Result(State.PRUNED, {}, tuple(reports)), 0.0, 1.0)
                return Paused(job, Checkpoint(), run)
        state = State.FAILED if self.rng.random() < self.risk else State.COMPLETE
        metrics = {"value": reports[-1][1]} if state is State.COMPLETE else {}
        if state is State.COMPLETE and metrics["value"] != metrics["value"]:
            metrics["value"] = 1.0
        return Ended(job, Run(Result(state, metrics, tuple(reports)), 0.0, 1.0))


class Always:
    """Pauses every trial at every report, for ever."""

    def report(self, trial, step, value) -> Reply:
        return Reply.PAUSE

    def begin_again(self, *about) -> None:
        pass

    go_on = promote = end = begin_again


def life_of(seed, rng, *, pruner="asha:promotion", callbacks=()) -> Life:
    space = {"x": hpb.Categorical(list("abcde"))} if rng.random() < 0.3 else None
    tuned = hpb.Experiment(
        objective=lambda _: 1.0, space=space or {"x": hpb.Float(0, 1)}
    )
    given = {
        "workers": rng.randrange(1, 4),
        "retries": rng.randrange(3),
        "target": rng.choice([None, 0.01]),
        "on_error": rng.choice(["record", "record", "stop"]),
    }
    if pruner is not None:
        given["pruner"] = chosen_pruner((pruner, {"reduction_factor": 2}))
    settings = Settings(rng.randrange(1, 12), **given)
    plan = Plan(tuned, choose("random", tuned), settings, seed, "local")
    return Life(plan, ":memory:", callbacks)


@pytest.mark.parametrize("seed", range(60))
def test_no_study_hangs_whatever_its_trials_do(seed) -> None:
    rng = random.Random(seed)
    lives = [life_of(seed, rng) for _ in range(rng.randrange(1, 3))]
    drive(lives, Chance(seed, rng.randrange(1, 4)))
    for life in lives:
        if life.error is not None:
            assert "failed" in str(life.error)
            continue
        study = life.study()
        assert all(trial.state in State for trial in study.trials)
        if study.stop_reason is None:
            assert len(study.trials) == life.plan.settings.n_trials


def test_a_trial_that_pauses_and_comes_no_further_ends() -> None:
    life = life_of(0, random.Random(1), pruner=None)
    life.pruner = Always()

    class Stays(Chance):
        def run(self, job):
            run = Run(Result(State.PRUNED, {}, ((1, 0.5),)), 0.0, 1.0)
            return Paused(job, Checkpoint(), run)

    drive([life], Stays(0, 2))
    trials = life.study().trials
    assert trials
    for trial in trials:
        assert trial.state is State.FAILED
        assert trial.error == "it paused at step 1 and came no further after it"


def test_paused_trials_of_an_interrupted_study_are_not_ended() -> None:
    def stop(session, trial) -> None:
        session.stop(INTERRUPTED)

    seen = []
    for seed in range(20):
        life = life_of(seed, random.Random(seed), callbacks=(stop,))
        executor = Chance(seed, 3)
        drive([life], executor)
        seen.append(len(life._session._running))
        assert not executor.jobs
    assert any(seen)
