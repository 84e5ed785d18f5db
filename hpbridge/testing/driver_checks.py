"""Checks of drivers: a place to run jobs says of each what became of it, once."""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Reply
from hpbridge.contract.execution import DriverSpec, Ended
from hpbridge.drivers.loop import drive
from hpbridge.errors import ExperimentError
from hpbridge.store.settings import OF_WORKERS
from hpbridge.testing import driver_objectives as objectives
from hpbridge.testing.checks import Kit, NotApplicable, require
from hpbridge.testing.driver_case import (
    DriverCase,
    ends,
    folder,
    hear,
    is_gone,
    only_trial_1_failed,
    process_in,
)
from hpbridge.trial import Origin, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.contract.execution import Message

RULES = {
    1: "a job runs as it would here",
    2: "what became of a job is said, once",
    3: "a bad trial costs itself and no more",
    4: "a report is answered",
    5: "what is ended is gone",
    6: "quiet",
    7: "what is declared is kept",
}
"""The rules of `hpbridge.contract.execution.Executor` in a few words."""

DRIVERS = Kit("driver", RULES)
check = DRIVERS.check


@check(1)
def check_record(case: DriverCase) -> None:
    """Its record says what it is."""
    spec = case.spec
    require(isinstance(spec, DriverSpec), "a DriverSpec", spec)
    require(bool(spec.summary.strip()), "a summary", "none")
    for requirement in spec.requires:
        require(">=" in requirement, "the oldest version after >=", requirement)
    unknown = sorted(set(spec.limits).difference(OF_WORKERS))
    known = " or ".join(OF_WORKERS)
    require(not unknown, f"limits that are {known}", ", ".join(unknown))


@check(1)
def check_slots(case: DriverCase) -> None:
    """It has as many slots as it was opened with, or says how many it has."""
    with case.opened(case.life(objectives.square)) as executor:
        require(1 <= executor.slots <= 2, "1 or 2 slots", executor.slots)


@check(1)
def check_trials(case: DriverCase) -> None:
    """A trial gets its parameters, number and seed, and its metrics come back."""
    study = case.run(case.life(objectives.square, 6, workers=2))
    require(len(study.trials) == 6, "6 trials", len(study.trials))
    for trial in study.trials:
        require(trial.state is State.COMPLETE, "a complete trial", trial)
        given = _Given(trial.params, trial.number, trial.seed)
        expected = objectives.square(given)  # type: ignore[arg-type]
        require(dict(trial.metrics) == expected, repr(expected), dict(trial.metrics))
        require(bool(trial.worker), "who ran it", "nobody")
        require(trial.run_seconds >= 0 < trial.started_at, "its times", trial)


class _Given(dict):  # type: ignore[type-arg]
    """What an objective reads of a trial."""

    def __init__(self, params: object, number: int, seed: int) -> None:
        super().__init__(params)  # type: ignore[call-overload]
        self.number, self.seed = number, seed


@check(1)
def check_several_studies(case: DriverCase) -> None:
    """Studies that run at once have the trials that each has alone."""
    seeds = (1, 2, 3)
    alone = [case.run(case.life(objectives.square, seed=seed)) for seed in seeds]
    lives = [case.life(objectives.square, seed=seed) for seed in seeds]
    with case.opened(lives[0]) as executor:
        drive(lives, executor)
    for life, one in zip(lives, alone, strict=True):
        found = [(t.params, t.metrics) for t in life.study().trials]
        expected = [(t.params, t.metrics) for t in one.trials]
        require(found == expected, repr(expected), found)


@check(1)
def check_long_history(case: DriverCase) -> None:
    """A study that goes on from more trials than its budget runs its budget."""
    earlier = case.run(case.life(objectives.square, 5))
    study = case.run(case.life(objectives.square, 2, history=earlier, workers=2))
    ran = [t for t in study.trials if t.origin is not Origin.IMPORTED]
    require(len(ran) == 2, "2 trials beside those imported", len(ran))


