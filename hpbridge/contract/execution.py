"""Places to run trials: what a driver is, and what it and the loop say to each other.

A driver is an `Executor`: a place with a number of slots, to which the one loop of the
core (`hpbridge.drivers.loop`) hands jobs, and from which it takes messages. Refill,
retries, limits, interrupts and the record are the loop's business; where and how a job
runs is the executor's. A library that must own the loop brings a `LoopSpec` instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from hpbridge.contract.attempt import Point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from hpbridge.contract.around import Answering
    from hpbridge.contract.attempt import Checkpoint, Reply, Run
    from hpbridge.contract.stage import Stage
    from hpbridge.errors import HpbridgeError
    from hpbridge.experiment import Experiment
    from hpbridge.learning.session import Session
    from hpbridge.space.parameters import Label
    from hpbridge.store.settings import Settings
    from hpbridge.trial import State

T = TypeVar("T")


@dataclass(frozen=True)
class Resources:
    """What a job needs of the machine that runs it."""

    cpus: float = 1.0
    gpus: float = 0.0
    memory: int | None = None
    """Bytes."""
    custom: Mapping[str, float] = field(default_factory=dict)
    """By the engine's own names."""


@dataclass(slots=True, eq=False)
class Job:
    """One attempt at one trial.

    Plain data but for the experiment, which an executor sends to each of its processes
    once, however many jobs and studies it serves, and for what is around the trial,
    which no other process can have.

    Attributes:
        id: Unique among the jobs of a process.
        study: The name of the study that it is of; executors serve several at once.
        number: Of the trial in its study.
        attempt: From 1; more after retries.
        timeout: Seconds that it may run, None for any number. Where an executor cannot
            end a running job, it must refuse to be opened with one.
        resources: What it needs; None for a slot's share.
        checkpoint: Where it goes on from, if it does not begin, and where it saves.
        around: What the trial can see of its study, in this process and thread.
        log: The file that is to get what the trial writes to standard output and error,
            where it has a process of its own and others run beside it; None for none.
        stage: How far it goes, and what it goes on from; None for all the way, from the
            beginning.
    """

    id: int
    experiment: Experiment
    study: str
    number: int
    params: Mapping[str, Label]
    seed: int
    attempt: int = 1
    timeout: float | None = None
    resources: Resources | None = None
    checkpoint: Checkpoint | None = None
    around: Answering | None = None
    log: str | None = None
    stage: Stage | None = None

    @property
    def point(self) -> Point:
        """What the trial is, for the process that runs it."""
        budget = None if self.stage is None else self.stage.budget
        return Point(dict(self.params), self.number, self.seed, budget)


@dataclass(frozen=True, slots=True)
class Reported:
    """A running job reported an intermediate value; it has been answered already."""

    job: Job
    step: int
    value: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A job ended by itself, well or not; its result holds all of its reports."""

    job: Job
    run: Run


@dataclass(frozen=True, slots=True)
class Lost:
    """A job's process died, or was ended since it took too long.

    All that it had reported was `Reported` before.

    Attributes:
        why: One line, for the trial's record.
        started_at: Unix time, seconds.
    """

    job: Job
    why: str
    started_at: float
    run_seconds: float
    worker: str


@dataclass(frozen=True, slots=True)
class Paused:
    """A job obeyed `Reply.PAUSE`, and its slot is free."""

    job: Job
    checkpoint: Checkpoint
    run: Run
    """Of what it ran until now."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A job cannot run here at all, nor any other of its experiment.

    Attributes:
        error: Ends the job's study.
    """

    job: Job
    error: HpbridgeError


@dataclass(frozen=True, slots=True)
class Returned:
    """A job was given back by what ran it, which had to leave: it is to run again.

    It costs the trial nothing: it counts as an attempt, and not as one that failed,
    unless that happens again and again and the trial comes no further.

    Attributes:
        why: One line.
    """

    job: Job
    why: str


Message: TypeAlias = Reported | Ended | Lost | Paused | Refused | Returned
"""What an executor says of a job. After any but `Reported`, its slot is free; whatever
it says of the job later, or once more, is ignored."""


class Policy(Protocol):
    """Answers the reports of one study, as a `hpbridge.contract.pruning.Pruner` does.

    Goes, pickled, to wherever they arrive; called by one thread.
    """

    def report(self, trial: int, step: int, value: float) -> Reply:
        """Return the answer to a report, at once: a trial waits for it.

        Args:
            trial: Its number.
            step: How far it is.
            value: Of the first metric, in its own unit and direction.
        """

    def begin_again(self, trial: int) -> None:
        """Forget what a trial reported that runs again."""

    def go_on(self, trial: int, reports: Iterable[tuple[int, float]]) -> None:
        """Take what a trial had reported at the checkpoint from which it goes on."""

    def promote(self, trial: int, step: int) -> None:
        """Let a trial go on that paused; at that step it does not pause again."""

    def end(self, trial: int, state: State, value: float | None) -> None:
        """Take the end of a trial.

        Args:
            trial: Its number.
            state: What it came to.
            value: Of the first metric, where it is complete.
        """


class Executor(Protocol):
    """A place to run jobs. Used by one thread.

    One whose time is not the machine's has, beside what is said here, a `clock`, whose
    ``take(session)`` makes a study go by it, when that has begun.
    """

    @property
    def slots(self) -> int:
        """How many jobs it takes at the same time."""

    def start(self, job: Job) -> None:
        """Begin a job as soon as there is a process for it. Does not wait for it.

        Called while fewer than `slots` jobs run.
        """

    def wait(self, seconds: float) -> None:
        """Wait until there are messages, for so long at most.

        Takes nothing, so that a `KeyboardInterrupt` in it loses nothing.
        """

    def messages(self) -> Iterable[Message]:
        """Return what there is to say since the last call, without waiting.

        Starts nothing. The last call may follow a `KeyboardInterrupt`.
        """

    def answer(self, job: Job, reply: Reply) -> None:
        """Answer the job's reports so from now on, whatever the policy says."""

    def decide_by(self, study: str, policy: Policy) -> None:
        """Let a policy answer a study's reports; without one, all are to go on."""

    def tell(self, study: str, what: str, *about: Any) -> None:
        """Call a study's policy, where it has one: ``policy.what(*about)``.

        A report that comes after this call finds it done.
        """

    def cancel(self, job: Job) -> None:
        """End a job, with all that it has started. Nothing is said of it any more."""


