"""What the page of a contest shows, as arrays: thinned, normalised, with intervals."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

from hpbridge.analysis.contest.judged import judged_by_trials, trials_of
from hpbridge.analysis.contest.results import MISSING
from hpbridge.report.contest_estimates import (
    estimate,
    least,
    median,
    wins_over,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from hpbridge.analysis.contest.judged import Judged
    from hpbridge.analysis.contest.results import Results
    from hpbridge.report.contest_estimates import Estimate

    Array = npt.NDArray[np.float64]

MOST_PLACES = 40
"""Of a curve: budgets, or seconds, in even steps of their logarithm."""

N_TARGETS = 30
"""Of each problem, from what one random evaluation leaves to a thousandth of it: ten a
power of ten."""

_LEAST_TARGET = -3.0
_SHARE = (0.0, 1.0)


def _with_a_place(results: Results) -> Results:
    """Return results of which no run has a trial as if there was a place for one."""
    import numpy as np

    none = np.full((*results.states.shape, 1), np.nan)
    return replace(results, best=none, seconds=none, optimizer_seconds=none)


class Numbers:
    """Everything that the figures and tables of a contest have in common.

    It is computed when it is asked for, once.

    Args:
        results: Of a contest.
    """

    def __init__(self, results: Results) -> None:
        self.results = results if results.best.shape[3] else _with_a_place(results)

    @functools.cached_property
    def ran(self) -> npt.NDArray[np.bool_]:
        """Whether an optimizer has any run of a problem; shape (P, O)."""
        found: npt.NDArray[np.bool_] = (self.results.states != MISSING).any(axis=2)
        return found

    @functools.cached_property
    def shared(self) -> list[int]:
        """The problems that every optimizer ran: the statistics hold over these."""
        import numpy as np

        return [int(p) for p in np.flatnonzero(self.ran.all(axis=1))]

    @functools.cached_property
    def budget(self) -> npt.NDArray[np.int64]:
        """The most trials of a run of each problem; shape (P,)."""
        import numpy as np

        most: npt.NDArray[np.int64] = self.results.n_told.max(axis=(1, 2), initial=0)
        return np.maximum(most, 1).astype(np.int64)

    @property
    def is_one_budget(self) -> bool:
        """Whether all problems had as many trials."""
        return len({*self.budget.tolist()}) == 1

    @functools.cached_property
    def places(self) -> Array:
        """The budgets shown: trials, or shares of each problem's own; shape (G,)."""
        import numpy as np

        most = int(self.budget.max(initial=1))
        found = np.unique(np.geomspace(1, most, MOST_PLACES).round())
        return found if self.is_one_budget else found / most

    @functools.cached_property
    def at_places(self) -> npt.NDArray[np.int64]:
        """Which trial each place is, by problem; shape (P, G)."""
        import numpy as np

        if self.is_one_budget:
            rows = np.broadcast_to(self.places, (len(self.budget), len(self.places)))
        else:
            rows = np.ceil(self.budget[:, None] * self.places[None, :] - 1e-9)
        last = self.results.best.shape[3]
        return np.clip(rows, 1, max(last, 1)).astype(np.int64) - 1

    @functools.cached_property
    def best(self) -> Array:
        """The best value at each place; shape (P, O, S, G). NaN: there is no run."""
        import numpy as np

        index = self.at_places[:, None, None, :]
        found = np.take_along_axis(self.results.best, index, axis=3)
        return self._with_failed(found)

    def _with_failed(self, values: Array) -> Array:
        """Return values in which a run that broke early is infinitely bad."""
        import numpy as np

        is_lost = np.isnan(values) & (self.results.states != MISSING)[..., None]
        return np.where(is_lost, np.inf, values)

    @functools.cached_property
    def final(self) -> Array:
        """The best value of each run at its end; shape (P, O, S)."""
        return self.best[..., -1]

    @functools.cached_property
    def scales(self) -> tuple[Array, Array]:
        """Optimum, or best value seen, and what one random trial gives, by problem.

        NaN where there is none.
        """
        import numpy as np

        found = self.results
        finite = np.where(np.isfinite(self.final), self.final, np.nan)
        n_problems = len(found.problems)
        seen = np.array([least(finite[p]) for p in range(n_problems)])
        known = [f.optimum for f in found.problems]
        pairs = zip(seen, known, strict=True)
        optimum = np.array([s if o is None else o for s, o in pairs])
        if found.reference is None:
            return optimum, np.full(n_problems, np.nan)
        first = self._with_failed(found.best[..., :1])[:, found.reference, :, 0]
        return optimum, np.array([median(row) for row in first])

    @functools.cached_property
    def scaled(self) -> list[int]:
        """The shared problems whose values can be normalised."""
        optimum, clip = self.scales
        return [p for p in self.shared if clip[p] > optimum[p]]

    def normalised(self, values: Array, problems: list[int]) -> Array:
        """Return values between the optimum, 0, and a random evaluation's median, 1.

        Args:
            values: Shape (len(problems), ...), not those of all problems.
            problems: Which these are.
        """
        import numpy as np

        optimum, clip = self.scales
        shape = (-1,) + (1,) * (values.ndim - 1)
        low, high = (scale[problems].reshape(shape) for scale in (optimum, clip))
        found: Array = (np.minimum(values, high) - low) / (high - low)
        return found

    @functools.cached_property
    def regret(self) -> Array:
        """Normalised regret at each place; shape (len(scaled), O, S, G)."""
        return self.normalised(self.best[self.scaled], self.scaled)

    @functools.cached_property
    def regrets(self) -> Estimate:
        """Mean normalised regret of each optimizer at each place."""
        return self._mean_regret(self.regret)

    def _mean_regret(self, regret: Array) -> Estimate:
        """Return means; who is better than the optimum known goes below 0."""
        return estimate(regret, (min(0.0, least(regret)), 1.0))

    @functools.cached_property
    def seconds(self) -> Array:
        """The moments shown, in seconds since the first ask; shape (G,)."""
        import numpy as np

        found = self.results.seconds[self.shared]
        known = found[np.isfinite(found) & (found > 0)]
        if not known.size:
            return np.zeros(0)
        low = max(float(np.quantile(known, 0.001)), float(known.max()) * 1e-6)
        return np.geomspace(low, float(known.max()), MOST_PLACES)

    def by_seconds(self, problems: list[int]) -> Array:
        """Return the best value at each moment; shape (len(problems), O, S, G)."""
        import numpy as np

        moments = self.seconds
        best = self.results.best
        n_optimizers, n_seeds = best.shape[1:3]
        found = np.full((len(problems), n_optimizers, n_seeds, len(moments)), np.inf)
        for row, p in enumerate(problems):
            for o in range(n_optimizers):
                for s in range(n_seeds):
                    found[row, o, s] = self._run_by_seconds((p, o, s), moments)
        return found

    def _run_by_seconds(self, run: tuple[int, int, int], moments: Array) -> Array:
        import numpy as np

        if self.results.states[run] == MISSING:
            return np.full(len(moments), np.nan)
        n_told = int(self.results.n_told[run])
        told = np.maximum.accumulate(self.results.seconds[run][:n_told])
        index = np.searchsorted(told, moments, side="right")
        values = np.concatenate([[np.inf], self.results.best[run][:n_told]])
        found: Array = values[index]
        return found

    @functools.cached_property
    def regrets_by_seconds(self) -> Estimate:
        """Mean normalised regret of each optimizer at each moment."""
        values = self.by_seconds(self.scaled)
        return self._mean_regret(self.normalised(values, self.scaled))

    @functools.cached_property
    def run_ranks(self) -> Array:
        """Rank of each run among those of its seed; shape (len(shared), O, S, G).

        NaN for seeds that not every optimizer ran.
        """
        import numpy as np

        from hpbridge.analysis.statistics.ranks import ranks

        values = np.moveaxis(self.best[self.shared], 1, -1)
        is_whole = ~np.isnan(values).any(axis=-1, keepdims=True)
        found = ranks(values.reshape(-1, values.shape[-1])).reshape(values.shape)
        moved: Array = np.moveaxis(np.where(is_whole, found, np.nan), -1, 1)
        return moved

    @property
    def range_of_ranks(self) -> tuple[float, float]:
        """The first and the last rank that there can be."""
        return 1.0, float(max(len(self.results.optimizers), 1))

    @functools.cached_property
    def ranks(self) -> Estimate:
        """Mean rank of each optimizer at each place."""
        return estimate(self.run_ranks, self.range_of_ranks)

    @property
    def targets(self) -> Array:
        """Normalised regrets that runs are to reach, the easiest first."""
        import numpy as np

        return np.logspace(0, _LEAST_TARGET, N_TARGETS + 1)[1:]

    @functools.cached_property
    def solved(self) -> Estimate:
        """Share of targets that runs reached, at each place.

        Over the problems whose optimum is known and not merely the best that was seen.
        """
        import numpy as np

        regret = self.regret[self._rows_of_known()]
        shares = np.zeros_like(regret)
        for target in self.targets:
            shares += regret <= target
        return estimate(np.where(np.isnan(regret), np.nan, shares / N_TARGETS), _SHARE)

    @functools.cached_property
    def known(self) -> list[int]:
        """The problems that can be normalised by an optimum that is known."""
        facts = self.results.problems
        return [
            p
            for p in self.scaled
            if facts[p].optimum is not None and facts[p].optimum_of != "best seen"
        ]

    def _rows_of_known(self) -> list[int]:
        return [row for row, p in enumerate(self.scaled) if p in set(self.known)]

    @functools.cached_property
    def beats_random(self) -> Estimate | None:
        """Probability that a run is better than one of random search; None without."""
        reference = self.results.reference
        if reference is None or not self.shared:
            return None
        values = self.best[self.shared]
        return estimate(wins_over(values, values[:, reference]), _SHARE)

    @functools.cached_property
    def judged(self) -> Judged:
        """What every run had come to at the full budget, as the verdict has it."""
        return judged_by_trials(self.results, trials_of(self.results))

    @functools.cached_property
    def is_of_one(self) -> bool:
        """Whether there is one problem: its seeds are what is counted then."""
        return len(self.results.problems) == 1

    @property
    def unit(self) -> str:
        """What tests are over."""
        return "seed" if self.is_of_one else "problem"

    @functools.cached_property
    def blocks(self) -> Array:
        """Ranks that tests are over; shape (N, O).

        Of each problem, the means over seeds; of one problem alone, those of its seeds.
        """
        import numpy as np

        from hpbridge.analysis.statistics.ranks import ranks

        if not self.is_of_one:
            return self.judged.ranks[self.shared]
        runs = self.judged.values[0].T
        return ranks(runs[~np.isnan(runs).any(axis=1)])

    @functools.cached_property
    def block_ranks(self) -> Estimate:
        """Mean rank of each optimizer at the full budget; shape (O, 1)."""
        shaped = self.blocks[:, :, None, None]
        if self.is_of_one:
            shaped = shaped.transpose(2, 1, 0, 3)
        return estimate(shaped, self.range_of_ranks)

    def leads(self, first: int, second: int) -> Array:
        """Return by how much an optimizer is better than another, by unit.

        Of each problem, the share of seeds that it wins, beyond one half; of one
        problem alone, the difference by seed. NaN where one of them has no run.
        """
        import numpy as np

        from hpbridge.analysis.statistics.pairwise import differences

        if not self.is_of_one:
            return self.judged.wins[:, first, second] - 0.5
        ours, theirs = (self.judged.values[0, o] for o in (first, second))
        is_there = ~(np.isnan(ours) | np.isnan(theirs))
        return np.where(is_there, differences(theirs, ours), np.nan)

    @functools.cached_property
    def overhead(self) -> Estimate:
        """Seconds per trial that the optimizer itself took: means over all runs."""
        import numpy as np

        last = np.maximum(self.results.n_told, 1).astype(np.int64)[..., None] - 1
        spent = np.take_along_axis(self.results.optimizer_seconds, last, axis=3)[..., 0]
        per_trial = spent / np.maximum(self.results.n_told, 1)
        return estimate(per_trial[self.shared][..., None])

    @functools.cached_property
    def overheads(self) -> Estimate:
        """Seconds that the optimizer had taken until each place."""
        import numpy as np

        index = self.at_places[:, None, None, :]
        spent = np.take_along_axis(self.results.optimizer_seconds, index, axis=3)
        return estimate(spent[self.shared])
