"""The parameters of a define-by-run study.

Optuna keeps a distribution with every parameter of every trial, and no space. The
parameters and their order follow exactly; where a distribution changed, there is one
that holds the values of all. When each is there is for the core to infer.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from hpbridge.plugin import Categorical, Float, Int

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpbridge.plugin import Label, Searched
    from hpbridge_optuna.format.raw import RawTrial


class Merged(NamedTuple):
    """Parameters in the order of their suggestions, and what is not certain."""

    parameters: dict[str, Searched]
    notes: list[str]


def merged(trials: Iterable[RawTrial]) -> Merged:
    """Return one parameter a name; where distributions changed, one that holds all."""
    variants: dict[str, dict[int, Searched]] = {}
    sequences: dict[tuple[str, ...], None] = {}
    for trial in trials:
        sequences.setdefault(tuple(trial.params))
        for name, (parameter, _) in trial.params.items():
            variants.setdefault(name, {})[id(parameter)] = parameter
    parameters: dict[str, Searched] = {}
    notes = []
    for name in _order(sequences):
        distinct = list(dict.fromkeys(variants[name].values()))
        parameters[name] = _merge(distinct)
        if len(distinct) > 1:
            notes.append(
                f"{name!r} was searched in {len(distinct)} ranges or kinds; "
                f"it was taken as {parameters[name]!r}"
            )
    return Merged(parameters, notes)


def _order(sequences: Iterable[tuple[str, ...]]) -> list[str]:
    """Return all names in an order that each sequence keeps, where there is one."""
    order: list[str] = []
    for sequence in sequences:
        place = 0
        for name in sequence:
            if name not in order:
                order.insert(place, name)
            place = order.index(name) + 1
    return order


def _merge(variants: list[Searched]) -> Searched:
    """Return the last kind and scale with a range that holds all ranges.

    Whole numbers are numbers, a logarithm takes positive ones, and what else there is
    are choices, in the order in which they came up.
    """
    last = variants[-1]
    if len(variants) == 1:
        return last
    numbers = [v for v in variants if isinstance(v, (Float, Int))]
    if len(numbers) < len(variants):
        choices = [v for v in variants if isinstance(v, Categorical)]
        if isinstance(last, Categorical) and len(choices) == len(variants):
            return _union(choices)
        alike = [v for v in variants if isinstance(v, type(last))]
        return last if len(alike) == len(variants) else _merge(alike)
    low, high = min(v.low for v in numbers), max(v.high for v in numbers)
    is_log = last.log and low > 0  # type: ignore[attr-defined]
    step = None if is_log else _common_step(numbers)
    if all(isinstance(v, Int) for v in numbers):
        whole = 1 if step is None else int(step)
        return Int(int(low), int(high), log=is_log, step=whole)
    return Float(low, high, log=is_log, step=None if step is None else float(step))


def _union(variants: list[Categorical]) -> Categorical:
    named: dict[tuple[type, Label], object] = {}
    for variant in variants:
        for label in variant.labels:
            named.setdefault((type(label), label), variant.choice(label))
    labels = [label for _, label in named]
    is_plain = all(choice is label for (_, label), choice in named.items())
    if is_plain or len({*labels}) < len(labels):
        return Categorical(labels)
    return Categorical(dict(zip(labels, named.values(), strict=True)))


def _common_step(variants: Sequence[Float | Int]) -> Fraction | None:
    """Return the step of the coarsest grid that holds all grids, if all have one."""
    ranges = [v for v in variants if v.low != v.high]
    if any(v.step is None for v in ranges):
        return None
    exact = [Fraction(Decimal(repr(v.step))) for v in ranges]
    first = Fraction(Decimal(repr(variants[0].low)))
    exact += [abs(Fraction(Decimal(repr(v.low))) - first) for v in variants]
    common = reduce(_gcd, exact)
    return common or None


def _gcd(left: Fraction, right: Fraction) -> Fraction:
    below = left.denominator * right.denominator
    above = math.gcd(
        left.numerator * right.denominator, right.numerator * left.denominator
    )
    return Fraction(above, below)
