from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest
import scipy.stats as st
from hypothesis import example, given, settings
from hypothesis import strategies as hs

import hpbridge as hpb
from hpbridge.space.kinds import Parameter
from hpbridge.space.parameters import Float, Int
from hpbridge.space.priors import LogNormal, Normal, ScipyPrior
from hpbridge.space.quantized import Quantized
from hpbridge.space.truncated import SMALLEST_SHARE

INF = math.inf

LAWS = [
    Normal(3, 2),
    LogNormal(0, 1),
    st.norm(-1, 2),
    st.lognorm(0.8, scale=2),
    st.gamma(2, scale=3),
    st.beta(2, 5, loc=-1, scale=4),
    st.expon(scale=0.5),
    st.cauchy,
    st.t(3),
    st.loguniform(1e-4, 1),
    st.truncnorm(-2, 2, loc=1, scale=2),
    st.uniform(-1, 3),
    st.triang(0.3),
    st.weibull_min(1.5),
    st.gumbel_r(1, 2),
    st.laplace(2),
    st.halfnorm(),
    st.skewnorm(3),
]
COUNTS = [
    st.poisson(4),
    st.geom(0.2),
    st.randint(2, 9),
    st.binom(12, 0.3),
    st.nbinom(5, 0.4),
    st.skellam(3, 4),
    st.zipf(3.0),
    st.norm(5, 2),
    Normal(0, 3),
    LogNormal(1, 1),
]
FLOATS = [Float(-INF if type(p) is not LogNormal else 0, INF, prior=p) for p in LAWS]
INTS = [Int(-INF if type(p) is not LogNormal else 0, INF, prior=p) for p in COUNTS]
QUANTIZED = [
    Quantized(-INF, INF, 0.5, prior=Normal(1, 2)),
    Quantized(-INF, INF, 3, prior=st.norm(0, 9)),
    Quantized(0, INF, 2.0, prior=LogNormal(1, 1)),
    Quantized(1, 20, 2.0, prior=st.gamma(2, scale=3)),
]
HALVES = [
    Float(5, INF, prior=Normal(0, 1)),
    Float(-INF, -3.5, prior=st.norm()),
    Float(0, 10, prior=st.expon(scale=2)),
    Float(-5, 0.5, prior=st.beta(2, 5)),
    Int(3, INF, prior=st.poisson(2)),
    Int(2, 6, prior=st.poisson(4)),
    Int(0, 9, prior=Normal(3, 2)),
]
SHAPED = [*FLOATS, *INTS, *QUANTIZED, *HALVES]
every = pytest.mark.parametrize("parameter", SHAPED, ids=lambda p: p.source())


@every
def test_it_is_sound_and_written_as_json_and_as_source(parameter):
    assert parameter.problems() == []
    text = json.dumps(parameter.to_json(), allow_nan=False)
    assert Parameter.from_json(json.loads(text)) == parameter
    assert eval(parameter.source(), {"hpbridge": hpb, "math": math}) == parameter


