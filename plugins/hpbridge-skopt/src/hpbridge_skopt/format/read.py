"""Read what scikit-optimize keeps: an `OptimizeResult`, live or in a file.

Files are read by `hpbridge.plugin.inert`, which runs nothing of them; nothing here
imports the library.

Source:
    scikit-optimize 0.10.2, `skopt.utils`: `create_result`, `dump`; `base_minimize` for
    what ``specs`` holds; `BayesSearchCV.optimizer_results_`, a list of results.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    DAMAGE,
    PAYLOAD_KEY,
    ForeignStudy,
    ForeignTrial,
    FormatError,
    Hints,
    SpaceError,
    State,
    inert,
    read_json_text,
    unpack_study,
)
from hpbridge_skopt.native.dimensions import dimension_of, names_of, space_of, value_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.plugin import Space

NAME = "skopt"
METRIC = "value"
FAILED_KEY = "hpbridge:failed"
"""Points of a `BridgeOptimizer` that came to no finite value."""

_HEAD = 2**24
_FIRST_CLASS = 512
_ALGORITHMS = {
    "GaussianProcessRegressor": "gp",
    "ExtraTreesRegressor": "et",
    "RandomForestRegressor": "rf",
    "GradientBoostingQuantileRegressor": "gbrt",
    "RepairedGBRT": "gbrt",
    "DummyRegressor": "random",
}
_KEPT_ARGUMENTS = (
    "acq_func",
    "acq_optimizer",
    "initial_point_generator",
    "kappa",
    "n_calls",
    "n_initial_points",
    "n_points",
    "n_restarts_optimizer",
    "xi",
)


def recognizes(source: object) -> bool:
    """Say whether it is a result, a list of results, or a file that holds them."""
    if isinstance(source, Path):
        head = inert.head(source, _FIRST_CLASS) if source.is_file() else b""
        # SciPy's own results are of the same class, without the values; these come
        # after the best point, whose choices may be any text.
        return b"OptimizeResult" in head and b"func_vals" in inert.head(source, _HEAD)
    return bool(_results_in(source)) or _is_optimizer(source)


def _is_optimizer(source: object) -> bool:
    return all(hasattr(source, name) for name in ("get_result", "Xi", "yi", "space"))


def _results_in(source: Any) -> list[Any]:
    listed = source if isinstance(source, list) else [source]
    return listed if all(_is_result(each) for each in listed) else []


def _is_result(value: Any) -> bool:
    if isinstance(value, inert.Stub):
        is_named = value.path.rpartition(".")[2] == "OptimizeResult"
        return is_named and "x_iters" in value.items
    return type(value).__name__ == "OptimizeResult" and "x_iters" in value


def read(source: Any, hints: Hints) -> ForeignStudy:
    """Read a study.

    Raises:
        FormatError: If it is damaged, holds several studies and no name says which, or
            the hints do not go with it.
    """
    where = source if isinstance(source, Path) else f"a {type(source).__name__}"
    results = _results_in(_loaded(source))
    if not results:
        raise _unreadable(where, ["it holds no OptimizeResult of scikit-optimize"])
    result, name = _chosen(results, where, hints)
    try:
        return _study_of(_Result(result), name, hints)
    except SpaceError as error:
        raise _unreadable(
            where, error.problems, "`--space file.py:space` gives it"
        ) from error
    except DAMAGE as error:
        reason = " ".join(str(error).split())
        raise _unreadable(where, [f"{reason:.200}"]) from error


def _unreadable(
    where: object,
    problems: Sequence[str],
    hint: str = "write it again with `skopt.dump`",
) -> FormatError:
    return FormatError.unreadable(NAME, where, problems, hint)


def _loaded(source: Any) -> Any:
    if isinstance(source, Path):
        try:
            return inert.load(source)
        except (inert.InertError, OSError) as error:
            raise _unreadable(source, [str(error)]) from error
    if _is_optimizer(source):
        if not source.yi:
            problem = "it was told of no trial"
            raise _unreadable(type(source).__name__, [problem], "tell it one")
        return source.get_result()
    return source


def _chosen(results: list[Any], where: object, hints: Hints) -> tuple[Any, str]:
    """Return the one result that is meant, and the study's name."""
    stem = where.name.split(".")[0] if isinstance(where, Path) else NAME
    if len(results) == 1:
        return results[0], hints.name or stem
    names = [str(k) for k in range(len(results))]
    if hints.name not in names:
        problem = f"it holds {len(results)} studies, of as many spaces; "
        problem += f"{hints.name!r} is none of {', '.join(names)}"
        raise _unreadable(where, [problem], "`--name 0` reads the first one")
    return results[int(hints.name)], f"{stem}-{hints.name}"


class _Result:
    """The entries of a result, live or a stub, as plain data."""

    def __init__(self, result: Any) -> None:
        self._items = result.items if isinstance(result, inert.Stub) else result

    def get(self, key: str) -> Any:
        return self._items.get(key)

    def plain(self, key: str) -> Any:
        return inert.plain(self._items.get(key))

    @property
    def points(self) -> list[list[Any]]:
        return _points(self.plain("x_iters"), "x_iters")

    @property
    def failed(self) -> list[list[Any]]:
        return _points(self.plain(FAILED_KEY) or [], FAILED_KEY)

    def numbers(self, key: str) -> list[float]:
        values = self.plain(key)
        if not isinstance(values, (list, tuple)):
            msg = f"its {key} are no list of numbers"
            raise ValueError(msg)
        return [float(value) for value in values]

    @property
    def arguments(self) -> Mapping[str, Any]:
        specs = self.get("specs")
        found = specs.get("args") if isinstance(specs, Mapping) else None
        return found if isinstance(found, Mapping) else {}


