"""The spaces that a search is given, in the words of scikit-learn and of others."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.registry import registry
from hpbridge.errors import SpaceError
from hpbridge.formats.search_choices import read_choices
from hpbridge.formats.search_distributions import (
    has_draws,
    is_distribution,
    read_distribution,
    read_quantiles,
    text_of_domain,
)
from hpbridge.space.parameters import Constant, Label, Parameter
from hpbridge.space.space import Space
from hpbridge.trial import Trial

if TYPE_CHECKING:
    from hpbridge.contract.native import NativeSpace

_TRIES = 50
"""Points that are drawn so that each choice of a space is tried on the estimator."""


@dataclass(frozen=True)
class Searched:
    """One space of a search.

    Attributes:
        n_iter: How many candidates are tried in it.
        to_params: Makes the estimator's parameters of a point of the space.
    """

    space: Space
    n_iter: int
    to_params: Callable[[Mapping[str, Label]], dict[str, Any]]


def read_spaces(given: object, n_iter: int, estimator: Any) -> list[Searched]:
    """Return every space that a search was given, checked against its estimator.

    Raises:
        SpaceError: With everything that is wrong with them.
    """
    problems: list[str] = []
    parts = parts_of(given, n_iter, problems)
    found = [_read(space, n, problems) for space, n in parts]
    if problems:
        hint = (
            "a space is a dict of distributions, lists or hpbridge's parameters, "
            "or a list of such, each alone or as (dict, n_iter)"
        )
        many = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
        headline = f"The search space has {many}"
        raise SpaceError(headline, problems, hint)
    spaces = [searched for searched in found if searched is not None]
    for searched in spaces:
        _require_all_fit(searched, estimator)
    return spaces


def read_space(given: object) -> Space:
    """Return one space, in the words that a search takes.

    Raises:
        SpaceError: With everything that is wrong with it; a distribution that has no
            name is searched by its quantiles, which are none of its values.
    """
    problems = [
        f"{name!r} is {text_of_domain(domain)}, whose values only a search can make"
        for name, domain in (given.items() if isinstance(given, dict) else ())
        if only_draws(domain)
    ]
    found = _read(given, 1, problems)
    if found is None or problems:
        raise SpaceError.invalid(problems)
    return found.space


def parts_of(
    given: object, n_iter: int, problems: list[str]
) -> list[tuple[object, int]]:
    """Return the spaces of a search, each with its number of candidates.

    Args:
        given: As of `hpbridge.sklearn.BridgeSearchCV`.
        n_iter: How many candidates are tried in a space that names no number.
        problems: Takes what is wrong.
    """
    if not isinstance(given, (list, tuple)):
        return [(given, n_iter)]
    if given and all(isinstance(part, Mapping) for part in given):
        return [(part, n_iter) for part in given]
    if isinstance(given, tuple) or not given:
        problems.append(f"space is {given!r:.200}")
        return []
    if not any(isinstance(part, (Mapping, tuple)) for part in given):
        return [(given, n_iter)]  # a library's own list of dimensions
    parts: list[tuple[object, int]] = []
    for part in given:
        if not isinstance(part, tuple):
            parts.append((part, n_iter))
        elif len(part) == 2 and _is_count(part[1]):  # noqa: PLR2004 - (space, n_iter)
            parts.append(part)
        else:
            problems.append(f"{part!r:.200} is no pair of a space and a number >= 1")
    return parts


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _read(given: object, n_iter: int, problems: list[str]) -> Searched | None:
    """Return one space of a search; None where it has problems."""
    ours: dict[str, Parameter] = {}
    theirs: dict[str, object] = {}
    made: dict[str, Callable[[Any], Any]] = {}
    n_before = len(problems)
    for name, domain in given.items() if isinstance(given, dict) else ():
        parameter: Parameter | None
        try:
            if only_draws(domain):
                parameter, made[name] = read_quantiles(domain)
            else:
                parameter = _parameter(domain)
        except ValueError as error:
            problems.append(f"{name!r} {error}")
            continue
        if parameter is None:
            theirs[name] = domain
        else:
            ours[name] = parameter
    native = None
    if theirs or not isinstance(given, (dict, Space)):
        native = _native(theirs if ours else given, theirs, problems)
    if len(problems) > n_before:
        return None
    try:
        searched = _joined(given, ours, native, n_iter)
    except SpaceError as error:
        problems += error.reasons
        return None
    if not searched.space.searched:
        problems.append("the space has only constants: nothing to search")
    return _with_made(searched, made) if made else searched


def only_draws(domain: object) -> bool:
    """Say whether a domain has an `rvs`, and no library says more of it."""
    if not has_draws(domain) or isinstance(domain, Parameter):
        return False
    return not is_distribution(domain) and not _is_native(domain)


def _is_native(domain: object) -> bool:
    """Say whether a domain is in the words of any installed backend's library."""
    problems: list[str] = []
    return _asked({"x": domain}, problems) is not None or bool(problems)


