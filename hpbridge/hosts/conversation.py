"""The one conversation of a guest with its host: what every host is made of.

A host (Optuna's `Study.optimize`, `fmin`, `Tuner.fit`, scikit-learn's search and so on)
has its own trials, its own history and its own words for the end. Its adapter
translates those; everything else is here: which trial has which proposal, what the
guest is told of the others, what it refuses, when it may be asked, and how it is
brought back in another process.

A host that names its trials gives the names to `Conversation.propose` and
`Conversation.ended`. One that only gets points back gives none: what it hands to
`Conversation.seen` is matched by the point.

Example:
    >>> from hpbridge.contract.backend import Outcome
    >>> from hpbridge.hosts.recipe import GuestRecipe
    >>> from hpbridge.space.space import Float, Space
    >>> from hpbridge.trial import State
    >>> space = Space({"x": Float(0, 1)})
    >>> talk = Conversation(GuestRecipe("random", seed=0), space)
    >>> point = talk.propose("first")  # a point, or a NoProposal
    >>> talk.report("first", step=1, value=0.7)
    >>> talk.ended("first", Outcome(State.COMPLETE, (0.5,)))
    >>> talk.seen({"x": 0.25}, Outcome(State.COMPLETE, (0.1,)))  # from elsewhere
    >>> again = Conversation(GuestRecipe("random"), space)
    >>> again.restore(talk.state())  # JSON data
    >>> again.propose("second") == talk.propose("second")
    True
"""

from __future__ import annotations

import secrets
import threading
import warnings
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import ExhaustedError, Outcome
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.numbers import dump_number
from hpbridge.contract.registry import registry
from hpbridge.errors import HistoryWarning, SpaceError, UnsupportedFeatureError
from hpbridge.hosts.points import agrees, is_same, is_wrong, searched_part
from hpbridge.hosts.transcript import Transcript, whole
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hpbridge.errors import ForeignHistoryError
    from hpbridge.hosts.recipe import GuestRecipe
    from hpbridge.hosts.transcript import Key, Point
    from hpbridge.space.parameters import Label
    from hpbridge.space.space import Space

OBSERVED = "it observed the history of its trials, it did not relive it"
"""The note of a guest that goes on with what it knows, on another trajectory."""

SCHEMA = 1
"""Of what `Conversation.state` returns; states of before it had a number are read."""


class NoProposal(Enum):
    """What a guest answers when it has no point to propose."""

    WAIT = "a trial that is open must end first"
    DONE = "there is nothing left to propose"


def warn_of(note: str) -> None:
    """Say a note as a `HistoryWarning`."""
    warnings.warn(note, HistoryWarning, stacklevel=2)


