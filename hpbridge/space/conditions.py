"""Conditions told from trials: which values of a parameter say that another is there.

Two who infer a space from trials ask here, and differ in how sure they have to be.
Several parameters may tell the trials apart, by chance where there are few. The one
that is named explains most with the least: it tells of all parameters that are named
alike, it takes the fewest bits to write down, and it stands first.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from hpbridge.space.categorical import Categorical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hpbridge.space.kinds import Searched
    from hpbridge.space.plain import Label

Point: TypeAlias = "Mapping[str, Label]"
Values: TypeAlias = "set[tuple[type, Label]]"
Policy: TypeAlias = "Callable[[Searched, Values, Values, int], bool]"
"""How sure one has to be: ``is_enough(parent, inside, outside, n_trials)``.

Of a parent: its values with the parameter and without it, how many trials have it."""

# Numbers say when a parameter is there only if they come back; of a wide range, each
# seen once, any pattern would fit.
_FEWEST_REPEATS = 2
_MOST_LISTED = 1000
"""Values between those that came up are taken in, of a range of at most so many."""
_OF_SIBLINGS = 3.0
"""Bits more that a parent may cost, for each parameter, if it tells of all siblings."""
_NOT_SURE = 3.0
"""Bits more of a parent of which one cannot be sure."""
_MOST_OF_SIBLINGS = 20
"""Values of a parent that one can be sure of since it tells of siblings too."""
_IN_ROW = 4.0
"""Bits more of a parent that is itself named like the parameter, but for a number."""

_A_FEW = 64
"""Trials that are looked at first, since there may be many."""
_MOST_OF_TWO = 10
"""Values of a parent that tells only with another."""
_BEYOND_CHANCE = 4.0
"""Bits by which it must be shorter to say when than to say in which trials."""


def certain(parent: Searched, inside: Values, outside: Values, n_trials: int) -> bool:
    """For a study that is read once: numbers must have come back."""
    n_values = len(inside) + len(outside)
    return isinstance(parent, Categorical) or n_trials >= _FEWEST_REPEATS * n_values


def likely(*_: Any) -> bool:
    """For a study that still runs and corrects itself: whatever tells trials apart."""
    return True


@dataclass(frozen=True)
class Condition:
    """Values of a parent that tell the trials with a parameter from those without.

    Attributes:
        when: The parent's name and the values with which the parameter is there; of a
            range, also those within it that did not come up. Two where only both tell.
        bits: What it takes to write them down: less is likelier.
        n_with, n_without: The trials that have the parent, with the parameter and
            without it; of the latter, those that ran to their end.
        is_sure: Whether it is, as the policy has it, or since it tells of siblings too.
    """

    when: tuple[tuple[str, tuple[Label, ...]], ...]
    bits: float
    n_with: int
    n_without: int
    is_sure: bool = True

    @property
    def parents(self) -> tuple[str, ...]:
        """The names of the parents."""
        return tuple(name for name, _ in self.when)


def infer_conditions(
    parameters: Mapping[str, Searched],
    trials: Iterable[tuple[Point, bool]],
    policy: Policy,
    *,
    is_ordered: bool = True,
) -> dict[str, tuple[Condition, ...]]:
    """Return what tells when each parameter is there that is not in every trial.

    Args:
        parameters: All of them, in order.
        trials: Of each its point, and whether it ran to its end, so that it has all
            that it needs.
        policy: How sure one has to be.
        is_ordered: Whether a parent stands before its children.

    Returns:
        By name, of those that whole trials lack: the likeliest condition first; none
        where neither a parameter tells nor, beyond chance, two together. No trial
        contradicts any of them.
    """
    known = list(trials)
    found: dict[str, tuple[Condition, ...]] = {}
    names = list(parameters)
    points: dict[str, tuple[list[Point], list[Point]]] = {}
    parents: dict[str, dict[str, Searched]] = {}
    for place, name in enumerate(names):
        having = [point for point, _ in known if name in point]
        lacking = [p for p, is_whole in known if is_whole and name not in p]
        if not lacking:
            continue
        nearby = names[:place] if is_ordered else [n for n in names if n != name]
        points[name] = having, lacking
        parents[name] = {n: p for n in nearby if (p := parameters[n]).can_be_parent}
        told = _conditions(name, parents[name], having, lacking, policy)
        # Sorting is stable: of equal ones the earliest stays first.
        found[name] = tuple(sorted(told, key=lambda each: each.bits))
    sure = {
        name: tuple(each for each in told if each.is_sure)
        for name, told in _shared(found, parameters).items()
    }
    return {
        name: told or tuple(_of_two(parents[name], *points[name]))
        for name, told in sure.items()
    }


def _conditions(
    name: str,
    parents: Mapping[str, Searched],
    having: Sequence[Point],
    lacking: Sequence[Point],
    policy: Policy,
) -> Iterator[Condition]:
    for each, parent in parents.items():
        few = {_typed(p[each]) for p in having[:_A_FEW] if each in p}
        if any(_typed(p[each]) in few for p in lacking[:_A_FEW] if each in p):
            continue  # most are told by a few
        if any(each not in point for point in having):
            continue
        others = [point for point in lacking if each in point]
        inside = {_typed(point[each]) for point in having}
        outside = {_typed(point[each]) for point in others}
        n_trials = len(having) + len(others)
        if not (inside and outside and inside.isdisjoint(outside)):
            continue
        is_sure = policy(parent, inside, outside, n_trials)
        values, bits = _written(parent, inside, outside)
        bits += _IN_ROW if _stem(each) == _stem(name) else 0.0
        bits += 0.0 if is_sure else _NOT_SURE
        when = ((each, values),)
        yield Condition(when, bits, len(having), len(others), is_sure)


def _of_two(
    parents: Mapping[str, Searched], having: Sequence[Point], lacking: Sequence[Point]
) -> Iterator[Condition]:
    """Yield what two parents tell together, where that is hardly chance."""
    able = [
        name
        for name, parent in parents.items()
        if (parent.n_values or math.inf) <= _MOST_OF_TWO
        and having
        and all(name in point for point in having)
    ]
    n_ways = math.comb(len(having) + len(lacking), len(having))
    for pair in itertools.combinations(able, 2):
        when, bits = [], math.log2(math.comb(len(able), 2)) + _BEYOND_CHANCE
        for name in pair:
            seen = {_typed(point[name]) for point in having}
            values = sorted((value for _, value in seen), key=parents[name].index)
            when.append((name, tuple(values)))
            bits += parents[name].n_values or 0  # in or out, for each of them
        is_told = not any(
            all(name in point and point[name] in values for name, values in when)
            for point in lacking
        )
        if is_told and bits <= math.log2(n_ways):
            yield Condition(tuple(when), bits, len(having), len(lacking))


def _typed(value: Label) -> tuple[type, Label]:
    return type(value), value  # True is not 1


def _written(
    parent: Searched, inside: Values, outside: Values
) -> tuple[tuple[Label, ...], float]:
    """Return the values of a condition in order, and its bits."""
    seen = sorted((value for _, value in inside), key=parent.index)
    n_values = parent.n_values or math.inf
    one = math.log2(max(2, 2 * (n_values - 1)))
    if isinstance(parent, Categorical):
        n_named = min(len(inside), parent.n_values - len(inside))
        return tuple(seen), one if n_named <= 1 else n_named * one
    places = sorted(parent.index(value) for _, value in outside)
    low, high = parent.index(seen[0]), parent.index(seen[-1])
    is_first, is_last = low < places[0], high > places[-1]
    if any(low < place < high for place in places):
        return tuple(seen), len(seen) * one
    bits = one if is_first or is_last else 2 * one
    if n_values > _MOST_LISTED:
        return tuple(seen), bits
    # A threshold holds to the end of the range.
    first = 0 if is_first and not is_last else low
    last = int(n_values) - 1 if is_last and not is_first else high
    return tuple(parent.at(k) for k in range(first, last + 1)), bits


def _shared(
    found: Mapping[str, tuple[Condition, ...]], parameters: Mapping[str, Searched]
) -> dict[str, tuple[Condition, ...]]:
    """Put first, for parameters that are named alike, the parent that tells of all."""
    shared = dict(found)
    families: dict[str, list[str]] = defaultdict(list)
    for name, told in found.items():
        if told:
            families[_family(name)].append(name)
    for names in families.values():
        common = _common_parent([found[name] for name in names])
        if common is None or len(names) == 1:
            continue
        is_small = (parameters[common[0]].n_values or 0) <= _MOST_OF_SIBLINGS
        for name in names:
            first = next(each for each in found[name] if each.parents == common)
            others = (each for each in found[name] if each is not first)
            is_sure = first.is_sure or is_small
            shared[name] = (replace(first, is_sure=is_sure), *others)
    return shared


def _common_parent(siblings: Sequence[tuple[Condition, ...]]) -> tuple[str, ...] | None:
    """Return the parent that tells of all; None where each has a much simpler one."""
    costs = [{each.parents: each.bits for each in told} for told in siblings]
    total = {
        parent: sum(cost[parent] for cost in costs)
        for parent in costs[0]
        if all(parent in cost for cost in costs)
    }
    if not total:
        return None
    best = min(total, key=lambda parent: total[parent])
    own = sum(told[0].bits for told in siblings)
    return best if total[best] <= own + _OF_SIBLINGS * len(siblings) else None


def _stem(name: str) -> str:
    """Return a name without its numbers."""
    return re.sub(r"\d+", "#", name)


def _family(name: str) -> str:
    """Return what siblings have in common: ``n_units_l#``, or ``svc`` of ``svc_c``."""
    stem = _stem(name)
    first, separator, _ = re.sub(r"[^A-Za-z#]", "_", stem).partition("_")
    return stem if "#" in stem or not separator else first + separator