def _with_made(
    searched: Searched, made: Mapping[str, Callable[[Any], Any]]
) -> Searched:
    """Return a space whose values are made of those that an optimizer proposes."""

    def to_params(point: Mapping[str, Label]) -> dict[str, Any]:
        params = searched.to_params(point)
        return {n: made[n](v) if n in made else v for n, v in params.items()}

    return replace(searched, to_params=to_params)


def _joined(
    given: Any,
    ours: dict[str, Parameter],
    native: NativeSpace | None,
    n_iter: int,
) -> Searched:
    """Return the space of a dict whose parameters come from here and from there."""
    if native is None:
        space = given if isinstance(given, Space) else Space(ours)
        return Searched(space, n_iter, space.to_objects)
    space = Space({**native.space, **ours}) if ours else native.space
    names = list(given) if isinstance(given, Mapping) else []
    if native.wrap is None or set(native.space) <= set(names):
        return Searched(space, n_iter, space.to_objects)
    wrap, theirs = native.wrap, [name for name in names if name not in ours]

    def to_params(point: Mapping[str, Label]) -> dict[str, Any]:
        values = space.to_objects(point)
        own = {name: values.pop(name) for name in ours if name in values}
        return _handed_over(wrap, values, theirs) | own

    return Searched(space, n_iter, to_params)


def _handed_over(
    wrap: Callable[..., Any], values: dict[str, Any], names: list[str]
) -> dict[str, Any]:
    """Return by name what a library hands to a function that is written for it."""
    given: list[Any] = []

    def function(*args: Any, **kwargs: Any) -> float:
        given.append(kwargs or args[0])
        return 0.0

    wrap(function)(Trial(values, number=0, seed=0))
    if isinstance(given[0], Mapping):
        return dict(given[0])
    return dict(zip(names or values, given[0], strict=True))


def _native(
    given: object, theirs: Mapping[str, object], problems: list[str]
) -> NativeSpace | None:
    """Return what a backend makes of a space; None where it has problems."""
    n_before = len(problems)
    found = _asked(given, problems)
    if found is None and len(problems) == n_before:
        unknown = [_unknown(name, domain) for name, domain in theirs.items()]
        problems += unknown or [f"space is {given!r:.200}"]
    return found


def _asked(given: object, problems: list[str]) -> NativeSpace | None:
    """Ask every installed backend whether a space is in its library's words."""
    for spec in registry().backends.values():
        if spec.from_native is None:
            continue
        try:
            found = spec.from_native(given)
        except SpaceError as error:
            problems += error.reasons
            return None
        # A space that could be anybody's is told by whose function it is; here is none.
        if found is not None and found.fits is None:
            return found
    return None


def _unknown(name: str, domain: Any) -> str:
    if isinstance(domain, tuple) and len(domain) == 2:  # noqa: PLR2004 - a pair
        low, high = domain
        return (
            f"{name!r} is {domain!r}, a range to scikit-optimize and two choices to "
            f"scikit-learn; say Float({low}, {high}), Int({low}, {high}) "
            f"or [{low}, {high}]"
        )
    if isinstance(domain, (set, frozenset)):
        return f"{name!r} is {domain!r:.200}, which has no order; make it a list"
    return (
        f"{name!r} is {domain!r:.200}, which neither hpbridge nor an installed backend "
        "knows; a list of choices, or a distribution with `rvs`, would do"
    )


