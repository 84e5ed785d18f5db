"""Hypervolume: how much of the space below a reference point a front dominates.

All objectives are to be minimized. Exact, for any number of objectives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

PLANE, SOLID = 2, 3
"""Objectives of which the volumes of many runs are found at once."""

BLOCK = 250
"""Runs that are swept at once: what keeps memory small."""


def front(points: npt.ArrayLike) -> Array:
    """Return which of the points no other dominates: shape (n,), bool.

    Of equal points the first alone is. Points with a failed value are not.

    Args:
        points: Shape (n, objectives).
    """
    import numpy as np

    given = np.asarray(points, dtype=np.float64)
    chosen = np.zeros(len(given), dtype=bool)
    order = np.lexsort(given.T[::-1])
    if given.shape[1] == 2:  # noqa: PLR2004 - the least of the last so far is to beat
        order = order[np.isfinite(given[order]).all(axis=1)]
        last = given[order, 1]
        least = np.minimum.accumulate(np.concatenate([[np.inf], last[:-1]]))
        chosen[order[last < least]] = True
        return chosen
    kept: list[int] = []
    for index in order:
        point = given[index]
        if not np.isfinite(point).all():
            continue
        if not kept or not (given[kept] <= point).all(axis=1).any():
            kept.append(int(index))
    chosen[kept] = True
    return chosen


def hypervolume(points: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Return the volume that points dominate up to a reference point.

    Args:
        points: Shape (n, objectives). Points that are not below the reference in every
            objective, and ones with a failed value, add nothing.
        reference: Shape (objectives,).

    Source:
        L. While, L. Bradstreet and L. Barone, A fast way of calculating exact
        hypervolumes, IEEE Transactions on Evolutionary Computation 16 (2012) 86-95; of
        three objectives C. M. Fonseca, L. Paquete and M. Lopez-Ibanez, An improved
        dimension-sweep algorithm for the hypervolume indicator (CEC 2006).
    """
    import numpy as np

    edge = np.asarray(reference, dtype=np.float64)
    given = np.asarray(points, dtype=np.float64).reshape(-1, len(edge))
    given = given[np.isfinite(given).all(axis=1) & (given < edge).all(axis=1)]
    return _volume(given[front(given)], edge)


def hypervolume_over_trials(points: npt.ArrayLike, reference: npt.ArrayLike) -> Array:
    """Return the hypervolume after each trial, of shape (..., T).

    Args:
        points: Shape (..., T, objectives): the values of each trial. Failed trials (any
            NaN) add nothing.
        reference: Shape (objectives,).
    """
    import numpy as np

    edge = np.asarray(reference, dtype=np.float64)
    given = np.asarray(points, dtype=np.float64)
    trials = given.shape[-2]
    runs = given.reshape(-1, trials, len(edge))
    found = np.empty(runs.shape[:-1])
    if len(edge) in {PLANE, SOLID}:
        swept = _plane_over_trials if len(edge) == PLANE else _solid_over_trials
        for start in range(0, len(runs), BLOCK):
            found[start : start + BLOCK] = swept(runs[start : start + BLOCK], edge)
    else:
        for index, run in enumerate(runs):
            found[index] = _over_trials(run, edge)
    return found.reshape(given.shape[:-1])


def _volume(points: Array, edge: Array) -> float:
    """Return the volume of a front, all of it below the edge."""
    import numpy as np

    if not len(points):
        return 0.0
    if len(points) == 1:
        return float(np.prod(edge - points[0]))
    if len(edge) == PLANE:
        ordered = points[np.argsort(points[:, 0])]
        above = np.concatenate(([edge[1]], ordered[:-1, 1]))
        return float(((edge[0] - ordered[:, 0]) * (above - ordered[:, 1])).sum())
    if len(edge) == SOLID:
        return float(_solid(points[None], edge)[0])
    # Slices along the last objective, from the worst: each adds what it alone has.
    ordered = points[np.argsort(-points[:, -1], kind="stable")]
    return sum(
        _alone(point, ordered[index + 1 :], edge) for index, point in enumerate(ordered)
    )