@check(6)
def check_process(case: DriverCase) -> None:
    """The process that opened it stays as it was, and nothing is printed to stdout."""
    life, printed = case.life(objectives.square, 3), io.StringIO()
    folder_before = Path.cwd()
    before = _of_process()
    try:
        with contextlib.redirect_stdout(printed):
            case.run(life)
        after = _of_process()
    finally:
        os.chdir(folder_before)
        signal.signal(signal.SIGINT, before["the handler of interrupts"])
    changed = [name for name, value in before.items() if after[name] != value]
    require(
        not changed,
        ", ".join(before) + " as before",
        f"others: {', '.join(changed)}",
        "what a trial needs belongs into its worker, not into the process of the run",
    )
    require(not printed.getvalue(), "nothing printed", repr(printed.getvalue()[:200]))


def _of_process() -> dict[str, Any]:
    return {
        "the working directory": str(Path.cwd()),
        "the handler of interrupts": signal.getsignal(signal.SIGINT),
        "the global random generator": random.getstate(),
    }


@check(2)
def check_each_once(case: DriverCase) -> None:
    """Each job ends in one message and no more, and only jobs are spoken of."""
    life = case.life(objectives.square)
    with case.opened(life) as executor:
        todo = [case.job(life, number) for number in range(6)]
        waiting = list(todo)
        heard: list[Message] = []
        while waiting or len(ends(heard)) < len(todo):
            running = len(todo) - len(waiting) - len(ends(heard))
            while waiting and running < executor.slots:
                executor.start(waiting.pop(0))
                running += 1
            n_ended = len(ends(heard))
            heard += hear(executor, lambda new: bool(ends(new)), "a job's end")
            require(len(ends(heard)) > n_ended, "a job's end", heard)
        for _ in range(3):
            executor.wait(0.1)
            heard += executor.messages()
    spoken = sorted(message.job.number for message in ends(heard))
    require(spoken == list(range(6)), "one end of each of the jobs 0 to 5", spoken)
    others = [m for m in heard if m.job not in todo]
    require(not others, "words of these jobs", others)


@check(3)
def check_retries(case: DriverCase) -> None:
    """A trial that failed runs again, as often as it may."""
    with folder() as path:
        objective = partial(objectives.fails_first, path)
        study = case.run(case.life(objective, workers=2, retries=1))
    for trial in study.trials:
        seen = trial.state.value, trial.attempts
        require(seen == ("complete", 2), "complete in attempt 2", seen)


@check(3)
def check_stubborn_error(case: DriverCase) -> None:
    """An exception that cannot be sent fails its trial, with its text."""
    study = case.run(case.life(objectives.raises_stubborn))
    error = study.trials[1].error
    require(error == "StubbornError: 1 and 2", "StubbornError: 1 and 2", error)
    only_trial_1_failed(study)


@check(3)
def check_exit(case: DriverCase) -> None:
    """A trial that calls for the end of Python fails, in its own words."""
    study = case.run(case.life(objectives.exits))
    error = study.trials[1].error or ""
    require(error.startswith("SystemExit: 0"), "SystemExit: 0", error)
    only_trial_1_failed(study)


@check(3)
def check_death(case: DriverCase) -> None:
    """A trial whose process is killed fails, and the others run."""
    case.needs_isolation()
    study = case.run(case.life(objectives.kills_itself, 5, workers=2))
    only_trial_1_failed(study)
    require(bool(study.trials[1].error), "a word on what happened", "none")


@check(3)
def check_timeout(case: DriverCase) -> None:
    """A trial that takes too long is ended and fails, or a timeout is refused."""
    life = case.life(objectives.sleeps, timeout_trial=3.0)
    try:
        study = case.run(life)
    except ExperimentError as refusal:
        require("timeout_trial" in str(refusal), "timeout_trial by name", str(refusal))
        raise NotApplicable(refusal.reasons[0]) from None
    only_trial_1_failed(study)
    error = study.trials[1].error or ""
    require("3 seconds" in error, "an error that names 3 seconds", error)


@check(4)
def check_reports(case: DriverCase) -> None:
    """What a trial reports is in its record, in order."""
    study = case.run(case.life(objectives.epochs, workers=2))
    expected = tuple((step, step / 2) for step in range(1, 6))
    for trial in study.trials:
        require(trial.reports == expected, repr(expected), trial.reports)


