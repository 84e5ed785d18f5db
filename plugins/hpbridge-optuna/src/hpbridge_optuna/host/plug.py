"""Any optimizer as a sampler of Optuna's."""

from __future__ import annotations

import secrets
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.trial import TrialState

from hpbridge.plugin import (
    Conversation,
    Feature,
    GuestRecipe,
    HpbridgeError,
    Int,
    Space,
    UnsupportedFeatureError,
    arguments,
)
from hpbridge_optuna import _upstream
from hpbridge_optuna.host.own import own_sampler
from hpbridge_optuna.host.study import StudyGuest, logger, reseeded
from hpbridge_optuna.native.read import from_native, of_distribution
from hpbridge_optuna.native.write import to_distribution

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

# What is asked for before the space is known: every optimizer can search it.
_ANY_SPACE = Space({"x": Int(0, 1)})


class SeveralMetricsError(UnsupportedFeatureError, ValueError):
    """The optimizer takes one direction; a ValueError, as Optuna's samplers raise."""


class BridgeSampler(BaseSampler):
    """Any optimizer inside `Study.optimize`, and wherever else Optuna takes a sampler.

    An Optuna algorithm is Optuna's own sampler. Any other optimizer searches `space`
    jointly; without one, the parameters that every complete trial so far has had with
    the same distribution (Optuna's intersection search space), so the first trial is
    drawn at random. Parameters beyond are drawn one by one at random. It learns from
    every finished trial of the study, also from those that another process ran or
    somebody added, as far as it can learn from foreign history.

    A copy, and what was pickled alone or with its study, goes on in that study where it
    was. In another study the optimizer begins anew, with another seed drawn from its
    own, as the draws of Optuna's samplers go on.

    What it cannot search it refuses before the trial begins: at the second trial where
    the objective defines the space. Optuna has made the trial by then; it waits, and
    is the next one to run.

    Args:
        optimizer: ``backend`` or ``backend:algorithm``, as in ``"skopt:gp"``.
        seed: Of the optimizer and the random draws; None draws one.
        space: A `hpbridge.Space`, a dict of its parameters, or of Optuna's
            distributions; conditions are respected.
        options: Of the algorithm, by the library's own names.
        constraints: Keys that the objective gives to `Trial.set_constraint`. Those
            that are not named are found in the first trial that has them; then the
            optimizer begins anew with the history.

    Attributes:
        notes: What the optimizer could not learn from, one sentence each.

    Raises:
        HpbridgeError: If there is no such optimizer or option, or it cannot search
            the space; with every reason, and the optimizers that can. If arguments
            are of a wrong kind; with all of them.

    Source:
        Optuna 5.0.0, `BaseSampler`; `Trial._suggest` for when which method is called.

    Example:
        >>> import optuna
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> sampler = BridgeSampler("random", seed=0)
        >>> study = optuna.create_study(sampler=sampler)
        >>> study.optimize(lambda trial: trial.suggest_int("x", -9, 9), n_trials=5)
        >>> len(study.trials)
        5
    """

    @arguments.takes(
        optimizer=arguments.TEXT,
        seed=arguments.SEED_OF_HOST,
        options=arguments.optional(arguments.BY_NAME),
        constraints=arguments.TEXTS,
    )
    def __init__(
        self,
        optimizer: str,
        *,
        seed: int | None = None,
        space: object = None,
        options: Mapping[str, object] | None = None,
        constraints: Sequence[str] = (),
    ) -> None:
        self._recipe = GuestRecipe(optimizer, seed=seed, options=dict(options or {}))
        self._space = None if space is None else _read(space)
        self._constraints = tuple(constraints)
        # Made to be checked: a mistake is said here, not in the second trial.
        self._choice = Conversation(self._recipe, self._space or _ANY_SPACE).choice
        self._relative = {} if self._space is None else _distributions(self._space)
        self._native = own_sampler(self._choice, self._space, seed)
        self._random = RandomSampler(seed=None if seed is None else seed % 2**32)
        self._n_guests = 0
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._home: tuple[object, int] | None = None
        self._intersection = IntersectionSearchSpace()
        self._guest: StudyGuest | None = None
        self._searched: dict[str, BaseDistribution] = {}
        self._warned: set[str] = set()
        self._invalid: dict[int, tuple[float, ...]] = {}

    def __getstate__(self) -> dict[str, Any]:
        # A storage may be another one where it is brought back, and a plugin too.
        left_out = ("_lock", "_home", "_intersection", "_choice")
        with self._lock:
            return {n: value for n, value in vars(self).items() if n not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._n_guests = 0
        self._begin()
        vars(self).update(state)
        self._choice = self._recipe.choice(self._space or _ANY_SPACE)

    def __str__(self) -> str:
        return f"BridgeSampler({self._choice.name!r})"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the optimizer could not learn from, one sentence each."""
        return () if self._guest is None else self._guest.notes

    def reseed_rng(self) -> None:
        """Draw other random numbers, as Optuna asks each of several jobs to.

        Threads share the optimizer, which does not repeat itself: it goes on.
        """
        if self._native is not None:
            self._native.reseed_rng()
            return
        with self._lock:
            self._random.reseed_rng()
            if self._guest is None:
                self._recipe = replace(self._recipe, seed=secrets.randbits(32))

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return what the optimizer searches jointly; see the class."""
        if self._native is not None:
            return self._native.infer_relative_search_space(study, trial)
        with self._lock:
            self._move_to(study)
            return self._search_space(study)

    def _search_space(self, study: Study) -> dict[str, BaseDistribution]:
        if self._relative:
            return self._relative
        found = self._intersection.calculate(study)
        return {name: each for name, each in found.items() if not each.single()}

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Ask the optimizer; see `infer_relative_search_space`."""
        if self._native is not None:
            return self._native.sample_relative(study, trial, search_space)
        self._check_directions(study)
        with self._lock:
            self._move_to(study)
            if not search_space:
                return {}
            proposed = self._guest_for(study, search_space).propose(study, trial)
        return {name: v for name, v in proposed.items() if name in search_space}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw a parameter at random that the optimizer does not search."""
        if self._native is not None:
            return self._native.sample_independent(
                study, trial, param_name, param_distribution
            )
        self._check_directions(study)
        with self._lock:
            self._move_to(study)
            if self._guest is not None and param_name not in self._warned:
                self._warned.add(param_name)
                logger.warning(
                    "%r of trial %d is drawn at random: %s does not search it there",
                    *(param_name, trial.number, self._choice.name),
                )
            return self._random.sample_independent(
                study, trial, param_name, param_distribution
            )

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Refuse what cannot be searched; let Optuna's own sampler prepare.

        Raises:
            HpbridgeError: If the optimizer cannot search what is known of the space,
                takes one direction and the study has several (a ValueError too), or
                cannot propose while another trial runs. The trial waits then.
        """
        if self._native is not None:
            self._native.before_trial(study, trial)
            return
        try:
            with self._lock:
                self._check(study)
        except HpbridgeError as error:
            # There is no way to take it back; but the next one to run can be this one.
            storage, key = _upstream.STORAGE.of(study), _upstream.TRIAL_ID.of(trial)
            storage.set_trial_state_values(key, TrialState.WAITING)
            raise error.with_traceback(None) from None

    def _check(self, study: Study) -> None:
        self._check_directions(study)
        self._move_to(study)
        search_space = self._search_space(study)
        if search_space:
            self._guest_for(study, search_space).check(study)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Let Optuna's own sampler finish, if it is one; others learn when asked.

        But Optuna forgets the values of a trial that failed since one is NaN.
        """
        if self._native is not None:
            self._native.after_trial(study, trial, state, values)
        elif state is TrialState.FAIL:
            told = _upstream.told_values(len(study.directions))
            if told is not None:
                with self._lock:
                    self._move_to(study)
                    self._invalid[trial.number] = told

    def _move_to(self, study: Study) -> None:
        """Go on in the study that it was in; begin anew in another one."""
        home = (_upstream.STORAGE.of(study), _upstream.STUDY_ID.of(study))
        if self._home is not None and self._home == home:
            return
        is_back = self._home is None and self._guest is not None
        if not (is_back and self._guest is not None and self._guest.is_of(study)):
            lock = self._lock
            self._count_guest()
            self._begin()
            self._lock = lock
        self._home = home

    def _count_guest(self) -> None:
        """Count a guest that is given up, if it proposed anything."""
        self._n_guests += self._guest is not None and self._guest.has_proposed

    def _check_directions(self, study: Study) -> None:
        n_metrics = len(study.directions)
        can = self._choice.algorithm.capabilities.can(Feature.MULTI_OBJECTIVE)
        if n_metrics > 1 and not can:
            try:
                recipe = replace(self._recipe, n_objectives=n_metrics)
                recipe.choice(self._space or _ANY_SPACE)
            except UnsupportedFeatureError as error:
                parts = error.headline, error.problems, error.hint
                raise SeveralMetricsError(*parts) from None

    def _guest_for(
        self, study: Study, search_space: dict[str, BaseDistribution]
    ) -> StudyGuest:
        if self._guest is None or self._searched != search_space:
            space = self._space
            if space is None or search_space.keys() != self._relative.keys():
                space = Space({n: of_distribution(d) for n, d in search_space.items()})
            self._count_guest()
            recipe = reseeded(self._recipe, self._n_guests)
            self._guest = StudyGuest(
                recipe, study, space, self._constraints, self._invalid
            )
            self._searched = dict(search_space)
        return self._guest


def _read(space: object) -> Space:
    found = from_native(space)
    return Space.of(space) if found is None else found.space


def _distributions(space: Space) -> dict[str, BaseDistribution]:
    """Return what Optuna checks the objective's calls against; choices as objects."""
    found = {
        name: to_distribution(parameter, of_labels=False)
        for name, parameter in space.searched.items()
    }
    return {name: each for name, each in found.items() if not each.single()}
