from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hpbridge.encoding.call import Call, Name

PLAIN = st.one_of(
    st.integers(), st.text(), st.booleans(), st.none(), st.floats(allow_nan=False)
)
NESTED = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.text(), inner),
        st.lists(inner).map(lambda args: Call("list", (args,))),
    ),
)
NAMES = {"dict": dict, "Fraction": Fraction, "list": list, "int": int, "math": math}


@given(st.dictionaries(st.sampled_from("abcdef"), NESTED))
def test_what_is_made_is_what_the_printed_source_makes(kwargs):
    call = Call("dict", (), kwargs)
    made = call.make(NAMES)
    assert eval(call.source(), NAMES) == eval(call.wrapped(), NAMES) == made
    assert repr(eval(call.source(), NAMES)) == repr(made)


def test_a_call_may_hold_calls_and_names():
    call = Call("dict", (), {"x": Call("Fraction", (1, 3)), "y": (1, 9, Name("int"))})
    assert call.source() == "dict(x=Fraction(1, 3), y=(1, 9, int))"
    assert call.make(NAMES) == {"x": Fraction(1, 3), "y": (1, 9, int)}


def test_what_is_not_finite_is_printed_as_python_reads_it():
    call = Call("list", ([-math.inf, math.inf, math.nan],))
    assert call.source() == "list([-math.inf, math.inf, math.nan])"


def test_what_is_too_long_for_a_line_has_an_argument_a_line():
    members = [Call("list", ("a" * 70,)), Call("list", ("b" * 70, "c"))]
    call = Call("dict", (), {"x": [1, 2], "members": members})
    assert Call("list", ("a" * 70,)).wrapped("short = ").startswith("short = list('aaa")
    assert call.wrapped("made = ") == (
        "made = dict(\n"
        "    x=[1, 2],\n"
        "    members=[\n"
        f"        list('{'a' * 70}'),\n"
        "        list(\n"
        f"            '{'b' * 70}',\n"
        "            'c',\n"
        "        ),\n"
        "    ],\n"
        ")"
    )
