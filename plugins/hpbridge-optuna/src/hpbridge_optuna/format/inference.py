"""The space behind the trials of a define-by-run study.

Optuna keeps a distribution with every parameter of every trial, and no space. The
parameters, their ranges and their order follow exactly; a condition is inferred only
where the trials leave no doubt, and said to be inferred.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from hpbridge.plugin import CERTAIN, Float, Int, infer_conditions, with_when

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.plugin import Label, Searched
    from hpbridge_optuna.format.raw import RawTrial


class Inferred(NamedTuple):
    """Parameters in the order of their suggestions, and what is not certain."""

    parameters: dict[str, Searched]
    notes: list[str]


def infer(trials: list[RawTrial]) -> Inferred:
    """Return the parameters of finished trials.

    A parameter is active where the trials that ran to their end have it; those that
    failed or were pruned may have ended before it was suggested.
    """
    whole = [trial for trial in trials if trial.state == "COMPLETE"] or trials
    parameters, notes = _merged(trials)
    names = list(parameters)
    for place, name in enumerate(names):
        lacking = [trial for trial in whole if name not in trial.params]
        if not lacking:
            continue
        having = [trial for trial in trials if name in trial.params]
        before = {each: parameters[each] for each in names[:place]}
        found = list(
            infer_conditions(before, _points(having), _points(lacking), CERTAIN)
        )
        if found:
            parent, values = found[0]
            parameters[name] = with_when(parameters[name], ((parent, values),))
            others = "".join(f"; {other!r} would fit too" for other, _ in found[1:])
            notes.append(
                f"the condition of {name!r} was inferred from {len(trials)} trials: "
                f"{parent!r} is one of {list(values)}{others}"
            )
        else:
            notes.append(
                f"{len(lacking)} of {len(whole)} trials lack {name!r}, and no single "
                "parameter before it says when; it was taken as always active"
            )
    return Inferred(parameters, notes)


def _merged(trials: Iterable[RawTrial]) -> Inferred:
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
    return Inferred(parameters, notes)


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
    """Return the last kind and scale with the range of all that share them."""
    last = variants[-1]
    if len(variants) == 1 or not isinstance(last, (Float, Int)):
        return last
    alike = [v for v in variants if isinstance(v, type(last)) and v.log == last.log]
    low, high = min(v.low for v in alike), max(v.high for v in alike)
    step = _common_step(alike)
    if isinstance(last, Int):
        whole = 1 if step is None else int(step)
        return Int(int(low), int(high), log=last.log, step=whole)
    return Float(low, high, log=last.log, step=None if step is None else float(step))


def _common_step(variants: list[Float | Int]) -> Fraction | None:
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


def _points(trials: Iterable[RawTrial]) -> list[dict[str, Label]]:
    return [{n: value for n, (_, value) in trial.params.items()} for trial in trials]
