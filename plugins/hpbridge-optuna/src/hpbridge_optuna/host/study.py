"""One optimizer and one Optuna study: what it proposed, and what it was told."""

from __future__ import annotations

import contextlib
import logging
import math
from typing import TYPE_CHECKING, Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState

from hpbridge.plugin import ExhaustedError, Feature, Outcome, SpaceError, State, quiet
from hpbridge_optuna import _upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from hpbridge.plugin import Guest, Params, Space, Suggestion

STATES = {
    TrialState.COMPLETE: State.COMPLETE,
    TrialState.FAIL: State.FAILED,
    TrialState.PRUNED: State.PRUNED,
}
logger = logging.getLogger(__name__)


class Guesting:
    """An optimizer that searches one space in one study; not safe for threads.

    Args:
        make: ``make(space, n_objectives, n_constraints) -> Guest``.
        study: Whose finished trials it learns from, whoever ran them.
        space: What it searches; the trials may have further parameters.
        constraints: Their keys in Optuna, as far as they are known.
    """

    def __init__(
        self,
        make: Callable[[Space, int, int], Guest],
        study: Study,
        space: Space,
        constraints: Sequence[str],
    ) -> None:
        self._make = make
        self.space = space
        self._signs = [
            -1 if direction is StudyDirection.MAXIMIZE else 1
            for direction in study.directions
        ]
        self._constraints = list(constraints)
        self._pending: dict[int, Suggestion] = {}
        self._start()

    def _start(self) -> None:
        """Begin with a fresh optimizer, which is told all finished trials anew."""
        self._seen: set[int] = set()
        self._pending.clear()
        self.guest = self._make(self.space, len(self._signs), len(self._constraints))

    @property
    def notes(self) -> list[str]:
        """What the optimizer could not learn from, one sentence each."""
        return self.guest.notes

    def propose(self, study: Study, trial: FrozenTrial) -> dict[str, Any]:
        """Return the next proposal for a trial, as the objective wants the values.

        Raises:
            TrialPruned: If there is nothing left to propose; the study stops.
        """
        self._learn(study)
        try:
            suggestion = self.guest.ask()
        except ExhaustedError as error:
            with contextlib.suppress(RuntimeError):  # outside of `optimize`
                study.stop()
            msg = f"{self.guest.name} has nothing left to propose: {error}"
            raise optuna.TrialPruned(msg) from error
        self._pending[trial.number] = suggestion
        return self.guest.values(suggestion.params)

    def _learn(self, study: Study) -> None:
        # Of the storage, since some pruners hand out a study with a part of the trials.
        storage, key = _upstream.STORAGE.of(study), _upstream.STUDY_ID.of(study)
        trials = storage.get_all_trials(key, deepcopy=False, states=tuple(STATES))
        new = [trial for trial in trials if trial.number not in self._seen]
        if self._has_new_constraints(new):
            self._start()
            new = trials
        with quiet():
            for trial in new:
                self._seen.add(trial.number)
                self._tell(trial)

    def _has_new_constraints(self, trials: list[FrozenTrial]) -> bool:
        found = dict.fromkeys(key for trial in trials for key in trial.constraints)
        new = [key for key in found if key not in self._constraints]
        self._constraints += new
        if new and not self.guest.can(Feature.CONSTRAINTS):
            note = f"{self.guest.name} ignores the constraints"
            if note not in self.notes:
                self.notes.append(note)
                logger.warning(note)
            return False
        return bool(new)

    def _tell(self, trial: FrozenTrial) -> None:
        outcome = self._outcome(trial)
        suggestion = self._pending.pop(trial.number, None)
        if suggestion is not None:
            if self._is_as_proposed(trial, suggestion):
                self.guest.tell(suggestion, outcome)
                return
            # Somebody fixed a parameter: this proposal was never run.
            self.guest.tell(suggestion, Outcome(State.FAILED))
        point = self._point(trial)
        if point is not None:
            n_notes = len(self.notes)
            self.guest.observe(point, outcome)
            for note in self.notes[n_notes:]:
                logger.warning(note)

    def _is_as_proposed(self, trial: FrozenTrial, suggestion: Suggestion) -> bool:
        for name, value in suggestion.params.items():
            if name in trial.params:
                try:
                    found = self.space[name].canonical(trial.params[name])
                except ValueError:
                    return False
                if found != value:
                    return False
        return True

    def _point(self, trial: FrozenTrial) -> Params | None:
        """Return the part of a trial that the optimizer knows, if it is a point."""
        known = {n: v for n, v in trial.params.items() if n in self.space.searched}
        try:
            return self.space.canonical(known)
        except SpaceError:
            return None

    def _outcome(self, trial: FrozenTrial) -> Outcome:
        state = STATES[trial.state]
        reports = tuple(
            (step, self._signs[0] * value)
            for step, value in trial.intermediate_values.items()
        )
        values: tuple[float, ...] = ()
        if state is State.COMPLETE:
            pairs = zip(self._signs, trial.values or (), strict=True)
            values = tuple(sign * value for sign, value in pairs)
        elif state is State.PRUNED and reports:
            values = (reports[-1][1],)
        constraints: tuple[float, ...] = ()
        if self.guest.can(Feature.CONSTRAINTS):
            kept = trial.constraints
            constraints = tuple(kept.get(key, math.nan) for key in self._constraints)
        if any(map(math.isnan, constraints)):
            constraints = ()
        return Outcome(state, values, constraints, reports)
