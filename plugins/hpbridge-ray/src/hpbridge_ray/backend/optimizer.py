"""The optimizers: Ray Tune's search classes, driven without a cluster."""

from __future__ import annotations

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
    by_step,
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

    def _prune(self, key: str, outcome: Outcome) -> None:  # noqa: ARG002
        # The last report of a trial that was cut short is not its result.
        self._searcher.on_trial_complete(key, error=True)


class OptunaOptimizer(SearcherOptimizer):
    """`OptunaSearch`, which has Optuna's pruned trials and learns from foreign ones."""

    def _prune(self, key: str, outcome: Outcome) -> None:
        # Optuna takes no negative step, and the first value of a step.
        for step, value in _first_reports(outcome).items():
            self._searcher.on_trial_result(key, _result(value, step))
        self._searcher.on_trial_complete(key)

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        config = write(self._dimensions, self._encoded.encode(params))
        reports = _first_reports(outcome)
        with quiet(*LOGGERS):
            self._searcher.add_evaluated_point(
                config,
                outcome.values[0] if outcome.state is State.COMPLETE else None,
                error=outcome.state is State.FAILED,
                pruned=outcome.state is State.PRUNED,
                intermediate_values=list(reports.values()),
            )


class BohbOptimizer(SearcherOptimizer):
    """`TuneBOHB` with one budget, since every trial runs in full.

    hpbandster draws from numpy's global generator.

    Source:
        ray 2.60.0, `TuneBOHB.on_trial_result`: it learns from results with the budget
        that a scheduler wrote into them, and not from `on_trial_complete`.
    """

    def __init__(
        self, encoded: Encoded, algorithm: Algorithm, searcher: Searcher, seed: int
    ) -> None:
        super().__init__(encoded, algorithm, searcher)
        self._random = GlobalRandom(seed)
        self._n_foreign = 0

    def ask(self) -> Suggestion:
        with self._random:
            return super().ask()

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        with self._random:
            super().tell(suggestion, outcome)

    def _complete(self, key: str, value: float) -> None:
        result = _result(value) | {"hyperband_info": {"budget": 1}}
        self._searcher.on_trial_result(key, result)
        self._searcher.on_trial_complete(key, result=result)

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        if outcome.state is not State.COMPLETE:
            return  # what it is not told of its own trials either
        key = f"foreign-{self._n_foreign}"
        self._n_foreign += 1
        config = write(self._dimensions, self._encoded.encode(params))
        adopt(self._searcher, key, config)
        with self._random, quiet(*LOGGERS):
            self._complete(key, outcome.values[0])


def _result(value: float, step: int = 1) -> dict[str, Any]:
    return {METRIC: value, "training_iteration": step}


def _first_reports(outcome: Outcome) -> dict[int, float]:
    if outcome.state is not State.PRUNED:
        return {}
    return by_step(pair for pair in outcome.reports if pair[0] >= 0)
