"""Turns at a study whose loop is in several processes: each asks or tells, and leaves.

Between turns the study is in its store alone: trials that were asked for are rows that
run. Who has the lease of the study has the turn; the others wait.
"""

from __future__ import annotations

import contextlib
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import Optimizer
from hpbridge.engine.open_study import open_study
from hpbridge.engine.opened import CLOSED, OpenLife, OpenStudy
from hpbridge.engine.resume import FromNow, plan_of
from hpbridge.errors import ExperimentError, StoreLockedError, StudyOverError
from hpbridge.experiment import Experiment
from hpbridge.learning.ask import ask_of
from hpbridge.learning.caught_up import catch_up
from hpbridge.learning.learner import Learner
from hpbridge.learning.replay import CONTINUED, RESUMED
from hpbridge.store import StudyWriter, open_store
from hpbridge.store.record import Status
from hpbridge.store.settings import OWN_LOOP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.contract.backend import Outcome, Suggestion
    from hpbridge.engine.asked import AskedTrial
    from hpbridge.engine.life import Recorded
    from hpbridge.learning.session import Session
    from hpbridge.store import Database
    from hpbridge.store.record import StudyRecord, TrialRecords

_ENDS = {Status.FINISHED, Status.OPEN}

TURN_SECONDS = 120.0
"""How long a process waits for its turn."""


def experiment_of(record: StudyRecord) -> Experiment:
    """Return the experiment of a record, without its objective."""
    return Experiment(
        objective=None,
        space=record.space,
        name=record.experiment,
        direction=dict(record.metrics),  # type: ignore[arg-type]  # as it was read
        constraints={bound.metric: bound.text for bound in record.settings.bounds},
        budget=record.settings.range,
    )


def create(experiment: Experiment, backend: str | None, **settings: Any) -> StudyRecord:
    """Make a study that waits for turns, and return its record.

    Args:
        experiment: What is tuned, without an objective.
        backend: As of `hpbridge.open_study`.
        settings: As of `hpbridge.open_study`.

    Raises:
        ExperimentError: If there is a study of this name.
    """
    name, database = settings["name"], open_store(settings["store"])
    if name is not None and any(each.name == name for each in database.studies()):
        raise ExperimentError.invalid(name, [f"there is a study {name!r} already"])
    study = open_study(experiment, backend, **{**settings, "store": database})
    study.leave()
    return database.study(study.name)


def plain_trial(trial: AskedTrial) -> dict[str, Any]:
    """Return a trial that was asked for as JSON data."""
    return {
        "number": trial.number,
        "seed": trial.seed,
        "params": dict(trial.params),
        "budget": trial.budget,
    }


class Turns:
    """One process's turns at a study; its optimizer lives from one to the next.

    Args:
        database: Where the study is.
        study: Its name or id.
        hears: Whether the optimizer is there, which asks need; else a turn only tells.

    Raises:
        StudyOverError: If the study has a loop of ours.
    """

    def __init__(
        self, database: Database, study: str | int, *, hears: bool = True
    ) -> None:
        self._database = database
        self.record = database.study(study)
        if self.record.settings.driver != OWN_LOOP:
            raise StudyOverError.not_open(self.record.name)
        self._hears = hears
        self._life: _Life | None = None

    @contextlib.contextmanager
    def turn(self, seconds: float = TURN_SECONDS) -> Iterator[OpenStudy]:
        """Give the study, once nobody else has it.

        Raises:
            StoreLockedError: If another process has it for so long.
        """
        life, session = self._begun(seconds)
        study = OpenStudy(life, session)
        try:
            yield study
        finally:
            study.close()

    def _begun(self, seconds: float) -> tuple[_Life, Session]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                life, session = self._begin()
                self._life = life if self._hears else None
                return life, session
            except StoreLockedError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(random.uniform(0.01, 0.05))

    def _begin(self) -> tuple[_Life, Session]:
        if self._life is not None:
            session = self._life.go_on_again()
            if session is not None:
                return self._life, session
            self._life = None
        experiment = experiment_of(self.record)
        now = FromNow({}, OWN_LOOP)
        plan, recorded = plan_of(self._database, self.record, experiment, now)
        kind = _Life if self._hears else _DeafLife
        life = kind(plan, self._database, recorded=recorded)
        life.stays_open = True
        try:
            return life, life.begin()
        except BaseException as error:  # raised again
            life.end(error)
            raise


class _Life(OpenLife):
    """A life that goes on where the last turn, of whatever process, left it."""

    def _go_on(self, session: Session, recorded: Recorded) -> None:
        fresh = self._fresh(session, recorded)
        super()._go_on(session, fresh)
        # Each turn replays, and would say so.
        said = [note for note in session.notes if note.endswith(RESUMED)]
        said += [note for note in session.notes if CONTINUED in note][:-1]
        session.notes[:] = [note for note in session.notes if note not in said]

    def _fresh(self, session: Session, recorded: Recorded) -> Recorded:
        """Return what it goes on from as it is now that it has the turn."""
        record = self._database.study(recorded.record.id)
        session.settings = record.settings.budget
        session.bounds.recorded = record.settings
        reason = record.stop_reason
        if record.status in _ENDS and reason and not reason.startswith(CLOSED):
            session.stop(reason)
        return replace(recorded, record=record, settings=record.settings)

    def go_on_again(self) -> Session | None:
        """Go on with the same optimizer; None where others have asked meanwhile."""
        session, recorded = self._session, self._recorded
        if session is None or recorded is None:
            return None
        record = recorded.record
        writer = StudyWriter(self._database, record.id, record.name, record.created_at)
        try:
            trials = self._database.trials(record, self.plan.experiment.space)
            has_caught_up = catch_up(session, trials.finished, trials.running)
            if has_caught_up:
                self._writer = session.writer = writer
                self.is_over = False
                self._fresh(session, recorded)
                return session
        except BaseException:  # raised again
            writer.close()
            raise
        writer.close()
        return None


class _DeafLife(_Life):
    """A life that is told of trials, and whose optimizer hears of them later."""

    def _learner(self, name: str) -> Learner:
        return Learner(name, _Deaf(), self.plan.experiment.space)

    def _go_on(self, session: Session, recorded: Recorded) -> None:
        fresh = self._fresh(session, recorded)
        session.notes.extend(fresh.record.notes)
        trials = self._database.trials(fresh.record, self.plan.experiment.space)
        _remember(session, trials)


def _remember(session: Session, trials: TrialRecords) -> None:
    for trial in sorted(trials.finished, key=lambda trial: trial.told):
        session.remember(trial)
    running = [*trials.running, *trials.paused]
    numbers = [trial.number for trial in [*trials.finished, *running]]
    session.continue_numbers(max(numbers, default=-1) + 1, map(ask_of, running))
    session.adopt()


class _Deaf(Optimizer):
    """Stands where the optimizer is not needed."""

    def ask(self) -> Suggestion:
        """Refuse: it cannot propose."""
        raise NotImplementedError

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Learn nothing; the record is replayed to whoever proposes next."""

    def observe(self, params: object, outcome: Outcome) -> None:
        """Learn nothing."""
