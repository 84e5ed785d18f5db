from __future__ import annotations

import pytest

from hpbridge.contract.capabilities import Feature, Support
from hpbridge.contract.options import document_options, read_options
from hpbridge.contract.registry import registry
from hpbridge.errors import OptimizerNameError, OptionError, UnsupportedFeatureError

PAIR = "portfolio:optuna:tpe+skopt:gp"


def read(given, optimizer=PAIR):
    _, algorithm = registry().algorithm(optimizer)
    return read_options(optimizer, algorithm.options, given)


def test_a_name_means_the_same_algorithm_however_it_is_written():
    _, algorithm = registry().algorithm(PAIR)
    assert algorithm.name == "optuna:tpe+skopt:gp"
    _, other = registry().algorithm("portfolio:equal:optuna + skopt")
    assert other.name == algorithm.name
    _, gumbel = registry().algorithm("portfolio:gumbel:optuna+skopt")
    assert gumbel.name == "gumbel:optuna:tpe+skopt:gp"
    assert read({}) == read({})


@pytest.mark.parametrize(
    "given",
    [
        {"skopt:gp.acq_func": "EI", "optuna:tpe.n_startup_trials": "5"},
        {"skopt:gp": {"acq_func": "EI"}, "optuna:tpe": {"n_startup_trials": 5}},
        {"skopt.acq_func": "EI", "optuna": {"n_startup_trials": 5}},
        {"members": {"skopt:gp": {"acq_func": "EI"}}, "optuna.n_startup_trials": 5},
    ],
)
def test_options_of_members_are_written_in_several_ways(given):
    options = read(given)
    assert options.members["skopt:gp"]["acq_func"] == "EI"
    assert options.members["optuna:tpe"]["n_startup_trials"] == 5
    assert read({"members": options.members}) == options


def test_options_of_a_backend_are_for_all_its_members_and_a_closer_name_wins():
    both = "portfolio:skopt:gp+skopt:et"
    options = read({"skopt.xi": 0.5, "skopt:et.xi": 0.25}, both)
    assert options.members["skopt:gp"]["xi"] == 0.5
    assert options.members["skopt:et"]["xi"] == 0.25


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"hyperopt.gamma": 1}, "'hyperopt.gamma' is for no member"),
        ({"acq_func": "EI"}, "write 'skopt:gp.acq_func'"),
        ({"skopt:gp.acq": "EI"}, "skopt:gp: there is no option 'acq'"),
        ({"skopt:gp.acq_func": "no"}, "skopt:gp: 'acq_func' must be"),
        ({"skopt:gp.xi": 1, "skopt:gp": {"xi": 2}}, "'skopt:gp.xi' is there twice"),
        ({"skopt:gp": "EI"}, "must be options by name"),
        ({"colour": "red"}, "there is no option 'colour'"),
    ],
)
def test_options_that_no_member_has_are_refused(given, problem):
    with pytest.raises(OptionError, match=problem):
        read(given)


def test_what_all_members_can_is_what_the_whole_can():
    _, algorithm = registry().algorithm("portfolio:optuna:tpe+optuna:gp")
    assert algorithm.linear_algebra
    assert algorithm.learns
    can = registry().algorithm("portfolio:optuna:tpe+hyperopt:tpe")[1].capabilities
    _, alone = registry().algorithm("hyperopt:tpe")
    for feature in Feature:
        if feature is Feature.FOREIGN_HISTORY:
            continue
        usable = alone.in_a_run(feature).support.is_usable
        assert can.can(feature) == usable or not usable, feature
    assert can[Feature.MULTI_OBJECTIVE].support is Support.EMULATED
    assert "hyperopt:tpe: " in can[Feature.MULTI_OBJECTIVE].note


def test_one_member_alone_can_what_it_can():
    _, alone = registry().algorithm("bayesopt:ucb")
    _, whole = registry().algorithm("portfolio:bayesopt:ucb")
    assert whole.capabilities is alone.capabilities
    assert whole.after is not None
    after = whole.after(read({}, "portfolio:bayesopt:ucb"), 4)
    assert after.of_member(whole.members[0]) == alone.after(alone.options(), 4)


def test_members_that_do_not_learn_from_others_are_refused_by_name():
    with pytest.raises(UnsupportedFeatureError) as raised:
        registry().algorithm("portfolio:ray:random+pbt+optuna")
    first, second = raised.value.problems
    assert "ray:random cannot be one of several members" in first
    assert "pbt:pbt cannot be one of several members" in second
    registry().algorithm("portfolio:ray:random")  # alone, it shares with nobody


def test_a_member_is_there_once():
    with pytest.raises(OptimizerNameError, match="'optuna:tpe' is a member twice"):
        registry().algorithm("portfolio:optuna+skopt+optuna:tpe")


def test_the_options_of_members_are_documented():
    _, algorithm = registry().algorithm("portfolio:elimination:optuna+skopt")
    docs = {doc.name: doc.text for doc in document_options(algorithm.options)}
    assert "-o skopt:gp.acq_func=EI" in docs["members"]
    assert docs["n_warmup_trials"]
