"""Priors of a number, as data: by what law it is drawn before anything is known."""

from __future__ import annotations

import contextlib
import math
import numbers
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from hpbridge.space.plain import is_number, plain_number

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Normal:
    """A normal prior, truncated to the parameter's range."""

    mu: float
    """Mean, in the parameter's unit."""
    sigma: float
    """Standard deviation, in the parameter's unit."""

    def __post_init__(self) -> None:
        _make_plain(self)


@dataclass(frozen=True)
class LogNormal:
    """A log-normal prior, truncated to the parameter's range."""

    mu: float
    """Mean of the natural logarithm of the parameter."""
    sigma: float
    """Standard deviation of the natural logarithm of the parameter."""

    def __post_init__(self) -> None:
        _make_plain(self)


def _make_plain(prior: Normal | LogNormal) -> None:
    for name in ("mu", "sigma"):
        value = getattr(prior, name)
        if isinstance(value, numbers.Real) and not isinstance(value, bool):
            with contextlib.suppress(OverflowError):  # the space says so
                object.__setattr__(prior, name, float(value))  # it is frozen


@dataclass(frozen=True, repr=False)
class ScipyPrior:
    """A distribution of `scipy.stats`, by name; made of a frozen one.

    Args:
        name: As `scipy.stats` calls it.
        arguments: Its shapes, ``loc`` and ``scale`` by name; what is left out is as
            there.

    Example:
        >>> ScipyPrior("beta", {"a": 2, "b": 5})
        ScipyPrior('beta', {'a': 2, 'b': 5})
    """

    name: str
    arguments: Any = ()
    """Names and numbers in pairs, in the order of scipy."""

    def __post_init__(self) -> None:
        if isinstance(self.arguments, Mapping):
            pairs = ((n, plain_number(value)) for n, value in self.arguments.items())
            object.__setattr__(self, "arguments", tuple(pairs))

    def __repr__(self) -> str:
        return f"ScipyPrior({self.name!r}, {dict(self.arguments)!r})"


Prior: TypeAlias = "Normal | LogNormal | ScipyPrior"


def as_prior(given: object) -> Any:
    """Return the prior for a distribution of scipy; anything else as it is.

    It is told by its class: scipy is not imported for it.

    Source:
        scipy 1.17.1, `rv_frozen`: ``dist``, ``args`` and ``kwds`` as they were given.
    """
    if not type(given).__module__.startswith("scipy.stats"):
        return given
    # One without shapes is drawn as it is.
    is_bare = not hasattr(given, "dist") and getattr(given, "numargs", None) == 0
    frozen: Any = cast("Any", given)() if is_bare else given
    dist: Any = getattr(frozen, "dist", None)
    name = getattr(dist, "name", None)
    if not isinstance(name, str):
        return given
    shapes = [each.strip() for each in (dist.shapes or "").split(",")]
    # Of another class under the same name, as a subclass may be, it is not.
    if type(getattr(sys.modules["scipy.stats"], name, None)) is not type(dist):
        return given
    names = [*filter(None, shapes), "loc", "scale"]
    found = {**dict(zip(names, frozen.args, strict=False)), **frozen.kwds}
    found = {each: found[each] for each in names if each in found}
    if name == "norm":
        law = (_scalar(found.get("loc", 0)), _scalar(found.get("scale", 1)))
        return Normal(*law)  # which needs no scipy
    left_out = {"loc": 0, "scale": 1}
    return ScipyPrior(
        name,
        {
            each: _scalar(value)
            for each, value in found.items()
            if each not in left_out or _differs(value, left_out[each])
        },
    )


def _scalar(value: Any) -> Any:
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "size", 0) == 1 else value


def _differs(value: Any, default: int) -> bool:
    number = plain_number(_scalar(value))
    return not is_number(number) or number != default


def prior_to_json(prior: Prior) -> list[Any]:
    """Return a prior as JSON data."""
    if isinstance(prior, ScipyPrior):
        return ["scipy", prior.name, dict(prior.arguments)]
    return [type(prior).__name__.lower(), prior.mu, prior.sigma]


def prior_of(data: Sequence[Any] | None) -> Prior | None:
    """Return the prior that `prior_to_json` wrote; None for none."""
    if data is None:
        return None
    kinds: dict[str, type[Any]] = {
        "normal": Normal,
        "lognormal": LogNormal,
        "scipy": ScipyPrior,
    }
    return cast("Prior", kinds[data[0]](data[1], data[2]))


def law_problems(prior: object) -> list[str]:
    """Return what is wrong with a prior by itself."""
    if isinstance(prior, ScipyPrior):
        return _scipy_problems(prior)
    if not isinstance(prior, (Normal, LogNormal)):
        return [_no_prior(prior)]
    given = (prior.mu, prior.sigma)
    if not all(isinstance(x, float) and math.isfinite(x) for x in given):
        return [f"the prior's mu and sigma must be finite numbers, got {prior!r}"]
    if prior.sigma <= 0:
        return [f"the prior needs sigma > 0, got {prior!r}"]
    return []


def _no_prior(given: object) -> str:
    if not type(given).__module__.startswith("scipy.stats"):
        return (
            "prior must be Normal, LogNormal or a frozen distribution of scipy.stats, "
            f"got {given!r}"
        )
    name = getattr(getattr(given, "dist", given), "name", None)
    if getattr(given, "numargs", 0) and not hasattr(given, "dist"):
        shapes = getattr(given, "shapes", "")
        return f"prior is scipy.stats.{name} without its shapes: give it ({shapes})"
    return (
        f"prior is {given!r}, which is no distribution that scipy.stats makes by a "
        "name, as scipy.stats.beta(2, 5) is"
    )


def _scipy_problems(prior: ScipyPrior) -> list[str]:
    bad = {n: v for n, v in prior.arguments if not is_number(v) or not math.isfinite(v)}
    if bad:
        return [f"the prior's arguments must be finite numbers, got {prior!r}"]
    try:
        frozen = frozen_of(prior)
    except ImportError:
        return []  # a space that was read can be shown without scipy
    except (LookupError, TypeError) as error:
        return [f"{prior!r} is no distribution of scipy.stats: {error.args[0]}"]
    if any(math.isnan(end) for end in frozen.support()):
        return [f"{prior!r} has arguments that scipy.stats.{prior.name} does not take"]
    return []


def frozen_of(prior: ScipyPrior) -> Any:
    """Return the frozen distribution of scipy.

    Raises:
        LookupError: If scipy has none of this name.
        TypeError: If it takes other arguments.
    """
    import scipy.stats

    dist = getattr(scipy.stats, prior.name, None)
    if not isinstance(dist, (scipy.stats.rv_continuous, scipy.stats.rv_discrete)):
        msg = f"it has none of the name {prior.name!r}"
        raise LookupError(msg)
    return dist(**dict(prior.arguments))
