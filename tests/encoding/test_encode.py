"""The door from a problem to what a library searches: refusals, codecs of a plugin."""

from __future__ import annotations

import dataclasses
import sys
import types

import pytest

from hpbridge import Categorical, Float, Int, Space
from hpbridge.contract.backend import Algorithm, NoOptions, Problem
from hpbridge.contract.capabilities import (
    SPACE_FEATURES,
    YES,
    Capabilities,
    Feature,
    emulated,
    no,
)
from hpbridge.encoding.codecs import Chained, Codec
from hpbridge.encoding.discrete import Index, Quantile
from hpbridge.encoding.encode import encode
from hpbridge.encoding.encoded import Encoded, codec_class, encoding_name
from hpbridge.errors import UnsupportedFeatureError
from hpbridge.experiment import Experiment
from hpbridge.learning.choice import choose
from hpbridge.space.priors import Normal

ALL = Capabilities(
    {
        **dict.fromkeys(SPACE_FEATURES, YES),
        Feature.MULTI_OBJECTIVE: no("it takes one metric"),
        Feature.CONSTRAINTS: no("it knows none"),
    }
)
OPTIONS = NoOptions()


class Halved(Codec):
    """A float as its half."""

    name = "halved"
    note = "searches the half"

    def __init__(self, parameter):
        super().__init__(parameter)
        self.native = Float(parameter.low / 2, parameter.high / 2)

    def decode(self, value):
        return value * 2

    def encode(self, value):
        return value / 2

    def source(self, expression):
        return f"{expression} * 2"


def algorithm(**changed):
    return dataclasses.replace(Algorithm("one", "One.", ALL, "call"), **changed)


def reasons_of(problem, **changed):
    with pytest.raises(UnsupportedFeatureError) as caught:
        encode(problem, algorithm(**changed), OPTIONS, "lib:one")
    return caught.value


def test_what_refine_says_comes_with_what_the_capabilities_say():
    def refine(problem, of, options):
        assert (of.name, options) == ("one", OPTIONS)
        return [f"{name!r} is too long" for name in problem.space if len(name) > 3]

    space = Space({"length": Float(0, 1), "n": Int(0, 9)})
    capabilities = ALL.but({Feature.INT: no("it is real")})
    error = reasons_of(Problem(space, 2), refine=refine, capabilities=capabilities)
    assert error.problems == (
        "'n' needs int: the library cannot (it is real)",
        "2 metrics need several metrics: the library cannot (it takes one metric)",
        "'length' is too long",
    )


def test_metrics_and_bounds_are_named_where_their_names_are_known():
    space = Space({"x": Float(0, 1)})
    unnamed = reasons_of(Problem(space, 1, 1)).problems
    assert unnamed == (
        "1 constraint needs constraints on metrics: the library cannot (it knows none)",
    )
    named = reasons_of(Problem(space, 2, 2, ("loss", "time"), ("size", "cost")))
    assert [problem.partition(":")[0] for problem in named.problems] == [
        "the metrics 'loss', 'time' need several metrics",
        "the bounds on 'size', 'cost' need constraints on metrics",
    ]


def test_nobody_looked_who_can_so_nothing_is_claimed():
    error = reasons_of(Problem(Space({"x": Float(0, 1)}), 2))
    assert error.hint == "`hpbridge backends` shows what each optimizer can do"
    nobody = UnsupportedFeatureError.refused("lib:one", ["why"], [])
    assert "no installed optimizer can" in nobody.hint


