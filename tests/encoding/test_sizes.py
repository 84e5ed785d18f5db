"""What a library cannot compute with is refused before the first trial, by each plugin.

What its `refine` lets through, its `create` takes, and proposes a point of.
"""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpbridge import Categorical, Float, Int, LogNormal, Normal, Quantized, Space
from hpbridge.contract.backend import ExhaustedError, Outcome, Problem
from hpbridge.contract.capabilities import SPACE_FEATURES, YES, Capabilities
from hpbridge.contract.options import read_options
from hpbridge.contract.registry import registry
from hpbridge.encoding.encoded import Encoded
from hpbridge.encoding.sizes import Sizes
from hpbridge.errors import SpaceError, UnsupportedFeatureError
from hpbridge.experiment import Experiment
from hpbridge.learning.choice import choose
from hpbridge.trial import State

ALL = Capabilities(dict.fromkeys(SPACE_FEATURES, YES))


def reasons(sizes, parameter):
    return sizes.reasons_against(Encoded(Space({"p": parameter}), ALL))


@pytest.mark.parametrize(
    ("sizes", "parameter", "words"),
    [
        (Sizes(largest_int=2**53), Int(-(2**54), 0), "beyond 2**53:"),
        (Sizes(largest_int=2**63 - 1), Int(0, 2**63), "beyond 2**63 - 1:"),
        (Sizes(largest_int=1000), Int(0, 2000), "beyond 1000:"),
        (Sizes(largest_float=1e38), Float(0, 1e39), "beyond 1e+38:"),
        (Sizes(), Int(-(2**1023), 2**1023), "wider than a float can hold"),
        (Sizes(has_own_logs=True), Float(1e10, 1e10 + 1e-5, log=True), "too narrow"),
        (Sizes(narrowest=sys.float_info.min), Float(0, 5e-324), "narrower than"),
        (Sizes(has_float_ints=True), Int(2**62, 2**62 + 9), "as a float"),
        (
            Sizes(narrowest_log=1e-6),
            Int(2**52 - 100, 2**52, log=True),
            "so narrow in the logarithm",
        ),
    ],
)
def test_each_size_has_its_sentence(sizes, parameter, words):
    (sentence,) = reasons(sizes, parameter)
    assert sentence.startswith("'p' ")
    assert words in sentence


def test_a_size_that_fits_has_none():
    sizes = Sizes(2**53, 1e38, sys.float_info.min, True, True, 1e-6)
    for parameter in (
        Int(0, 2**53),
        Int(1, 2**53, log=True),
        Float(-1e38, 1e38),
        Float(1e-300, 1, log=True),
        Float(-math.inf, math.inf, prior=Normal(0, 1)),
        Categorical(["a", "b"]),
    ):
        assert reasons(sizes, parameter) == []


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        (Int(0, 10**400), "high must be a finite number"),
        (Float(0, 10**400), "high must be a finite number"),
        (Quantized(0, 10**400, 1), "high must be a finite number"),
        (Quantized(0, 1, 10**400), "q must be a positive finite number"),
        (Categorical(["a", "b"], weights=[1e-300, 1e300]), "weights differ"),
        (Categorical(["a", "b"], weights=[1e308, 1e308]), "weights differ"),
    ],
)
def test_what_no_float_can_hold_is_refused_with_the_space(parameter, words):
    with pytest.raises(SpaceError, match=words):
        Space({"p": parameter})


EDGES = [0, 1, 7, 2**31, 2**53, 2**62, 2**63 - 1, 2**63, 2**64, 2**70, 2**1000]
ENDS = [0.0, 5e-324, 1e-308, 1e-150, 1e-16, 1.0, 1e16, 1e38, 1e40, 1e155, 1e300, 8e307]
ints = st.builds(
    lambda edge, sign, more: sign * edge + more,
    st.sampled_from(EDGES),
    st.sampled_from([1, 1, -1]),
    st.integers(-9, 9),
)
floats = st.builds(
    lambda edge, sign, share: sign * edge * share,
    st.sampled_from(ENDS),
    st.sampled_from([1, 1, -1]),
    st.sampled_from([1.0, 1 + 1e-15, 0.7]),
)


