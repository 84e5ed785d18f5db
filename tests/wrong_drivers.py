"""Drivers that are wrong in one way each: they prove that the kit's checks can fail.

Each spoils an executor that keeps every rule: in process where that does, worker
processes where a trial dies or is ended.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import ClassVar

from hpbridge.contract.attempt import Run
from hpbridge.contract.execution import (
    DriverSpec,
    Ended,
    Lost,
    Paused,
    Refused,
    Reported,
)
from hpbridge.drivers.in_process import InProcess
from hpbridge.drivers.workers import Workers
from hpbridge.errors import ExperimentError
from hpbridge.trial import Result, State


def here(executor, **declared) -> DriverSpec:
    def opened(_experiment, settings):
        made = executor()
        made.n_trials = settings.n_trials
        return nullcontext(made)

    return DriverSpec("wrong", "Wrong.", opened, isolates=False, **declared)


def there(workers, limits=(), **declared) -> DriverSpec:
    @contextmanager
    def opened(experiment, settings):
        made = workers(
            experiment,
            settings.workers,
            trials_each=settings.trials_per_worker,
            memory=settings.memory_trial,
            threads=settings.threads_per_worker,
        )
        try:
            yield made
        finally:
            made.close()

    return DriverSpec("wrong", "Wrong.", opened, limits=frozenset(limits), **declared)


class NoSlots(InProcess):
    slots = 0


class OtherSeed(InProcess):
    def start(self, job) -> None:
        job.seed += 1
        super().start(job)


class Remembers(InProcess):
    """Takes a trial for another one of the same number."""

    def __init__(self) -> None:
        super().__init__()
        self.known = {}

    def messages(self):
        said = []
        for message in super().messages():
            if isinstance(message, Ended):
                run = self.known.setdefault(message.job.number, message.run)
                said.append(Ended(message.job, run))
        return said


class CountsNumbers(InProcess):
    """Takes the number of a trial for how many have run."""

    def start(self, job) -> None:
        super().start(job)
        if job.number >= self.n_trials:
            self.cancel(job)
            error = ExperimentError.invalid("kit", ["all trials have run"])
            self._messages.append(Refused(job, error))


class SaysTwice(InProcess):
    def messages(self):
        return [m for message in super().messages() for m in (message, message)]


class Changes(InProcess):
    """Changes what a trial came to."""

    changes: ClassVar[dict] = {}

    def messages(self):
        said = list(super().messages())
        for message in said:
            if isinstance(message, Ended):
                run = message.run
                run.result = replace(run.result, **self.changes)
        return said


class OwnWords(Changes):
    changes: ClassVar = {"error": "a trial failed"}


class DropsReports(Changes):
    changes: ClassVar = {"reports": ()}


class Obstinate(InProcess):
    def decide_by(self, study, policy) -> None:
        pass


class EndsPaused(InProcess):
    def messages(self):
        return [
            Ended(m.job, m.run) if isinstance(m, Paused) else m
            for m in super().messages()
        ]


class GivesUp(Workers):
    """Ends the study with a trial that died."""

    def messages(self):
        error = ExperimentError.invalid("kit", ["a worker died"])
        return [
            Refused(m.job, error) if isinstance(m, Lost) else m
            for m in super().messages()
        ]


class Forgets(Workers):
    def messages(self):
        return [m for m in super().messages() if not isinstance(m, Reported)]


class Mute(Workers):
    def answer(self, job, reply) -> None:
        raise NotImplementedError


class Unending(Workers):
    def cancel(self, job) -> None:
        pass


class LeavesProcesses(Workers):
    """They end long after they should."""

    def close(self) -> None:
        threading.Timer(12, super().close).start()


def no_timeout(_experiment, _settings):
    name = "kit"
    raise ExperimentError.invalid(name, ["no"])


# Mistakes thought out without a look at the checks.


class Results(InProcess):
    """Changes results by a function."""

    def change(self, result):
        return result

    def messages(self):
        said = list(super().messages())
        for message in said:
            if isinstance(message, Ended):
                message.run.result = self.change(message.run.result)
        return said


class RoundsMetrics(Results):
    def change(self, result):
        metrics = {name: round(value, 3) for name, value in result.metrics.items()}
        return replace(result, metrics=metrics)


class KeepsOneMetric(Results):
    def change(self, result):
        return replace(result, metrics=dict(list(result.metrics.items())[:1]))


class ReversesReports(Results):
    def change(self, result):
        return replace(result, reports=result.reports[::-1])


class LosesTheLastReport(Results):
    def change(self, result):
        return replace(result, reports=result.reports[:-1])


class HidesErrors(Results):
    def change(self, result):
        return replace(result, error=None)


class CallsFailuresComplete(Results):
    def change(self, result):
        metrics = result.metrics or {"value": 0.0}
        return replace(result, state=State.COMPLETE, error=None, metrics=metrics)


class SharesParameters(InProcess):
    shared: ClassVar = {}

    def start(self, job) -> None:
        job.params = self.shared.setdefault(job.study, job.params)
        super().start(job)


class SeedsThePlace(InProcess):
    def start(self, job) -> None:
        random.seed(job.seed)
        super().start(job)


class MovesAway(InProcess):
    def start(self, job) -> None:
        os.chdir("/")
        super().start(job)


class Prints(InProcess):
    def start(self, job) -> None:
        sys.stdout.write(f"job {job.number} starts\n")
        super().start(job)


class OneMore(Workers):
    """Renews a worker one trial too late."""

    def __init__(self, experiment, slots, *, trials_each, **limits) -> None:
        trials_each = None if trials_each is None else trials_each + 1
        super().__init__(experiment, slots, trials_each=trials_each, **limits)


class OnlyPools(OneMore):
    """Renews workers where there are several, not one that is alone."""

    def __init__(self, experiment, slots, *, trials_each, **limits) -> None:
        trials_each = None if slots == 1 else trials_each - 1
        super().__init__(experiment, slots, trials_each=trials_each, **limits)


class Greedy(Workers):
    """Leaves the number of threads to the libraries."""

    def __init__(self, experiment, slots, **limits) -> None:
        super().__init__(experiment, slots, **{**limits, "threads": 64})


class Wordless(Workers):
    """Does not say why it ended a trial."""

    def messages(self):
        return [
            replace(m, why="it was ended") if isinstance(m, Lost) else m
            for m in super().messages()
        ]


class OneLog(Workers):
    """Leads all that trials print into one file."""

    log: str | None = None

    def start(self, job) -> None:
        job.log = self.log = self.log or job.log
        super().start(job)


class NoLog(Workers):
    def start(self, job) -> None:
        job.log = None
        super().start(job)


class CallsLossesComplete(Workers):
    """Says of a trial whose process died that it ended well."""

    def messages(self):
        return [
            Ended(m.job, Run(Result(State.COMPLETE, {"value": 1.0}), 1.0, 1.0, "here"))
            if isinstance(m, Lost)
            else m
            for m in super().messages()
        ]


class Outlives(Workers):
    """Starts what nobody ends when the study's process is killed."""

    def prepare(self, count) -> None:
        super().prepare(count)
        subprocess.Popen(["sleep", "60"], start_new_session=True)


