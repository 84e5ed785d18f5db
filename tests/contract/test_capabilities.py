from __future__ import annotations

import pytest

from hpbridge import Categorical, Float, Int, Normal, Quantized, Space
from hpbridge.contract.backend import Problem
from hpbridge.contract.capabilities import (
    SPACE_FEATURES,
    YES,
    Capabilities,
    Capability,
    Feature,
    Support,
    emulated,
    needs_of,
    no,
)

ONE_OF_EACH = {
    Feature.FLOAT: Float(0, 1),
    Feature.FLOAT_LOG: Float(1, 2, log=True),
    Feature.FLOAT_STEP: Float(0, 1, step=0.5),
    Feature.FLOAT_PRIOR: Float(0, 1, prior=Normal(0, 1)),
    Feature.INT: Int(0, 3),
    Feature.INT_LOG: Int(1, 3, log=True),
    Feature.QUANTIZED: Quantized(0, 1, 0.5),
    Feature.INT_STEP: Int(0, 4, step=2),
    Feature.INT_PRIOR: Int(0, 4, prior=Normal(2, 1)),
    Feature.CATEGORICAL: Categorical(["a", "b"]),
    Feature.CATEGORICAL_ORDERED: Categorical(["a", "b"], ordered=True),
    Feature.CATEGORICAL_WEIGHTS: Categorical(["a", "b"], weights=[1, 2]),
}


@pytest.mark.parametrize("feature", ONE_OF_EACH)
def test_a_parameter_needs_one_feature(feature):
    assert ONE_OF_EACH[feature].feature is feature
    assert needs_of(Space({"p": ONE_OF_EACH[feature]})) == [("p", feature)]


def test_every_space_feature_comes_from_a_parameter_or_the_space():
    others = {Feature.CONDITIONAL, Feature.FORBIDDEN}
    assert set(SPACE_FEATURES) == set(ONE_OF_EACH) | others


def test_weights_are_told_even_of_an_ordered_choice():
    ordered = Categorical(["a", "b"], ordered=True, weights=[1, 2])
    assert ordered.feature is Feature.CATEGORICAL_WEIGHTS


def test_a_constant_and_a_single_value_need_nothing():
    space = Space({"k": 1, "x": Float(1, 1), "n": Int(2, 2), "c": Categorical(["a"])})
    assert needs_of(space) == []


def test_conditions_and_forbidden_combinations_are_needs_of_the_space():
    space = Space(
        {"c": Categorical(["a", "b"]), "x": Float(0, 1, when={"c": "a"})},
        forbid=[lambda _: False],
    )
    assert needs_of(space) == [
        ("c", Feature.CATEGORICAL),
        ("x", Feature.FLOAT),
        ("x", Feature.CONDITIONAL),
        ("forbid=", Feature.FORBIDDEN),
    ]


def test_reasons_say_who_needs_what_and_why_not():
    capabilities = Capabilities(
        {
            Feature.FLOAT: YES,
            Feature.INT: no("it is real"),
            Feature.INT_LOG: Capability(Support.UNIMPLEMENTED),
            Feature.CATEGORICAL: emulated("choice-index"),
        }
    )
    space = Space(
        {
            "x": Float(0, 1),
            "n": Int(0, 3),
            "batch": Int(1, 9, log=True),
            "c": Categorical(["a", "b"]),
            "w": Categorical(["a", "b"], weights=[1, 2]),
        }
    )
    too_old = "not declared (the plugin is older than this feature)"
    assert capabilities.reasons_against(Problem(space)) == [
        "'n' needs int: the library cannot (it is real)",
        "'batch' needs int, log scale: the plugin does not do it yet",
        f"'w' needs categorical with weights: {too_old}",
    ]


def test_an_emulation_says_how():
    with pytest.raises(ValueError, match="needs a note or an encoding"):
        Capability(Support.EMULATED)


def test_only_native_and_emulated_can_be_used():
    usable = {support for support in Support if support.is_usable}
    assert usable == {Support.NATIVE, Support.EMULATED}


def test_what_is_not_declared_is_undeclared():
    declared = Capabilities({Feature.FLOAT: YES})
    assert Feature.FLOAT in declared
    assert Feature.INT not in declared
    assert declared[Feature.INT].support is Support.UNDECLARED
    assert not declared.can(Feature.INT)
    assert list(declared) == [Feature.FLOAT]
    assert len(declared) == 1


def test_a_change_makes_a_copy():
    declared = Capabilities({Feature.FLOAT: YES})
    changed = declared.but({Feature.FLOAT: no("gone"), Feature.INT: YES})
    assert declared.can(Feature.FLOAT)
    assert not changed.can(Feature.FLOAT)
    assert changed.can(Feature.INT)
