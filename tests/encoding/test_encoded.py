from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hpbridge
from hpbridge import (
    Categorical,
    Constant,
    Float,
    Int,
    LogNormal,
    Normal,
    Quantized,
    Space,
)
from hpbridge.contract.backend import Algorithm, NoOptions, Problem
from hpbridge.contract.capabilities import (
    YES,
    Capabilities,
    Feature,
    emulated,
    no,
)
from hpbridge.encoding.encode import encode
from hpbridge.encoding.encoded import CODECS, Encoded
from hpbridge.errors import UnsupportedFeatureError
from hpbridge.testing.marginal_checks import ALPHA, binomial_tails

steps = st.builds(
    lambda low, step, n: Float(low, round(low + n * step, 6), step=step),
    st.integers(-1000, 1000).map(lambda k: k / 10),
    st.integers(1, 500).map(lambda k: k / 100),
    st.integers(1, 60),
)
labels = st.lists(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=3)),
    min_size=2,
    max_size=6,
    unique_by=lambda x: x if isinstance(x, str) else float(x) if x is not None else x,
)

KINDS = {
    Feature.FLOAT: st.builds(
        lambda a, w: Float(a, a + w), st.floats(-1e9, 1e9), st.floats(1e-3, 1e9)
    ),
    Feature.FLOAT_LOG: st.builds(
        lambda a, r: Float(a, a * r, log=True),
        st.floats(1e-12, 1e6),
        st.floats(1.1, 1e6),
    ),
    Feature.FLOAT_STEP: steps,
    Feature.FLOAT_PRIOR: st.sampled_from(
        [
            Float(0, 10, prior=Normal(4, 2)),
            Float(-1, 1, prior=Normal(3, 1)),
            Float(1e-3, 10, prior=LogNormal(0, 1)),
        ]
    ),
    Feature.INT: st.builds(
        lambda a, w: Int(a, a + w), st.integers(-1000, 1000), st.integers(1, 10**6)
    ),
    Feature.INT_LOG: st.builds(
        lambda a, w: Int(a, a + w, log=True),
        st.integers(1, 1000),
        st.integers(1, 10**9),
    ),
    Feature.INT_STEP: st.builds(
        lambda a, n, s: Int(a, a + n * s + s - 1, step=s),
        st.integers(-100, 100),
        st.integers(1, 50),
        st.integers(2, 9),
    ),
    Feature.QUANTIZED: st.builds(
        lambda a, w, q, log: Quantized(abs(a) if log else a, abs(a) + w, q, log=log),
        st.floats(-100, 100).filter(lambda a: abs(a) > 1e-3),
        st.floats(0.1, 100),
        st.one_of(st.integers(1, 30), st.floats(0.01, 30)),
        st.booleans(),
    ).filter(lambda p: p.n_values > 1),
    Feature.CATEGORICAL: st.builds(Categorical, labels),
    Feature.CATEGORICAL_ORDERED: labels.map(lambda x: Categorical(x, ordered=True)),
    Feature.CATEGORICAL_WEIGHTS: labels.map(
        lambda x: Categorical(x, weights=range(1, len(x) + 1))
    ),
}
"""A strategy a kind of parameter."""

FITTING = {
    "native": tuple(KINDS),
    "log": (Feature.FLOAT_LOG,),
    "log-round": (Feature.INT_LOG,),
    "round": (Feature.INT,),
    "index": (
        Feature.FLOAT_STEP,
        Feature.INT_STEP,
        Feature.QUANTIZED,
        Feature.INT,
        Feature.CATEGORICAL_ORDERED,
        Feature.CATEGORICAL,
    ),
    "choice-index": (
        Feature.CATEGORICAL,
        Feature.CATEGORICAL_ORDERED,
        Feature.CATEGORICAL_WEIGHTS,
    ),
    "quantize": (Feature.QUANTIZED,),
    "quantile": (Feature.FLOAT_PRIOR,),
    "weight-quantile": (Feature.CATEGORICAL_WEIGHTS,),
}
"""The kinds of parameters that each encoding is for."""

CASES = [(name, feature) for name, features in FITTING.items() for feature in features]

EVERYTHING = Capabilities(dict.fromkeys(Feature, YES))


def test_every_encoding_is_tested():
    assert set(FITTING) == set(CODECS)


def alone(name, feature, parameter):
    """Return a space of the one parameter under the encoding."""
    capabilities = EVERYTHING.but({feature: emulated(name)})
    return Encoded(Space({"p": parameter}), capabilities)


def evaluate(source, native):
    names = {"math": math, "hpbridge": hpbridge}
    exec(source, names)
    return names["decode"](native)


@st.composite
def encoded(draw_from, name, feature):
    parameter = draw_from(KINDS[feature])
    assert parameter.feature is feature
    return alone(name, feature, parameter)