DRIVERS = {
    "record": DriverSpec("wrong", " ", print),
    "slots": here(NoSlots),
    "trials": here(OtherSeed),
    "several_studies": here(Remembers),
    "long_history": here(CountsNumbers),
    "each_once": here(SaysTwice),
    "retries": here(Remembers),
    "stubborn_error": here(OwnWords),
    "exit": here(OwnWords),
    "death": there(GivesUp),
    "lost_node": there(CallsLossesComplete),
    "killed_study": there(Outlives),
    "timeout": DriverSpec("wrong", "Wrong.", no_timeout),
    "reports": here(DropsReports),
    "reports_of_the_dead": there(Forgets),
    "stop": here(Obstinate),
    "pause": here(EndsPaused),
    "answer": there(Mute),
    "cancel": there(Unending),
    "interrupt": there(LeavesProcesses),
    "process": here(Prints),
    "trials-rounded": here(RoundsMetrics),
    "trials-one_metric": here(KeepsOneMetric),
    "trials-shared": here(SharesParameters),
    "reports-reversed": here(ReversesReports),
    "reports-last": here(LosesTheLastReport),
    "stubborn_error-hidden": here(HidesErrors),
    "stubborn_error-complete": here(CallsFailuresComplete),
    "process-seeded": here(SeedsThePlace),
    "process-moved": here(MovesAway),
    "record-limits": DriverSpec("wrong", "Wrong.", print, limits=frozenset({"cpus"})),
    "trials_per_worker": there(OneMore, {"trials_per_worker"}),
    "trials_per_worker-alone": there(OnlyPools, {"trials_per_worker"}),
    "trials_per_worker-here": here(InProcess, limits=frozenset({"trials_per_worker"})),
    "memory_trial": here(InProcess, limits=frozenset({"memory_trial"})),
    "memory_trial-wordless": there(Wordless, {"memory_trial"}),
    "threads_per_worker": there(Greedy, {"threads_per_worker"}),
    "logs": there(NoLog, logs=True),
    "logs-one": there(OneLog, logs=True),
}
"""By the check that each fails."""
