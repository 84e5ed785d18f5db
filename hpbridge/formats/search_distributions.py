"""Distributions of scipy.stats as parameters, where that is exact."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.contract.library import class_names
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int, Parameter
from hpbridge.space.plain import is_number, plain_number
from hpbridge.space.priors import LogNormal, Normal, ScipyPrior, as_prior

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAST_SHARE = 1e-9
"""Of a distribution, at each of its ends, that is left out of its quantiles."""


def is_distribution(domain: Any) -> bool:
    """Say whether it is a distribution of scipy.stats, frozen or not, of one value.

    One that is not known by its name has all its points, or is like any other object
    that draws.
    """
    is_theirs = bool(class_names(domain, "scipy.stats")) and has_draws(domain)
    if not is_theirs or not (hasattr(domain, "dist") or hasattr(domain, "freeze")):
        return False
    dist = getattr(domain, "dist", domain)
    if getattr(dist, "xk", None) is not None or _lacks_shapes(domain):
        return True
    prior = as_prior(domain)
    return isinstance(prior, ScipyPrior) and all(
        is_number(v) for _, v in prior.arguments
    )


def _lacks_shapes(domain: Any) -> bool:
    return not hasattr(domain, "dist") and domain.numargs > 0


def has_draws(domain: object) -> bool:
    """Say whether it is drawn as a search of scikit-learn draws: it has an `rvs`."""
    return callable(getattr(domain, "rvs", None)) and not isinstance(domain, type)


def read_quantiles(domain: Any) -> tuple[Float, Callable[[Any], Any]]:
    """Return the parameter, and what makes a value of it, of any object with `rvs`.

    An optimizer searches the quantile, where the object has a `ppf`: uniformly, so
    that the values have their distribution.

    Raises:
        ValueError: If it only draws, and nothing tells what lies where.
    """
    text = text_of_domain(domain)
    if not callable(getattr(domain, "ppf", None)):
        msg = (
            f"is {text}, which only draws (`rvs`): an optimizer that learns needs its "
            'quantiles (`ppf`); backend="random" draws it, where no other parameter is '
            "in hpbridge's words"
        )
        raise ValueError(msg)
    from numpy.random import RandomState

    # A search draws with a generator, so that is all that an object need take.
    is_whole = isinstance(plain_number(domain.rvs(random_state=RandomState(0))), int)

    def value_of(quantile: Any) -> Any:
        value = plain_number(domain.ppf(quantile))
        return int(value) if is_whole else value

    # Short of both ends, where a distribution without bounds has no finite value.
    return Float(_LEAST_SHARE, 1 - _LEAST_SHARE), value_of


def read_distribution(domain: Any) -> Parameter:
    """Return the parameter that is drawn as a distribution is.

    Raises:
        ValueError: If there is none, with what is wrong with it.

    Source:
        scipy 1.17.1, `scipy.stats`: ``uniform`` on [loc, loc + scale], ``loguniform``
        on [a, b] * scale + loc, ``randint`` on low .. high - 1, ``truncnorm`` on
        [a, b] * scale + loc, ``lognorm`` the exponential of a normal of `s` and
        ``log(scale)``.
    """
    frozen = domain
    if not hasattr(domain, "dist"):
        try:
            frozen = domain.freeze()
        except TypeError as error:
            msg = f"is the distribution {domain.name!r} without its shape: {error}"
            raise ValueError(msg) from error
    low, high = (float(end) for end in frozen.support())
    if hasattr(frozen, "pmf"):
        return _discrete(frozen, low, high)
    return _continuous(frozen, low, high)


def _continuous(frozen: Any, low: float, high: float) -> Parameter:
    loc, scale = _loc_and_scale(frozen)
    name = frozen.dist.name
    if name == "uniform":
        return Float(low, high)
    if name in {"loguniform", "reciprocal"} and loc == 0:
        return Float(low, high, log=True)
    if name in {"truncnorm", "norm"}:
        return Float(low, high, prior=Normal(loc, scale))
    if name == "lognorm" and loc == 0:
        shape = frozen.args[0] if frozen.args else frozen.kwds["s"]
        return Float(low, high, prior=LogNormal(math.log(scale), shape))
    return Float(low, high, prior=frozen)


def _discrete(frozen: Any, low: float, high: float) -> Parameter:
    if frozen.dist.name == "randint":
        return Int(int(low), int(high))
    points = getattr(frozen.dist, "xk", None)
    if points is None:
        if not float(frozen.median()).is_integer():
            msg = f"is {_text(frozen)}, whose values are no whole numbers"
            raise ValueError(msg)
        return Int(low, high, prior=frozen)
    loc, _ = _loc_and_scale(frozen)
    weights = [
        (_plain(point + loc), float(frozen.pmf(point + loc))) for point in points
    ]
    drawn = [(point, weight) for point, weight in weights if weight > 0]
    return Categorical([p for p, _ in drawn], weights=[w for _, w in drawn])


def _loc_and_scale(frozen: Any) -> tuple[float, float]:
    # scipy keeps them as they were given: after the shapes, or by name.
    n_shapes = frozen.dist.numargs
    given = dict(zip(("loc", "scale"), frozen.args[n_shapes:], strict=False))
    given = {"loc": 0.0, "scale": 1.0, **given, **frozen.kwds}
    return float(given["loc"]), float(given["scale"])


def _plain(point: Any) -> float | int:
    number = float(point)
    return int(number) if number.is_integer() else number


def text_of_domain(domain: Any) -> str:
    """Return how a user would write what is drawn from."""
    if not is_distribution(domain):
        return f"an object of {type(getattr(domain, 'dist', domain)).__qualname__}"
    if not hasattr(domain, "dist"):
        return f"scipy.stats.{domain.name}"
    return _text(domain)


def _text(frozen: Any) -> str:
    given = [repr(value) for value in frozen.args]
    given += [f"{name}={value!r}" for name, value in frozen.kwds.items()]
    return f"scipy.stats.{frozen.dist.name}({', '.join(given)})"
