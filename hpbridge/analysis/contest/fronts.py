"""Several metrics as one number: the hypervolume of what is not dominated so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

MARGIN = 0.1
"""By how much of the fronts' range the reference point lies beyond their nadir."""

DIGITS = 12
"""Of volumes, as shares of all that runs span: the same points in another order have
the same volume, which sums of floats would not."""


def reference_of(runs: Sequence[Floats]) -> tuple[float, ...]:
    """Return the reference point where the problem has none.

    It is the nadir of the runs' fronts, the worst value of each metric on any of them,
    moved out by a tenth of their range, so that the ends of fronts count: a point that
    some trials of every run dominate has no say in it.

    Args:
        runs: Points by run, shape (trials, metrics), to be minimized.
    """
    import numpy as np

    from hpbridge.analysis.statistics.hypervolume import front

    points = np.concatenate([each[front(each)] for each in runs])
    if not len(points):
        return tuple(0.0 for _ in range(points.shape[1]))
    worst, ideal = points.max(axis=0), points.min(axis=0)
    width = np.where(worst > ideal, worst - ideal, np.maximum(np.abs(worst), 1.0))
    beyond: list[float] = (worst + MARGIN * width).tolist()
    return tuple(beyond)


def joint_front(runs: Sequence[Floats]) -> list[tuple[int, int]]:
    """Return which trials no other trial of any run dominates.

    Equal points of different runs are all of the front; of one run, the first is.

    Args:
        runs: As of `reference_of`.

    Returns:
        Run and trial, in this order.
    """
    import numpy as np

    from hpbridge.analysis.statistics.hypervolume import front

    places = [
        (run, int(trial))
        for run, points in enumerate(runs)
        for trial in np.flatnonzero(front(points))
    ]
    if not places:
        return []
    points = np.array([runs[run][trial] for run, trial in places])
    kept = {tuple(point) for point in points[front(points)].tolist()}
    return [
        place
        for place, point in zip(places, points.tolist(), strict=True)
        if tuple(point) in kept
    ]


def volumes_so_far(runs: Sequence[Floats], reference: Sequence[float]) -> list[Floats]:
    """Return the hypervolume that each run dominates after each of its trials.

    Args:
        runs: Points by run, shape (trials, metrics), to be minimized, in the order of
            telling.
        reference: As many values; what is not better in every metric adds nothing.
    """
    import numpy as np

    from hpbridge.analysis.statistics.hypervolume import hypervolume_over_trials

    edge = np.asarray(reference, dtype=np.float64)
    longest = max(map(len, runs), default=0)
    points = np.full((len(runs), longest, len(edge)), np.nan)
    for row, run in zip(points, runs, strict=True):
        row[: len(run)] = run
    points[~(points < edge).all(axis=2) | ~np.isfinite(points).all(axis=2)] = np.nan
    if np.isnan(points).all():
        return [np.zeros(len(run)) for run in runs]
    whole = float(np.prod(edge - np.nanmin(points, axis=(0, 1))))
    shares = np.round(hypervolume_over_trials(points, edge) / whole, DIGITS)
    return [row[: len(run)] * whole for row, run in zip(shares, runs, strict=True)]
