"""Checks for silent loss: how often each value is proposed before anything is known.

Every check states its null: the share that a value, or a part of a range, has of the
points that an algorithm draws at random. A share is refused when a count so far from
it has a probability below `ALPHA`, by the exact binomial distribution, so that a
sound plugin fails one run of the kit in a million.
"""

from __future__ import annotations

import functools
import importlib.util
import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from hpbridge.contract.capabilities import Feature
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.priors import LogNormal, Normal, ScipyPrior
from hpbridge.space.quantized import Quantized
from hpbridge.testing.checks import NotApplicable, check, require

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpbridge.space.kinds import Searched
    from hpbridge.testing.case import Case

T = TypeVar("T")
Points: TypeAlias = "list[dict[str, Any]]"

ALPHA = 1e-8
"""Chance of a false alarm of one comparison; a run of the kit makes some forty."""

N_DRAWS = 400
N_DRAWS_CHEAP = 600
"""Of an algorithm that does not learn, since one optimizer can give them all."""

SECONDS = 3.0
"""A slower algorithm is judged by fewer draws, with less power but no false alarm."""

SPACE: dict[str, Searched] = {
    "x": Float(-1, 3),
    "lr": Float(1e-4, 1, log=True),
    "batch": Int(1, 1000, log=True),
    "n": Int(1, 3),
    "k": Int(1, 7, step=3),
    "f": Float(0, 1, step=0.5),
    "q": Quantized(0, 4, 2.0),
    "r": Quantized(1, 7.4, 2, log=True),
    "size": Categorical(["s", "m", "l"], ordered=True),
    "c": Categorical(["a", "b", "d"]),
    "t": Categorical(["1", 1, "None", None]),
    "w": Categorical(["p", "q", "r"], weights=[0.7, 0.2, 0.1]),
    "g": Float(0, 10, prior=Normal(4, 2)),
    "h": Float(0.1, 10, prior=LogNormal(0, 1)),
    "e": Float(-math.inf, math.inf, prior=Normal(1, 2)),
    "o": Float(0, math.inf, prior=LogNormal(0, 1)),
    "i": Int(0, math.inf, prior=Normal(2, 2)),
    "d": Quantized(-math.inf, math.inf, 2.0, prior=Normal(1, 2)),
    "b": Float(0, 1, prior=ScipyPrior("beta", {"a": 2, "b": 5})),
    "p": Int(0, math.inf, prior=ScipyPrior("poisson", {"mu": 2})),
    "root": Categorical(["on", "off", "other"]),
    "child": Categorical(["u", "v", "y", "z"], when={"root": "on"}),
    "leaf": Int(1, 3, when={"child": "u"}),
}
if not importlib.util.find_spec("scipy"):  # whose laws they are
    del SPACE["b"], SPACE["p"]


def _points(case: Case, *names: str) -> Points:
    """Return first draws of the space, if it has one of these parameters."""
    if not case.algorithm.starts_random:
        msg = "it does not declare that it starts with random draws"
        raise NotApplicable(msg)
    space = case.once("marginals", lambda: case.usable(SPACE))
    if not any(name in space for name in names):
        # A name may be missing from `SPACE`: see above.
        types = {type(SPACE[name]).__name__ for name in names if name in SPACE}
        kinds = ", ".join(sorted(types))
        msg = f"it does not search this kind of {kinds}"
        raise NotApplicable(msg)
    wanted = N_DRAWS if case.algorithm.learns else N_DRAWS_CHEAP
    return case.once("draws", lambda: case.draws(space, wanted, SECONDS))


def binomial_tails(k: int, n: int, p: float) -> tuple[float, float]:
    """Return P(X <= k) and P(X >= k) for X binomial with n and p.

    Example:
        >>> [round(tail, 3) for tail in binomial_tails(1, 2, 0.5)]
        [0.75, 0.75]
    """
    terms = _binomial(n, p)
    return math.fsum(terms[: k + 1]), math.fsum(terms[k:])


@functools.cache
def _binomial(n: int, p: float) -> list[float]:
    log_p, log_q = math.log(p), math.log1p(-p)
    log_all = math.lgamma(n + 1)
    return [
        math.exp(
            log_all
            - math.lgamma(i + 1)
            - math.lgamma(n - i + 1)
            + i * log_p
            + (n - i) * log_q
        )
        for i in range(n + 1)
    ]


def _require_share(
    draws: Sequence[T],
    claim: str,
    is_counted: Callable[[T], bool],
    low: float,
    high: float | None = None,
) -> None:
    """Require a share within [low, high], but for chance."""
    n = len(draws)
    k = sum(map(is_counted, draws))
    high = low if high is None else high
    is_rare = binomial_tails(k, n, low)[0] < ALPHA / 2
    is_frequent = binomial_tails(k, n, high)[1] < ALPHA / 2
    share = f"{low:.3f}" if low == high else f"{low:.3f} to {high:.3f}"
    require(
        not (is_rare or is_frequent),
        f"{claim} in a share of {share} of {n} draws, but for chance",
        f"{k} of {n}, {k / n:.3f}",
    )


def _require_value(points: Points, name: str, value: object, share: float) -> None:
    claim = f"{name!r} at {value!r}"
    _require_share(points, claim, lambda point: bool(point[name] == value), share)


def _require_quarters(
    points: Points, name: str, cumulative: Callable[[float], float]
) -> None:
    quarters = [min(int(cumulative(point[name]) * 4), 3) for point in points]
    for quarter in range(4):
        claim = f"{name!r} in quarter {quarter + 1} of its mass"
        _require_share(quarters, claim, quarter.__eq__, 0.25)


