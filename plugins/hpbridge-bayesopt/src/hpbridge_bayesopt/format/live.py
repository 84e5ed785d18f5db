"""Read a live `BayesianOptimization`, by its attributes."""

from __future__ import annotations

import dataclasses
import json
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Float, ForeignStudy, Space
from hpbridge_bayesopt._upstream import DOMAIN_REDUCTION
from hpbridge_bayesopt.format.points import NATIVE_KEYS, params_of, trial_of
from hpbridge_bayesopt.native.read import space_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_ALGORITHMS = {
    "UpperConfidenceBound": "ucb",
    "ExpectedImprovement": "ei",
    "ProbabilityOfImprovement": "poi",
    "GPHedge": "hedge",
}


def read_live(optimizer: Any, name: str, metric: str) -> ForeignStudy:
    """Return the study of a live optimizer, with the limits of its constraints."""
    target_space = optimizer.space
    space = _space_of(optimizer)
    rows, targets = target_space.params.tolist(), target_space.target.tolist()
    notes = ["the library keeps no start, no duration and no failed trials"]
    values: list[Any] = [None] * len(rows)
    limits: list[tuple[float, float]] = []
    if optimizer.constraint is not None:
        model = optimizer.constraint
        limits = list(zip(model.lb.tolist(), model.ub.tolist(), strict=True))
        values = target_space.constraint_values.tolist()
    points = [params_of(target_space.keys, row, space) for row in rows]
    trials = []
    for point, target, value in zip(points, targets, values, strict=True):
        if point is not None:
            trial = trial_of(point, metric, target, value)
            metrics = {**trial.metrics, **_lower(trial.metrics, limits)}
            trials.append(dataclasses.replace(trial, metrics=metrics))
    if len(trials) < len(points):
        n_left = len(points) - len(trials)
        notes.append(f"{n_left} trials are left out: their choice is none of the space")
    return ForeignStudy(
        name=name,
        trials=tuple(trials),
        metrics={metric: "maximize"},
        space=space,
        bounds=_bounds(limits),
        algorithm=_ALGORITHMS.get(type(optimizer.acquisition_function).__name__, ""),
        native=_native(optimizer, notes),
        notes=tuple(notes),
    )


def _space_of(optimizer: Any) -> Space:
    reduction = DOMAIN_REDUCTION.of(optimizer)
    if reduction is None:
        return space_of(optimizer.space.params_config)
    # Its ranges are what the reduction left of them; all are of floats.
    ranges = reduction.original_bounds.tolist()
    named = zip(optimizer.space.keys, ranges, strict=True)
    return Space({key: Float(low, high) for key, (low, high) in named})


def _native(optimizer: Any, notes: list[str]) -> dict[str, Any]:
    """Return what the library saves of it, by its own `save_state`."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "state.json")
            optimizer.save_state(path)
            state = json.loads(path.read_text(encoding="utf-8"))
    except (AttributeError, NotImplementedError, TypeError):
        notes.append("its model or acquisition function is one that has no saved state")
        return {}
    except ValueError:  # 3.0.0 saves nothing before the first point
        return {}
    return {key: state.get(key) for key in NATIVE_KEYS}


def _name_of(index: int, limits: Sequence[Any]) -> str:
    return "constraint" if len(limits) == 1 else f"constraint_{index}"


def _bounds(limits: Sequence[tuple[float, float]]) -> dict[str, str]:
    """Return the limits as bounds; a metric has one, so a second one needs another."""
    bounds = {}
    for k, (low, high) in enumerate(limits):
        name = _name_of(k, limits)
        if math.isfinite(high):
            bounds[name] = f"<= {high!r}"
        if math.isfinite(low):
            bounds[f"{name}_lower" if name in bounds else name] = f">= {low!r}"
    return bounds


def _lower(metrics: Any, limits: Sequence[tuple[float, float]]) -> dict[str, float]:
    names = [
        _name_of(k, limits)
        for k, ends in enumerate(limits)
        if all(map(math.isfinite, ends))
    ]
    return {f"{name}_lower": metrics[name] for name in names}
