"""How members vary what they copy: at random, or as a bandit says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.learning.populations.explore import explore
from hpbridge.space.parameters import Float

if TYPE_CHECKING:
    import random
    from collections.abc import Collection, Sequence

    from hpbridge.learning.populations.population import Segment
    from hpbridge.space.space import Params, Space

_LARGEST_SEED = 2**32 - 1


class Perturbing:
    """Varies parameters at random, as of `explore`.

    Args:
        space: What is searched.
        resample_probability: As of `explore`.
        factors: As of `explore`.
    """

    def __init__(
        self, space: Space, resample_probability: float, factors: Sequence[float]
    ) -> None:
        self.space = space
        self._chance, self._factors = resample_probability, tuple(factors)

    def explore(
        self,
        copied: Segment,
        rng: random.Random,
        running: Sequence[Segment],  # noqa: ARG002 - they do not matter here
        but: Collection[str] = (),
    ) -> Params:
        """Return parameters near those that are copied."""
        return explore(
            self.space,
            copied.params,
            rng,
            resample_probability=self._chance,
            factors=self._factors,
            but=but,
        )

    def learn(self, segment: Segment) -> None:
        """What is varied at random depends on no score."""


class Bandit:
    """Chooses floats by what intervals have gained; the rest is varied at random.

    A float has a place in it where it is always active and has neither a grid nor a
    prior; one on a log scale is searched in the logarithm. Until an interval is known
    that went on from another one, and where what it chose is forbidden, all is varied
    at random.

    Args:
        rest: What varies the other parameters.
    """

    def __init__(self, rest: Perturbing) -> None:
        self._rest = rest
        self._floats = {
            name: parameter
            for name, parameter in rest.space.searched.items()
            if isinstance(parameter, Float) and is_continuous(parameter)
        }
        self._known: list[Segment] = []

    def learn(self, segment: Segment) -> None:
        """Keep an interval whose gain is known."""
        if gain_of(segment) is not None:
            self._known.append(segment)

    def explore(
        self, copied: Segment, rng: random.Random, running: Sequence[Segment]
    ) -> Params:
        """Return parameters whose floats are expected to gain, or may, the most."""
        space = self._rest.space
        chosen = self._chosen(copied, rng, running)
        if not chosen:
            return self._rest.explore(copied, rng, running)
        base = type(copied)(
            copied.number, copied.member, {**copied.params, **chosen}, 0, copied.end
        )
        found = self._rest.explore(base, rng, running, but=chosen)
        if space.forbids(found):
            return self._rest.explore(copied, rng, running)
        return found

    def _chosen(
        self, copied: Segment, rng: random.Random, running: Sequence[Segment]
    ) -> Params:
        if not self._floats or gain_of(copied) is None:
            return {}
        import numpy as np

        from hpbridge.contract.library import quiet
        from hpbridge.learning.populations.bandit import MOST_ROWS, select

        known = sorted(self._known, key=lambda segment: segment.end)[-MOST_ROWS:]
        rows = np.array([[*_place(s), *self._numbers(s.params)] for s in known])
        gains = np.array([gain_of(s) for s in known])
        pending = [self._numbers(s.params) for s in running]
        bounds = [_ends(parameter) for parameter in self._floats.values()]
        with quiet():  # that a bound of its kernel is near the optimum
            found = select(
                rows,
                gains,
                np.array(pending) if pending else None,
                np.array(_place(copied)),
                np.array(bounds),
                np.random.RandomState(rng.randint(0, _LARGEST_SEED)),
            )
        return {
            name: _value(parameter, float(number))
            for (name, parameter), number in zip(
                self._floats.items(), found, strict=True
            )
        }

    def _numbers(self, params: Params) -> list[float]:
        return [_number(p, params[name]) for name, p in self._floats.items()]


def is_continuous(parameter: Float) -> bool:
    """Say whether the bandit chooses a parameter."""
    has_shape = parameter.n_values is not None or parameter.prior is not None
    return not has_shape and not parameter.when


def gain_of(segment: Segment) -> float | None:
    """Return by how much the score rose a step; None where that is not known."""
    parent = segment.parent
    if parent is None or parent.score is None or segment.score is None:
        return None
    gain = (segment.score - parent.score) / (segment.end - parent.end)
    return gain if math.isfinite(gain) else None


def _place(segment: Segment) -> list[float]:
    """Return when an interval ended, and the score before it."""
    parent: Any = segment.parent
    return [segment.end, parent.score]


def _number(parameter: Float, value: Any) -> float:
    return math.log(value) if parameter.log else float(value)


def _ends(parameter: Float) -> tuple[float, float]:
    return _number(parameter, parameter.low), _number(parameter, parameter.high)


def _value(parameter: Float, number: float) -> float:
    value = math.exp(number) if parameter.log else number
    return min(max(value, parameter.low), parameter.high)