@check(rule=2)
def check_uniform(case: Case) -> None:
    """A float is uniform over its range."""
    # Null: each quarter of [-1, 3] has a quarter of the draws.
    _require_quarters(_points(case, "x"), "x", lambda x: (x + 1) / 4)


@check(rule=2)
def check_log_scale(case: Case) -> None:
    """A log scale is kept: uniform in the logarithm, for floats and for ints."""
    points = _points(case, "lr", "batch")
    # Null: half of [1e-4, 1] in the logarithm is below 1e-2; linearly, it is 1 %.
    if case.can(Feature.FLOAT_LOG):
        _require_quarters(points, "lr", lambda x: 1 + math.log(x) / math.log(1e4))
    # Null: of Int(1, 1000) in the logarithm, 0.50 are up to 31 if the range ends at the
    # ends, 0.55 if it ends half a unit beyond them; linearly, it is 3 %.
    if case.can(Feature.INT_LOG):
        _require_share(
            points, "'batch' up to 31", lambda p: p["batch"] <= 31, 0.47, 0.57
        )


@check(rule=2)
def check_grid(case: Case) -> None:
    """The values of a grid are equally likely, both ends included."""
    points = _points(case, "n", "k", "f", "size")
    # Null: each of three values a third, both ends together two thirds. With half the
    # weight for an end, they have one half; with the upper end excluded, too.
    for name in [n for n in ("n", "k", "f", "size") if n in points[0]]:
        low, middle, high = SPACE[name].grid or ()
        for value in (low, middle, high):
            _require_value(points, name, value, 1 / 3)
        is_end = [point[name] in {low, high} for point in points]
        _require_share(is_end, f"{name!r} at an end of its range", bool, 2 / 3)


@check(rule=2)
def check_quantized(case: Case) -> None:
    """A quantized number gives the values at its ends their smaller share."""
    points = _points(case, "q", "r")
    if not case.algorithm.learns and case.capabilities[Feature.QUANTIZED].encoding == (
        "index"
    ):
        msg = "it tries every value alike"
        raise NotApplicable(msg)
    # Null: of [0, 4], [1, 3] is rounded to 2; the ends get a quarter each.
    for value, share in {0.0: 0.25, 2.0: 0.5, 4.0: 0.25}.items():
        _require_value(points, "q", value, share)
    # Null: of [1, 7.4] in the logarithm, what lies between odd numbers is rounded to
    # the even one; linearly, 8 would have a share of 0.06, here it is 0.03.
    whole = math.log(7.4)
    for value, low, high in ((2, 1, 3), (4, 3, 5), (6, 5, 7), (8, 7, 7.4)):
        _require_value(points, "r", value, math.log(high / low) / whole)


@check(rule=2)
def check_categories(case: Case) -> None:
    """Choices without weights are equally likely."""
    points = _points(case, "c")
    for label in ("a", "b", "d"):  # null: a third each
        _require_value(points, "c", label, 1 / 3)
    for twin in ("1", 1, "None", None):  # null: a quarter each, whatever their text
        _require_value(points, "t", twin, 1 / 4)


@check(rule=2)
def check_weights(case: Case) -> None:
    """Choices with weights come up by their weights."""
    points = _points(case, "w")
    for label, weight in {"p": 0.7, "q": 0.2, "r": 0.1}.items():  # null: the weight
        _require_value(points, "w", label, weight)


@check(rule=2)
def check_priors(case: Case) -> None:
    """A float with a prior follows that prior, truncated to the range."""
    points = _points(case, "g", "h", "e", "o", "b")
    # Null: a quarter of the draws in each quarter of the mass.
    for name in [n for n in ("g", "h", "e", "o", "b") if n in points[0]]:
        parameter = SPACE[name]
        assert isinstance(parameter, Float)
        _require_quarters(points, name, parameter.cumulative)


@check(rule=2)
def check_int_priors(case: Case) -> None:
    """An int or a quantized number has the share of the draws rounded to it."""
    points = _points(case, "i", "d", "p")
    normal = NormalDist(1, 2)
    # Null: of Normal(2, 2) above -0.5, what is rounded to 2; of Normal(1, 2), what is
    # rounded to 0 and to 2, alike far from 1; of Poisson(2), e^-2 and twice that.
    inside = 1 - NormalDist(2, 2).cdf(-0.5)
    middle = (NormalDist(2, 2).cdf(2.5) - NormalDist(2, 2).cdf(1.5)) / inside
    shares: list[tuple[str, float, float]] = [("i", 2, middle)]
    shares += [("d", end, normal.cdf(1) - normal.cdf(-1)) for end in (0.0, 2.0)]
    shares += [("p", 0, math.exp(-2)), ("p", 1, 2 * math.exp(-2))]
    for name, value, share in shares:
        if name in points[0]:
            _require_value(points, name, value, share)


@check(rule=2)
def check_conditions(case: Case) -> None:
    """A conditional parameter is active as often as its condition is likely."""
    points = _points(case, "child", "leaf")
    # Null: "on" is one of three choices, whatever hangs below it. Drawn among the six
    # leaves of the tree instead, "child" would be active in 4 of 6.
    _require_share(points, "'child' active", lambda p: "child" in p, 1 / 3)
    if "leaf" in case.once("marginals", lambda: case.usable(SPACE)):
        _require_share(points, "'leaf' active", lambda p: "leaf" in p, 1 / 12)
