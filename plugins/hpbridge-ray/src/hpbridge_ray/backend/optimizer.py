"""The optimizers: Ray Tune's search classes, driven without a cluster."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from ray.tune.search import Searcher
from ray.tune.search.variant_generator import generate_variants

from hpbridge.plugin import (
    ExhaustedError,
    Feature,
    ForeignHistoryError,
    GlobalRandom,
    OnePoint,
    Optimizer,
    State,
    Suggestion,
    encode,
    quiet,
)
from hpbridge_ray._upstream import adopt
from hpbridge_ray.backend.space import read, to_dimensions, write
from hpbridge_ray.native.write import LOGGERS, make_domain, make_searcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpbridge.plugin import Algorithm, Encoded, Label, Outcome, Problem

METRIC = "value"


def create(
    problem: Problem, algorithm: Algorithm, options: Any, seed: int
) -> Optimizer:
    """Return the optimizer of an algorithm.

    Raises:
        UnsupportedFeatureError: If the algorithm cannot search the problem.
    """
    name = algorithm.name
    if algorithm.is_staged:
        from hpbridge_ray.backend import population

        return population.create(problem, algorithm, options, seed)
    encoded = encode(problem, algorithm, options, f"ray:{name}")
    if name in {"random", "grid"}:
        return VariantOptimizer(encoded, algorithm, seed)
    if not encoded.native:
        return OnePoint(encoded)
    searcher = make_searcher(name, options, seed)
    if name == "optuna":
        return OptunaOptimizer(encoded, algorithm, searcher)
    if name == "hyperopt":
        return SearcherOptimizer(encoded, algorithm, searcher)
    return BohbOptimizer(encoded, algorithm, searcher, seed)


class _RayOptimizer(Optimizer):
    """What all of them share: the space, the ids, the refusal of foreign trials."""

    def __init__(self, encoded: Encoded, algorithm: Algorithm) -> None:
        self._name = f"ray:{algorithm.name}"
        self._why_not = algorithm.capabilities[Feature.FOREIGN_HISTORY].note
        self._encoded = encoded
        self._dimensions = to_dimensions(encoded, algorithm.name)
        self._space = {
            dimension.key: make_domain(dimension.domain)
            for dimension in self._dimensions.values()
        }
        self._n_asked = 0

    def _suggestion(self, config: Mapping[str, Any]) -> Suggestion:
        native = read(self._dimensions, config)
        suggestion = Suggestion(self._n_asked, self._encoded.decode(native))
        self._n_asked += 1
        return suggestion

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:  # noqa: ARG002
        raise ForeignHistoryError.refused(self._name, self._why_not)


class VariantOptimizer(_RayOptimizer):
    """Ray's own variant generation: random draws, or the points of a grid.

    Source:
        ray 2.60.0, `BasicVariantGenerator`: one call of `generate_variants` a sample,
        all of them with one generator, ``np.random.default_rng(seed)``.
    """

    def __init__(self, encoded: Encoded, algorithm: Algorithm, seed: int) -> None:
        super().__init__(encoded, algorithm)
        self._is_grid = algorithm.name == "grid"
        self._rng = np.random.default_rng(seed)
        self._points = self._generate()

    def _generate(self) -> Iterator[tuple[dict[Any, Any], dict[str, Any]]]:
        points: Iterator[tuple[dict[Any, Any], dict[str, Any]]] = generate_variants(
            {"config": self._space}, random_state=self._rng
        )
        return points

    def ask(self) -> Suggestion:
        point = next(self._points, None)
        if point is None and not self._is_grid:
            self._points = self._generate()
            point = next(self._points)
        if point is None:
            msg = "every point of the grid was proposed"
            raise ExhaustedError(msg)
        return self._suggestion(point[1]["config"])

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Nothing is learnt."""


