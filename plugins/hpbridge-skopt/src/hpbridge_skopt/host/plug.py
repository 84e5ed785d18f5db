"""Any optimizer where scikit-optimize's own `Optimizer` and `gp_minimize` stood."""

from __future__ import annotations

import copy
import math
import numbers
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import OptimizeResult
from skopt.callbacks import VerboseCallback, check_callback
from skopt.space import Space
from skopt.utils import (
    check_x_in_space,
    create_result,
    eval_callbacks,
    is_2Dlistlike,
    is_listlike,
)

from hpbridge.plugin import (
    ExhaustedError,
    arguments,
)
from hpbridge_skopt.format.read import FAILED_KEY
from hpbridge_skopt.host.engines import Engine, engine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _are_points(value: object) -> bool:
    is_list = hasattr(value, "__len__") and hasattr(value, "__getitem__")
    return value is None or (is_list and not isinstance(value, (str, bytes)))


_FUNCTION = arguments.Kind("a function", callable)
_RANDOM_STATE = arguments.Kind(
    "a whole number in [0, 2**32), a numpy.random.RandomState or None",
    lambda value: (
        arguments.SEED_OF_HOST.fits(value) or isinstance(value, np.random.RandomState)
    ),
)
_DIMENSIONS = arguments.Kind(
    "a list of dimensions or a skopt.Space",
    lambda value: isinstance(value, Iterable) and not isinstance(value, (str, bytes)),
)
_POINTS = arguments.Kind("a point or a list of points, or None", _are_points)
# Users have `verbose=1` in calls of the library's own functions.
_VERBOSE = arguments.Kind(
    "True or False", lambda v: arguments.is_flag(v) or arguments.whole(0).fits(v)
)

STRATEGIES = ("cl_min", "cl_mean", "cl_max")