class Conversation:
    """A guest, and what was said between it and its host.

    Its methods may be called from any thread. Pickled or copied it goes on where it
    was: the copy relives the history when it is first used.

    Args:
        recipe: What makes the guest.
        space: What the host searches, in our words.
        points: Points to run before the guest is asked, plain values.
        cannot_wait: What makes the host ask for a trial while others run, as in
            ``max_queue_len > 1``, where it cannot wait for them; empty where it can.
        say: How what users should hear of at once is said: what the guest cannot
            learn from, and what `note` adds. Each is said once.

    Attributes:
        choice: The optimizer, found and checked.
        seed: Of the optimizer.
        exhausted: Why there is nothing left to propose, one phrase; None while there
            is.

    Raises:
        HpbridgeError: If the optimizer is not installed, has no such options, or cannot
            search the space; with every reason, and the optimizers that can.
    """

    def __init__(
        self,
        recipe: GuestRecipe,
        space: Space,
        *,
        points: Iterable[Point] = (),
        cannot_wait: str = "",
        say: Callable[[str], None] = warn_of,
    ) -> None:
        self.space = space
        self._cannot_wait, self._say = cannot_wait, say
        self._points = [dict(point) for point in points]
        self._lock = threading.RLock()
        self._saved: Mapping[str, Any] | None = None
        self.choice, self.recipe = recipe.settled(space)
        self.seed = secrets.randbits(32) if recipe.seed is None else recipe.seed
        self._begin()
        for text in self.choice.why:
            self.note(text)

    def _begin(self) -> Transcript:
        """Take a fresh guest, of which nothing is known yet."""
        learner = self.recipe.learner(self.choice, self.space, self.seed)
        self._transcript = Transcript(learner)
        self._n_said = 0
        self.exhausted: str | None = None
        return self._transcript

    @property
    def _said(self) -> Transcript:
        """What was said so far; a copy relives it now. Held under the lock."""
        if self._saved is not None:
            self.restore(self._saved)
        return self._transcript

    @property
    def name(self) -> str:
        """Backend and algorithm, as in ``skopt:gp``."""
        return self.choice.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What the guest could not learn from, what it says of itself, and so on."""
        with self._lock:
            return tuple(self._said.learner.notes)

    @property
    def open(self) -> tuple[Key, ...]:
        """The trials that have not ended, in the order of asking."""
        with self._lock:
            return tuple(self._said.open)

    def can(self, feature: Feature) -> bool:
        """Say whether the algorithm has a feature, native or emulated."""
        return self.choice.algorithm.capabilities.can(feature)

    def values(self, params: Point) -> dict[str, Any]:
        """Return what an objective sees of a point: choice objects and constants."""
        return self.space.to_objects(params)

    def note(self, text: str) -> None:
        """Note something, and say it, unless it has been said."""
        with self._lock:
            learner = self._said.learner
            if text not in learner.notes:
                learner.note(text)
                self._say(text)

    def propose(self, key: Key | None = None) -> dict[str, Label] | NoProposal:
        """Return a point for a trial: in the space, not forbidden, plain values.

        A guest that learns from one trial at a time is asked only when none is open.

        Args:
            key: The host's name of the trial; None where it has none.

        Returns:
            The point; or that the trial must wait for one that is open, where the host
            can wait; or that there is nothing left (and why, in `exhausted`).

        Raises:
            UnsupportedFeatureError: If it would have to wait and the host cannot.
            HpbridgeError: As of `hpbridge.learning.learner.Learner.ask`.
        """
        with self._lock:
            said = self._said
            if self._points:
                return said.begin(key, self._points.pop(0))
            if said.open and not self.can(Feature.PENDING):
                if self._cannot_wait:
                    self.check_several(self._cannot_wait)
                return NoProposal.WAIT
            try:
                n_drawn = len(said.learner.drawn)
                point = said.ask(key)
                if said.learner.drawn and not n_drawn:
                    self._say(said.learner.notes[-1])
                return point
            except ExhaustedError as end:
                if said.open and not self._cannot_wait:
                    return NoProposal.WAIT  # what runs may fail and be wanted again
                self.exhausted = str(end)
                return NoProposal.DONE

    def check_several(self, who: str) -> None:
        """Refuse to be asked for several trials at once, where the guest cannot.

        Args:
            who: What asks for them, as in ``batch_size=4``.

        Raises:
            UnsupportedFeatureError: With the optimizers that can.
        """
        if self.can(Feature.PENDING):
            return
        why = self.choice.algorithm.capabilities.why_not(Feature.PENDING)
        reason = f"{who} needs {Feature.PENDING.value}: {why}"
        able = [
            name
            for name in self.recipe.able(self.space)
            if registry().algorithm(name)[1].capabilities.can(Feature.PENDING)
        ]
        raise UnsupportedFeatureError.refused(self.name, [reason], able)

    def report(self, key: Key, step: int, value: float) -> None:
        """Take an intermediate value of an open trial, to be minimized."""
        with self._lock:
            trial = self._said.open.get(key)
            if trial is not None:
                trial.reports[step] = value

    def ended(
        self, key: Key, outcome: Outcome, params: Mapping[str, object] | None = None
    ) -> None:
        """Tell the guest what became of a trial that the host knows by name.

        A trial that failed and that the host ran again is told again. One that was
        pruned has the value of its last report, where the host gives none.

        Args:
            key: The host's name of it. What is not this guest's is observed where
                `params` say what ran, and left alone where they do not.
            outcome: What became of it; with no reports, it has those of `report`.
            params: What ran, as far as the host knows it; choices as objects or
                labels. Where the host ran something else than was proposed, the
                proposal is told as failed, and what ran is observed.
        """
        with self._lock:
            said = self._said
            trial = said.again(key) if params is None else said.open.get(key)
            outcome = whole(outcome, trial)
            if trial is None and params is None:
                return
            if trial is not None and agrees(self.space, trial.params, params or {}):
                said.tell(key, outcome)
            else:
                if trial is not None:
                    said.tell(key, Outcome(State.FAILED))
                self._observe(params or {}, outcome, f"trial {key}")
            self._say_refusals()

    def seen(
        self, params: Mapping[str, object], outcome: Outcome
    ) -> ForeignHistoryError | None:
        """Tell the guest of a trial that the host knows by its point alone.

        It is the earliest nameless proposal of this point that is open; where there is
        none, it ran elsewhere, and the guest observes it.

        Args:
            params: What ran; choices as objects or labels. Where that is no point of
                the space, it is noted.
            outcome: What became of it.

        Returns:
            Why the guest could not learn from it, which is noted and said once too;
            None where it could.
        """
        with self._lock:
            said = self._said
            for key, trial in said.open.items():
                if not trial.is_named and is_same(self.space, trial.params, params):
                    said.tell(key, whole(outcome, trial))
                    self._say_refusals()
                    return None
            refusal = self._observe(params, whole(outcome, None), "a trial")
            self._say_refusals()
            return refusal

    def _observe(
        self, params: Mapping[str, object], outcome: Outcome, what: str
    ) -> ForeignHistoryError | None:
        """Let the guest observe what it knows of a trial.

        What is no point is noted, but of a trial that ended before it had all of it.
        """
        known = searched_part(self.space, params)
        try:
            point = self.space.canonical(known)
        except SpaceError as error:
            if outcome.state is State.COMPLETE or is_wrong(self.space, known):
                self.note(f"{what} is not learned from: {'; '.join(error.reasons)}")
            return None
        return self._said.observe(point, outcome)

    def _say_refusals(self) -> None:
        refusals = self._said.learner.refusals
        new, self._n_said = refusals[self._n_said :], len(refusals)
        for note in new:
            self._say(note)

    def another(self, seed: int) -> Conversation:
        """Return one with a guest of another seed, told all that this one was told."""
        other = Conversation(
            replace(self.recipe, seed=seed),
            self.space,
            cannot_wait=self._cannot_wait,
            say=self._say,
        )
        with self._lock:
            for point, outcome in self._said.told():
                other._said.observe(point, outcome)
        other._n_said = len(other._said.learner.refusals)
        return other

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs: JSON data."""
        with self._lock:
            if self._saved is not None:
                return dict(self._saved)
            said = self._said
            reports = [
                [key, [[step, dump_number(v)] for step, v in trial.reports.items()]]
                for key, trial in said.open.items()
            ]
            return {
                "schema": SCHEMA,
                "optimizer": self.name,
                "space": self.space.to_json(),
                "seed": self.seed,
                "points": [dict(point) for point in self._points],
                "events": list(said.events),
                "reports": reports,
                "notes": list(said.learner.notes),
            }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Bring the guest to where that of another conversation was.

        It relives the history ask for ask, where its algorithm can; where it does not
        propose the same again, it observes it, and notes so.

        Raises:
            SpaceError: If that one searched another space, was another optimizer, or
                is of a newer version.
        """
        with self._lock:
            self._check(state)
            self._saved = None
            self.seed = state["seed"]
            events = state["events"]
            is_exact = self.can(Feature.REPLAY) and self._begin().relive(events)
            if not is_exact:
                self._begin().relive(events, is_foreign=True)
            learner = self._transcript.learner
            for text in state.get("notes", ()):
                learner.note(text)
            if not is_exact:
                learner.note(OBSERVED)
            self._n_said = len(learner.refusals)
            self._points = [dict(point) for point in state["points"]]
            for key, reports in dict(state["reports"]).items():
                for step, value in reports:
                    self.report(key, step, float(value))

    def _check(self, state: Mapping[str, Any]) -> None:
        problems = []
        if state.get("schema", SCHEMA) > SCHEMA:
            schema = state["schema"]
            problems.append(f"it has schema {schema}; this hpbridge knows {SCHEMA}")
        if state["optimizer"] != self.name:
            problems.append(f"it is of {state['optimizer']!r}, not of {self.name!r}")
        if state["space"] != self.space.to_json():
            problems.append("it has searched another space")
        if problems:
            headline = "The saved state is none that this guest can go on from"
            hint = "take the optimizer and the space that it was saved with"
            raise SpaceError(headline, problems, hint)

    def __getstate__(self) -> dict[str, Any]:
        # Instead of the guest, what it was asked and told.
        left_out = ("_lock", "_transcript", "_saved", "choice")
        kept = {name: v for name, v in vars(self).items() if name not in left_out}
        return kept | {"_saved": self.state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = threading.RLock()
        self.choice = self.recipe.choice(self.space)