@every
@given(u=hs.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_a_quantile_is_a_value_and_back(parameter, u):
    value = parameter.quantile(u)
    assert parameter.contains(value)
    again = parameter.quantile(parameter.cumulative(value))
    # A share close to 1 has few digits: a tail is told apart as far as it has some.
    slope = parameter.cumulative(value)
    slack = 1e-6 if SMALLEST_SHARE * 1e8 < slope < 1 - 1e-8 else 0.2
    if type(value) is not float or slack == 1e-6:
        assert math.isclose(again, value, rel_tol=slack, abs_tol=slack)


@every
def test_quantiles_never_fall(parameter):
    shares = [0.0, 1e-300, 1e-20, 1e-9, 0.001, 0.3, 0.5, 0.9, 1 - 1e-9, 1.0]
    values = [parameter.quantile(u) for u in shares]
    assert values == sorted(values)
    assert all(map(math.isfinite, values))
    if parameter.is_unbounded:
        assert (values[0], values[-1]) == parameter.reach


@pytest.mark.parametrize("parameter", FLOATS, ids=lambda p: p.source())
def test_draws_of_a_float_follow_the_law(parameter):
    rng = random.Random(0)
    drawn = [parameter.draw(rng) for _ in range(1000)]
    law = parameter.prior
    if isinstance(law, Normal):
        cdf = st.norm(law.mu, law.sigma).cdf
    elif isinstance(law, LogNormal):
        cdf = st.lognorm(law.sigma, scale=math.exp(law.mu)).cdf
    else:
        cdf = getattr(st, law.name)(**dict(law.arguments)).cdf
    assert st.kstest(drawn, cdf).pvalue > 1e-3


@pytest.mark.parametrize("count", COUNTS[:7], ids=lambda p: p.dist.name)
def test_draws_of_an_int_have_the_masses_of_the_law(count):
    parameter, rng = Int(-INF, INF, prior=count), random.Random(1)
    drawn = [parameter.draw(rng) for _ in range(4000)]
    for k in range(13):
        share, mass = drawn.count(k) / 4000, float(count.pmf(k))
        assert abs(share - mass) < 5 * math.sqrt(max(mass * (1 - mass), 1e-4) / 4000)


def test_a_continuous_law_of_an_int_is_rounded():
    parameter = Int(0, 9, prior=Normal(3, 2))
    inside = st.norm(3, 2).cdf(9.5) - st.norm(3, 2).cdf(-0.5)
    mass = (st.norm(3, 2).cdf(2.5) - st.norm(3, 2).cdf(1.5)) / inside
    rng = random.Random(0)
    drawn = [parameter.draw(rng) for _ in range(4000)]
    assert abs(drawn.count(2) / 4000 - mass) < 0.03
    assert {type(value) for value in drawn} == {int}


def test_an_infinite_end_is_that_of_the_law_where_it_has_one():
    assert Float(-INF, INF, prior=st.beta(2, 5)) == Float(0, 1, prior=st.beta(2, 5))
    assert Int(-INF, INF, prior=st.randint(2, 6)) == Int(2, 5, prior=st.randint(2, 6))
    assert Int(-INF, INF, prior=st.poisson(3)).low == 0


def test_an_end_without_density_is_not_proposed():
    assert Float(0, INF, prior=LogNormal(0, 1)).quantile(0) > 0
    assert Float(0, INF, prior=st.lognorm(1)).quantile(0) > 0
    assert Float(0, INF, prior=st.expon()).quantile(0) == 0
    assert Float(0, INF, prior=st.expon()).middle == pytest.approx(math.log(2))


def test_far_above_the_middle_of_a_law_the_tail_keeps_its_digits():
    parameter = Float(5.5, INF, prior=Normal(0, 1))
    assert parameter.quantile(0.5) == pytest.approx(st.norm.isf(st.norm.sf(5.5) / 2))
    scipys = Float(5.5, INF, prior=st.norm())
    assert parameter.quantile(0.9) == pytest.approx(scipys.quantile(0.9), rel=1e-12)


WRONG = [
    (Float(-INF, INF), "low must be a finite number, got -inf"),
    (Int(0, INF), "high must be a whole number, got inf"),
    (Float(INF, INF, prior=Normal(0, 1)), "is reversed"),
    (Float(math.nan, 1, prior=Normal(0, 1)), "low must be a number"),
    (Float(-INF, INF, prior=Normal(0, 1), step=0.5), "step= and prior= exclude"),
    (Float(0.5, INF, prior=LogNormal(0, 1), log=True), "log=True and prior= exclude"),
    (Int(0, 9, prior=st.poisson(3), step=2), "step= and prior= exclude"),
    (Quantized(1, 9, 2, log=True, prior=Normal(1, 1)), "log=True and prior= exclude"),
    (Float(0, 9, prior=st.poisson(3)), "whole numbers only: give it to an Int"),
    (Quantized(0, 9, 2, prior=st.poisson(3)), "whole numbers only"),
    (Float(-1, INF, prior=LogNormal(0, 1)), "needs low >= 0"),
    (Float(50, 60, prior=Normal(0, 1)), "has no mass in [50.0, 60.0]"),
    (Float(1e300, INF, prior=Normal(0, 1)), "has no mass"),
    (Float(-INF, -1e300, prior=st.norm()), "has no mass"),
    (Float(1e308, 1.7e308, prior=Normal(0, 5e-324)), "has no mass"),
    (Float(5, INF, prior=st.beta(2, 5)), "has no mass"),
    (Int(10**6, 10**7, prior=st.poisson(3)), "has no mass"),
    (Int(0.5, 9, prior=Normal(3, 1)), "low must be a whole number"),
]


@pytest.mark.parametrize(("parameter", "text"), WRONG, ids=lambda x: str(x)[:60])
def test_a_wrong_range_of_a_prior_is_told(parameter, text):
    assert text in "; ".join(parameter.problems())


def test_a_prior_of_scipy_is_hashable_and_of_a_space():
    space = hpb.Space({"x": FLOATS[5], "n": Int(0, INF, prior=st.poisson(3))})
    assert hpb.Space.from_json(space.to_json()) == space
    assert space.size is None
    assert isinstance(space["x"].prior, ScipyPrior)
    point = space.sample(random.Random(0))
    assert space.violations(point) == []
    assert space.canonical({"x": 0.25, "n": 40.0}) == {"x": 0.25, "n": 40}


# From the smallest floats to the largest ones, and those of every day.
sizes = hs.one_of(
    hs.floats(-323, 308).map(lambda power: 10.0**power),
    hs.floats(-3, 3).map(lambda power: 10.0**power),
)
anything = hs.one_of(hs.just(0.0), sizes, sizes.map(lambda size: -size))
SHAPES = {
    "norm": (),
    "expon": (),
    "cauchy": (),
    "t": (sizes,),
    "gamma": (sizes,),
    "beta": (sizes, sizes),
    "weibull_min": (sizes,),
    "truncnorm": (anything, anything),
}


@hs.composite
def extreme(draw):
    """Return what may be a range with a prior, or no such thing."""
    kind = draw(hs.sampled_from(["normal", "lognormal", *SHAPES]))
    if kind == "normal":
        prior = Normal(draw(anything), draw(sizes))
    elif kind == "lognormal":
        prior = LogNormal(draw(hs.floats(-745, 709)), draw(sizes))
    else:
        shapes = [draw(each) for each in SHAPES[kind]]
        prior = getattr(st, kind)(*shapes, loc=draw(anything), scale=draw(sizes))
    low = draw(hs.one_of(hs.just(-INF), hs.just(0.0), anything))
    high = draw(hs.one_of(hs.just(INF), anything))
    return prior, low, high


@given(extreme())
@settings(max_examples=300, deadline=None)
@example((st.beta(8e306, 3e217), 0.0, INF))
@example((st.weibull_min(6e-111), -INF, INF))
@example((st.truncnorm(-1e-37, 9e302), -INF, INF))
@example((st.truncnorm(1561187328.0, 3e166, 324.0, 0.75), -INF, INF))
@example((Normal(0, 8e307), -INF, INF))
@example((Normal(0, 1e-45), -1e307, 1e307))
def test_what_is_not_refused_can_be_drawn(given_one):
    prior, low, high = given_one
    with np.errstate(all="ignore"):
        parameter = Float(low, high, prior=prior)
        if parameter.problems():
            return
    shares = [0.0, 1e-300, 1e-17, 1e-9, 0.1, 0.5, 0.9, 1 - 2**-53, 1.0]
    values = [parameter.quantile(u) for u in shares]
    assert values == sorted(values)
    assert all(map(math.isfinite, values))
    assert all(map(parameter.contains, values))
    assert all(0 <= parameter.cumulative(value) <= 1 for value in values)
    assert math.isfinite(parameter.middle)


@given(anything, sizes, hs.floats(-5, 5), hs.floats(0.01, 5), hs.floats(0.01, 0.99))
@settings(max_examples=200, deadline=None)
@example(0.0, 1e-45, -1.0, 1e308, 0.5)
def test_a_normal_on_a_range_is_scipys(mu, sigma, begin, width, u):
    low, high = mu + begin * sigma, mu + (begin + width) * sigma
    parameter = Float(low, high, prior=Normal(mu, sigma))
    with np.errstate(all="ignore"):
        ends = np.subtract([low, high], mu) / sigma
        expected = st.truncnorm.ppf(u, *ends, loc=mu, scale=sigma)
    is_told = math.isfinite(expected) and ends[0] < ends[1] and sigma > 1e-300
    if parameter.problems() or not is_told:
        return
    slack = 1e-6 * sigma + 2 * math.ulp(max(abs(low), abs(high)))
    assert parameter.quantile(u) == pytest.approx(expected, rel=0, abs=slack)