KINDS = {
    "int": lambda low, high, *_: Int(low, high),
    "log": lambda low, high, *_: Int(abs(low) + 1, abs(low) + 1 + high - low, log=True),
    "step": lambda low, high, *_: Int(low, high, step=max((high - low) // 3, 1)),
    "float": lambda *ends: Float(*ends[2:]),
    "float log": lambda *ends: Float(*sorted(map(abs, ends[2:])), log=True),
    "float step": lambda *ends: Float(*ends[2:], step=(ends[3] - ends[2]) / 4),
    "quantized": lambda *ends: Quantized(*ends[2:], max(ends[3] - ends[2], 1e-300) / 3),
    "prior": lambda *_: Float(0, math.inf, prior=LogNormal(50, 2)),
}


@st.composite
def parameters(draw):
    kind = KINDS[draw(st.sampled_from([*KINDS]))]
    return kind(
        *sorted([draw(ints), draw(ints)]), *sorted([draw(floats), draw(floats)])
    )


def spaces():
    made = st.dictionaries(st.sampled_from(["a", "b"]), parameters(), min_size=1)
    return made.map(_space_of).filter(bool)


def _space_of(found):
    try:
        return Space(found)
    except SpaceError:
        return None


OPTIMIZERS = [
    (spec.name, name)
    for spec in registry().libraries.values()
    for name in spec.algorithms
]
ATTACK = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize(("backend", "name"), OPTIMIZERS)
def test_what_is_let_through_is_searched(backend, name):
    spec = registry().backends[backend]
    algorithm = spec.algorithms[name]
    if registry().missing(spec, algorithm):
        pytest.skip("not installed")
    options = read_options(name, algorithm.options, algorithm.quick)

    @ATTACK
    @given(spaces())
    def attack(space):
        problem = Problem(space)
        refused = algorithm.reasons_against(problem, options)
        if refused:
            with pytest.raises(UnsupportedFeatureError) as caught:
                spec.create(problem, algorithm, options, 1)
            assert list(caught.value.problems) == refused
            return
        optimizer = spec.create(problem, algorithm, options, 1)
        try:
            suggestion = optimizer.ask()
        except ExhaustedError:
            return
        space.canonical(suggestion.params)
        optimizer.tell(suggestion, Outcome(State.COMPLETE, (0.5,)))

    attack()


@pytest.mark.parametrize(
    ("optimizer", "parameter"),
    [
        ("ray:random", Int(0, 2**63)),
        ("ray:random", Int(2**52 - 100, 2**52 - 2, log=True)),
        ("ray:optuna", Int(0, 2**63)),
        ("ray:bohb", Int(0, 2**54)),
        ("ray:grid", Int(0, 2**54)),
        ("ray:hyperopt", Int(2**62 - 9, 2**62 - 2)),
        ("hyperopt:tpe", Int(2**62 - 9, 2**62 - 2)),
        ("hyperopt:anneal", Float(1e10, 1e10 + 1e-5, log=True)),
        ("optuna:tpe", Int(-(2**64), 0)),
        ("bayesopt:ucb", Float(0, 1e155)),
    ],
)
def test_the_hint_lists_those_that_can_and_no_other(optimizer, parameter):
    experiment = Experiment(objective=abs, space={"p": parameter}, name="large")
    with pytest.raises(UnsupportedFeatureError) as caught:
        choose(optimizer, experiment)
    assert any("'p'" in problem for problem in caught.value.problems)
    listed = caught.value.hint.partition("can: ")[2].split(", ")
    assert "random:random" in listed
    for name in listed:
        choose(name, experiment)
    one = Problem(Space({"p": parameter}))
    spec, algorithm = registry().algorithm(optimizer)
    with pytest.raises(UnsupportedFeatureError):
        spec.create(one, algorithm, algorithm.options(), 0)
