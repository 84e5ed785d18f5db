from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hpbridge as hpb
from hpbridge.errors import SpaceError
from hpbridge.space.files import FORMS, read_space, write_space
from hpbridge.space.kinds import with_also

NAMES = st.text(min_size=1, max_size=6)
SCALARS = st.one_of(
    st.text(max_size=5),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.sampled_from(
        ["1e-4", "no", "null", "~", "0o7", ".5", "1:30", "2001-01-01", "="]
    ),
)
PLAIN = st.recursive(
    SCALARS | st.sampled_from([math.inf, -math.inf, b"\0", (1, 2), {3}, {4: "x"}]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def parameters(draw):
    kind = draw(st.sampled_from(["float", "int", "categorical", "const", "quantized"]))
    low = draw(st.integers(1, 50))
    high = low + draw(st.integers(1, 50))
    if kind == "const":
        return hpb.Constant(draw(PLAIN))
    if kind == "categorical":
        choices = draw(st.lists(SCALARS, min_size=1, max_size=4, unique_by=lambda x: x))
        weights = draw(st.none() | st.just([k + 1 for k in range(len(choices))]))
        if draw(st.booleans()):
            choices = {f"{k} {c}": draw(PLAIN) for k, c in enumerate(choices)}
        is_ordered = draw(st.booleans())
        return hpb.Categorical(choices, ordered=is_ordered, weights=weights)
    prior = draw(
        st.sampled_from(
            [
                None,
                hpb.Normal(low, 20.5),
                hpb.LogNormal(3, 1.5),
                hpb.ScipyPrior("gamma", {"a": 2, "scale": 3.5}),
            ]
        )
    )
    if kind == "quantized":
        return hpb.Quantized(low, high, draw(st.sampled_from([1, 0.5])), prior=prior)
    make = hpb.Float if kind == "float" else hpb.Int
    if prior is not None:
        return make(low, math.inf if draw(st.booleans()) else high, prior=prior)
    shape = draw(st.sampled_from([{}, {"log": True}, {"step": 1}]))
    return make(low, high, **shape)


@st.composite
def spaces(draw):
    found = {
        name: draw(parameters())
        for name in draw(
            st.lists(NAMES | st.just("forbid"), min_size=1, max_size=5, unique=True)
        )
    }
    parent = draw(NAMES.filter(lambda name: name not in found))
    forbid = [{parent: "a"}] if draw(st.booleans()) else []
    found[parent] = hpb.Categorical(["a", True, 3])
    when = {parent: draw(st.sampled_from([["a"], [True, 3]]))}
    child = draw(NAMES.filter(lambda name: name not in found))
    found[child] = hpb.Float(1e-5, 1e-1, log=True, when=when)
    if draw(st.booleans()):
        found[child] = with_also(found[child], ((parent, ("a",)),))
    return hpb.Space(found, forbid=forbid)


@pytest.mark.parametrize("form", FORMS)
@given(space=spaces())
@settings(max_examples=60)
def test_a_space_comes_back_from_its_file(tmp_path_factory, form, space):
    path = tmp_path_factory.getbasetemp() / f"space.{form}"
    path.write_text(write_space(space, form), encoding="utf-8", newline="")
    back = read_space(path)
    assert back == space
    for name, parameter in space.items():
        if isinstance(parameter, hpb.Constant):
            assert back[name].value == parameter.value


@pytest.mark.parametrize("form", FORMS)
def test_choices_come_back_as_the_objects_behind_their_labels(tmp_path, form):
    space = hpb.Space({"hidden": hpb.Categorical({"one": (32,), "two": [64, None]})})
    path = tmp_path / f"space.{form}"
    path.write_text(write_space(space, form))
    assert read_space(path)["hidden"].choices == ((32,), [64, None])


@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_a_record_is_read_too(tmp_path, form):
    space = hpb.Space({"x": hpb.Float(0, 1), "n": hpb.Int(1, 9)}, forbid=[{"n": 3}])
    path = tmp_path / f"space.{form}"
    path.write_text(FORMS[form](space.to_json()))
    assert read_space(path) == space


WRONG = """
epochs = [1, 2]
forbid = ["x", { nn = 3 }]

[lr]
type = "flaot"

[a]
type = "int"
low = 1
hgih = 3

[b]
tpye = "int"

[c]
type = "float"
low = "1e-3"
high = 1

[d]
type = "float"
low = 2
high = 1
when = { zz = 1 }

[e]
type = "float"
low = 0
high = 1
prior = { type = "normal", mu = 0, sgima = 1 }
"""

THERE_ARE = "there are: a, b, c, d, e, epochs, lr"


def test_all_that_is_wrong_is_said_at_once_each_with_its_key(tmp_path):
    path = tmp_path / "space.toml"
    path.write_text(WRONG)
    with pytest.raises(SpaceError) as raised:
        read_space(path)
    assert raised.value.headline == f"The search space in {path} has 12 problems"
    assert list(raised.value.problems) == [
        "'epochs': it is a list; write a table with type and choices",
        "'lr': type is 'flaot'; did you mean 'float'?",
        "'a': unknown key 'hgih'; did you mean 'high'?",
        "'a': it has no 'high'",
        "'b': it has no type; is 'tpye' meant to be it?",
        "'c': low = '1e-3' is text: write the number without quotes",
        "'d': the range [2.0, 1.0] is reversed",
        "'e': prior: unknown key 'sgima'; did you mean 'sigma'?",
        "'e': prior: it has no 'sigma'",
        "'d': unknown parent 'zz'; there are: a, b, c, e, epochs, lr",
        "forbid= takes dicts and functions, got 'x'",
        "forbid= names the unknown parameter 'nn'; " + THERE_ARE,
    ]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.toml", "lr = [", "cannot be read"),
        ("a.toml", "[x]\n[x]\n", "cannot be read"),
        ("a.json", '{"x": 1, "x": 2}', "the key 'x' is there twice"),
        ("a.json", "[" * 100_000, "cannot be read"),
        ("a.json", "[1]", "it holds a list"),
        ("a.yaml", "x: 1\nx: 2\n", "the key 'x' is there twice"),
        ("a.yaml", "x: !!python/object/apply:os.getcwd []", "cannot be read"),
        ("a.yaml", "x: [", "cannot be read"),
        ("a.yaml", "", "it holds a NoneType"),
        ("a.toml", "", "it has no parameters"),
        ("a.txt", "", "no file for a space"),
        ("a.json", '{"version": 9, "parameters": {}}', "its version is 9"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path, name, text, says):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(SpaceError, match=says):
        read_space(path)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(SpaceError, match=r"cannot be read: No such file"):
        read_space(tmp_path / "none.toml")
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SpaceError, match=r"cannot be read: .*utf-8"):
        read_space(tmp_path / "a.toml")


def test_yaml_means_what_its_version_1_2_says(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(
        "lr: {type: float, low: 1e-4, high: 1e-1}\n"
        "c: {type: categorical, choices: [no, on, 1:30, 010, 1_0, 0x10, 2001-01-01]}\n"
    )
    space = read_space(path)
    assert space["lr"] == hpb.Float(1e-4, 1e-1)
    labels = ("no", "on", "1:30", 10, "1_0", 16, "2001-01-01")
    assert space["c"].labels == labels


def test_without_pyyaml_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.yaml").write_text("x: 1")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(SpaceError, match=r"hpbridge\[yaml\]"):
        read_space(tmp_path / "a.yaml")


def test_a_function_that_forbids_is_not_left_out_silently():
    space = hpb.Space({"x": hpb.Float(0, 1)}, forbid=[lambda values: False])
    with pytest.raises(SpaceError, match="no file can hold"):
        write_space(space, "toml")
    with pytest.raises(SpaceError, match="did you mean 'toml'"):
        write_space(space, "tml")
