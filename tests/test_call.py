from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hpbridge.encoding.call import Call

PLAIN = st.one_of(st.integers(), st.text(), st.booleans(), st.none())
NAMES = {"dict": dict, "Fraction": Fraction, "list": list}


@given(st.dictionaries(st.sampled_from("abcdef"), PLAIN))
def test_what_is_made_is_what_the_printed_source_makes(kwargs):
    call = Call("dict", (), kwargs)
    assert call.make(NAMES) == eval(call.source(), NAMES) == kwargs


def test_a_call_may_hold_calls():
    call = Call("dict", (), {"x": Call("Fraction", (1, 3)), "y": 2})
    assert call.source() == "dict(x=Fraction(1, 3), y=2)"
    assert call.make(NAMES) == {"x": Fraction(1, 3), "y": 2}