@pytest.mark.parametrize(
    ("optimizer", "space", "able", "unable"),
    [
        (
            "optuna:grid",
            {"n": Int(0, 4999), "m": Int(0, 4999)},
            {"optuna:tpe", "skopt:gp", "hyperopt:tpe", "bayesopt:ucb"},
            {"optuna:grid"},
        ),
        (
            "optuna:bruteforce",
            {"n": Int(0, 10**9)},
            {"optuna:tpe", "skopt:gp"},
            {"optuna:grid", "optuna:bruteforce", "ray:grid"},
        ),
        (
            "skopt",
            {"x": Float(0, 1e39)},
            {"optuna:tpe", "hyperopt:tpe", "random:random"},
            {"skopt:gp", "skopt:rf", "optuna:grid"},
        ),
        (
            "bayesopt",
            {"n": Int(0, 2**53 + 1)},
            {"optuna:tpe", "hyperopt:tpe"},
            {"bayesopt:ei", "skopt:gp"},
        ),
    ],
)
def test_what_is_too_large_is_refused_with_the_optimizers_that_can(
    optimizer, space, able, unable
):
    with pytest.raises(UnsupportedFeatureError) as caught:
        choose(optimizer, Experiment(space=space, objective=abs, name="large"))
    listed = set(caught.value.hint.partition("can: ")[2].split(", "))
    assert able <= listed
    assert not unable & listed


def test_what_an_option_takes_away_is_refused_before_the_first_trial():
    experiment = Experiment(space={"n": Int(0, 9)}, objective=abs, name="ints")
    with pytest.raises(UnsupportedFeatureError) as caught:
        choose("bayesopt:ucb", experiment, {"domain_reduction": True})
    assert "'n' is searched as Int: domain_reduction=True" in str(caught.value)
    assert "bayesopt:ucb with other options" in caught.value.hint


@pytest.mark.parametrize("named", [Halved, "a_plugin.codecs:Halved"])
def test_a_plugin_brings_a_codec_of_its_own(named, monkeypatch):
    module = types.ModuleType("a_plugin.codecs")
    module.Halved = Halved
    monkeypatch.setitem(sys.modules, "a_plugin.codecs", module)
    assert codec_class(named) is Halved
    assert encoding_name(named) == "halved"
    capabilities = ALL.but({Feature.FLOAT: emulated(named)})
    space = Space({"x": Float(0, 8)})
    encoded = encode(Problem(space), algorithm(capabilities=capabilities), OPTIONS)
    assert encoded.native == {"x": Float(0, 4)}
    assert encoded.decode({"x": 3.0}) == {"x": 6.0}
    assert encoded.comments() == ["# x: searches the half (halved)"]


def test_a_plugin_encodes_as_it_wants():
    def own(problem, of, options):
        assert options is OPTIONS
        codecs = {"x": Halved(problem.space["x"])}
        notes = [("y", "flatten", "is drawn always")]
        return Encoded(problem.space, of.capabilities, codecs=codecs, notes=notes)

    space = Space({"x": Float(0, 8), "y": Float(0, 1)})
    encoded = encode(Problem(space), algorithm(encode=own), OPTIONS)
    assert encoded.notes() == [
        ("x", "halved", "searches the half"),
        ("y", "flatten", "is drawn always"),
    ]
    assert encoded.comments("y") == ["# y: is drawn always (flatten)"]


def test_an_encoding_of_an_encoding_says_and_does_both():
    prior = Float(0, 8, prior=Normal(4, 2))
    chained = Chained(Quantile(prior), Halved)
    assert chained.name == "quantile+halved"
    assert (
        chained.note
        == "searches the quantile of its prior; for that, searches the half"
    )
    assert chained.native == Float(0, 0.5)
    assert chained.decode(0.25) == prior.quantile(0.5)
    assert chained.encode(prior.quantile(0.5)) == pytest.approx(0.25)
    assert "x * 2" in chained.source("x")
    assert chained.default() == 0.25
    choices = Categorical(["a", "b", "c"], ordered=True)
    rounded = Chained(Index(choices), codec_class("round"))
    assert rounded.decode(rounded.encode("c")) == "c"


def test_how_a_forbidden_point_is_told_is_said_in_the_algorithms_words():
    space = Space({"n": Int(0, 3)}, forbid=[{"n": 1}])
    said = emulated("reject", "tells a forbidden point as pruned")
    encoded = Encoded(space, ALL.but({Feature.FORBIDDEN: said}))
    assert encoded.comments("forbid=") == [
        "# forbid=: tells a forbidden point as pruned (reject)"
    ]
    assert Encoded(space, ALL).notes() == []
