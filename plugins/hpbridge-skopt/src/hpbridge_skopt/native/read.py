"""Scikit-optimize's spaces, as a user writes them, in our words."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hpbridge.plugin import NativeSpace, class_names, is_instance_of
from hpbridge_skopt.native.dimensions import (
    KINDS,
    Dimension,
    dimension_of,
    names_of,
    space_of,
)

_PRIORS = ("uniform", "log-uniform")
_PAIR, _WITH_PRIOR, _WITH_BASE = 2, 3, 4


def from_native(given: object) -> NativeSpace | None:
    """Read a space as `gp_minimize` or `BayesSearchCV` takes it.

    A dict is taken for one of `BayesSearchCV` only where a dimension or a tuple with a
    prior shows it: ``{"x": (0, 1)}`` could be anybody's.

    Raises:
        SpaceError: Naming each dimension whose meaning we cannot keep.
    """
    if isinstance(given, Mapping):
        if not any(_is_telling(value) for value in given.values()):
            return None
        names = sorted(str(name) for name in given)  # the library's own order
        space = space_of([read_dimension(given[n]) for n in names], names)
        return NativeSpace(space, direction="")
    listed = _listed(given)
    if listed is None:
        return None
    dimensions = [read_dimension(each) for each in listed]
    names = names_of(dimensions)
    constraint = getattr(given, "constraint", None)
    return NativeSpace(
        space_of(dimensions, names, constraint),
        wrap=lambda function: _OfList(function, tuple(names)),
    )


@dataclass(frozen=True)
class _OfList:
    """An objective of one trial out of a function of a list, as the library's are."""

    function: Callable[[list[Any]], Any]
    names: tuple[str, ...]

    def __call__(self, trial: Mapping[str, Any]) -> Any:
        return self.function([trial[name] for name in self.names])


def _listed(given: Any) -> list[Any] | None:
    """Return the dimensions of a Space or of a list; None where it is neither."""
    if is_instance_of(given, "skopt", "Space"):
        return list(given.dimensions)
    if not isinstance(given, (list, tuple)) or not given:
        return None
    fits = [_is_dimension(each) or _is_array(each) for each in given]
    return list(given) if all(fits) else None


def _is_dimension(value: object) -> bool:
    return not {*KINDS}.isdisjoint(class_names(value, "skopt"))


def _is_array(value: object) -> bool:
    return isinstance(value, (list, tuple)) or type(value).__name__ == "ndarray"


def _is_telling(value: object) -> bool:
    if _is_dimension(value):
        return True
    return (
        isinstance(value, tuple)
        and len(value) in {_WITH_PRIOR, _WITH_BASE}
        and isinstance(value[2], str)
        and value[2] in _PRIORS
        and _range(list(value), {}) is not None
    )


def read_dimension(value: Any) -> Dimension:
    """Return the dimension that the library makes of what a user wrote.

    Source:
        scikit-optimize 0.10.2, `check_dimension`: its half that is called old is what
        counts. Two whole numbers are an Integer, also in a list; two bools or texts are
        choices; of three or four, a prior makes a range.
    """
    if _is_dimension(value) or not _is_array(value):
        return dimension_of(value)
    given = list(value)
    if len(given) == _PAIR and not any(_is_choice(each) for each in given):
        wrong = Dimension(f"{value!r} is no range and no list of choices", {})
        return _range(given, {}) or wrong
    found = _range(given, _rest(given)) if _has_prior(given) else None
    return found or Dimension("Categorical", {"categories": tuple(given)})


def _has_prior(given: list[Any]) -> bool:
    if len(given) == _WITH_PRIOR:
        return isinstance(given[2], str) and given[2] in _PRIORS
    is_four = len(given) == _WITH_BASE and isinstance(given[2], str)
    return is_four and given[2] == "log-uniform" and isinstance(given[3], int)


def _rest(given: list[Any]) -> dict[str, Any]:
    return dict(zip(("prior", "base"), given[2:], strict=False))


def _is_choice(value: object) -> bool:
    return isinstance(value, (str, bool)) or type(value).__name__ in {"bool", "bool_"}


def _range(given: list[Any], rest: Mapping[str, Any]) -> Dimension | None:
    low, high = given[:2]
    fields = {"low": low, "high": high, "prior": "uniform", **rest}
    if all(isinstance(end, numbers.Integral) for end in (low, high)):
        return Dimension("Integer", fields)
    if all(isinstance(end, numbers.Real) for end in (low, high)):
        return Dimension("Real", fields)
    return None
