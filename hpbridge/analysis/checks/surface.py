"""The scores of a search over its space, as an additive quadratic surface.

The surface is made of a line and a parabola for each number, and a step for each
category. It is no optimizer's model: it answers whether a parameter matters, and
whether scores still improve at an end of its range, with a known error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.shaped import Shaped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.space.kinds import Searched
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

LEAST_TRIALS = 10
"""Fewer trials have no surface."""

_LEAST_FREEDOM = 4
_ROWS_PER_COLUMN = 2
_MOST_CATEGORIES = 6
_LEAST_ORDERED = 3
_ROUNDING = 1e-9


def place(parameter: Searched, value: Any) -> float | None:
    """Return where a value lies between the ends of its range, in the search's scale.

    Returns:
        0 at the lower end, 1 at the upper one; None where there are no two ends: an
        infinite one, or choices without an order.
    """
    if isinstance(parameter, Categorical):
        n_labels = len(parameter.labels)
        if not parameter.ordered or n_labels < _LEAST_ORDERED:
            return None
        return parameter.index(value) / (n_labels - 1)
    if not isinstance(parameter, Shaped) or parameter.is_unbounded:
        return None
    low, high = ends = _ends(parameter)
    if not low < high:
        return None
    if getattr(parameter, "log", False):
        low, high, value = (math.log(v) for v in (*ends, max(value, low)))
    return min(max((float(value) - low) / (high - low), 0.0), 1.0)


def has_scale(parameter: Searched) -> bool:
    """Say whether its values have places between two ends."""
    return place(parameter, parameter.middle) is not None


def _ends(parameter: Shaped) -> tuple[float, float]:
    last = parameter.last if isinstance(parameter, (Float, Int)) else parameter.high
    return float(parameter.low), float(last)


@dataclass(frozen=True)
class Trials:
    """The trials of which a surface is made, and what they lost.

    Attributes:
        trials: Complete ones with finite values, feasible or not.
        losses: By the first metric; smaller is better.
    """

    study: Study
    trials: Sequence[FinishedTrial]
    losses: Sequence[float]

    def where_active(self, name: str) -> Trials:
        """Return those that have this parameter."""
        kept = [
            (t, v)
            for t, v in zip(self.trials, self.losses, strict=True)
            if name in t.params
        ]
        return Trials(self.study, [t for t, _ in kept], [v for _, v in kept])

    def __len__(self) -> int:
        return len(self.trials)


def trials_of(study: Study) -> Trials:
    """Return the trials of a study that have a value."""
    metric, sign = study.main_metric, study.sign
    kept = [
        (trial, sign * trial.metrics[metric])
        for trial in study.trials
        if trial.state == "complete" and math.isfinite(trial.metrics[metric])
    ]
    return Trials(study, [t for t, _ in kept], [v for _, v in kept])


@dataclass(frozen=True)
class Surface:
    """What the fit says of one parameter, the others held.

    Attributes:
        coefficients: Of its own columns.
        covariance: Of these.
        freedom: Degrees of freedom of the rest.
        p_noise: How often an added parameter of pure noise would explain as much.
        deviation: Of the losses.
        is_number: Whether its columns are a line and a parabola.
    """

    coefficients: Any
    covariance: Any
    freedom: int
    p_noise: float
    deviation: float
    is_number: bool

    @property
    def effect(self) -> float:
        """How much losses change from best to worst value, in their deviations."""
        import numpy as np

        effects = np.append(self.coefficients, 0.0)
        if self.is_number:
            x = np.linspace(-0.5, 0.5, 21)
            effects = np.column_stack([x, x**2]) @ self.coefficients
        return float(np.ptp(effects)) / self.deviation

    def t_at(self, where: float) -> float:
        """Return the t value of the slope at a place; 0 for categories."""
        if not self.is_number:
            return 0.0
        import numpy as np

        way = np.array([1.0, 2 * (where - 0.5)])
        deviation = math.sqrt(max(float(way @ self.covariance @ way), 1e-300))
        return float(way @ self.coefficients) / deviation


def surface_of(given: Trials, name: str) -> Surface | None:
    """Fit the surface where a parameter is active; None of too few trials.

    Where there are too many other parameters for the trials, those that explain most
    by themselves are held.
    """
    import numpy as np
    from scipy import stats

    active = given.where_active(name)
    n = len(active)
    own = columns_of(active, name)
    if own is None or n < LEAST_TRIALS or float(np.ptp(own)) == 0:
        return None
    loss = _tamed(np.array(active.losses))
    if float(np.ptp(loss)) == 0:
        return None
    width = own.shape[1]
    room = n // _ROWS_PER_COLUMN - 1 - width
    held = _strongest(active, name, loss, room)
    design = np.column_stack([np.ones(n), own, *held])
    freedom = n - int(np.linalg.matrix_rank(design))
    if freedom < _LEAST_FREEDOM:
        return None
    inverse = np.linalg.pinv(design.T @ design)
    fitted = inverse @ design.T @ loss
    rest = float(np.sum((loss - design @ fitted) ** 2))
    total = float(np.sum((loss - loss.mean()) ** 2))
    rest = max(rest, _ROUNDING * total)
    without = np.delete(design, slice(1, 1 + width), axis=1)
    other = np.linalg.lstsq(without, loss, rcond=None)[0]
    more = max(float(np.sum((loss - without @ other) ** 2)) - rest, 0.0)
    rank = int(np.linalg.matrix_rank(design) - np.linalg.matrix_rank(without))
    ratio = more / max(rank, 1) / (rest / freedom)
    chance = float(stats.f.sf(ratio, max(rank, 1), freedom)) if rank else math.nan
    part = slice(1, 1 + width)
    covariance = inverse[part, part] * (rest / freedom)
    is_number = has_scale(active.study.space.searched[name])
    return Surface(
        fitted[part], covariance, freedom, chance, float(loss.std()), is_number
    )


def columns_of(given: Trials, name: str) -> Any:
    """Return the columns for one parameter; None where it has no use.

    A line and a parabola around the middle for a number; a step for each category but
    the first.
    """
    import numpy as np

    parameter = given.study.space.searched[name]
    values = [trial.params.get(name) for trial in given.trials]
    if has_scale(parameter):
        places = [None if v is None else place(parameter, v) for v in values]
        x = np.array([0.5 if p is None else p for p in places]) - 0.5
        return np.column_stack([x, x**2])
    if not isinstance(parameter, Categorical):
        return None
    seen = [label for label in parameter.labels if label in values]
    steps = seen[1:_MOST_CATEGORIES]
    if not steps:
        return None
    return np.array([[float(v == label) for label in steps] for v in values])


def _strongest(given: Trials, name: str, loss: Any, room: int) -> list[Any]:
    """Return the columns of the other parameters that explain most, as room is."""
    import numpy as np

    found = []
    for other in given.study.space.searched:
        columns = None if other == name else columns_of(given, other)
        if columns is None or float(np.ptp(columns)) == 0:
            continue
        design = np.column_stack([np.ones(len(loss)), columns])
        fit = np.linalg.lstsq(design, loss, rcond=None)[0]
        found.append((float(np.sum((loss - design @ fit) ** 2)), columns))
    held = []
    for _, columns in sorted(found, key=lambda pair: pair[0]):
        if columns.shape[1] <= room:
            held.append(columns)
            room -= columns.shape[1]
    return held


def _tamed(loss: Any) -> Any:
    """Return losses without outliers, in the shape that a surface fits well.

    Where a few trials are worse by far, they are as bad as the worst of the others.
    """
    import numpy as np

    low, middle, high = np.quantile(loss, [0.25, 0.5, 0.75])
    most = max(high + 3 * (high - low), middle + 3 * (middle - loss.min()))
    return np.minimum(loss, most)


def label_of_end(parameter: Searched, *, is_upper: bool) -> Any:
    """Return the value at an end of a range."""
    if isinstance(parameter, Categorical):
        return parameter.labels[-1 if is_upper else 0]
    shaped = cast("Any", parameter)
    last = getattr(shaped, "last", shaped.high)
    return last if is_upper else shaped.low


def is_small_grid(parameter: Searched, most: int = 8) -> bool:
    """Say whether a parameter has so few values that an end is one of them."""
    n_values = parameter.n_values
    return n_values is not None and n_values <= most


def params_at(trial: FinishedTrial | None) -> Mapping[str, Any]:
    """Return a trial's parameters; none of no trial."""
    return {} if trial is None else trial.params
