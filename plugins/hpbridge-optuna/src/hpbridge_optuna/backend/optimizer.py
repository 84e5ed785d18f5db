"""The optimizer: an Optuna study that is asked and told."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState

from hpbridge.plugin import (
    ExhaustedError,
    Feature,
    ForeignHistoryError,
    Optimizer,
    OptionError,
    Outcome,
    State,
    Suggestion,
    by_step,
    encode,
    inert,
    quiet,
)
from hpbridge_optuna import _upstream
from hpbridge_optuna.backend.brackets import HYPERBAND, Brackets
from hpbridge_optuna.backend.storage import DISTRIBUTIONS, LeanStorage, lean
from hpbridge_optuna.backend.tpe import QuickTPESampler
from hpbridge_optuna.native.sampler_state import (
    SYSTEM,
    restore_system_attributes,
    with_safe_pickles,
    without_pickles,
)
from hpbridge_optuna.native.states import STATES
from hpbridge_optuna.native.write import SAMPLERS, sampler_call, to_distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler, TPESampler
    from optuna.trial import FrozenTrial, Trial

    from hpbridge.plugin import Algorithm, Codec, Label, Params, PastTrial, Problem

STUDY_NAME = "hpbridge"
"""Fixed, since Optuna draws a random one and some of its parts hash the name."""


class OptunaOptimizer(Optimizer):
    """An in-memory study, driven by ask and tell.

    Source:
        Optuna 5.0.0: `Study.optimize` is a loop around `Study.ask`, the objective's
        `Trial.suggest_*` calls, and `Study.tell`; so are these methods.
    """

    _classes: Mapping[str, type] | None = DISTRIBUTIONS
    _tpe: type[TPESampler] = QuickTPESampler
    _keeps_directions = False

    def __init__(
        self, problem: Problem, algorithm: Algorithm, options: Any, seed: int
    ) -> None:
        self._name = f"optuna:{algorithm.name}"
        self._problem = problem
        self._capabilities = algorithm.capabilities
        self._encoded = encode(problem, algorithm, options, self._name)
        # Of several, which way they go decides between equals in the genetic samplers.
        several = problem.n_objectives > 1 or self._keeps_directions
        ways = problem.directions if several else ()
        ways = ways or ("minimize",) * problem.n_objectives
        self._directions = [StudyDirection[way.upper()] for way in ways]
        self._distributions: dict[str, BaseDistribution] = {}
        for name, parameter in self._encoded.native.items():
            made = to_distribution(parameter, classes=self._classes)
            self._distributions[name] = made
        pruning, brackets = problem.pruning, None
        if pruning is not None and pruning.name == HYPERBAND:
            brackets = Brackets(pruning)
        with quiet(optuna.storages.InMemoryStorage.__module__):
            sampler = self._make_sampler(algorithm, options, seed)
            self._study = self._make_study(sampler, brackets)
        self._brackets = brackets
        self._trust = getattr(sampler, "trust", None)
        self._loggers = [getattr(optuna.samplers, SAMPLERS[algorithm.name]).__module__]
        self._loggers += _upstream.GP_LOGGERS if algorithm.name == "gp" else ()
        self._forbidden = _outcome_of_forbidden(problem, algorithm)
        self._running: dict[int, Trial] = {}
        self._is_exhausted = False

    def _make_sampler(
        self, algorithm: Algorithm, options: Any, seed: int
    ) -> BaseSampler:
        call = sampler_call(algorithm, options, seed, self._encoded.native)
        classes = {**vars(optuna.samplers), "TPESampler": self._tpe}
        try:
            return call.make(classes)  # type: ignore[no-any-return]
        except ValueError as error:
            raise OptionError.invalid(self._name, [str(error)]) from error

    def _make_study(self, sampler: BaseSampler, brackets: Brackets | None) -> Study:
        return optuna.create_study(
            storage=LeanStorage(),
            sampler=sampler,
            directions=self._directions,
            pruner=None if brackets is None else brackets.pruner,
            study_name=STUDY_NAME if brackets is None else brackets.study,
        )

    def ask(self) -> Suggestion:
        if self._is_exhausted:
            msg = "every point of the space was proposed"
            raise ExhaustedError(msg)
        trial: Trial | None = None
        with quiet(*self._loggers):
            try:
                trial = self._study.ask()
                point = self._draw(trial)
            except BaseException:  # raised again
                self._fail_unknown(trial)
                raise
        if self._trust is not None and self._trust.lost_because:
            self.notes = self._trust.notes
        self._running[trial.number] = trial
        return Suggestion(trial.number, point)

    def _draw(self, trial: Trial) -> Params:
        # `suggest_float` and so on make a distribution and hand it to `_suggest`, as
        # Optuna's own OptunaSearchCV does with ready ones.
        space, suggest = self._problem.space, _upstream.SUGGEST.of(trial)
        point: Params = {}
        for name, codec in self._encoded.codecs.items():
            if not space.is_conditional or space.is_active(name, point):
                ours = self._distributions.get(name)
                point[name] = codec.decode(suggest(name, ours) if ours else None)
        return point

    def _fail_unknown(self, begun: Trial | None) -> None:  # noqa: ARG002 - of a subclass
        """Fail the trial that an ask began and nobody will tell.

        Left running, it would repel the proposals around it for ever.
        """
        running = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for trial in running:
            if trial.number not in self._running:
                with contextlib.suppress(
                    Exception
                ):  # the first error is the one to see
                    self._study.tell(trial.number, state=TrialState.FAIL)

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        # Valid values make Optuna log and warn of nothing here, unlike in `ask`.
        trial = self._running.pop(suggestion.id)
        if outcome.state is State.FAILED and self._is_forbidden(suggestion):
            outcome = self._forbidden
        for key, value in self._constraints(outcome).items():
            trial.set_constraint(key, value)
        for step, value in self._intermediate_values(outcome).items():
            trial.report(value, step)
        if self._brackets is not None and outcome.reports:
            self._brackets.ended(self._study, suggestion.id)
        values = self._values(outcome)
        try:
            self._study.tell(trial, values, state=STATES[outcome.state])
        except RuntimeError:
            # An exhaustive sampler stops the study after its last point, which Optuna
            # allows only within `optimize`; the trial is stored by then
            # (github.com/optuna/optuna/issues/4121).
            if not self._is_finished(suggestion.id):
                raise
            self._is_exhausted = True

    def _is_forbidden(self, suggestion: Suggestion) -> bool:
        space = self._problem.space
        return space.is_restricted and space.forbids(suggestion.params)

    def _is_finished(self, number: int) -> bool:
        return self._study.get_trials(deepcopy=False)[number].state.is_finished()

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        if not self._capabilities.can(Feature.FOREIGN_HISTORY):
            reason = self._capabilities[Feature.FOREIGN_HISTORY].note
            raise ForeignHistoryError.refused(self._name, reason)
        self._study.add_trial(self._finished(params, outcome, {}))

    def _finished(
        self, params: Mapping[str, Label], outcome: Outcome, system: dict[str, Any]
    ) -> FrozenTrial:
        native, distributions = self._encode(params)
        trial = optuna.trial.create_trial(
            state=STATES[outcome.state],
            values=self._values(outcome),
            params=native,
            distributions=distributions,
            intermediate_values=self._intermediate_values(outcome),
            constraints=self._constraints(outcome),
            system_attrs=system,
        )
        return lean(trial)

    def _values(self, outcome: Outcome) -> list[float] | None:
        """Return the values of a complete trial, in the directions of the study."""
        if outcome.state is not State.COMPLETE:
            return None
        pairs = zip(self._directions, outcome.values, strict=True)
        return [
            -value if way is StudyDirection.MAXIMIZE else value for way, value in pairs
        ]

    def _encode(
        self, params: Mapping[str, Label]
    ) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
        """Return the library's values for a point of ours, and what they are of."""
        native = self._encoded.encode(params)
        return native, {name: self._distributions[name] for name in native}

    def _codecs(self) -> Iterable[Codec[Any]]:
        return self._encoded.codecs.values()

    def restore(self, trials: Sequence[PastTrial], native: Mapping[str, Any]) -> bool:
        """Add the trials with what the samplers noted, as `load_study` finds them.

        Not where a parameter is emulated, since Optuna would search it otherwise; and
        not with a state of CMA-ES that is none.
        """
        own = {"native"} if self._name == "optuna:qmc" else {"native", "single"}
        if any(codec.name not in own for codec in self._codecs()):
            return False
        is_cma = self._name == "optuna:cmaes"
        noted = with_safe_pickles if is_cma else without_pickles
        try:
            found = [
                self._finished(t.params, t.outcome, noted(t.native.get(SYSTEM, {})))
                for t in trials
            ]
        except inert.InertError:
            return False
        self._study.add_trials(found)
        restore_system_attributes(self._study, trials, native)
        return True

    def _constraints(self, outcome: Outcome) -> dict[str, float]:
        count = self._n_constraints(outcome)
        if not count or outcome.state is State.FAILED:
            return {}
        # GPSampler needs as many of every trial; NaN, which Optuna refuses, is broken.
        values = outcome.constraints or (0.0,) * count
        return {
            f"c{k}": math.inf if math.isnan(value) else value
            for k, value in enumerate(values)
        }

    def _n_constraints(self, outcome: Outcome) -> int:  # noqa: ARG002 - of a subclass
        return self._problem.n_constraints

    def _intermediate_values(self, outcome: Outcome) -> dict[int, float]:
        # Optuna has none under several objectives, and no negative steps. Of complete
        # trials they are for Hyperband alone.
        is_looked_at = outcome.state is State.PRUNED or self._brackets is not None
        if not is_looked_at or self._problem.n_objectives > 1:
            return {}
        return by_step(pair for pair in outcome.reports if pair[0] >= 0)


def _outcome_of_forbidden(problem: Problem, algorithm: Algorithm) -> Outcome:
    """Return what the sampler is told of a forbidden point.

    TPESampler and GPSampler overlook failed trials, so they would propose a forbidden
    point that looks good for ever. The first learns to avoid pruned trials, the second
    only complete ones; it takes infinity for the worst finite value.
    """
    if algorithm.name == "tpe":
        return Outcome(State.PRUNED)
    if algorithm.name == "gp":
        worst = (math.inf,) * problem.n_objectives
        return Outcome(State.COMPLETE, worst, (math.inf,) * problem.n_constraints)
    return Outcome(State.FAILED)