def native_values(codec):
    """Return random native values, both ends among them."""
    native, rng = codec.native, random.Random(0)
    values = [native.draw(rng) for _ in range(20)]
    if isinstance(native, Categorical):
        return values + list(native.labels)
    ends = [native.low, native.high] if native.n_values is None else []
    return [*values, *ends, *(native.grid if 0 < (native.n_values or 0) < 99 else ())]


@pytest.mark.parametrize(("name", "feature"), CASES)
@settings(max_examples=15)
@given(data=st.data())
def test_a_native_value_decodes_into_the_space_as_the_printed_source_does(
    name, feature, data
):
    it = data.draw(encoded(name, feature))
    source = it.source()
    for value in native_values(it.codecs["p"]):
        point = it.decode({"p": value})
        assert it.space.violations(point) == []
        again = evaluate(source, {"p": value})
        assert again == point
        assert type(again["p"]) is type(point["p"])


@pytest.mark.parametrize(("name", "feature"), CASES)
@settings(max_examples=15)
@given(data=st.data())
def test_a_point_encodes_into_the_native_range_and_back(name, feature, data):
    it = data.draw(encoded(name, feature))
    codec = it.codecs["p"]
    rng = random.Random(1)
    parameter = it.space["p"]
    ends = parameter.grid if parameter.n_values and parameter.n_values < 99 else ()
    for value in [*ends, *(parameter.draw(rng) for _ in range(20))]:
        native = it.encode({"p": value})
        assert codec.native.contains(native["p"])
        back = it.decode(native)["p"]
        if feature in {Feature.FLOAT_LOG, Feature.FLOAT_PRIOR}:
            width = parameter.high - parameter.low
            assert back == pytest.approx(value, rel=1e-9, abs=1e-6 * width)
        else:
            assert back == value


@pytest.mark.parametrize(("name", "feature"), CASES)
@settings(max_examples=15)
@given(data=st.data())
def test_the_value_of_an_inactive_parameter_is_in_the_native_range(name, feature, data):
    codec = data.draw(encoded(name, feature)).codecs["p"]
    assert codec.native.contains(codec.default())


SHARES = {
    "log": (Float(1e-4, 1, log=True), lambda v: v < 1e-2, 0.5),
    # log(1.5 / 0.5) of log(8.5 / 0.5): the share of 1 with half a unit on both sides.
    "log-round": (Int(1, 8, log=True), lambda v: v == 1, math.log(3) / math.log(17)),
    "round": (Int(1, 3), lambda v: v in {1, 3}, 2 / 3),
    "index": (Float(0, 1, step=0.5), lambda v: v in {0.0, 1.0}, 2 / 3),
    "choice-index": (Categorical(["a", "b", "c"]), lambda v: v == "c", 1 / 3),
    "quantile": (Float(0, 10, prior=Normal(4, 2)), lambda v: v < 4, None),
    "weight-quantile": (
        Categorical(["a", "b"], weights=[0.8, 0.2]),
        lambda v: v == "b",
        0.2,
    ),
}


@pytest.mark.parametrize("name", SHARES)
def test_a_random_native_value_has_our_share(name):
    parameter, is_counted, share = SHARES[name]
    if share is None:
        share = parameter.cumulative(4.0)
    it = alone(name, parameter.feature, parameter)
    rng, n = random.Random(0), 2000
    draws = [it.decode({"p": it.native["p"].draw(rng)})["p"] for _ in range(n)]
    tails = binomial_tails(sum(map(is_counted, draws)), n, share)
    assert min(tails) > ALPHA


@given(st.integers(1, 10**12))
def test_a_log_scaled_int_survives_its_logarithm(value):
    it = alone("log-round", Feature.INT_LOG, Int(1, 10**12, log=True))
    assert it.decode(it.encode({"p": value})) == {"p": value}


def test_a_bound_missed_by_rounding_is_the_bound():
    it = alone("native", Feature.FLOAT_LOG, Float(1e-5, 1e-1, log=True))
    low, high = math.exp(math.log(1e-5)), math.exp(math.log(1e-1))
    assert (low, high) == (9.999999999999997e-06, 0.10000000000000002)
    assert it.decode({"p": low}) == {"p": 1e-5}
    assert it.decode({"p": high}) == {"p": 1e-1}


def test_a_native_value_that_is_wrong_is_not_mended():
    assert alone("native", Feature.FLOAT, Float(0, 1)).decode({"p": 2}) == {"p": 2.0}
    assert alone("native", Feature.INT, Int(0, 3)).decode({"p": 1.5}) == {"p": 1.5}


