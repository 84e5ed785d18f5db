"""Conditions told from trials: which values of a parameter say that another is there.

Two who infer a space from trials ask here, and differ in how sure they have to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from hpbridge.space.categorical import Categorical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hpbridge.space.kinds import Searched
    from hpbridge.space.plain import Label

Point: TypeAlias = "Mapping[str, Label]"
Values: TypeAlias = "set[tuple[type, Label]]"

# Numbers say when a parameter is there only if they come back; of a wide range, each
# seen once, any pattern would fit.
_FEWEST_REPEATS = 2


@dataclass(frozen=True)
class Policy:
    """How sure one has to be of a condition, and which of several is the likeliest."""

    is_enough: Callable[[Searched, Values, Values, int], bool]
    """Of a parent, its values with the parameter and without it, and the number of
    trials that have the parent."""
    rank: Callable[[Searched], Any]
    """The lowest is tried first; of equal ones, the nearest before the parameter."""


def _is_certain(
    parent: Searched, inside: Values, outside: Values, n_trials: int
) -> bool:
    if not outside:
        return False
    n_values = len(inside) + len(outside)
    return isinstance(parent, Categorical) or n_trials >= _FEWEST_REPEATS * n_values


CERTAIN = Policy(_is_certain, lambda parent: not isinstance(parent, Categorical))
"""For a study that is read once: the trials must leave no doubt. Choices first."""

LIKELY = Policy(lambda *_: True, lambda parent: parent.n_values)
"""For a study that still runs and corrects itself: whatever tells the trials apart.
Few values first, since one of many tells any trials apart."""


def infer_conditions(
    before: Mapping[str, Searched],
    having: Sequence[Point],
    lacking: Sequence[Point],
    policy: Policy,
) -> Iterator[tuple[str, tuple[Label, ...]]]:
    """Yield the conditions that tell trials with a parameter from those without it.

    Args:
        before: The parameters before it, in order.
        having: Trials with it.
        lacking: Trials without it.
        policy: How sure one has to be.
    """
    parents = [name for name in reversed(list(before)) if before[name].can_be_parent]
    for name in sorted(parents, key=lambda name: policy.rank(before[name])):
        if any(name not in point for point in having):
            continue
        others = [point for point in lacking if name in point]
        inside = {_typed(point[name]) for point in having}
        outside = {_typed(point[name]) for point in others}
        n_trials = len(having) + len(others)
        parent = before[name]
        if inside.isdisjoint(outside) and policy.is_enough(
            parent, inside, outside, n_trials
        ):
            values = (value for _, value in inside)
            yield name, tuple(sorted(values, key=parent.index))


def _typed(value: Label) -> tuple[type, Label]:
    return type(value), value  # True is not 1
