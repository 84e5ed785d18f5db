from __future__ import annotations

import datetime as dt
import enum
import json
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbridge.space.plain_data import of_standard, plain_data, to_standard

NAN = float("nan")


class Level(enum.IntEnum):
    LOW = 1


class Silent:
    def __repr__(self):
        msg = "no text"
        raise RuntimeError(msg)


LOOP: list = []
LOOP.append(LOOP)

PLAIN = [
    (None, None),
    (np.int64(17), 17),
    (np.float32(0.5), 0.5),
    (np.longdouble(1.5), 1.5),
    (np.bool_(True), True),
    (np.str_("x"), "x"),
    (np.arange(2), [0, 1]),
    (np.array([1.5, NAN, -math.inf]), [1.5, NAN, -math.inf]),
    (np.array([{"a": np.int8(1)}, None], dtype=object), [{"a": 1}, None]),
    (np.ma.array([1, 2], mask=[False, True]), [1, None]),
    (np.datetime64("2024-01-02T03:04:05"), "2024-01-02T03:04:05"),
    (np.datetime64("NaT"), None),
    (np.array(["2024-01-02"], dtype="M8[D]"), ["2024-01-02"]),
    (np.timedelta64(3, "m"), 180.0),
    (dt.datetime(2024, 1, 2, 3), "2024-01-02T03:00:00"),
    (dt.date(2024, 1, 2), "2024-01-02"),
    (dt.timedelta(minutes=1), 60.0),
    (pd.Timestamp("2024-01-02"), "2024-01-02T00:00:00"),
    (pd.NaT, None),
    (pd.NA, None),
    (Fraction(1, 2), 0.5),
    (Level.LOW, 1),
    ((1, (2, "x")), [1, [2, "x"]]),
    ({1: np.int64(2), None: 3}, {"1": 2, "null": 3}),
    (math.inf, math.inf),
]


@pytest.mark.parametrize(("value", "plain"), PLAIN, ids=lambda v: type(v).__name__)
def test_numbers_arrays_and_dates_are_plain(value, plain):
    found = plain_data(value)
    assert repr(found.value) == repr(plain)
    assert found.as_text == ()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({1}, "set"),
        (b"x", "bytes"),
        (len, "builtin_function_or_method"),
        (1j, "complex"),
        (np.zeros(1, dtype=[("a", int)]), "ndarray"),
        (pd.Series([1]), "Series"),
        (pd.DataFrame({"a": [1]}), "DataFrame"),
        (Silent(), "Silent"),
        (10**5000, "int"),
        ({(1, 2): 3}, "dict"),
        ({1: 1, "1": 2}, "dict"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_of_everything_else_the_text_is_kept_and_the_type_is_named(value, kind):
    for given_, as_it_is in ((value, True), ({"deep": [value]}, False)):
        found = plain_data(given_)
        assert found.as_text == (kind,)
        text = found.value if as_it_is else found.value["deep"][0]
        assert isinstance(text, str)
        json.dumps(found.value)


def test_what_has_no_end_has_one():
    found = plain_data(LOOP)
    assert found.as_text == ("list",)
    json.dumps(found.value)


data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(data)
def test_plain_data_stays_and_comes_back_from_standard_json(value):
    found = plain_data(value)
    assert repr(found) == f"PlainData(value={value!r}, as_text=())"
    text = json.dumps(to_standard(value), allow_nan=False)
    assert repr(of_standard(json.loads(text))) == repr(value)