class BridgeOptimizer:
    """An object with the ask and tell of `skopt.Optimizer`, around any optimizer.

    With an optimizer of scikit-optimize it hands everything to the library's own
    `Optimizer`, whose defaults hold: the same points for the same seed. Any other one
    searches the same space, and every `ask` is a new proposal, so that several may be
    out at once.

    Args:
        dimensions: As the library takes them: `Space`, list of dimensions or tuples.
        optimizer: ``backend`` or ``backend:algorithm``, as in ``"optuna:tpe"``.
        random_state: Int, `numpy.random.RandomState` or None; an int is the seed.
        options: Of the algorithm, by its library's own names.
        space_constraint: Function of a point, true where it may run.

    Attributes:
        Xi: Points that came to a finite value, in the order of telling.
        yi: Their values.
        failed: Points that came to none: NaN or infinite.
        space: A `skopt.Space`.

    Raises:
        HpbridgeError: If the optimizer is not installed, has no such options, or
            cannot search the space; with every reason, and the optimizers that can.
        SpaceError: Naming each dimension whose meaning another library cannot keep.
        ArgumentError: If arguments are of a wrong kind; with all of them.

    Example:
        >>> optimizer = BridgeOptimizer([(0.0, 1.0)], "random", random_state=0)
        >>> point = optimizer.ask()
        >>> result = optimizer.tell(point, 3.0)
        >>> float(result.fun), result.x == point
        (3.0, True)
    """

    @arguments.takes(
        dimensions=_DIMENSIONS,
        optimizer=arguments.TEXT,
        random_state=_RANDOM_STATE,
        options=arguments.optional(arguments.BY_NAME),
        space_constraint=arguments.optional(_FUNCTION),
    )
    def __init__(
        self,
        dimensions: Any,
        optimizer: str = "skopt",
        *,
        random_state: int | np.random.RandomState | None = None,
        options: Mapping[str, object] | None = None,
        space_constraint: Callable[[list[Any]], object] | None = None,
        _n_past: int | None = None,
    ) -> None:
        # The library changes the dimensions that it is given.
        constraint = space_constraint or getattr(dimensions, "constraint", None)
        listed = copy.deepcopy(list(dimensions))
        given = dict(options or {})
        self._engine: Engine = engine_of(
            optimizer,
            Space(listed, constraint),
            random_state,
            given,
            n_past=_n_past,
        )
        self.space = self._engine.space
        self.specs = {
            # SciPy cannot print a result that holds an empty dict.
            "args": {
                "optimizer": optimizer,
                "options": given or None,
                **self._engine.specs,
            },
            "function": type(self).__name__,
        }
        self.Xi: list[list[Any]] = []
        self.yi: list[float] = []
        self.failed: list[list[Any]] = []
        self.cache_: dict[tuple[int, str], list[list[Any]]] = {}

    @property
    def models(self) -> list[Any]:
        """Models that were fitted, of an optimizer of scikit-optimize."""
        return self._engine.models

    @property
    def rng(self) -> Any:
        """The random state, of an optimizer of scikit-optimize; else None."""
        return self._engine.rng

    def ask(self, n_points: int | None = None, strategy: str = "cl_min") -> list[Any]:
        """Propose a point, or a list of points to run at the same time.

        Args:
            n_points: None for one point. The same number gives the same points until
                something is told.
            strategy: What scikit-optimize's own take for the values of the points of
                one list; others have their own ways with points that are not back.

        Raises:
            ExhaustedError: If there is nothing left to propose.
            ValueError: If an argument is not what the library takes.
        """
        if n_points is None:
            return self._engine.ask()
        if type(n_points) is not int or n_points < 1:
            msg = f"n_points should be an int above 0, got {n_points!r}"
            raise ValueError(msg)
        if strategy not in STRATEGIES:
            msg = f"strategy should be one of {', '.join(STRATEGIES)}, got {strategy!r}"
            raise ValueError(msg)
        key = (n_points, strategy)
        if key not in self.cache_:
            self.cache_ = {key: self._engine.ask_many(n_points, strategy)}
        return self.cache_[key]

    @arguments.takes(fit=arguments.FLAG)
    def tell(self, x: Any, y: Any, fit: bool = True) -> OptimizeResult:
        """Tell what a point came to; or several, as lists.

        NaN and infinities are told as failed; they are in `failed`, and in the result
        under ``hpbridge:failed``.

        Raises:
            ValueError: If a point is not in the space or a value is no number.
        """
        check_x_in_space(x, self.space)
        is_batch = is_listlike(y) and is_2Dlistlike(x)
        points, values = (x, y) if is_batch else ([x], [y])
        wrong = [v for v in values if not isinstance(v, numbers.Real)]
        if wrong or len(points) != len(values):
            told = f"{wrong[0]!r}" if wrong else f"{len(values)} for {len(points)}"
            msg = f"expected one number as the value of each point, got {told}"
            raise ValueError(msg)
        self._engine.tell(list(points), list(values), fit=fit, is_batch=is_batch)
        for point, value in zip(points, values, strict=True):
            if math.isfinite(value):
                self.Xi.append(point)
                self.yi.append(value)
            else:
                self.failed.append(point)
        self.cache_ = {}
        return self.get_result()

    @arguments.takes(func=_FUNCTION, n_iter=arguments.whole(0))
    def run(self, func: Callable[[list[Any]], float], n_iter: int = 1) -> Any:
        """Ask, run and tell `n_iter` times; returns the result."""
        for _ in range(n_iter):
            point = self.ask()
            self.tell(point, func(point))
        return self.get_result()

    def get_result(self) -> OptimizeResult:
        """Return the result so far; without a finite value, `fun` is infinite."""
        if self.yi:
            result = create_result(
                self.Xi, self.yi, self.space, self.rng, models=self.models
            )
        else:
            result = OptimizeResult(
                x=None,
                fun=math.inf,
                func_vals=np.array([]),
                x_iters=[],
                models=self.models,
                space=self.space,
                random_state=self.rng,
            )
        result.specs = self.specs
        if self.failed:
            result[FAILED_KEY] = list(self.failed)
        return result

    def update_next(self) -> None:
        """Compute the next point anew, after a setting was changed."""
        self.cache_ = {}
        self._engine.update_next()

    @arguments.takes(random_state=_RANDOM_STATE)
    def copy(
        self, random_state: int | np.random.RandomState | None = None
    ) -> BridgeOptimizer:
        """Return another optimizer that knows the same, with its own random state."""
        other = copy.copy(self)
        other.Xi, other.yi = list(self.Xi), list(self.yi)
        other.failed, other.cache_ = list(self.failed), {}
        other._engine = self._engine.copy(random_state)
        other.space = other._engine.space
        return other


