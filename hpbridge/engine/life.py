"""The one life of a study, whether it is new or goes on, alone or among others.

Its driver is opened; its optimizer is made; its record is opened, new or again; it gets
its first points, or relives what is recorded; the loop runs it to its end; and how it
ended is written down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.checks.finding import REMARK
from hpbridge.contract.execution import LoopSpec
from hpbridge.drivers.interrupts import INTERRUPTED
from hpbridge.drivers.loop import drive
from hpbridge.drivers.worker import is_loading
from hpbridge.engine.beginning import changed_versions, relive, set_out
from hpbridge.engine.reporting import Reporting, is_of_end, notes_at_end
from hpbridge.errors import ExecutorError, ExperimentError, HpbridgeError, StoreError
from hpbridge.learning.one_thread import THREADS, changed_threads
from hpbridge.learning.session import Session
from hpbridge.store.patience import PATIENCE_SECONDS
from hpbridge.store.record import Status
from hpbridge.study import study_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.contract.execution import Policy
    from hpbridge.contract.promoting import Promotions
    from hpbridge.contract.pruning import Pruner
    from hpbridge.engine.plan import Plan
    from hpbridge.learning.learner import Learner
    from hpbridge.learning.session import Listener
    from hpbridge.store import Database, StudyWriter
    from hpbridge.store.record import StudyRecord
    from hpbridge.store.settings import Settings, StudySettings
    from hpbridge.study import Study


@dataclass(frozen=True)
class Recorded:
    """A study of a store that goes on.

    Attributes:
        record: What the store holds of it, but for its trials.
        settings: How it is run from now on.
        n_finished: How many trials it has, those imported included.
    """

    record: StudyRecord
    settings: StudySettings
    n_finished: int


class Life:
    """One study from its plan to its end; what `hpbridge.drivers.loop` runs.

    Args:
        plan: Everything that is settled.
        store: Where its record is.
        listeners: Called after every trial.
        recorded: What it goes on from; None for a new study.
        patience: Seconds that it waits for a store that is away.

    Attributes:
        on_begin: Called before it begins.
        error: What ended it, if anything did.
        is_over: Whether it has ended.
        pruner: What answers its trials' reports, once it has begun.
        promotions: Says which of its paused trials go on; None where none pauses.
    """

    def __init__(
        self,
        plan: Plan,
        store: str | os.PathLike[str] | Database | None,
        listeners: tuple[Listener, ...] = (),
        *,
        recorded: Recorded | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.plan = plan
        self.error: BaseException | None = None
        self.is_over = False
        self._store, self._listeners = store, listeners
        self._recorded, self._patience = recorded, patience
        self.pruner: Policy | None = None
        self.promotions: Promotions | None = None
        self.on_begin: Callable[[Plan], None] | None = None
        self._writer: StudyWriter | None = None
        self._session: Session | None = None

    def begin(self) -> Session:
        """Make the optimizer, open the record, and bring both to where trials run.

        Raises:
            HpbridgeError: If the optimizer refuses, or the store.
        """
        if self.on_begin is not None:
            self.on_begin(self.plan)
        # Its import takes its time too: the driver starts meanwhile.
        from hpbridge.store import StudyWriter, open_store

        plan, recorded = self.plan, self._recorded
        # Before the store is touched: the optimizer may refuse.
        name = plan.study if recorded is None else recorded.record.name
        learner = self._learner(name)
        self._database = open_store(self._store).patient(self._patience)
        if recorded is None:
            self._writer = StudyWriter.create(self._database, plan.record)
            if plan.settings.pruner is not None and self._writer.name != name:
                learner = plan.learner(self._writer.name)
        else:
            record = recorded.record
            created_at = record.created_at
            self._writer = StudyWriter(
                self._database, record.id, record.name, created_at
            )
        session = Session(
            experiment=plan.experiment,
            learner=learner,
            seed=plan.seed,
            settings=plan.settings,
            writer=self._writer,
            listeners=self._listeners,
            recorded=plan.record.settings if recorded is None else recorded.settings,
        )
        if recorded is None:
            set_out(session, plan)
        else:
            self._go_on(session, recorded)
        if plan.settings.pruner is not None and plan.ends_early:
            pruner = self._pruner_of(session, plan.settings.pruner)
            self.pruner, self.promotions = pruner, pruner.promotions()
            if self.promotions is not None:
                for trial in session.finished:
                    reports, state = trial.reports, trial.state
                    self.promotions.end(trial.number, reports, state)
        self._session = session
        return session

    def _learner(self, name: str) -> Learner:
        """Return the optimizer of a study of this name, fresh."""
        return self.plan.learner(name)

    def _pruner_of(self, session: Session, chosen: Mapping[str, Any]) -> Pruner:
        """Return the pruner that was chosen; it knows the trials that have ended.

        What is odd about the reports of others is heard from now on.
        """
        from hpbridge.contract.pruning import Watched
        from hpbridge.pruners.choosing import make_pruner

        session.listeners = Reporting(chosen["name"]), *session.listeners
        direction = next(iter(session.experiment.metrics.values()))
        watched = Watched(
            session.writer.name,
            maximizes=direction == "maximize",
            seed=self.plan.seed,
            n_trials=self.plan.settings.n_trials,
        )
        return make_pruner(chosen, watched, session.finished)

    def _go_on(self, session: Session, recorded: Recorded) -> None:
        record, settings = recorded.record, recorded.settings
        # What was said of it at its end is said anew.
        session.notes.extend(n for n in record.notes if not _is_of_end(n))
        session.notes.extend(changed_versions(record, self.plan.choice))
        now = self.plan.threads.get(THREADS)
        session.notes.extend(changed_threads(record.machine.get(THREADS), now))
        trials = self._database.trials(record, self.plan.experiment.space)
        relive(session, self.plan, trials, settings.history)
        session.writer.update(
            status=Status.RUNNING, stop_reason=None, settings=settings
        )

    def end(self, error: BaseException | None) -> None:
        """Write down how it ended, and give its record free."""
        writer, session = self._writer, self._session
        self.error, self.is_over = error, True
        if writer is None:
            return
        try:
            if session is not None:
                self.error = error or session.error
                self._write_end(session, writer)
        finally:
            writer.close()

    def _write_end(self, session: Session, writer: StudyWriter) -> None:
        status, notes = self._status_of(session), session.notes
        reason = session.stop_reason
        notes.extend(notes_at_end(session.finished))
        try:
            writer.update(status=status, stop_reason=reason, notes=notes)
            if status is Status.FINISHED:
                # It is over: what ends these costs what they would say, and no more.
                said = self.plan.experiment.remarks(self.so_far)
                if said:
                    notes.extend(said)
                    writer.update(notes=notes)
        except HpbridgeError as failure:
            # A store that just failed fails here again; the first error is the one to
            # see.
            self.error = self.error or failure

    def _status_of(self, session: Session) -> Status:
        """Return how it stands at its end."""
        # Where the place of its trials is gone, it is the study's end no more than a
        # signal is: what ran runs again.
        is_interrupted = isinstance(self.error, KeyboardInterrupt | ExecutorError)
        if self.error is None and session.stop_reason == INTERRUPTED:
            is_interrupted = True
        if is_interrupted:
            return Status.INTERRUPTED
        return Status.FINISHED if self.error is None else Status.FAILED

    def study(self) -> Study:
        """Return the study of a life that is over, with the experiment's own objects.

        Raises:
            BaseException: What ended it, if anything did.
        """
        if self.error is not None:
            raise self.error
        return self.read()

    def read(self) -> Study:
        """Return the study of a life that has begun, as far as it has come."""
        session, writer = self._session, self._writer
        if session is None or writer is None:
            msg = "the study has not begun"
            raise RuntimeError(msg)
        return self._as_recorded(session, writer)

    def so_far(self) -> Study | None:
        """Return what a life that failed had come to; None where that is nothing."""
        if self._session is None or self._writer is None:
            return None
        try:
            found = self._as_recorded(self._session, self._writer)
        except HpbridgeError:
            return None  # it is the store that failed
        return found if found.trials else None

    def _as_recorded(self, session: Session, writer: StudyWriter) -> Study:
        record = self._database.study(writer.study_id)
        space = session.experiment.space
        return study_of(record, session.finished, space, home=self._database)

    @property
    def n_left(self) -> int:
        """How many trials it may run, at least; where it imported some, more."""
        n_finished = 0 if self._recorded is None else self._recorded.n_finished
        return max(self.plan.settings.n_trials - n_finished, 0)


def _is_of_end(note: str) -> bool:
    return is_of_end(note) or REMARK.match(note) is not None


def live(life: Life) -> Study:
    """Run a study to its end.

    Raises:
        HpbridgeError: What ended it, if anything did.
        KeyboardInterrupt: If the user interrupted it. Every finished trial is on disk.
    """
    live_all([life], replace(life.plan.settings, n_trials=life.n_left))
    return life.study()


def live_all(lives: Sequence[Life], settings: Settings) -> None:
    """Run studies of one experiment to their end in one place.

    Args:
        lives: With the same driver, in the order of beginning.
        settings: What the driver is opened with: as many workers as run at once.

    Raises:
        ExperimentError: If it is begun by the loading of an experiment in a worker.
        KeyboardInterrupt: If the user interrupted it. Every finished trial is on disk.
    """
    plan = lives[0].plan
    if is_loading():
        raise ExperimentError.begun_by_import(plan.experiment.name)
    place = plan.place
    options = plan.settings.driver_options
    settings = replace(settings, driver_options=options)
    if isinstance(place, LoopSpec):
        for life in lives:
            _run_loop(life, place)
        return
    try:
        with place.open(plan.experiment, settings) as executor:
            drive(lives, executor)
    except KeyboardInterrupt as interrupt:
        # What could not be saved is in the error alone.
        unsaved = [life.error for life in lives if isinstance(life.error, StoreError)]
        if unsaved:
            raise unsaved[0] from interrupt
        raise
    except HpbridgeError as error:
        left = [life for life in lives if not life.is_over]
        if not left:
            raise
        for life in left:
            life.end(error)


def _run_loop(life: Life, loop: LoopSpec) -> None:
    """Let a library's own loop run a study."""
    error: BaseException | None = None
    settings = life.plan.settings
    try:
        if loop.prepare is not None:
            loop.prepare(settings)
        session = life.begin()
        loop.run(session, settings, life.pruner)
    except BaseException as raised:  # its study ends by it, whatever it is
        error = raised
        if not isinstance(raised, HpbridgeError):
            raise
    finally:
        life.end(error)
