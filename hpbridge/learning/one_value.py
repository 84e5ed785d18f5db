"""What stands for several metrics, or for a broken bound, where one value is told.

Everything is minimized here. Several metrics become one by the augmented Chebyshev
function of metrics that are scaled to [0, 1] over the trials so far, under weights that
are drawn for each proposal. A trial beyond a bound is told as worse than every feasible
one, by as much as the bounds are missed.

Source:
    J. Knowles, ParEGO: A hybrid algorithm with on-line landscape approximation for
    expensive multiobjective optimization problems, IEEE Transactions on Evolutionary
    Computation 10 (2006) 50-66: the weights, the function and its rho. K. Deb, An
    efficient constraint handling method for genetic algorithms, Computer Methods in
    Applied Mechanics and Engineering 186 (2000) 311-338: feasible ones first, and
    others by how much they violate.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpbridge.contract.backend import Outcome

DIVISIONS = 10
"""Weights are whole multiples of one by this."""

RHO = 0.05
"""How much the sum of the weighted metrics counts beside the largest of them."""

Values = tuple[float, ...]


def draw_weights(seed: int, number: int, count: int) -> Values:
    """Return weights that sum to 1: each division of 1 is as likely as any other.

    Args:
        seed: Of the optimizer.
        number: How many complete trials are known.
        count: How many metrics there are.
    """
    rng = random.Random(f"hpbridge:{seed}:{number}:weights")
    bars = sorted(rng.sample(range(DIVISIONS + count - 1), count - 1))
    edges = [-1, *bars, DIVISIONS + count - 1]
    return tuple(
        (right - left - 1) / DIVISIONS for left, right in itertools.pairwise(edges)
    )


def chebyshev(scaled: Sequence[float], weights: Sequence[float]) -> float:
    """Return the augmented Chebyshev function of scaled metrics."""
    if math.inf in scaled:  # whatever its weight
        return math.inf
    weighted = [w * z if w else 0.0 for w, z in zip(weights, scaled, strict=True)]
    return max(weighted) + RHO * math.fsum(weighted)


@dataclass(frozen=True)
class Range:
    """Where the finite values of one metric lie.

    Attributes:
        low: The least one.
        high: The greatest one that counts; above `low`.
    """

    low: float = 0.0
    high: float = 1.0

    def scaled(self, value: float) -> float:
        """Return a value with `low` at 0 and `high` at 1; minus infinity is -1."""
        if value == -math.inf:
            return -1.0
        # Halves, since the difference of two floats may be too large for one.
        width = self.high / 2 - self.low / 2
        return (value / 2 - self.low / 2) / width

    @classmethod
    def of(cls, values: Sequence[float], last: Sequence[float] = ()) -> Range:
        """Return the range of some values.

        Args:
            values: All of them.
            last: Those of which the greatest is `high`, where that is above `low`.
        """
        finite = [value for value in values if math.isfinite(value)]
        if not finite:
            return cls()
        low = min(finite)
        for some in (last, finite):
            high = max((v for v in some if math.isfinite(v)), default=low)
            # Where they differ by less than can be halved, they do not differ.
            if high / 2 - low / 2 > 0:
                return cls(low, high)
        return cls(low, math.nextafter(low + max(abs(low), 1.0), math.inf))


@dataclass(frozen=True)
class Translator:
    """Turns outcomes into what an optimizer of one value, or without bounds, is told.

    Attributes:
        joins: Whether several values become one.
        penalizes: Whether constraints become part of the values.
    """

    joins: bool
    penalizes: bool

    def translate(self, outcomes: Sequence[Outcome], weights: Values) -> list[Outcome]:
        """Return what is told of trials, each seen beside all the others.

        Args:
            outcomes: With the values of all metrics, and all constraints.
            weights: Of the metrics.
        """
        if self.joins:
            feasible = [o for o in outcomes if self._counts(o)]
            outcomes = _joined(outcomes, feasible, weights)
        return _penalized(outcomes) if self.penalizes else list(outcomes)

    def _counts(self, outcome: Outcome) -> bool:
        return _is_whole(outcome) and (outcome.is_feasible or not self.penalizes)


def _is_whole(outcome: Outcome) -> bool:
    return outcome.state is State.COMPLETE


def _joined(
    outcomes: Sequence[Outcome], feasible: Sequence[Outcome], weights: Values
) -> list[Outcome]:
    """Return outcomes with one value for all; what is not complete has none."""
    known = feasible or [o for o in outcomes if _is_whole(o)]
    front = _front([o.values for o in known])
    ranges = [
        Range.of([o.values[k] for o in known], [values[k] for values in front])
        for k in range(len(weights))
    ]
    found = []
    for outcome in outcomes:
        values: Values = ()
        if _is_whole(outcome):
            pairs = zip(ranges, outcome.values, strict=True)
            values = (chebyshev([r.scaled(v) for r, v in pairs], weights),)
        # What is reported on the way is of the first metric alone.
        found.append(replace(outcome, values=values, reports=()))
    return found


def _front(points: Sequence[Values]) -> list[Values]:
    """Return the points that no other one dominates, equal ones once."""
    front: list[Values] = []
    for point in sorted(set(points)):  # dominated only by one that sorts before it
        if not any(
            all(a <= b for a, b in zip(other, point, strict=True)) for other in front
        ):
            front.append(point)
    return front


def _penalized(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return outcomes without constraints: infeasible ones behind all feasible ones."""
    whole = [o for o in outcomes if _is_whole(o)]
    feasible = [o for o in whole if o.is_feasible]
    n_values = len(whole[0].values) if whole else 0
    ranges = [Range.of([o.values[k] for o in feasible]) for k in range(n_values)]
    n_bounds = max((len(o.constraints) for o in whole), default=0)
    scales = [
        _most_missed(o.constraints[k] for o in whole if o.constraints)
        for k in range(n_bounds)
    ]
    found = []
    for outcome in outcomes:
        values = outcome.values
        if _is_whole(outcome) and not outcome.is_feasible:
            missed = math.fsum(
                max(c, 0.0) / scale
                for c, scale in zip(outcome.constraints, scales, strict=True)
            )
            values = tuple(_behind(r, missed, is_first=not feasible) for r in ranges)
        found.append(replace(outcome, values=values, constraints=()))
    return found


def _most_missed(constraints: Iterable[float]) -> float:
    missed = [value for value in constraints if 0 < value < math.inf]
    return max(missed, default=1.0)


def _behind(known: Range, missed: float, *, is_first: bool) -> float:
    """Return a value that is worse than the feasible ones, by what is missed."""
    if is_first:  # no feasible one is known
        return missed
    told = known.high + missed * (known.high - known.low)
    return told if math.isfinite(told) else math.inf