def test_numpy_scalars_become_plain():
    import numpy as np

    space = Space({"x": Float(0, 1), "n": Int(0, 3), "c": Categorical([True, "a", 2])})
    it = Encoded(space, EVERYTHING)
    for choice in (np.bool_(True), np.str_("a"), np.int64(2)):
        native = {"x": np.float64(0.5), "n": np.int64(2), "c": choice}
        assert space.violations(it.decode(native)) == []
        assert space.violations(it.decode({**native, "n": np.float64(2)})) == []


CONDITIONAL = Space(
    {
        "solver": Categorical(["adam", "sgd", "lbfgs"]),
        "schedule": Constant("cosine", when={"solver": ["adam", "sgd"]}),
        "momentum": Float(0, 0.99, when={"solver": "sgd"}),
        "decay": Float(1e-4, 1, log=True, when={"schedule": "cosine"}),
        "nesterov": Categorical([True, False], when={"solver": "sgd"}),
        "warm": Int(1, 9, when={"nesterov": True}),
        "same": Int(3, 3),
        "tol": 0.1,
    }
)

FLAT = EVERYTHING.but(
    {
        Feature.CONDITIONAL: emulated("flatten"),
        Feature.FORBIDDEN: emulated("reject"),
        Feature.FLOAT_LOG: emulated("log"),
        Feature.INT: emulated("round"),
        Feature.CATEGORICAL: emulated("choice-index"),
    }
)


@pytest.mark.parametrize("capabilities", [EVERYTHING, FLAT])
def test_conditions_decode_as_the_printed_source_does(capabilities):
    it = Encoded(CONDITIONAL, capabilities)
    source, rng = it.source(), random.Random(0)
    sizes = set()
    for _ in range(300):
        native = {name: p.draw(rng) for name, p in it.native.items()}
        point = it.decode(native)
        assert CONDITIONAL.violations(point) == []
        assert evaluate(source, native) == point
        sizes.add(len(point))
    assert sizes == {2, 3, 5, 6}


def test_the_native_space_is_flat_and_without_what_is_not_searched():
    it = Encoded(CONDITIONAL, FLAT)
    assert list(it.native) == ["solver", "momentum", "decay", "nesterov", "warm"]
    assert it.native["warm"] == Float(0.5, 9.5)
    assert it.native["decay"] == Float(math.log(1e-4), 0.0)
    assert it.native["solver"] == Categorical([0, 1, 2])
    assert not any(parameter.when for parameter in it.native.values())
    assert it.is_flattened


def test_a_flattened_space_gives_the_library_a_value_for_everything():
    point = {"solver": "adam", "decay": 1.0, "same": 3}
    assert Encoded(CONDITIONAL, FLAT).encode(point) == {
        "solver": 0,
        "momentum": 0.495,
        "decay": 0.0,
        "nesterov": 0,
        "warm": 5.0,
    }
    assert Encoded(CONDITIONAL, EVERYTHING).encode(point) == {
        "solver": "adam",
        "decay": 1.0,
    }


def test_notes_say_what_is_not_native():
    space = Space(dict(CONDITIONAL), forbid=[{"solver": "lbfgs"}])
    names = [(name, encoding) for name, encoding, _ in Encoded(space, FLAT).notes()]
    assert names == [
        ("solver", "choice-index"),
        ("decay", "log"),
        ("nesterov", "choice-index"),
        ("warm", "round"),
        ("same", "single"),
        *[(n, "flatten") for n, p in space.items() if p.when],
        ("forbid=", "reject"),
    ]
    native = Encoded(Space({"x": Float(0, 1)}), EVERYTHING)
    assert native.notes() == []


def test_what_is_neither_native_nor_emulated_is_refused_with_every_reason():
    capabilities = EVERYTHING.but(
        {Feature.FLOAT_LOG: no("it is linear"), Feature.INT: no("it is real")}
    )
    algorithm = Algorithm("algorithm", "One.", capabilities, "call")
    with pytest.raises(UnsupportedFeatureError) as caught:
        encode(Problem(CONDITIONAL), algorithm, NoOptions(), "library:algorithm")
    assert str(caught.value) == (
        "Optimizer 'library:algorithm' cannot run this experiment:\n"
        "  - 'decay' needs float, log scale: the library cannot (it is linear)\n"
        "  - 'warm' needs int: the library cannot (it is real)\n"
        "Hint: `hpbridge backends` shows what each optimizer can do."
    )


def test_one_value_needs_no_feature():
    nothing = Capabilities({})
    space = Space({"x": Float(1, 1, log=True), "n": Int(2, 2), "c": Categorical(["a"])})
    it = Encoded(space, nothing)
    assert it.native == {}
    assert it.decode({}) == {"x": 1.0, "n": 2, "c": "a"}
    assert evaluate(it.source(), {}) == {"x": 1.0, "n": 2, "c": "a"}
    assert it.encode({"x": 1.0, "n": 2, "c": "a"}) == {}