@arguments.takes(
    func=_FUNCTION,
    dimensions=_DIMENSIONS,
    backend=arguments.TEXT,
    n_calls=arguments.whole(0),
    x0=_POINTS,
    verbose=_VERBOSE,
    random_state=_RANDOM_STATE,
    options=arguments.optional(arguments.BY_NAME),
    space_constraint=arguments.optional(_FUNCTION),
)
def minimize(  # noqa: PLR0913 - the library's own arguments
    func: Callable[[list[Any]], float],
    dimensions: Any,
    backend: str = "skopt",
    *,
    n_calls: int = 100,
    x0: list[Any] | None = None,
    y0: Iterable[float] | float | None = None,
    callback: Any = None,
    verbose: bool = False,
    random_state: int | np.random.RandomState | None = None,
    options: Mapping[str, object] | None = None,
    space_constraint: Callable[[list[Any]], object] | None = None,
) -> OptimizeResult:
    """Minimize a function as `gp_minimize` does, with any optimizer.

    Args:
        func: Function of a point (a list). NaN and infinities count as failed; what it
            raises ends the run.
        dimensions: As of `BridgeOptimizer`.
        backend: The optimizer, as in ``"optuna:tpe"``.
        n_calls: How often `func` is called, points of `x0` without values included.
        x0: A point or points to begin with.
        y0: Their values, where they are known.
        callback: A function of the result or a list of them; one that returns True
            ends the run.
        verbose: Print what the library prints.
        random_state: As of `BridgeOptimizer`.
        options: As of `BridgeOptimizer`, by its library's own names; for those of
            scikit-optimize, the further arguments of its functions.
        space_constraint: As of `BridgeOptimizer`.

    Returns:
        The library's own kind of result, for `skopt.plots`, `skopt.dump` and so on.

    Raises:
        HpbridgeError: As of `BridgeOptimizer`.
        ValueError: If `x0` and `y0` do not go together, or `x0` has more points to
            run than `n_calls`.

    Source:
        scikit-optimize 0.10.2, `base_minimize`.
    """
    points, values = _past(x0, y0)
    optimizer = BridgeOptimizer(
        dimensions,
        backend,
        random_state=random_state,
        options=options,
        space_constraint=space_constraint,
        _n_past=len(points),
    )
    optimizer.specs["function"] = "minimize"
    callbacks = list(check_callback(callback))
    n_to_run = 0 if values is not None else len(points)
    if n_calls < n_to_run:
        msg = f"n_calls is {n_calls}, and x0 has {n_to_run} points to run"
        raise ValueError(msg)
    if verbose:
        n_random = getattr(optimizer._engine, "n_initial", 0)
        callbacks.append(VerboseCallback(n_to_run, n_random, n_calls))
    if points:
        if values is None:
            values = [func(point) for point in points]
        result = optimizer.tell(points, values)
        if _says_stop(callbacks, result):
            return result
    for _ in range(n_calls - n_to_run):
        try:
            point = optimizer.ask()
        except ExhaustedError as end:
            warnings.warn(f"the run ends early: {end}", stacklevel=2)
            break
        if _says_stop(callbacks, optimizer.tell(point, func(point))):
            break
    return optimizer.get_result()


def _says_stop(callbacks: list[Any], result: OptimizeResult) -> bool:
    # The library's callbacks look at the last value, and there may be none.
    return bool(result.x_iters) and bool(eval_callbacks(callbacks, result))


def _past(
    x0: list[Any] | None, y0: Iterable[float] | float | None
) -> tuple[list[list[Any]], list[float] | None]:
    points: list[Any] = []
    if x0 is not None and len(x0):
        points = [x0] if not isinstance(x0[0], (list, tuple)) else list(x0)
    if y0 is None:
        return points, None
    values = list(y0) if isinstance(y0, Iterable) else [y0]
    if len(points) != len(values):
        msg = f"x0 has {len(points)} points and y0 {len(values)} values"
        raise ValueError(msg)
    return points, values
