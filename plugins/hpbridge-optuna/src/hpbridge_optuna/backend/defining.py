"""Optuna's own way: the sampler answers the objective's calls while a trial runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    CODECS,
    YES,
    Categorical,
    DefiningOptimizer,
    Encoded,
    Feature,
    Float,
    Int,
    Problem,
    Space,
    UnsupportedFeatureError,
    quiet,
)
from hpbridge_optuna import _upstream
from hpbridge_optuna.backend.optimizer import OptunaOptimizer
from hpbridge_optuna.backend.shared import SharedOptimizer
from hpbridge_optuna.backend.storage import DISTRIBUTIONS
from hpbridge_optuna.native.write import to_distribution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.distributions import BaseDistribution

    from hpbridge.plugin import (
        Algorithm,
        Codec,
        Label,
        Outcome,
        Searched,
        Suggestion,
    )


def create(
    problem: Problem, algorithm: Algorithm, options: Any, seed: int
) -> OptunaOptimizer:
    """Return an optimizer of a space, or of one that the trials define."""
    if options.storage is not None:
        return SharedOptimizer(problem, algorithm, options, seed)
    made = OptunaOptimizer if problem.space else DefiningOptunaOptimizer
    return made(problem, algorithm, options, seed)


class DefiningOptunaOptimizer(OptunaOptimizer, DefiningOptimizer):
    """An in-memory study whose trials are asked for each parameter.

    What `Trial.suggest_float` and so on can say reaches the sampler as it is, steps of
    a float included, which some samplers round in their own way; other parameters are
    emulated as in a space that is given.

    Source:
        Optuna 5.0.0, `Trial._suggest`; `Study.enqueue_trial`, whose values are in the
        trial's system attribute ``fixed_params``.
    """

    def __init__(
        self, problem: Problem, algorithm: Algorithm, options: Any, seed: int
    ) -> None:
        super().__init__(problem, algorithm, options, seed)
        self._algorithm, self._options = algorithm, options
        self._known: dict[str, tuple[Searched, Codec[Any], Any]] = {}

    def suggest(self, suggestion: Suggestion, name: str, parameter: Searched) -> Label:
        codec, distribution = self._translated(name, parameter)
        if distribution is None:
            return codec.decode(None)
        trial = self._running[suggestion.id]
        with quiet(*self._loggers):
            value = _upstream.SUGGEST.of(trial)(name, distribution)
        if self._trust is not None and self._trust.lost_because:
            self.notes = self._trust.notes
        return codec.decode(value)

    def settle(
        self, suggestion: Suggestion, name: str, parameter: Searched, value: Label
    ) -> None:
        codec, distribution = self._translated(name, parameter)
        if distribution is None:
            return
        trial = self._running[suggestion.id]
        _upstream.FIXED.of(trial)[name] = codec.encode(value)
        _upstream.SUGGEST.of(trial)(name, distribution)

    def reserve(self, count: int) -> None:
        for _ in range(count):
            self._study.enqueue_trial({})

    def define(self, parameters: Mapping[str, Searched]) -> None:
        for name, parameter in parameters.items():
            self._translated(name, parameter)

    def _translated(
        self, name: str, parameter: Searched
    ) -> tuple[Codec[Any], BaseDistribution | None]:
        """Return how a parameter is searched, and what Optuna is asked for it."""
        known = self._known.get(name)
        if known is not None and known[0] == parameter:
            return known[1:]
        space = Space({name: parameter})
        capabilities = self._capabilities.but({Feature.FLOAT_STEP: YES})
        problem = Problem(space, self._problem.n_objectives)
        reasons = capabilities.reasons_against(problem)
        if reasons:
            raise UnsupportedFeatureError.refused(self._name, reasons)
        codec = Encoded(space, capabilities).codecs[name]
        if codec.native is None and isinstance(parameter, (Categorical, Float, Int)):
            codec = CODECS["native"](parameter)  # Optuna knows of the one value too
        distribution = None
        if codec.native is not None:
            distribution = to_distribution(codec.native, classes=DISTRIBUTIONS)
        self._known[name] = parameter, codec, distribution
        return codec, distribution

    def _encode(
        self, params: Mapping[str, Label]
    ) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
        found = {n: self._known[n] for n in params if self._known[n][2] is not None}
        native = {n: codec.encode(params[n]) for n, (_, codec, _) in found.items()}
        return native, {name: each for name, (_, _, each) in found.items()}

    def _codecs(self) -> list[Codec[Any]]:
        return [codec for _, codec, _ in self._known.values()]

    def _n_constraints(self, outcome: Outcome) -> int:
        return len(outcome.constraints)
