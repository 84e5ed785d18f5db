"""A study whose loop is the caller's own: asked for trials, and told of them."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Reply
from hpbridge.contract.capabilities import Feature
from hpbridge.engine.asked import AskedTrial, result_of_value
from hpbridge.engine.life import Life
from hpbridge.errors import PrunerError, StudyOverError, TellError
from hpbridge.errors.arguments import TEXT, optional, takes, whole
from hpbridge.errors.foreign import describe_error
from hpbridge.errors.studies import numbered
from hpbridge.learning.requested import extend, points_of
from hpbridge.store.record import Status
from hpbridge.store.requests import What
from hpbridge.store.settings import UNLIMITED
from hpbridge.trial import Result, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from hpbridge.engine.life import Recorded
    from hpbridge.learning.session import Session
    from hpbridge.space.space import Params
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

CLOSED = "closed"
"""How the stop reason of a study begins that its own loop left before its end."""

_UNTOLD = "asked and never told: "
_IS_UNTOLD = re.compile(rf"{_UNTOLD}trials? [\d, and]+\Z")
_STATES = {"complete", "failed", "pruned"}


class OpenLife(Life):
    """The life of a study without a driver.

    Attributes:
        interruption: Why its loop left it, if that was by an exception.
        stays_open: Whether it goes on elsewhere when this process leaves it.
    """

    interruption: str | None = None
    stays_open = False

    def _go_on(self, session: Session, recorded: Recorded) -> None:
        super()._go_on(session, recorded)
        session.adopt()
        session.notes[:] = [n for n in session.notes if not _IS_UNTOLD.match(n)]

    def _status_of(self, session: Session) -> Status:
        running = session.running
        if self.stays_open and self.error is None:
            is_over = session.n_done >= session.settings.n_trials
            has_ended = is_over or session.stop_reason is not None
            return Status.FINISHED if has_ended and not running else Status.OPEN
        if running:
            session.notes.append(f"{_UNTOLD}{numbered(running)}")
        if self.interruption is not None:
            session.stop(self.interruption)
            return Status.INTERRUPTED
        if running and self.error is None:
            session.stop(f"{CLOSED} before {numbered(running)} had been told")
            return Status.INTERRUPTED
        return super()._status_of(session)


class OpenStudy:
    """A study that is asked for trials and told what became of them.

    What `hpbridge.open_study` returns. Its methods may be called from any thread. As a
    context manager it closes itself; left by an exception, it is interrupted.

    Args:
        life: That has not begun.
        session: Of a life that has begun.
    """

    def __init__(self, life: OpenLife, session: Session | None = None) -> None:
        self._life = life
        try:
            self._session = life.begin() if session is None else session
        except BaseException as error:  # raised again
            life.end(error)
            raise
        self._lock = threading.RLock()
        self._is_closed = False
        self._asked: dict[int, AskedTrial] = {}
        for ask in self._session.running.values():
            self._hand_out(ask, asked_before=True)

    def __enter__(self) -> OpenStudy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._life.interruption = f"its loop raised {describe_error(error)}"
        self.close()

    def __iter__(self) -> Iterator[AskedTrial]:
        """Ask for trials until the study is over."""
        while not self.is_over and self._n_left > 0:
            yield self.ask()

    def __repr__(self) -> str:
        return f"OpenStudy({self.name!r}, {len(self.trials)} trials)"

    @property
    def name(self) -> str:
        """Its name in the store, by which it is opened again."""
        return self._session.writer.name

    @property
    def trials(self) -> Sequence[FinishedTrial]:
        """The trials that have been told, in the order of telling."""
        return tuple(self._session.finished)

    @property
    def running(self) -> Sequence[AskedTrial]:
        """The trials that were asked for and not told, by whatever process, in order.

        Those that another process asked for are still to be told: `tell` takes them.
        """
        with self._lock:
            return [self._asked[number] for number in sorted(self._asked)]

    @property
    def best_trial(self) -> FinishedTrial | None:
        """The best feasible complete trial so far, by the first metric, or None."""
        return self._session.best

    @property
    def notes(self) -> Sequence[str]:
        """What is to be said of it so far, a sentence each."""
        return tuple(self._session.notes)

    @property
    def is_over(self) -> bool:
        """Whether no further trial can be asked for, however many are told."""
        session = self._session
        has_ended = self._is_closed or session.stop_reason is not None
        return has_ended or session.n_done >= session.settings.n_trials

    @property
    def _n_left(self) -> int:
        session = self._session
        return session.settings.n_trials - session.n_done - len(session.running)

    def read(self) -> Study:
        """Return the study as `hpbridge.load_study` does, as far as it has come."""
        return self._life.read()

    @takes(n=optional(whole(1)))
    def ask(self, n: int | None = None) -> Any:
        """Return the next trial to run, or a list of up to `n` of them.

        There are fewer where the study's number of trials, or an optimizer that waits,
        allows no more.

        Raises:
            StudyOverError: If there is none: the study is over or closed, or its
                optimizer waits for one that runs.
        """
        with self._lock:
            trials: list[AskedTrial] = []
            while len(trials) < (n or 1):
                trial = self._next()
                if trial is None:
                    break
                trials.append(trial)
            if not trials:
                raise self._no_trial()
            return trials[0] if n is None else trials

    def _next(self) -> AskedTrial | None:
        if self._is_closed or self._why_one_at_a_time() is not None:
            return None
        ask = self._session.next()
        return None if ask is None else self._hand_out(ask)

    def _hand_out(self, ask: Any, *, asked_before: bool = False) -> AskedTrial:
        session, policy = self._session, self._life.pruner
        answer = None if policy is None else self._answer
        around = session.around(ask)
        trial = AskedTrial(
            ask, session.experiment, around, answer, asked_before=asked_before
        )
        self._asked[trial.number] = trial
        return trial

    def _why_one_at_a_time(self) -> str | None:
        """Say why the algorithm has no trial while another one runs, if one does."""
        can = self._life.plan.choice.algorithm.capabilities
        for feature in (Feature.PENDING, Feature.OUT_OF_ORDER):
            if self._asked and not can.can(feature):
                name = self._session.optimizer_name
                why = can.why_not(feature)
                return f"{name} is without {feature.value!r}: {why}"
        return None

    def _no_trial(self) -> StudyOverError:
        session, running = self._session, [*self._asked]
        if self._is_closed:
            return StudyOverError.closed(self.name)
        if session.stop_reason is not None:
            return StudyOverError.ended(self.name, session.stop_reason)
        if self._n_left <= 0 and not running:
            why = f"it has had its {session.settings.n_trials}"
            return StudyOverError.ended(self.name, why)
        if self._n_left <= 0:
            why = f"all its {session.settings.n_trials} have been asked for"
        else:
            waits = f"{session.optimizer_name} waits for one that runs"
            why = self._why_one_at_a_time() or waits
        return StudyOverError.waits(self.name, why, running)

    def _answer(self, number: int, step: int, value: float) -> Reply:
        policy = self._life.pruner
        with self._lock:
            if policy is None or number not in self._asked:
                return Reply.GO_ON
            try:
                return policy.report(number, step, value)
            except Exception as error:  # it may be anybody's
                raise PrunerError.failed(self.name, error) from error

    @takes(state=optional(TEXT), error=optional(TEXT))
    def tell(
        self,
        trial: AskedTrial | int,
        value: object = None,
        *,
        state: str | None = None,
        error: str | None = None,
    ) -> FinishedTrial:
        """Take what became of a trial: to disk, then to the optimizer.

        Args:
            trial: As `ask` returned it, or its number.
            value: A number, or ``{metric: number}``. A trial whose metric is NaN has
                failed.
            state: ``"complete"``, ``"failed"`` or ``"pruned"``; complete by default.
            error: Of a trial that failed or was pruned: why, in one line.

        Raises:
            TellError: If the trial is not one to be told, or not this. It is still to
                be told then.
            StudyOverError: If the study is closed.
        """
        with self._lock:
            known = self._known(trial)
            result = self._result_of(known, value, state, error)
            del self._asked[known.number]
        try:
            finished = self._session.finish(known.ask, known.run_of(result))
        except BaseException:  # raised again
            with self._lock:
                if known.number in self._session.running:  # it could not be written
                    self._asked[known.number] = known
            raise
        self._end_for_pruner(finished)
        return finished

    def fail(self, trial: AskedTrial | int, why: str) -> FinishedTrial:
        """Take note that a trial failed; `why` is kept as its error."""
        return self.tell(trial, state="failed", error=why)

    def prune(self, trial: AskedTrial | int, why: str | None = None) -> FinishedTrial:
        """Take note that a trial ended early, as not promising."""
        return self.tell(trial, state="pruned", error=why)

    def _known(self, trial: AskedTrial | int) -> AskedTrial:
        """Return a trial that is to be told.

        Raises:
            TellError: If it is none.
        """
        if self._is_closed:
            raise StudyOverError.closed(self.name)
        number = trial.number if isinstance(trial, AskedTrial) else trial
        is_number = isinstance(number, int) and not isinstance(number, bool)
        known = self._asked.get(number) if is_number else None
        if known is not None and (known is trial or known.number is trial):
            return known
        if known is not None and not isinstance(trial, AskedTrial):
            return known
        raise TellError.not_running(
            self.name, f"{number!r:.80}", self._why_unknown(trial), [*self._asked]
        )

    def _why_unknown(self, trial: object) -> str:
        if isinstance(trial, AskedTrial):
            around: Any = trial.study
            if around is not None and around.name != self.name:
                return f"it is of study {around.name!r}"
            number: object = trial.number
        else:
            number = trial
        if any(each.number == number for each in self._session.finished):
            return "it has been told before"
        return "it was never asked for"

    def _result_of(
        self, trial: AskedTrial, value: object, state: str | None, error: str | None
    ) -> Result:
        problems: list[str] = []
        state = "complete" if state is None else str(state)
        if state not in _STATES:
            known = ", ".join(sorted(_STATES))
            problems.append(f"state must be one of {known}, got {state!r:.80}")
        result = Result(State.FAILED)
        if state == "complete":
            if error is not None:
                problems.append("error is of a trial that failed or was pruned")
            result, wrong = result_of_value(self._session.experiment, value)
            problems += wrong
        elif not problems:
            if value is not None:
                problems.append(f"a trial that is {state} has no value, got {value!r}")
            result = Result(State(state), error=error)
        if problems:
            raise TellError.of_trial(self.name, trial.number, problems)
        return result

    def _end_for_pruner(self, trial: FinishedTrial) -> None:
        policy = self._life.pruner
        if policy is None:
            return
        is_complete = trial.state is State.COMPLETE
        metric = self._session.experiment.main_metric
        value = trial.metrics[metric] if is_complete else None
        with self._lock:
            policy.end(trial.number, trial.state, value)

    def enqueue(
        self, point: Mapping[str, object] | Sequence[Mapping[str, object]]
    ) -> list[Params]:
        """Let points run next, before what the optimizer proposes.

        Args:
            point: As of `hpbridge.enqueue`.

        Raises:
            SpaceError: With everything that is wrong with them; then none is queued.
        """
        with self._lock:
            if self._is_closed:
                raise StudyOverError.closed(self.name)
            points = points_of(self._session.experiment.space, point)
            for each in points:
                self._session.writer.inbox.ask(What.ENQUEUE, {"params": each})
        return points

    def go_on_for(self, n: int) -> None:
        """Let it have so many trials more."""
        extend(self._session, n)
        self._session.stop_reason = None

    def stop(self, reason: str) -> None:
        """Let no further trial be asked for; those that run can be told."""
        self._session.stop(reason)

    def leave(self) -> None:
        """Close it in this process: it goes on in others, by `hpbridge ask`."""
        self._life.stays_open = True
        self.close()

    def close(self) -> None:
        """End it: what is not told by now is recorded as that. May be called twice.

        A study that has a name can be opened again, and goes on.
        """
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        session, life = self._session, self._life
        is_short = not life.stays_open
        is_short &= session.n_done < session.settings.n_trials != UNLIMITED
        if is_short and not session.running and life.interruption is None:
            of = session.settings.n_trials
            session.stop(f"{CLOSED} after {session.n_done} of {of} trials")
        life.end(None)
        if life.error is not None and life.interruption is None:
            raise life.error
