"""Run the studies of a bench one after the other, in this process."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hpbridge.bench.entry import with_one_thread
from hpbridge.bench.steps import BEGUN, ENDED, FAILED, TRIALS, Step
from hpbridge.engine.life import Life, live_all
from hpbridge.engine.resume import FromNow, plan_of
from hpbridge.errors import HpbridgeError
from hpbridge.errors.foreign import describe_error
from hpbridge.store.record import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hpbridge.bench.entry import Entry, Run
    from hpbridge.learning.choice import Choice
    from hpbridge.learning.session import Listener, Session
    from hpbridge.store import Database
    from hpbridge.store.record import StudyRecord
    from hpbridge.trial import FinishedTrial

    Task = tuple[Run, int | None]

_SAYING_SECONDS = 0.2


@dataclass(frozen=True)
class Work:
    """What this process runs, and where it is kept.

    Attributes:
        comparison_id: Of the bench in its store.
        patience: Seconds that a study waits for a store that is away.
        choices: That were made before, by optimizer and problem.
    """

    entry: Entry
    database: Database
    comparison_id: int
    patience: float
    choices: dict[tuple[str, str], Choice] = field(default_factory=dict)

    def run(self, run: Run, study: int | None, tick: Callable[[], None]) -> None:
        """Run a study to its end.

        Args:
            run: Which one.
            study: Its number in the store, where it began before.
            tick: Called after every trial.

        Raises:
            HpbridgeError: What it failed at.
            KeyboardInterrupt: If the user interrupted it.
        """

        def listen(_session: Session, _trial: FinishedTrial) -> None:
            tick()

        try:
            life = self._life(run, study, listen)
            live_all([life], replace(life.plan.settings, n_trials=life.n_left))
        except HpbridgeError:
            raise
        except Exception as error:  # it may be anybody's; the others go on
            msg = f"It failed: {describe_error(error)}"
            raise HpbridgeError(msg) from error
        if life.error is not None:
            raise life.error

    def _life(self, run: Run, study: int | None, listener: Listener) -> Life:
        plan = self.entry.plan(run, self.comparison_id, self.choices)
        if study is None:
            return Life(plan, self.database, (listener,), patience=self.patience)
        changes = dict(vars(plan.settings))
        options = changes.pop("driver_options") or {}
        now = FromNow(changes, (plan.driver, options), self.patience)
        record = self.database.study(study)
        past, recorded = plan_of(self.database, record, plan.experiment, now)
        return Life(
            replace(past, choice=with_one_thread(past.choice)),
            self.database,
            (listener,),
            recorded=recorded,
            patience=self.patience,
        )


def run_here(work: Work, tasks: Iterable[Task], step: Callable[[Step], None]) -> None:
    """Run studies one after the other.

    Args:
        work: What they are of.
        tasks: Each with the number of its study, where it began before.
        step: Is told what happens.

    Raises:
        KeyboardInterrupt: If the user interrupted it.
    """
    for run, study in tasks:
        step(Step(BEGUN, run))
        ticks = Ticks(run, step)
        try:
            work.run(run, study, ticks.tick)
        except HpbridgeError as error:
            step(Step(FAILED, run, ticks.n, error))
        else:
            step(Step(ENDED, run, ticks.n))


class Ticks:
    """Counts the trials of a study, and says now and then how many there are.

    Args:
        run: The study.
        step: Is told how many there are.
    """

    def __init__(self, run: Run, step: Callable[[Step], None]) -> None:
        self._run, self._step, self._at, self.n = run, step, 0.0, 0

    def tick(self) -> None:
        """Count one more."""
        self.n += 1
        now = time.monotonic()
        if now - self._at >= _SAYING_SECONDS:
            self._at = now
            self._step(Step(TRIALS, self._run, self.n))


@dataclass(frozen=True)
class Standing:
    """Which studies of a bench there are.

    Attributes:
        done: Those that have all trials that are asked for.
        begun: The number in the store of the others that began.
        running: The names of those that a process runs now.
    """

    done: frozenset[Run]
    begun: dict[Run, int]
    running: tuple[str, ...]


def standing_of(entry: Entry, records: Iterable[StudyRecord]) -> Standing:
    """Return which studies of a bench there are; of several of one run, the last.

    Args:
        entry: What is asked for.
        records: Of its studies.
    """
    last = {(r.experiment, r.label, r.seed): r for r in records}
    done, begun, running = set(), {}, []
    for run in entry.runs():
        record = last.get((run.problem, run.optimizer, run.seed))
        if record is None:
            continue
        was_asked = record.settings.budget.n_trials >= entry.n_trials[run.problem]
        if record.status is Status.FINISHED and was_asked:
            done.add(run)
        else:
            begun[run] = record.id
        if record.status is Status.RUNNING:
            running.append(record.name)
    return Standing(frozenset(done), begun, tuple(running))
