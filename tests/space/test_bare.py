from __future__ import annotations

import numpy as np
import pytest

import hpbridge as hpb
from hpbridge.errors import HpbridgeError
from hpbridge.native import native_experiment
from hpbridge.space.bare import read_bare

READ = {
    "a pair": ((-1, 1), hpb.Float(-1, 1)),
    "a pair of floats": ((-1.0, 1.0), hpb.Float(-1, 1)),
    "a pair of NumPy's": ((np.float64(0), np.int64(3)), hpb.Float(0, 3)),
    "a range of ints": ((1, 5, int), hpb.Int(1, 5)),
    "a range of floats": ((1, 5, float), hpb.Float(1, 5)),
    "a log scale": ((1e-4, 1.0, "log-uniform"), hpb.Float(1e-4, 1, log=True)),
    "a list": ([1, 2, 3], hpb.Categorical([1, 2, 3])),
    "a list of two": ([-1.0, 1.0], hpb.Categorical([-1.0, 1.0])),
    "an array": (np.array([1, 2, 4]), hpb.Categorical([1, 2, 4])),
    "texts": (("a", "b"), hpb.Categorical(["a", "b"])),
    "bools": ((False, True), hpb.Categorical([False, True])),
    "one": (["a"], hpb.Constant("a")),
    "a constant": (5, 5),
}


@pytest.mark.parametrize(("given", "expected"), READ.values(), ids=READ)
def test_a_bare_value_is_read_by_one_rule(given, expected):
    (found,) = read_bare({"x": given})[0].values()
    assert found == expected


def test_choices_that_do_not_name_themselves_get_names():
    mixed = [[1, 2], {"a": 1}, len]
    (found,) = read_bare({"x": mixed})[0].values()
    assert list(found.choices) == mixed


def test_what_is_ambiguous_is_said():
    notes = hpb.Space.of({"x": (2, 4), "y": (0, 1), "z": [1, 2], "c": [1, 2, 3]}).notes
    assert [note.partition(";")[0] for note in notes] == [
        "'x' = (2, 4) and 1 more: a tuple of two numbers is read as a range of floats",
        "'z' = [1, 2]: a list of two numbers is read as two choices",
    ]
    assert hpb.Space.of({"x": [1, 2, 3], "y": ["a", "b"]}).notes == ()


def test_beside_a_parameter_everything_else_is_a_constant():
    space = hpb.Space.of({"x": hpb.Float(0, 1), "hidden": (64, 32), "names": ["a"]})
    assert list(space.searched) == ["x"]
    assert space.notes == ()


def test_a_range_that_is_none_is_told():
    with pytest.raises(HpbridgeError, match=r"'x': the range .* is reversed"):
        hpb.Space.of({"x": (4, 2)})


def test_every_verb_takes_them_and_the_study_says_what_was_assumed():
    study = hpb.minimize(
        lambda p: p["x"] ** 2 + p["n"],
        {"x": (-1, 1), "n": [0, 1, 2]},
        "random",
        n_trials=9,
        seed=0,
    )
    assert {trial.params["n"] for trial in study.trials} <= {0, 1, 2}
    assert any("read as a range of floats" in note for note in study.notes)


def test_pbounds_are_those_of_bayesian_optimization_to_a_function_of_its_keywords():
    bounds = {"x": (2, 4), "y": (-3, 3)}
    experiment = native_experiment(lambda x, y: -(x**2) - (y - 1) ** 2, bounds)
    assert experiment.metrics == {"target": "maximize"}
    study = hpb.run(experiment, "random", n_trials=3, seed=0)
    assert [trial.state for trial in study.trials] == [hpb.State.COMPLETE] * 3
    assert any("larger is better" in note for note in study.notes)
    ours = native_experiment(lambda p: p["x"] ** 2, bounds)
    assert ours.metrics == {"value": "minimize"}
    assert ours.is_direction_assumed
    assert hpb.run(ours, "random", n_trials=2, seed=0).best_trial is not None