def _parameter(domain: Any) -> Parameter | None:
    """Return the parameter of a domain; None where it may be a library's own.

    Raises:
        ValueError: With what is wrong with the domain.
    """
    if isinstance(domain, Parameter):
        return domain
    if is_constant(domain):
        return Constant(plain_constant(domain))
    if is_distribution(domain):
        return read_distribution(domain)
    if is_sequence(domain):
        return read_choices(list(domain))[0]
    return None


def is_constant(domain: Any) -> bool:
    """Say whether a domain is one plain value, which is not searched."""
    is_scalar = domain is None or isinstance(domain, (bool, int, float, str))
    return is_scalar or _ndim(domain) == 0


def plain_constant(domain: Any) -> Any:
    """Return the plain value that a constant domain is."""
    return domain.item() if _ndim(domain) == 0 else domain


def is_sequence(domain: Any) -> bool:
    """Say whether a domain is choices in an order; no pair that may be a range."""
    if isinstance(domain, tuple) and _is_range_elsewhere(domain):
        return False
    is_array = (_ndim(domain) or 0) > 0 and hasattr(domain, "__len__")
    return is_array or (
        isinstance(domain, Sequence) and not isinstance(domain, (str, bytes))
    )


def _ndim(domain: Any) -> int | None:
    """Return how many dimensions an array has; None of what is no array."""
    ndim = getattr(domain, "ndim", None)
    return ndim if isinstance(ndim, int) and hasattr(domain, "tolist") else None


def _is_range_elsewhere(domain: tuple[Any, ...]) -> bool:
    """Say whether scikit-optimize takes a tuple for (low, high[, prior[, base]])."""
    ends, rest = domain[:2], domain[2:]
    if len(ends) < 2 or not all(_is_number(end) for end in ends):  # noqa: PLR2004
        return False
    if not rest:
        return bool(ends[0] < ends[1])
    return isinstance(rest[0], str)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _require_all_fit(searched: Searched, estimator: Any) -> None:
    """Check that the estimator takes the parameters, all of them, before any fit."""
    rng = random.Random(0)
    unseen = set(searched.space.searched)
    for _ in range(_TRIES):
        point = searched.space.sample(rng)
        unseen -= set(point)
        require_fit(searched.to_params(point), estimator)
        if not unseen:
            break


def require_fit(params: dict[str, Any], estimator: Any) -> None:
    """Check that an estimator takes parameters.

    Raises:
        SpaceError: With every parameter that it does not take, and why.
    """
    problems = list(dict.fromkeys(_refusals(params, estimator)))
    if problems:
        name = type(estimator).__name__
        headline = f"The search space does not fit the estimator {name}"
        hint = "`estimator.get_params()` has every name; a step's are 'step__name'"
        raise SpaceError(headline, problems, hint)


def _refusals(params: dict[str, Any], estimator: Any) -> list[str]:
    """Return why an estimator does not take parameters, one sentence each."""
    if _refusal(params, estimator) is None:
        return []
    reasons = []
    for name, value in params.items():
        # With the estimators that the point puts above it, a step of a pipeline say.
        above = {n: v for n, v in params.items() if name.startswith(f"{n}__")}
        reason = _refusal({**above, name: value}, estimator)
        if reason is not None:
            reasons.append(f"{name!r}: {reason}")
    return reasons or [str(_refusal(params, estimator))]


def _refusal(params: dict[str, Any], estimator: Any) -> str | None:
    from sklearn.base import clone

    try:
        clone(estimator).set_params(**clone(params, safe=False))
    except Exception as error:  # noqa: BLE001 - an estimator may raise anything
        return " ".join(str(error).split()).rstrip(".")
    return None
