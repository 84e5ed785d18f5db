"""Places to run trials: what a driver is, and what it and the loop say to each other.

A driver is an `Executor`: a place with a number of slots, to which the one loop of the
core (`hpbridge.drivers.loop`) hands jobs, and from which it takes messages. Refill,
retries, limits, interrupts and the record are the loop's business; where and how a job
runs is the executor's. A library that must own the loop brings a `LoopSpec` instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from hpbridge.contract.around import Answering
    from hpbridge.contract.attempt import Checkpoint, Reply, Run
    from hpbridge.errors import HpbridgeError
    from hpbridge.experiment import Experiment
    from hpbridge.learning.session import Session
    from hpbridge.space.parameters import Label
    from hpbridge.store.settings import Settings


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
        checkpoint: Where it goes on from; None to begin.
        around: What the trial can see of its study, in this process and thread.
        log: The file that is to get what the trial writes to standard output and error,
            where it has a process of its own and others run beside it; None for none.
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


Message: TypeAlias = Reported | Ended | Lost | Paused | Refused
"""What an executor says of a job. After any but `Reported`, its slot is free; whatever
it says of the job later, or once more, is ignored."""


class Policy(Protocol):
    """Answers reports. Goes, pickled, to wherever they arrive; called by one thread."""

    def reported(self, study: str, number: int, step: int, value: float) -> Reply:
        """Return the answer to a report, at once: a trial waits for it.

        Args:
            study: The name of the trial's study.
            number: Of the trial.
            step: How far it is.
            value: Of the first metric, in its own unit and direction.
        """


class Executor(Protocol):
    """A place to run jobs. Used by one thread.

    Attributes:
        slots: How many jobs it takes at the same time.
    """

    slots: int

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

    def decide_by(self, policy: Policy) -> None:
        """Let a policy answer reports; without one, every answer is to go on."""

    def cancel(self, job: Job) -> None:
        """End a job, with all that it has started. Nothing is said of it any more."""


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
            ``memory_trial``. A study with another one is refused before it is opened.
        answers: Whether a report is answered while the trial runs; otherwise reports
            come with the trial's end, and nothing can be decided from them.
        logs: Whether what a trial prints goes to its `Job.log`, where there are several
            slots.
    """

    name: str
    summary: str
    open: Callable[[Experiment, Settings], AbstractContextManager[Executor]]
    requires: tuple[str, ...] = ()
    isolates: bool = True
    answers: bool = True
    logs: bool = False
    limits: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LoopSpec:
    """A library that must own the loop over the trials, by name.

    Attributes:
        run: ``run(session, settings)`` asks the session for trials with `Session.next`,
            runs them, again where they fail and may, and hands each result to
            `Session.finish`, until `next` returns None and none is running. Raises
            `ExecutorError` where what runs the trials is gone; those that it ran run
            again when the study goes on.
        prepare: ``prepare(settings)`` starts or finds what the trials run on. Called
            before the optimizer is made and the study is recorded, so that where it
            raises an `HpbridgeError`, nothing has begun.
        logs: Whether what a trial prints goes to `StudyWriter.log_of` its number.
    """

    name: str
    summary: str
    run: Callable[[Session, Settings], None]
    requires: tuple[str, ...] = ()
    prepare: Callable[[Settings], None] | None = None
    logs: bool = False
