"""A guest in one study: Optuna's trials in our words, and its words for the end."""

from __future__ import annotations

import contextlib
import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState

from hpbridge.plugin import (
    Conversation,
    Feature,
    NoProposal,
    SpaceError,
    outcome_of,
    quiet,
    trial_seed,
)
from hpbridge_optuna import _upstream
from hpbridge_optuna.native.states import FINISHED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from hpbridge.plugin import GuestRecipe, Outcome, Space

logger = logging.getLogger(__name__)

_BESIDE = "a trial that begins while another runs"


def reseeded(recipe: GuestRecipe, n_before: int) -> GuestRecipe:
    """Return the recipe of a guest after some others, which is not to repeat them."""
    if recipe.seed is None or not n_before:
        return recipe
    return replace(recipe, seed=trial_seed(recipe.seed, n_before))


class StudyGuest:
    """A guest that searches one space in one study; not safe for threads.

    Args:
        recipe: What makes the guest, but for the numbers of values and constraints.
        study: Whose finished trials it learns from, whoever ran them.
        space: What it searches; the trials may have further parameters.
        constraints: Their keys in Optuna, as far as they are known.
        invalid: Values by the numbers of trials that failed since one is NaN; Optuna
            keeps none of them.
    """

    def __init__(
        self,
        recipe: GuestRecipe,
        study: Study,
        space: Space,
        constraints: Sequence[str],
        invalid: Mapping[int, Sequence[float]],
    ) -> None:
        self._recipe, self._space = recipe, space
        self._signs = [
            -1 if direction is StudyDirection.MAXIMIZE else 1
            for direction in study.directions
        ]
        self._constraints = list(constraints)
        self._invalid = invalid
        self._name = study.study_name
        self.has_proposed = False
        self._start(recipe)

    def _start(self, recipe: GuestRecipe) -> None:
        """Begin with a fresh optimizer, which is told all finished trials anew."""
        self._seen: dict[int, dict[str, Any]] = {}
        recipe = replace(
            recipe,
            n_objectives=len(self._signs),
            directions=tuple("maximize" if s < 0 else "minimize" for s in self._signs),
            n_constraints=len(self._constraints),
        )
        self._conversation = Conversation(
            recipe,
            self._space,
            cannot_wait=_BESIDE,
            say=logger.warning,
        )

    def is_of(self, study: Study) -> bool:
        """Say whether a study is the one that it was in, or a copy of that."""
        storage, key = _upstream.STORAGE.of(study), _upstream.STUDY_ID.of(study)
        if storage.get_study_name_from_id(key) != self._name:
            return False
        trials = storage.get_all_trials(key, deepcopy=False)
        found = {trial.number: trial.params for trial in trials}
        return all(found.get(n) == params for n, params in self._seen.items())

    def check(self, study: Study) -> None:
        """Refuse to begin a trial beside others, where the guest cannot.

        Raises:
            UnsupportedFeatureError: With the optimizers that can.
        """
        if self._conversation.can(Feature.PENDING):
            return
        self._learn(study)
        if self._conversation.open:
            self._conversation.check_several(_BESIDE)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the optimizer could not learn from, one sentence each."""
        return self._conversation.notes

    def propose(self, study: Study, trial: FrozenTrial) -> dict[str, Any]:
        """Return the next proposal for a trial, as the objective wants the values.

        Raises:
            TrialPruned: If there is nothing left to propose; the study stops.
        """
        self._learn(study)
        self.has_proposed = True
        point = self._conversation.propose(trial.number)
        if isinstance(point, NoProposal):
            with contextlib.suppress(RuntimeError):  # outside of `optimize`
                study.stop()
            name, why = self._conversation.name, self._conversation.exhausted
            msg = f"{name} has nothing left to propose: {why}"
            raise optuna.TrialPruned(msg)
        return self._conversation.values(point)

    def _learn(self, study: Study) -> None:
        # Of the storage, since some pruners hand out a study with a part of the trials.
        storage, key = _upstream.STORAGE.of(study), _upstream.STUDY_ID.of(study)
        trials = storage.get_all_trials(key, deepcopy=False, states=FINISHED)
        new = [trial for trial in trials if trial.number not in self._seen]
        if self._has_new_constraints(new):
            n_before = len(trials) if self.has_proposed else 0
            self._start(reseeded(self._recipe, n_before))
            new = trials
        with quiet():
            for trial in new:
                self._seen[trial.number] = dict(trial.params)
                if self._is_known(trial):
                    outcome = self._outcome(trial)
                    self._conversation.ended(trial.number, outcome, trial.params)

    def _has_new_constraints(self, trials: list[FrozenTrial]) -> bool:
        found = dict.fromkeys(key for trial in trials for key in trial.constraints)
        new = [key for key in found if key not in self._constraints]
        self._constraints += new
        if new and not self._conversation.can(Feature.CONSTRAINTS):
            self._conversation.note(
                f"{self._conversation.name} ignores the constraints"
            )
            return False
        return bool(new)

    def _is_known(self, trial: FrozenTrial) -> bool:
        """Say whether it was proposed here, or is a point of what is searched."""
        if trial.number in self._conversation.open:
            return True
        known = {n: v for n, v in trial.params.items() if n in self._space.searched}
        try:
            self._space.canonical(known)
        except SpaceError:
            return False
        return True

    def _outcome(self, trial: FrozenTrial) -> Outcome:
        found = trial.values if trial.state is TrialState.COMPLETE else None
        if trial.state is TrialState.FAIL:
            found = self._invalid.get(trial.number)
        values = None if found is None else self._minimized(found)
        kept = trial.constraints
        can = self._conversation.can(Feature.CONSTRAINTS)
        keys = self._constraints if can else ()
        return outcome_of(
            values,
            [kept.get(key, math.nan) for key in keys],
            [
                (step, self._signs[0] * value)
                for step, value in trial.intermediate_values.items()
            ],
            is_pruned=trial.state is TrialState.PRUNED,
        )

    def _minimized(self, values: Sequence[float]) -> list[float]:
        return [sign * v for sign, v in zip(self._signs, values, strict=True)]
