"""What each run had come to at the budget: in trials, or in seconds.

The unit of a claim is the problem; seeds are repeats within it. On each problem, pairs
of optimizers are compared seed by seed: the share of seeds in which one is better, ties
counting half. Such shares compare between problems, whatever the units of their values
are, and a failed run is worse than any other. The ranks within each seed, averaged over
seeds, are sums of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.analysis.contest.results import DONE, FAILED, MISSING, PARTIAL

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from hpbridge.analysis.contest.results import Results

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The values by which runs are judged.

    Attributes:
        values: Shape (P, O, S), to be minimized: NaN where there is no whole run; inf
            where a run had nothing feasible.
        at: Shape (P,): the trials, or seconds, after which they are taken.
        wins: Shape (P, O, O): of the seeds that both have, the share in which the
            optimizer of the row is better than that of the column; NaN without one.
        ranks: Shape (P, O): mean over seeds of the rank among those that ran.
    """

    values: Floats
    at: Floats
    wins: Floats
    ranks: Floats


def trials_of(results: Results, budget: int | None = None) -> Ints:
    """Return after how many trials each problem is judged: shape (P,).

    After as many as its whole runs all were to have, or as the budget says where that
    is less. Runs that ended early by themselves hold their value until then.
    """
    import numpy as np

    whole = np.isin(results.states, (DONE, FAILED))
    most = np.iinfo(np.int32).max
    asked = np.where(whole, results.n_trials, most).min(axis=(1, 2), initial=most)
    longest = results.best.shape[-1]
    common = np.where(asked == most, longest, np.minimum(asked, longest))
    found: Ints = common if budget is None else np.minimum(common, budget)
    return found


def seconds_of(results: Results, trials: Ints) -> Floats:
    """Return how long the fastest optimizer took for its trials: shape (P,).

    Until then every optimizer has had the same time; what a faster one would have come
    to later, nobody knows. Of its seeds it is the median; NaN where none has times.
    """
    import numpy as np

    found = np.full(len(results.problems), np.nan)
    for p, n in enumerate(trials):
        if n < 1:  # no run has a trial
            continue
        last = np.minimum(results.n_told[p], n) - 1
        whole = np.isin(results.states[p], (DONE, FAILED)) & (last >= 0)
        taken = np.take_along_axis(
            results.seconds[p], np.maximum(last, 0)[..., None], 2
        )[..., 0]
        taken = np.where(whole, taken, np.nan)
        medians = [
            float(np.median(row[~np.isnan(row)]))
            for row in taken
            if not np.isnan(row).all()
        ]
        found[p] = min(medians, default=np.nan)
    return found


def judged_by_trials(results: Results, trials: Ints) -> Judged:
    """Return what each run had come to after so many trials of its problem."""
    import numpy as np

    values = np.full(results.states.shape, np.nan)
    for p, n in enumerate(trials):
        if n > 0:
            values[p] = results.best[p, :, :, n - 1]
    return _judged(results, values, trials.astype(np.float64))


def judged_by_seconds(results: Results, trials: Ints) -> Judged:
    """Return what each run had come to after equal time, as `seconds_of` has it."""
    import numpy as np

    at = seconds_of(results, trials)
    values = np.full(results.states.shape, np.nan)
    for p, n in enumerate(trials):
        if n < 1 or np.isnan(at[p]):
            continue
        # NaN, where there is no such trial, is never in time.
        reached = (results.seconds[p, :, :, :n] <= at[p]).sum(axis=-1)
        last = np.maximum(reached - 1, 0)[..., None]
        found = np.take_along_axis(results.best[p], last, 2)[..., 0]
        values[p] = np.where(reached > 0, found, np.inf)
    return _judged(results, values, at)


def _judged(results: Results, values: Floats, at: Floats) -> Judged:
    import numpy as np

    absent = np.isin(results.states, (MISSING, PARTIAL))
    absent |= np.isnan(at)[:, None, None]
    return judged_of_values(np.where(absent, np.nan, values), at)


def judged_of_values(values: Floats, at: Floats | None = None) -> Judged:
    """Return how runs compare that came to these values.

    Args:
        values: Shape (P, O, S), as `Judged` has them.
        at: Shape (P,): after how many trials, or seconds.
    """
    import numpy as np

    wins = np.stack([_wins(each) for each in values]) if len(values) else _none(values)
    beaten = np.where(np.isnan(wins), 0.0, 1.0 - wins).sum(axis=2)
    ran = ~np.isnan(values).all(axis=2)
    ranks = np.where(ran, 1.0 + beaten, np.nan)
    at = np.ones(len(values)) if at is None else at
    return Judged(values=values, at=at, wins=wins, ranks=ranks)


def _none(values: Floats) -> Floats:
    import numpy as np

    return np.empty((0, values.shape[1], values.shape[1]))


def _wins(values: Floats) -> Floats:
    """Return the shares of seeds that are won, of one problem: (O, S) to (O, O)."""
    import numpy as np

    first, second = values[:, None], values[None]
    both = ~np.isnan(first) & ~np.isnan(second)
    won = ((first < second) + 0.5 * (first == second)) * both
    counts = both.sum(axis=2)
    found = np.where(counts > 0, won.sum(axis=2) / np.maximum(counts, 1), np.nan)
    np.fill_diagonal(found, np.nan)
    return found
