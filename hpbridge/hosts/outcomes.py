"""What a host was returned, as the outcome that a run of ours makes of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.contract.backend import Outcome
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterable


def outcome_of(
    values: Iterable[float] | None,
    constraints: Iterable[float] = (),
    reports: Iterable[tuple[int, float]] = (),
    *,
    is_pruned: bool = False,
) -> Outcome:
    """Return what a guest is told of a trial that a host ran: as `hpbridge.run` does.

    Args:
        values: One per objective, to be minimized; None where the trial raised, or
            returned no numbers. NaN is a failure that is told with its value, and an
            infinite value is a value.
        constraints: One each, at most 0 where it is kept; with a NaN none is known.
        reports: Intermediate values (step, value), to be minimized.
        is_pruned: The trial was ended early; then `values` may be left out, and are
            those of the last report.

    Example:
        >>> outcome_of([math.inf]).state, outcome_of([math.nan]).state
        (<State.COMPLETE: 'complete'>, <State.FAILED: 'failed'>)
        >>> outcome_of([math.nan]).values, outcome_of(None).values
        ((nan,), ())
    """
    found = () if values is None else tuple(map(float, values))
    known, told = tuple(map(float, constraints)), tuple(reports)
    if any(map(math.isnan, known)):
        known = ()
    is_failed = values is None or any(map(math.isnan, found))
    state = State.FAILED if is_failed else State.COMPLETE
    return Outcome(State.PRUNED if is_pruned else state, found, known, told)