Open: TypeAlias = "Callable[[Experiment, Settings], AbstractContextManager[Executor]]"
"""Opens a driver for an experiment, with the settings of its study."""


@dataclass(frozen=True)
class NoOptions:
    """The options of a driver that has none."""


@dataclass(frozen=True)
class DriverSpec:
    """A place to run trials, by name.

    Attributes:
        open: ``open(experiment, settings)`` returns a context manager that gives an
            `Executor`. Entered before the optimizer is made, it starts what takes its
            time to start: `settings.workers` slots, no more than `settings.n_trials`,
            for that experiment. Left, it ends all of that, whatever still runs, and
            leaves no process behind. Raises `ExperimentError` where it cannot run it,
            and `DriverError` where there is no such place. An `ExecutorError` of the
            executor's says that the place is gone: its studies are interrupted.
        isolates: Whether a trial has a process of its own, so that one that dies costs
            itself and no more, and one that runs can be ended. With several slots, at
            least.
        limits: Which settings of worker processes it keeps: ``trials_per_worker``,
            ``memory_trial``, ``threads_per_worker``. A study with another one is
            refused before it is opened.
        answers: Whether a report is answered while the trial runs; otherwise reports
            come with the trial's end, and nothing can be decided from them.
        logs: Whether what a trial prints goes to its `Job.log`, where there are several
            slots.
        options: A frozen dataclass of what can be chosen, which raises `ValueError`
            where a value is out of range. `open` reads them from the settings with
            `driver_options`.
        needs: What it needs beside what it requires, in a few words.
        address: An example of what its option ``address`` or ``listen`` takes.
        open_on: ``open_on(given)`` returns an `open` of its own for an object of the
            library's that is such a place, a client of a cluster, say, which stays the
            caller's; None for any other object. Imports nothing to find out.
        attend: Called by commands before they load anything, and by `run`, where the
            processes of a job all start as the study's: it returns how many trials run
            at once where nobody says so. In a process that is to run trials only, it
            never returns, and ends the process with `SystemExit`. `open` cannot rely
            on it. None where there is nothing to attend to.
    """

    name: str
    summary: str
    open: Open
    requires: tuple[str, ...] = ()
    isolates: bool = True
    answers: bool = True
    logs: bool = False
    limits: frozenset[str] = frozenset()
    options: type = NoOptions
    needs: str = ""
    address: str = ""
    open_on: Callable[[object], Open | None] | None = None
    attend: Callable[[], int] | None = None


@dataclass(frozen=True)
class LoopSpec:
    """A library that must own the loop over the trials, by name.

    Attributes:
        run: ``run(session, settings, policy)`` asks the session for trials with
            `Session.next`, runs them, again where they fail and may, and hands each
            result to `Session.finish`, until `next` returns None and none is running.
            Where there is a policy, it lets that answer reports and tells it of every
            end. Raises `ExecutorError` where what runs the trials is gone; those that
            it ran run again when the study goes on.
        prepare: ``prepare(settings)`` starts or finds what the trials run on. Called
            before the optimizer is made and the study is recorded, so that where it
            raises an `HpbridgeError`, nothing has begun.
        answers: As of `DriverSpec`: whether it takes a policy.
        logs: Whether what a trial prints goes to `StudyWriter.log_of` its number.
        saves: Whether trials go on from what others saved: it asks `Saved.start` for
            where a trial begins, and tells `Saved.end` and `Saved.close` of the ends.
        options: As of `DriverSpec`.
        needs: As of `DriverSpec`.
        address: As of `DriverSpec`.
    """

    name: str
    summary: str
    run: Callable[[Session, Settings, Policy | None], None]
    requires: tuple[str, ...] = ()
    prepare: Callable[[Settings], None] | None = None
    answers: bool = False
    logs: bool = False
    saves: bool = False
    options: type = NoOptions
    needs: str = ""
    address: str = ""


def driver_options(options: type[T], settings: Settings) -> T:
    """Return the options that a study runs its driver with.

    Args:
        options: The driver's dataclass.
        settings: Of the study.
    """
    return options(**(settings.driver_options or {}))
