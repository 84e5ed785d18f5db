"""Arguments of a wrong kind are refused by name, all of them at once, everywhere."""

from __future__ import annotations

import numpy as np
import pytest

import hpbridge as hpb
from hpbridge.errors import ArgumentError, ExperimentError, HpbridgeError, SpaceError

SPACE = {"x": hpb.Float(0, 1)}


def experiment(**changed):
    return hpb.Experiment(
        **{"objective": lambda t: t["x"], "space": SPACE, "name": "tuned", **changed}
    )


@pytest.fixture(scope="module")
def study():
    return hpb.run(experiment(), "random", n_trials=2, seed=0, store=":memory:")


@pytest.mark.parametrize("flag", ["yes", "no", 1, 0, None, 2.5, [], "False"])
@pytest.mark.parametrize(
    ("word", "make"),
    [
        ("log", lambda v: hpb.Float(1, 2, log=v)),
        ("log", lambda v: hpb.Int(1, 2, log=v)),
        ("log", lambda v: hpb.Quantized(1, 2, 0.5, log=v)),
        ("ordered", lambda v: hpb.Categorical(["a", "b"], ordered=v)),
    ],
)
def test_a_flag_of_a_parameter_is_true_or_false(word, make, flag):
    with pytest.raises(SpaceError) as caught:
        hpb.Space({"x": make(flag)})
    assert f"'x': {word} must be True or False, got {flag!r}" in str(caught.value)


def test_a_flag_of_numpy_is_one():
    parameter = hpb.Float(1, 2, log=np.True_)
    assert parameter.log is True
    assert parameter == hpb.Float(1, 2, log=True)
    assert hpb.Categorical(["a"], ordered=np.False_).ordered is False


def test_the_mistakes_of_a_flag_and_of_a_range_are_told_at_once():
    with pytest.raises(SpaceError) as caught:
        hpb.Space({"x": hpb.Float(2, 1, log="no")})
    assert "log must be" in str(caught.value)
    assert "is reversed" in str(caught.value)


@pytest.mark.parametrize("when", [0, False, "", b"", [], [("y", 1)]])
def test_a_condition_is_a_dict(when):
    with pytest.raises(SpaceError, match=r"when= is a dict"):
        hpb.Space({"x": hpb.Float(0, 1, when=when)})


@pytest.mark.parametrize("forbid", [0, "", b"", "x", {"x": 1}])
def test_what_is_forbidden_is_a_list(forbid):
    with pytest.raises(SpaceError, match=r"forbid= is a list"):
        hpb.Space(SPACE, forbid=forbid)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("name", 0),
        ("name", None),
        ("name", np.array([1, 2])),
        ("constraints", 0),
        ("constraints", ""),
        ("constraints", np.array([1, 2])),
        ("baseline", 0),
        ("direction", 0),
        ("objective", "f"),
    ],
)
def test_what_an_experiment_is_made_of(word, value):
    with pytest.raises(ExperimentError, match=rf"{word} must be"):
        experiment(**{word: value})


WRONG_SETTINGS = {
    "n_trials": ["3", True, 2.5, 0],
    "seed": ["3", True, 2.5, -1],
    "options": ["a=1", 0, [], False],
    "store": [5, False, [], b"x"],
    "driver": [0, False, [], 5],
    "workers": ["2", True, 0],
    "timeout": ["5", True, float("nan"), 0],
    "timeout_trial": ["5", True, [3]],
    "target": ["0.5", True, float("nan"), []],
    "retries": ["1", True, -1],
    "on_error": [["record"], True, "ignore", None],
    "callbacks": [None, 5, "print", [5]],
}
BAD = [(word, value) for word, values in WRONG_SETTINGS.items() for value in values]


