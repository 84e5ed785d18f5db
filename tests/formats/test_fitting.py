from __future__ import annotations

import numpy as np
import pytest

import hpbridge as hpb
from hpbridge.contract.foreign import ForeignStudy, ForeignTrial, Hints
from hpbridge.errors import FormatError
from hpbridge.formats.fitting import fitted
from hpbridge.trial import State

FAILED, PRUNED = State.FAILED, State.PRUNED


def trial(state=State.COMPLETE, **params):
    return ForeignTrial(state, params, {"loss": 1.0} if state == "complete" else {})


def fit(*trials, space=None, parameters=None, **hints):
    read = ForeignStudy(
        "s", trials, {"loss": "minimize"}, space=space, parameters=parameters or {}
    )
    return fitted(read, Hints(**hints), "form", "source")


ADDED = [trial(a=0.1)] * 5 + [trial(a=0.2, b=0.2)] * 3


def test_the_value_of_what_is_no_parameter_is_kept_as_an_attribute():
    space, trials, notes = fit(*ADDED)
    assert list(space) == ["a"]
    assert len(trials) == 8
    assert [t.attributes for t in trials[4:6]] == [{}, {"param:b": 0.2}]
    assert notes[0].startswith("'b' is none of the space, since 3 of 8 complete trials")


def test_an_attribute_of_that_name_is_not_written_over():
    noted = ForeignTrial(State.COMPLETE, {"a": 1, "b": 2}, attributes={"param:b": 3})
    _, trials, _ = fit(*[trial(a=1)] * 3, noted)
    assert trials[3].attributes == {"param:b": 3, "param:param:b": 2}


def test_a_parameter_that_was_added_has_a_value_only_where_the_user_names_one():
    space, trials, notes = fit(*ADDED, defaults={"b": 0.2})
    assert list(space) == ["a", "b"]
    assert [t.params["b"] for t in trials] == [0.2] * 8
    assert notes[-1] == "5 trials that lack 'b' got its default 0.2"
    _, trials, _ = fit(*ADDED, trial(FAILED, a=0.1), defaults={"b": "0.2"})
    assert trials[-1].params == {"a": 0.1}  # it may have ended before


def test_text_is_a_default_of_any_kind():
    given = [trial(n=1, c="x", f=True)] * 3 + [trial(n=2, c="y", f=False)] * 3
    _, trials, _ = fit(*given, trial(), defaults={"n": "2", "c": "x", "f": "False"})
    assert trials[-1].params == {"n": 2, "c": "x", "f": False}


def test_a_default_is_one_of_the_values_seen():
    given = [trial(n=1, c="x")] * 3 + [trial(n=2)] * 3
    space, trials, _ = fit(*given, trial(c="y"), defaults={"n": "7", "c": "None"})
    assert space["n"] == hpb.Int(1, 7)
    assert space["c"] == hpb.Categorical(["x", "y", None])
    assert [t.params["c"] for t in trials[2:]] == ["x", None, None, None, "y"]


def test_a_default_holds_where_the_parameter_is_active():
    space = {"k": hpb.Categorical(["x", "y"]), "b": hpb.Float(0, 1, when={"k": "x"})}
    given = [trial(k="x"), trial(k="y")]
    _, trials, notes = fit(*given, space=hpb.Space(space), defaults={"b": 0.5})
    assert [t.params for t in trials] == [{"k": "x", "b": 0.5}, {"k": "y"}]
    assert notes == ["1 trials that lack 'b' got its default 0.5"]


def test_a_row_with_gaps_is_still_one_of_a_space_of_values_seen():
    given = [trial(a=0.1)] * 2 + [trial(a=0.2, b=0.2)] * 8
    space, trials, notes = fit(*given)
    assert list(space) == ["a", "b"]
    assert [t.params for t in trials[1:3]] == [{"a": 0.1}, {"a": 0.2, "b": 0.2}]
    assert notes[0].startswith("2 of 10 trials have only a part of a point")
    assert "`--default b=VALUE`" in notes[1]


def test_more_than_a_tenth_left_out_is_said_first_with_the_choices():
    given = [trial(a=0.1)] * 2 + [trial(a=0.2, b=0.2)] * 8
    parameters = {name: hpb.Float(0, 1) for name in "ab"}
    _, trials, notes = fit(*given, parameters=parameters)
    assert len(trials) == 8
    assert notes[0].startswith("2 of 10 trials are left out")
    assert "trial 0 and 1 more: 'b' is active but has no value" in notes[0]
    assert "`--default b=VALUE`" in notes[1]
    assert "`--without b`" in notes[1]
    _, trials, notes = fit(*given, without=("b",))
    assert len(trials) == 10
    assert trials[9].attributes == {"param:b": 0.2}
    many = [trial(a=0.2, b=0.2)] * 20
    _, _, notes = fit(trial(a=0.1), *many, parameters=parameters)
    assert notes[0].startswith("1 of 21 complete trials lack 'b'")
    assert notes[1].startswith("1 of 21 trials are left out")
    assert len(notes) == 3


def test_of_a_space_that_is_given_what_it_lacks_can_be_left_out():
    space = hpb.Space({"a": hpb.Float(0, 1)})
    given = [trial(a=0.1, z=1), trial(a=0.2)]
    _, trials, notes = fit(*given, space=space)
    assert len(trials) == 1
    assert "`--without z`" in notes[1]
    _, trials, notes = fit(*given, space=space, without=("z",))
    assert [t.attributes for t in trials] == [{"param:z": 1}, {}]
    assert notes == []


def test_columns_in_any_order_tell_of_each_other():
    svm = [trial(svm_c=0.5 + k, the_model="svm") for k in range(3)]
    space, trials, _ = fit(*svm, trial(the_model="knn"), trial(the_model="knn"))
    assert space["svm_c"].when == (("the_model", ("svm",)),)
    assert len(trials) == 5


@pytest.mark.parametrize(
    ("hints", "problem"),
    [
        ({"defaults": {"q": 1}}, "'q' has a default and is no parameter"),
        (
            {"defaults": {"b": 7}, "parameters": {n: hpb.Float(0, 1) for n in "ab"}},
            "the default of 'b' is 7, outside",
        ),
        ({"without": ("q",)}, "'q' is to be left out and is no parameter"),
        ({"without": ("a", "b")}, "all of its parameters are to be left out"),
        (
            {"without": ("a",), "space": hpb.Space({"a": hpb.Float(0, 1)})},
            "'a' is to be left out, and is a parameter of the space",
        ),
    ],
)
def test_hints_that_do_not_fit_are_refused(hints, problem):
    with pytest.raises(FormatError, match=problem):
        fit(trial(a=0.1, b=0.1), trial(a=0.2, b=0.2), **hints)


def test_attributes_are_made_plain_and_what_is_text_is_counted_once():
    noted = [
        ForeignTrial(
            State.COMPLETE, {"a": 0.5}, attributes={"n": np.int64(3), "s": {k}}
        )
        for k in range(4)
    ]
    _, trials, notes = fit(*noted)
    assert [t.attributes for t in trials[:2]] == [
        {"n": 3, "s": "{0}"},
        {"n": 3, "s": "{1}"},
    ]
    said = "the attribute 's' of 4 trials is no plain data (set): its text is kept"
    assert notes[-1] == said