class SearcherOptimizer(_RayOptimizer):
    """A `Searcher`, called as `Tuner.fit` calls it.

    Source:
        ray 2.60.0, `SearchGenerator` and `TuneController`: `suggest` for each trial,
        `on_trial_complete` with its last result, or with ``error=True``.
    """

    def __init__(
        self, encoded: Encoded, algorithm: Algorithm, searcher: Searcher
    ) -> None:
        super().__init__(encoded, algorithm)
        self._searcher = searcher
        with quiet(*LOGGERS):
            searcher.set_search_properties(METRIC, "min", self._space)

    def ask(self) -> Suggestion:
        with quiet(*LOGGERS):
            config = self._searcher.suggest(str(self._n_asked))
        if config is None or config == Searcher.FINISHED:
            msg = f"{type(self._searcher).__name__} has nothing more to suggest"
            raise ExhaustedError(msg)
        return self._suggestion(config)

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        key = str(suggestion.id)
        with quiet(*LOGGERS):
            if outcome.state is State.COMPLETE:
                self._complete(key, outcome.values[0])
            elif outcome.state is State.PRUNED:
                self._prune(key, outcome)
            else:
                # Never NaN as a result: OptunaSearch would leave the trial running for
                # ever, HyperOptSearch would learn from it.
                self._searcher.on_trial_complete(key, error=True)

    def _complete(self, key: str, value: float) -> None:
        self._searcher.on_trial_complete(key, result=_result(value))

    def _prune(self, key: str, outcome: Outcome) -> None:
        # A trial that a scheduler stops is complete to Ray, with its last result.
        value = _last_report(outcome)
        if value is None:
            self._give_up(key)
        else:
            self._complete(key, value)

    def _give_up(self, key: str) -> None:
        """Tell of a trial that has no result."""
        self._searcher.on_trial_complete(key, error=True)


class OptunaOptimizer(SearcherOptimizer):
    """`OptunaSearch`, which has Optuna's pruned trials and learns from foreign ones."""

    def _give_up(self, key: str) -> None:
        self._searcher.on_trial_complete(key)  # pruned in Optuna

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        config = write(self._dimensions, self._encoded.encode(params))
        value = outcome.values[0] if outcome.state is State.COMPLETE else None
        if outcome.state is State.PRUNED:
            value = _last_report(outcome)
        with quiet(*LOGGERS):
            self._searcher.add_evaluated_point(
                config,
                value,
                error=outcome.state is State.FAILED,
                pruned=outcome.state is State.PRUNED and value is None,
            )


class BohbOptimizer(SearcherOptimizer):
    """`TuneBOHB`; with one budget, where every trial runs in full.

    hpbandster draws from numpy's global generator. It has a model for each budget with
    enough trials, more of the good and of the bad ones than there are parameters, and
    proposes from the one of the largest; from then on it drops what smaller ones bring.

    Source:
        ray 2.60.0, `TuneBOHB.on_trial_result`: it learns from results with the budget
        that a scheduler wrote into them, and not from `on_trial_complete`.
        hpbandster 0.7.4, `BOHB.new_result` and `BOHB.get_config`.
    """

    def __init__(
        self, encoded: Encoded, algorithm: Algorithm, searcher: Searcher, seed: int
    ) -> None:
        super().__init__(encoded, algorithm, searcher)
        self._random = GlobalRandom(seed)
        self._n_foreign = 0
        self._budget: float = 1

    def ask(self) -> Suggestion:
        with self._random:
            return super().ask()

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        self._budget = outcome.budget or 1
        with self._random:
            super().tell(suggestion, outcome)

    def _complete(self, key: str, value: float) -> None:
        result = _result(value) | {"hyperband_info": {"budget": self._budget}}
        self._searcher.on_trial_result(key, result)
        self._searcher.on_trial_complete(key, result=result)

    def _prune(self, key: str, outcome: Outcome) -> None:  # noqa: ARG002
        # Its last result is one of a smaller budget, and no budget is modelled here.
        self._give_up(key)

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        if outcome.state is not State.COMPLETE:
            return  # what it is not told of its own trials either
        self._budget = outcome.budget or 1
        key = f"foreign-{self._n_foreign}"
        self._n_foreign += 1
        config = write(self._dimensions, self._encoded.encode(params))
        adopt(self._searcher, key, config)
        with self._random, quiet(*LOGGERS):
            self._complete(key, outcome.values[0])


def _result(value: float) -> dict[str, Any]:
    return {METRIC: value, "training_iteration": 1}


def _last_report(outcome: Outcome) -> float | None:
    """Return what a pruned trial counts with; None where that is no number.

    Of NaN, OptunaSearch would leave the trial running for ever.

    Source:
        ray 2.60.0, `TuneController.stop_trial`.
    """
    values = [value for value in outcome.values if not math.isnan(value)]
    return values[0] if values else None
