"""Values that would break a model, held until there is one to put in their place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")


class Held(Generic[T]):
    """What came without a finite value, waiting for the worst one so far.

    A single NaN or infinite value breaks many a model for good. Told instead is the
    worst value so far, for minus infinity the best; before there is any, it waits.

    Example:
        >>> held = Held()
        >>> held.settle([("a", math.nan)], known=[])
        ([], [])
        >>> held.settle([("b", 2.0)], known=[])
        ([('b', 2.0)], [('a', 2.0)])
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[T, float]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def settle(
        self,
        told: Iterable[tuple[T, float]],
        known: Sequence[float],
        n_missing: int = 1,
    ) -> tuple[list[tuple[T, float]], list[tuple[T, float]]]:
        """Return what the library can be told now: the finite, and what had waited.

        Args:
            told: What came in, with values to be minimized.
            known: The finite values that the library was told before.
            n_missing: How many more finite values the model needs to begin with.
        """
        finite = []
        for item, value in told:
            if math.isfinite(value):
                finite.append((item, value))
            else:
                self._waiting.append((item, value))
        if not self._waiting or len(finite) < n_missing:
            return finite, []
        seen = [*known, *(value for _, value in finite)]
        late = [
            (item, min(seen) if value == -math.inf else max(seen))
            for item, value in self._waiting
        ]
        self._waiting = []
        return finite, late

    def copy(self) -> Held[T]:
        """Return another one with the same waiting."""
        other: Held[T] = Held()
        other._waiting = list(self._waiting)
        return other