def _points(values: Any, key: str) -> list[list[Any]]:
    if not isinstance(values, (list, tuple)) or not all(
        isinstance(point, (list, tuple)) for point in values
    ):
        msg = f"its {key} are no list of points"
        raise ValueError(msg)
    return [list(point) for point in values]


def _study_of(result: _Result, name: str, hints: Hints) -> ForeignStudy:
    riding = result.get(PAYLOAD_KEY)
    if isinstance(riding, str):
        return unpack_study(read_json_text(riding), NAME)
    metric = _metric(hints)
    space, names, notes = _space(result, hints)
    notes.append("scikit-optimize keeps no start and no duration of a trial")
    return ForeignStudy(
        name=name,
        trials=tuple(_trials(result, space, names, metric)),
        metrics={metric: "minimize"},
        space=space,
        algorithm=_algorithm(result),
        native={k: v for k, v in result.arguments.items() if _is_kept(k, v)},
        notes=tuple(notes),
    )


def _metric(hints: Hints) -> str:
    if not hints.direction:
        return METRIC
    name, way = next(iter(hints.direction.items()))
    if len(hints.direction) > 1 or way != "minimize":
        msg = f"scikit-optimize minimizes one value, not {dict(hints.direction)!r}"
        raise ValueError(msg)
    return name


def _space(result: _Result, hints: Hints) -> tuple[Space, list[str], list[str]]:
    """Return the space, the names of the dimensions in order, and notes."""
    native = result.get("space")
    get = native.get if isinstance(native, inert.Stub) else _attributes(native).get
    dimensions = [dimension_of(each) for each in get("dimensions") or ()]
    names, notes = names_of(dimensions), []
    if any(dimension.name is None for dimension in dimensions):
        unnamed = [n for n, d in zip(names, dimensions, strict=True) if d.name is None]
        notes.append(f"dimensions without a name are called {', '.join(unnamed)}")
    if hints.space is not None:
        return hints.space, _names_in(hints.space, names), notes
    constraint = get("constraint")
    if constraint is not None and isinstance(native, inert.Stub):
        notes.append("its space_constraint is a function, which was not read")
        constraint = None
    return space_of(dimensions, names, constraint), names, notes


def _attributes(space: Any) -> Mapping[str, Any]:
    if hasattr(space, "dimensions"):
        return dict(vars(space))
    msg = f"its space is {inert.brief(space)}, which has no dimensions"
    raise ValueError(msg)


def _names_in(space: Space, names: list[str]) -> list[str]:
    """Return the names of the dimensions in a space that was given: theirs, in order.

    Where its names are others, its order counts, since dimensions need no names.
    """
    searched = list(space.searched)
    if set(searched) == set(names):
        return names
    if len(searched) != len(names):
        msg = f"the given space has the parameters {searched}, and it {names}"
        raise ValueError(msg)
    return searched


def _trials(
    result: _Result, space: Space, names: list[str], metric: str
) -> list[ForeignTrial]:
    points, values = result.points, result.numbers("func_vals")
    if len(points) != len(values):
        msg = f"it holds {len(points)} points and {len(values)} values"
        raise ValueError(msg)
    logs = result.numbers("log_time") if result.get("log_time") is not None else []
    seconds: list[Any] = [math.exp(log) for log in logs] or [None] * len(values)
    trials = [
        _trial(_params(point, space, names), metric, value, spent)
        for point, value, spent in zip(points, values, seconds, strict=True)
    ]
    for point in result.failed:
        params = _params(point, space, names)
        trials.append(ForeignTrial(State.FAILED, params, error="no finite value"))
    return trials


def _params(point: list[Any], space: Space, names: list[str]) -> dict[str, Any]:
    if len(point) != len(names):
        msg = (
            f"the point {point!r:.80} has not the {len(names)} dimensions of its space"
        )
        raise ValueError(msg)
    return {n: value_in(space[n], v) for n, v in zip(names, point, strict=True)}


def _trial(
    params: dict[str, Any], metric: str, value: float, seconds: float | None
) -> ForeignTrial:
    is_nan = math.isnan(value)
    return ForeignTrial(
        state=State.FAILED if is_nan else State.COMPLETE,
        params=params,
        metrics={metric: value},
        error=f"returned nan for metric {metric!r}" if is_nan else None,
        run_seconds=seconds,
    )


def _algorithm(result: _Result) -> str:
    model = result.arguments.get("base_estimator")
    if isinstance(model, str):
        return {"dummy": "random"}.get(model.lower(), model.lower())
    kind = model.path if isinstance(model, inert.Stub) else type(model).__name__
    return _ALGORITHMS.get(kind.rpartition(".")[2], "")


def _is_kept(name: str, value: object) -> bool:
    if name not in _KEPT_ARGUMENTS:
        return False
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, (str, int))
