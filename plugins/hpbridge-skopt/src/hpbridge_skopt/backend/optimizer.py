"""The optimizer: a `skopt.Optimizer` that is asked and told."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import skopt
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.utils import check_random_state
from skopt.utils import cook_estimator, normalize_dimensions

from hpbridge.plugin import (
    Held,
    OnePoint,
    Optimizer,
    OptionError,
    State,
    Suggestion,
    encode,
    quiet,
)
from hpbridge_skopt._upstream import INITIAL_DESIGN
from hpbridge_skopt.backend.repairs import RepairedGBRT
from hpbridge_skopt.backend.space import library_seed
from hpbridge_skopt.native import write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.plugin import (
        Algorithm,
        Encoded,
        Label,
        Outcome,
        Parameter,
        PastTrial,
        Problem,
    )

LARGEST_SEED = np.iinfo(np.int32).max
# The models square and sum what they are told; beyond this that overflows.
LARGEST_VALUE = 1e150
# scikit-optimize 0.10.2, `gaussian_mes`: it calls np.random.rand.
UNSEEDED = (
    "'MES' draws from NumPy's global generator, which no seed of a study reaches: "
    "the same seed proposes the same only after the same np.random.seed(...)"
)


def create(
    problem: Problem, algorithm: Algorithm, options: Any, seed: int
) -> Optimizer:
    name = f"skopt:{algorithm.name}"
    encoded = encode(problem, algorithm, options, name)
    if not encoded.native:
        return OnePoint(encoded)
    described = write.dimensions(encoded, algorithm, options)

    def make(n_past: int = 0) -> skopt.Optimizer:
        space = [write.make(each) for each in described]
        with quiet():  # Sobol' would like a power of two
            return make_library(
                algorithm.name, space, options, library_seed(seed), n_past=n_past
            )

    try:
        optimizer = SkoptOptimizer(encoded, make, learns=algorithm.learns)
    except ValueError as error:  # Sobol' has 40 dimensions, for one
        raise OptionError.invalid(name, [" ".join(str(error).split())]) from error
    if getattr(options, "acq_func", "") == "MES":
        optimizer.notes = [UNSEEDED]
    return optimizer


def make_library(
    algorithm: str,
    space: list[Any],
    options: Any,
    random_state: int | np.random.RandomState | None,
    *,
    n_past: int = 0,
    draws_model_seed: bool = False,
    **settings: Any,
) -> skopt.Optimizer:
    """Return the Optimizer that the library's own function makes.

    Args:
        algorithm: Ours.
        space: Dimensions, which it changes.
        options: Of the algorithm.
        random_state: As the library takes it.
        n_past: How many trials it is told of first, as of ``x0`` with ``y0``.
        draws_model_seed: Seed boosted trees as `skopt.Optimizer` does that makes them
            itself, not as `gbrt_minimize`.
        settings: Further arguments of the Optimizer.

    Source:
        scikit-optimize 0.10.2, `gp_minimize`, `forest_minimize`, `gbrt_minimize`,
        `dummy_minimize` and `base_minimize`: who draws which seed from what.
    """
    state: Any = random_state
    if algorithm == "random":
        state = check_random_state(random_state)
        state.randint(0, LARGEST_SEED)  # dummy_minimize draws a seed and drops it
        # Never told anything, it stays in the initial phase and fits no model.
        return skopt.Optimizer(
            space,
            DummyRegressor(),
            acq_optimizer="sampling",
            random_state=state,
            **settings,
        )
    model: Any = algorithm.upper()
    if algorithm == "gp":
        state = check_random_state(random_state)
        space = normalize_dimensions(space)
        estimator_seed = state.randint(0, LARGEST_SEED)
        model = cook_estimator(
            "GP", space=space, random_state=estimator_seed, noise=options.noise
        )
    elif algorithm == "gbrt":
        model_state: Any = check_random_state(random_state)
        if draws_model_seed:
            state, model_state = model_state, model_state.randint(0, LARGEST_SEED)
        model = RepairedGBRT(
            base_estimator=GradientBoostingRegressor(n_estimators=30, loss="quantile"),
            random_state=model_state,
            n_jobs=options.n_jobs,
        )
    return skopt.Optimizer(
        space,
        model,
        n_initial_points=options.n_initial_points + n_past,
        initial_point_generator=options.initial_point_generator,
        n_jobs=options.n_jobs,
        acq_func=options.acq_func,
        acq_optimizer=getattr(options, "acq_optimizer", "sampling"),
        acq_func_kwargs={"xi": options.xi, "kappa": options.kappa},
        acq_optimizer_kwargs={
            "n_points": options.n_points,
            "n_restarts_optimizer": getattr(options, "n_restarts_optimizer", 5),
            "n_jobs": options.n_jobs,
        },
        random_state=state,
        # By default it keeps every model; it uses the last only.
        **{"model_queue_size": 1, **settings},
    )


class SkoptOptimizer(Optimizer):
    """An Optimizer of the library, told when it is asked the next time.

    One after the other that is the library's own loop, without the model that it fits
    after the last trial. What came in between two asks is told as one batch, as the
    library's ``x0`` and ``y0`` are, with one fit.

    Args:
        encoded: The space.
        make: Returns what `make_library` makes for a number of past trials.
        learns: Whether to tell it anything.
    """

    def __init__(
        self,
        encoded: Encoded,
        make: Callable[[int], skopt.Optimizer],
        *,
        learns: bool,
    ) -> None:
        self._encoded = encoded
        self._make = make
        self._library = make(0)
        self._learns = learns
        self._n_asked = 0
        self._pending: dict[int, list[Any]] = {}
        self._untold: list[tuple[list[Any], float]] = []
        self._held: Held[list[Any]] = Held()
        self._liar: skopt.Optimizer | None = None

    def ask(self) -> Suggestion:
        # It warns of points that it proposes again, and of what scikit-learn does.
        with quiet():
            self._tell_library()
            point = self._next_point()
        number = self._n_asked
        self._n_asked += 1
        self._pending[number] = point
        native = dict(zip(self._encoded.native, point, strict=True))
        return Suggestion(number, self._encoded.decode(native))

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        # The point as it was asked: with it the model sees inactive parameters as
        # drawn, and floats unrounded, as in the library's own loop.
        self._note(self._pending.pop(suggestion.id), outcome)

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        self._note(self._point(params), outcome)

    def restore(self, trials: Sequence[PastTrial], native: Mapping[str, Any]) -> bool:  # noqa: ARG002 - the library goes on without its own state
        """Go on as ``gp_minimize(..., x0=, y0=, random_state=seed)`` does.

        Source:
            scikit-optimize 0.10.2, `base_minimize`: it tells x0 and y0 in one batch,
            and makes as many initial points as without them.
        """
        if not self._learns:
            return True  # dummy_minimize draws what it draws, whatever it knows
        told = [(self._point(t.params), _value_of(t.outcome)) for t in trials]
        finite = [each for each in told if math.isfinite(each[1])]
        self._library = self._make(len(finite))
        if finite:
            points, values = zip(*finite, strict=True)
            self._library.tell(list(points), list(values))
        self._untold = [each for each in told if not math.isfinite(each[1])]
        return True

    def _point(self, params: Mapping[str, Label]) -> list[Any]:
        values = self._encoded.encode(params)
        native = self._encoded.native
        return [_clamp(native[name], values[name]) for name in native]

    def _note(self, point: list[Any], outcome: Outcome) -> None:
        self._liar = None
        if self._learns:
            self._untold.append((point, _value_of(outcome)))

    def _tell_library(self) -> None:
        """Tell what is finite, and at the end of the initial phase everything.

        Until then what is not finite is held, so that the model begins with as many
        real values as were asked for.
        """
        library, untold = self._library, self._untold
        finite, late = self._held.settle(untold, library.yi, n_missing(library))
        self._untold = []
        if finite or late:
            points, values = zip(*finite, *late, strict=True)
            library.tell(list(points), list(values))

    def _next_point(self) -> list[Any]:
        library = self._library
        if n_missing(library) > 0:
            n_used = len(library.Xi) + len(self._pending) + len(self._held)
            return initial_point(library, n_used)
        if not self._pending:
            return list(library.ask())
        return self._next_to_pending()

    def _next_to_pending(self) -> list[Any]:
        """Ask a copy that believes that pending points came out as well as the best.

        Source:
            scikit-optimize 0.10.2, ``Optimizer.ask(n_points, strategy="cl_min")``,
            which can only tell the points of its own batch; Ginsbourger et al. 2010.
        """
        if self._liar is None:
            self._liar = _copy(self._library)
        liar = self._liar
        n_known = len(liar.Xi) - len(self._library.Xi)
        points = list(self._pending.values())[n_known:]
        liar.tell(points, [min(liar.yi)] * len(points))
        return list(liar.ask())


def n_missing(library: skopt.Optimizer) -> int:
    """Return how many finite values the initial phase still lacks."""
    n_initial: int = library.n_initial_points_
    return n_initial - len(library.Xi)


def initial_point(library: skopt.Optimizer, n_used: int) -> list[Any]:
    """Return the next point of the initial phase.

    The library counts the points with values only, and would repeat itself.

    Args:
        library: Whose design it is, if it has one.
        n_used: How many of its points were asked.
    """
    design = INITIAL_DESIGN.of(library)
    if design is None:
        return list(library.ask())
    if n_used < len(design):
        return list(design[n_used])
    return list(library.space.rvs(random_state=library.rng)[0])


def _copy(library: skopt.Optimizer) -> skopt.Optimizer:
    """Return a copy that shares nothing that `tell` changes.

    `Optimizer.copy` would fit a model, and make the design once more.
    """
    other = copy.copy(library)
    other.Xi, other.yi = list(library.Xi), list(library.yi)
    other.models = list(library.models)
    if hasattr(library, "gains_"):
        other.gains_ = library.gains_.copy()
    other.rng = np.random.RandomState(library.rng.randint(0, LARGEST_SEED))
    return other


def _value_of(outcome: Outcome) -> float:
    """Return the value to tell, or what is not finite."""
    if outcome.state is State.FAILED or not outcome.values:
        return math.nan
    # A pruned trial counts with its last report. It is of another step than the values
    # of the others, but told as the worst, as failed ones are, the many trials of which
    # a pruner ends most at the first step would look alike.
    value = outcome.values[0]
    if not math.isfinite(value):
        return value
    return min(max(value, -LARGEST_VALUE), LARGEST_VALUE)


def _clamp(parameter: Parameter, value: Any) -> Any:
    low = getattr(parameter, "low", None)
    if low is None:
        return value
    return min(max(value, low), parameter.high)  # type: ignore[attr-defined]
