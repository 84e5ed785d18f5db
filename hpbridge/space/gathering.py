"""The space behind trials, where nobody wrote it down.

People add parameters to a study, drop them and replace them. What the majority of the
trials explains is the space; no trial that ran to its end is lost for a parameter that
a minority has.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from hpbridge.space.conditions import certain, infer_conditions
from hpbridge.space.kinds import with_when

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from hpbridge.space.conditions import Condition, Point
    from hpbridge.space.kinds import Searched

_FEW = 3
"""Trials that may agree by chance."""
_MOST_NAMED = 3
_MOST_VALUES = 10


class Gathered(NamedTuple):
    """What some trials say of the space that they are of.

    Attributes:
        parameters: In their order, each with its condition.
        outside: Parameters that are not among them, since a minority has them.
        notes: What is not certain, one sentence each.
    """

    parameters: dict[str, Searched]
    outside: tuple[str, ...]
    notes: list[str]


def gather(
    parameters: Mapping[str, Searched],
    trials: Sequence[tuple[Point, bool]],
    *,
    defaults: Collection[str] = (),
    without: Collection[str] = (),
    is_ordered: bool = True,
) -> Gathered:
    """Return the parameters that explain the trials.

    A parameter that whole trials lack has the condition that tells them apart. Where
    no single parameter does, it is one of the space if most trials have it, and none
    otherwise.

    Args:
        parameters: All that came up, in order, with no condition.
        trials: Of each its point, and whether it ran to its end, so that it has all
            that it needs.
        defaults: Parameters that trials which lack them get a value for.
        without: Parameters that are to be none of the space.
        is_ordered: Whether a parent stands before its children.
    """
    whole = [point for point, is_whole in trials if is_whole]
    known = list(trials) if whole else [(point, True) for point, _ in trials]
    whole = whole or [point for point, _ in trials]
    kept = {name: p for name, p in parameters.items() if name not in without}
    while True:
        told = infer_conditions(kept, known, certain, is_ordered=is_ordered)
        open_ = [n for n, found in told.items() if not found and n not in defaults]
        leaving = _leaving(kept, whole, open_)
        if not leaving:
            break
        kept = {name: p for name, p in kept.items() if name not in leaving}
    outside = tuple(name for name in parameters if name not in kept)
    notes = [*_of_lacking(whole, open_)]
    notes += (_of_outside(name, whole) for name in outside if name not in without)
    by_text: dict[str, list[str]] = {}
    for name, conditions in told.items():
        if conditions and name not in defaults:
            kept[name] = with_when(kept[name], conditions[0].when)
            text = _of_condition(conditions, len(known))
            by_text.setdefault(text, []).append(name)
    notes += (
        f"the condition of {', '.join(map(repr, names))} {text}"
        for text, names in by_text.items()
    )
    return Gathered(kept, outside, notes)


def _leaving(
    kept: Mapping[str, Searched], whole: Sequence[Point], open_: Sequence[str]
) -> set[str]:
    """Return what is no parameter of the space, given what no condition explains."""
    if not whole or not open_:
        return set()
    n_having = {name: sum(name in point for point in whole) for name in open_}
    leaving = {name for name in open_ if 2 * n_having[name] <= len(whole)}
    if leaving == kept.keys():
        # Nothing is in more than a half: the set that most have, and the latest.
        sets = Counter(tuple(n for n in kept if n in point) for point in whole)
        most = max(sets.values())
        latest = [names for names, n in sets.items() if n == most][-1]
        return leaving - {*latest}
    if leaving:
        return leaving
    n_kept = sum(all(name in point for name in open_) for point in whole)
    if 2 * n_kept >= len(whole) or len(open_) == len(kept) == 1:
        return set()
    return {min(open_, key=lambda name: n_having[name])}


def _of_lacking(whole: Sequence[Point], open_: Sequence[str]) -> Iterator[str]:
    for name in open_:
        n_lacking = sum(name not in point for point in whole)
        yield (
            f"{n_lacking} of {len(whole)} complete trials lack {name!r}, and no single "
            "parameter says which; it was taken as always there"
        )


def _of_outside(name: str, whole: Sequence[Point]) -> str:
    n_having = sum(name in point for point in whole)
    return (
        f"{name!r} is none of the space, since {n_having} of {len(whole)} complete "
        f"trials have it and no single parameter says which; its values are the "
        f"attribute {outside_attribute(name)!r}, and `--default {name}=VALUE` makes "
        "it one"
    )


def outside_attribute(name: str) -> str:
    """Return the attribute that keeps the value of what is no parameter."""
    return f"param:{name}"


def _of_condition(conditions: Sequence[Condition], n_trials: int) -> str:
    first, *others = conditions
    more = [" and ".join(map(repr, each.parents)) for each in others[:_MOST_NAMED]]
    more += ["others"] if len(others) > _MOST_NAMED else []
    doubt = f"; {', '.join(more)} would fit too" if more else ""
    n_fewest = min(first.n_with, first.n_without)
    if n_fewest <= _FEW:
        trials = "trial tells" if n_fewest == 1 else "trials tell"
        doubt += f"; only {n_fewest} {trials} the one from the other"
    text = " and ".join(f"{parent!r} is {_listed(v)}" for parent, v in first.when)
    return f"was inferred from {n_trials} trials: {text}{doubt}"


def _listed(values: Sequence[object]) -> str:
    if len(values) > _MOST_VALUES:
        return f"one of {len(values)} values from {values[0]!r} to {values[-1]!r}"
    return f"one of {list(values)}"