@pytest.mark.parametrize(("word", "value"), [*BAD, ("name", 5), ("backend", 5)])
def test_a_run_refuses_a_setting_by_name(word, value):
    given = {"store": ":memory:", "backend": "random", word: value}
    with pytest.raises(ExperimentError, match=rf"'tuned' cannot(.|\n)* {word} must be"):
        hpb.run(experiment(), **given)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        # None is as it was, where the comparison goes on.
        *[each for each in BAD if each != ("on_error", None)],
        ("resume", "no"),
        ("resume", 1),
        ("repeats", True),
        ("repeats", "2"),
        ("shared_start", True),
        ("shared_start", "1"),
        ("jobs", "2"),
        ("jobs", False),
        ("backends", 5),
        ("backends", [5]),
        ("options", {"random": 5}),
        ("on_study", 5),
    ],
)
def test_a_comparison_refuses_a_setting_by_name(word, value):
    given = {"store": ":memory:", "backends": ["random"], word: value}
    with pytest.raises(ExperimentError, match=rf"'tuned' cannot(.|\n)* {word} must be"):
        hpb.compare(experiment(), **given)


def test_all_of_them_are_told_at_once():
    with pytest.raises(ExperimentError) as caught:
        hpb.run(5, 7, n_trials="3", timeout=-1, options="no", callbacks=None)
    found = [problem.split(" ")[0] for problem in caught.value.problems]
    words = {"experiment", "backend", "n_trials", "timeout", "options", "callbacks"}
    assert set(found) == words
    assert len(found) == len(words)


@pytest.mark.parametrize(
    ("word", "value"),
    [("n_trials", "3"), ("driver", 0), ("callbacks", 5), ("experiment", "e.py")],
)
def test_going_on_refuses_a_setting_by_name(word, value):
    with pytest.raises(ExperimentError, match=rf"{word} must be"):
        hpb.resume("tuned", **{"store": ":memory:", word: value})


@pytest.mark.parametrize("value", ["no", "yes", 1, 0, None])
def test_nothing_is_written_over_for_a_word(study, value, tmp_path):
    target = tmp_path / "trials.csv"
    target.write_text("kept")
    comparison = hpb.Comparison("tuned", (study,))
    for write in (
        lambda: hpb.write_study(study, target, "csv", overwrite=value),
        lambda: study.export(target, overwrite=value),
        lambda: comparison.report(target, overwrite=value),
    ):
        with pytest.raises(ArgumentError, match=r"overwrite must be True or False"):
            write()
    assert target.read_text() == "kept"


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("format", 5),
        ("name", ["a"]),
        ("direction", 5),
        ("columns", [3]),
        ("columns", "lr=rate"),
        ("defaults", [("lr", 1)]),
        ("without", "lr"),
        ("without", None),
        ("trust_size", "no"),
    ],
)
def test_a_reader_refuses_an_argument_by_name(word, value, tmp_path):
    with pytest.raises(ArgumentError, match=rf"read_study\(\)(.|\n)*{word} must be"):
        hpb.read_study(tmp_path / "trials.csv", **{word: value})


def test_a_writer_refuses_what_is_no_study(tmp_path):
    with pytest.raises(ArgumentError) as caught:
        hpb.write_study("1", tmp_path / "a.csv", 5)
    assert len(caught.value.problems) == 2


def test_what_can_be_no_store_is_refused():
    with pytest.raises(ArgumentError, match="3 is no store"):
        hpb.load_study("one", 3)


def test_what_no_float_can_hold_is_a_problem_of_the_space():
    with pytest.raises(HpbridgeError, match="must be finite numbers"):
        hpb.Space({"x": hpb.Float(0, 1, prior=hpb.Normal(10**400, 1))})
    with pytest.raises(HpbridgeError, match="weights must be numbers in order"):
        hpb.Space({"x": hpb.Categorical(["a", "b"], weights=np.array(3))})


def test_an_iterator_of_callbacks_is_taken():
    seen = []
    one = iter([lambda _, trial: seen.append(trial.number)])
    hpb.run(experiment(), "random", n_trials=2, store=":memory:", callbacks=one)
    assert seen == [0, 1]


def test_the_refusals_are_errors_of_ours_and_of_python():
    assert issubclass(ArgumentError, (HpbridgeError, TypeError))
    assert hpb.run.__name__ == "run"
    assert "backend" in hpb.run.__annotations__