def _alone(point: Array, others: Array, edge: Array) -> float:
    """Return the volume that a point has and the others have not."""
    import numpy as np

    whole = float(np.prod(edge - point))
    if not len(others):
        return whole
    within = np.maximum(others, point)
    within = within[(within < edge).all(axis=1)]
    if not len(within):
        return whole
    flat = (within[:, -1] == point[-1]).all()
    if flat:
        # All reach as deep as the point: what is left has one objective less.
        depth = float(edge[-1] - point[-1])
        within = within[:, :-1]
        return whole - depth * _volume(within[front(within)], edge[:-1])
    return whole - _volume(within[front(within)], edge)


def _over_trials(run: Array, edge: Array) -> Array:
    """Return the volume of one run after each trial: a trial adds what it alone has."""
    import numpy as np

    kept = np.empty((0, len(edge)))
    volume, found = 0.0, np.empty(len(run))
    for trial, point in enumerate(run):
        useful = np.isfinite(point).all() and (point < edge).all()
        if useful and not (kept <= point).all(axis=1).any():
            volume += _alone(point, kept, edge)
            kept = np.vstack([kept[~(point <= kept).all(axis=1)], point])
        found[trial] = volume
    return found


def _plane_over_trials(runs: Array, edge: Array) -> Array:
    """Return the areas of all runs after each trial: from (R, T, 2) to (R, T).

    Of each run the trials so far stand in order of their first objective, as steps:
    what a new one adds is a sum over the steps to its right that it lies below.
    """
    import numpy as np

    count, trials, _ = runs.shape
    useful = np.isfinite(runs).all(axis=2) & (runs < edge).all(axis=2)
    x = np.where(useful, runs[..., 0], edge[0])
    y = np.where(useful, runs[..., 1], edge[1])
    order = np.argsort(x, axis=1, kind="stable")
    found = np.empty((count, trials))
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(trials), order.shape), 1)
    ordered = np.take_along_axis(x, order, 1)
    widths = np.diff(ordered, axis=1, append=edge[0])
    # The least second objective of what stands at a place or left of it.
    floor = np.full((count, trials), edge[1])
    area = np.zeros(count)
    places = np.arange(trials)
    for trial in range(trials):
        gained = np.where(
            places >= place[:, trial, None], floor - y[:, trial, None], 0.0
        )
        np.maximum(gained, 0.0, out=gained)
        area += np.einsum("rt,rt->r", gained, widths)
        floor -= gained
        found[:, trial] = area
    return found


def _solid(points: Array, edge: Array) -> Array:
    """Return the volumes below points of three objectives: from (R, n, 3) to (R,).

    A plane is swept along the third objective, up to the edge: between two points it
    has the area of what lies behind it.
    """
    import numpy as np

    order = np.argsort(points[..., 2], axis=1)
    ordered = np.take_along_axis(points, order[..., None], 1)
    areas = _plane_over_trials(ordered[..., :2], edge[:2])
    depths = np.diff(ordered[..., 2], axis=1, append=edge[2])
    found: Array = (areas * depths).sum(axis=1)
    return found


def _solid_over_trials(runs: Array, edge: Array) -> Array:
    """Return the volumes of all runs after each trial: from (R, T, 3) to (R, T).

    Of each run its front is kept, with the edge, which adds nothing, in places that are
    free. A trial adds what it alone has.
    """
    import numpy as np

    count, trials, _ = runs.shape
    useful = np.all(np.isfinite(runs) & (runs < edge), axis=2)
    kept = np.full((count, 1, 3), edge)
    volume, found = np.zeros(count), np.empty((count, trials))
    for trial in range(trials):
        point = runs[:, trial, None]
        adds = useful[:, trial] & ~np.any(np.all(kept <= point, axis=2), axis=1)
        of = np.flatnonzero(adds)
        if len(of):
            mine, others = point[of], kept[of]
            whole = (edge - mine[:, 0]).prod(axis=1)
            volume[of] += whole - _solid(np.maximum(others, mine), edge)
            others[(mine <= others).all(axis=2)] = edge
            free = (others == edge).all(axis=2)
            if not free.any(axis=1).all():
                more = np.full((count, 1, 3), edge)
                kept = np.concatenate([kept, more], axis=1)
                others = np.concatenate([others, more[: len(of)]], axis=1)
                free = (others == edge).all(axis=2)
            others[np.arange(len(of)), free.argmax(axis=1)] = mine[:, 0]
            kept[of] = others
        found[:, trial] = volume
    return found
