"""Bayesian-optimization's ``pbounds`` in our words.

Nothing here imports the library: a parameter object is read by its attributes.

Source:
    bayesian-optimization 3.4.0, `TargetSpace.make_params`: two numbers, or three with
    ``float`` at the end, are a range of floats; three with ``int`` at the end one of
    ints, cut off to whole numbers; everything else are choices.
"""

from __future__ import annotations

import inspect
import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hpbridge.plugin import (
    Categorical,
    Float,
    Int,
    NativeSpace,
    Parameter,
    Space,
    SpaceError,
    class_names,
    is_pair,
    label_of,
    labelled,
    plain_number,
)

_PAIR, _TYPED = 2, 3
_KINDS = ("FloatParameter", "IntParameter", "CategoricalParameter")
_OF_OTHERS = ("uniform", "log-uniform")
"""The priors of scikit-optimize's tuples: (1, 10, 'log-uniform')."""


def from_native(given: object) -> NativeSpace | None:
    """Read what `BayesianOptimization` takes as ``pbounds``.

    A dict is taken for one where it holds nothing but tuples and parameter objects, and
    one of them shows whose it is: an object, or a range with its type. Where all are
    tuples of two numbers it is one to a function of these keywords; to any other, the
    ranges alone count.

    Raises:
        SpaceError: Naming each parameter that the library would misread, and each whose
            meaning we cannot keep.
    """
    if not isinstance(given, Mapping) or not given:
        return None
    values = list(given.values())
    if all(map(is_pair, values)) and all(isinstance(name, str) for name in given):
        bare = Space.of(given)
        return replace(native_of(given), space=bare, fits=_TakesKeywords(tuple(given)))
    is_ours = all(map(_is_bound, values)) and any(map(_is_telling, values))
    if not is_ours or not all(isinstance(name, str) for name in given):
        return None
    return native_of(given)


def native_of(pbounds: Mapping[str, Any]) -> NativeSpace:
    """Return ``pbounds``, known to be them, in our words.

    Raises:
        SpaceError: As of `from_native`.
    """
    return NativeSpace(
        space_of(pbounds), wrap=_OfKeywords, direction="maximize", metric="target"
    )


@dataclass(frozen=True)
class _OfKeywords:
    """An objective of one trial out of a function of keywords."""

    function: Callable[..., Any]

    def __call__(self, trial: Mapping[str, Any]) -> Any:
        return self.function(**trial)


@dataclass(frozen=True)
class _TakesKeywords:
    """Whether a function has these keywords, as those for the library have."""

    names: tuple[str, ...]

    def __call__(self, function: Callable[..., Any]) -> bool:
        try:
            inspect.signature(function).bind(**dict.fromkeys(self.names))
        except (TypeError, ValueError):
            return False
        return True


def _is_bound(value: object) -> bool:
    if kind_of(value):
        return True
    return isinstance(value, tuple) and value[2:3] not in {(p,) for p in _OF_OTHERS}


def _is_telling(value: object) -> bool:
    if kind_of(value):
        return True
    assert isinstance(value, tuple)
    return _is_typed(value)


def kind_of(value: object) -> str:
    """Return the name of a parameter's class; nothing where it is none."""
    names = class_names(value, "bayes_opt")
    return next((name for name in names if name in _KINDS), "")


def _is_pair(value: Any) -> bool:
    return len(value) == _PAIR and all(isinstance(end, numbers.Number) for end in value)


def _is_typed(value: Any) -> bool:
    return len(value) == _TYPED and (value[-1] is int or value[-1] is float)


def space_of(pbounds: Mapping[str, Any]) -> Space:
    """Return the space of ``pbounds``, known to be them.

    Raises:
        SpaceError: As of `from_native`.
    """
    parameters: dict[str, Parameter] = {}
    problems: list[str] = []
    for name, value in pbounds.items():
        try:
            parameter = _parameter_of(value)
            problems += [f"{name!r}: {problem}" for problem in parameter.problems()]
            parameters[name] = parameter
        except (ValueError, TypeError) as error:
            problems.append(f"{name!r}: {error}")
    if problems:
        raise SpaceError.invalid(problems)
    return Space(parameters)


def _parameter_of(value: Any) -> Parameter:
    kind = kind_of(value)
    if kind == "CategoricalParameter":
        return _choices(value.categories)
    if kind:
        low, high = value.bounds.tolist()
        return _range(low, high, is_int=kind == "IntParameter")
    if _is_pair(value):
        if any(isinstance(end, bool) for end in value):
            msg = f"{value!r} is a range from 0.0 to 1.0 to the library; for choices "
            msg += f"write CategoricalParameter(name, {value!r})"
            raise ValueError(msg)
        return _range(*value, is_int=False)
    if _is_typed(value):
        return _range(*value[:2], is_int=value[-1] is int)
    return _choices(value)


def _range(low: Any, high: Any, *, is_int: bool) -> Parameter:
    low, high = plain_number(low), plain_number(high)
    if not all(isinstance(e, (int, float)) and math.isfinite(e) for e in (low, high)):
        msg = f"its range is {low!r} to {high!r}, which are not two finite numbers"
        raise ValueError(msg)
    if low > high:
        msg = f"its range {low!r} to {high!r} is reversed, which the library draws from"
        raise ValueError(msg)
    if is_int and (low != int(low) or high != int(high)):
        msg = f"its range {low!r} to {high!r} is cut off to {int(low)} to {int(high)}"
        raise ValueError(msg)
    return Int(int(low), int(high)) if is_int else Float(low, high)


def _choices(categories: Any) -> Parameter:
    choices = list(categories)
    if len(choices) < _PAIR:
        msg = f"{choices!r} are fewer than two choices, which the library refuses"
        raise ValueError(msg)
    if all(map(_names_itself, choices)):
        return Categorical(choices)
    return Categorical(labelled(choices, "choice_{}"))


def _names_itself(choice: object) -> bool:
    try:
        label_of(choice)
    except ValueError:
        return False
    return True
