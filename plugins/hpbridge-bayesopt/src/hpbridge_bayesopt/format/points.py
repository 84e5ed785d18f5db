"""A point of the library's target space, and what it came to, as a trial of ours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Categorical, Constant, Float, ForeignTrial, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.plugin import Parameter, Space

CONSTRAINT = "constraint"
NATIVE_KEYS = (
    "acquisition_params",
    "allow_duplicate_points",
    "gp_params",
    "pbounds",
    "random_state",
    "transformed_bounds",
)
"""What the library needs to go on, besides the points."""


def params_of(
    keys: Sequence[str], row: Sequence[float], space: Space | None
) -> dict[str, Any] | None:
    """Return the parameters of a row of floats; None where it has an unknown choice."""
    params: dict[str, Any] = {}
    at = 0
    for key in keys:
        parameter = None if space is None else space[key]
        width = parameter.n_values if isinstance(parameter, Categorical) else 1
        cells, at = row[at : at + width], at + width
        if isinstance(parameter, Categorical):
            if len(cells) != width or not any(cells):
                return None
            # As the library reads it: the first of the largest.
            params[key] = parameter.at(cells.index(max(cells)))
        else:
            params[key] = number_in(parameter, float(cells[0]))
    if at != len(row):
        msg = f"a point has {len(row)} numbers, and the space needs {at}"
        raise ValueError(msg)
    return params


def number_in(parameter: Parameter | None, value: float) -> float:
    is_whole = math.isfinite(value) and value.is_integer()
    if parameter is None or isinstance(parameter, (Float, Constant)) or not is_whole:
        return value
    return int(value)


def trial_of(
    params: Mapping[str, Any], metric: str, target: Any, constraint: Any
) -> ForeignTrial:
    value = math.nan if target is None else float(target)
    metrics = {metric: value}
    if isinstance(constraint, (list, tuple)):
        metrics |= {f"{CONSTRAINT}_{k}": float(v) for k, v in enumerate(constraint)}
    elif constraint is not None:
        metrics[CONSTRAINT] = float(constraint)
    is_nan = math.isnan(value)
    return ForeignTrial(
        state=State.FAILED if is_nan else State.COMPLETE,
        params=params,
        metrics=metrics,
        error=f"returned nan for metric {metric!r}" if is_nan else None,
    )