@check(4)
def check_reports_of_the_dead(case: DriverCase) -> None:
    """What a trial had reported before its process was killed is in its record."""
    case.needs_isolation()
    case.needs_answers()
    study = case.run(case.life(objectives.kills_itself, workers=2))
    expected = ((1, 0.5), (2, 1.0), (3, 1.5))
    found = study.trials[1].reports
    require(found == expected, repr(expected), found)


class _AtStep3:
    """Answers the third report so, of whatever trial."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    def report(self, trial: int, step: int, value: float) -> Reply:  # noqa: ARG002
        return self.reply if step == 3 else Reply.GO_ON

    def begin_again(self, trial: int) -> None:
        """Keep nothing."""

    def go_on(self, trial: int, reports: Iterable[tuple[int, float]]) -> None:
        """Keep nothing."""

    def promote(self, trial: int, step: int) -> None:
        """Keep nothing."""

    def end(self, trial: int, state: State, value: float | None) -> None:
        """Keep nothing."""


@check(4)
def check_stop(case: DriverCase) -> None:
    """A trial whose report is answered with stop is told so, and ends."""
    case.needs_answers()
    life = case.life(objectives.epochs, workers=2)
    for trial in case.run(life, _AtStep3(Reply.STOP)).trials:
        seen = trial.state.value, len(trial.reports)
        require(seen == ("pruned", 3), "pruned after 3 reports", seen)


@check(4)
def check_pause(case: DriverCase) -> None:
    """A trial that pauses frees its slot, and goes on with what it had reported."""
    case.needs_answers()
    life = case.life(objectives.epochs, workers=2)
    for trial in case.run(life, _AtStep3(Reply.PAUSE)).trials:
        steps = [step for step, _ in trial.reports]
        seen = trial.state.value, steps
        expected = "complete", [1, 2, 3, 4, 5]
        require(seen == expected, repr(expected), seen)


@check(4)
def check_answer(case: DriverCase) -> None:
    """A running job whose answer is set to stop is told so."""
    case.needs_answers()
    with folder() as path:
        life = case.life(partial(objectives.waits, path))
        with case.opened(life) as executor:
            is_alone = executor.slots == 1 and not case.spec.isolates
            case.needs(not is_alone, "its one slot is where the loop runs")
            executor.start(job := case.job(life))
            hear(executor, bool, "a report")
            executor.answer(job, Reply.STOP)
            ended = ends(hear(executor, lambda m: bool(ends(m)), "its end"))[0]
    require(isinstance(ended, Ended), "a job that ended", ended)
    state = ended.run.result.state if isinstance(ended, Ended) else None
    require(state is State.PRUNED, "a pruned trial", state)


@check(5)
def check_cancel(case: DriverCase) -> None:
    """A job that is cancelled is gone, with its process, and nothing is said of it."""
    case.needs_isolation()
    with folder() as path:
        life = case.life(partial(objectives.waits, path))
        with case.opened(life) as executor:
            executor.start(job := case.job(life))
            process = _begun(executor, path)
            executor.cancel(job)
            require(is_gone(process), "no process of the cancelled job", process)
            executor.messages()
            other = case.life(objectives.square)
            executor.start(case.job(other, 1))
            heard = ends(hear(executor, lambda m: bool(ends(m)), "the next job's end"))
    require([m.job.number for m in heard] == [1], "the next job alone", heard)


def _begun(executor: object, path: str) -> int:
    """Return the process of job 0 when it runs; some begin jobs only in `wait`."""
    for _ in range(200):
        if any(Path(path).iterdir()):
            break
        executor.wait(0.1)  # type: ignore[attr-defined]
        executor.messages()  # type: ignore[attr-defined]
    return process_in(path)


@check(5)
def check_interrupt(case: DriverCase) -> None:
    """Left by Ctrl-C while trials run, it leaves no process of theirs behind."""
    case.needs_isolation()
    process = 0
    with folder() as path:
        life = case.life(partial(objectives.waits, path))
        try:
            with case.opened(life) as executor:
                executor.start(case.job(life))
                process = _begun(executor, path)
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass
        require(is_gone(process), "no process that runs on", process)
