"""Numbers as people write them: read in one way for a column, or refused by name."""

from __future__ import annotations

import math

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hpbridge as hpb
from hpbridge.errors import FormatError
from hpbridge.formats.cells import parse_column
from hpbridge.formats.numerals import Numerals, NumeralsError

SPACES = [" ", "\u00a0", "\u2009", "\u202f"]
GROUPS = [("", ""), (",", "."), (".", ","), ("", ",")]
GROUPS += [(space, mark) for space in SPACES for mark in ".,"]
GROUPS += [(quote, mark) for quote in "'\u2019" for mark in ".,"]

NUMBERS = st.one_of(
    st.integers(-(10**12), 10**12),
    st.floats(-1e9, 1e9).map(lambda number: round(number, 4)),
)


def written(number, group, mark):
    """Return a number as a person of some country writes it."""
    text = f"{number:,}" if isinstance(number, int) else f"{number:,.4f}"
    return text.replace(",", "G").replace(".", mark or ".").replace("G", group)


@given(st.lists(NUMBERS, min_size=1, max_size=6), st.sampled_from(GROUPS))
def test_numbers_of_any_country_come_back_or_are_refused(numbers, style) -> None:
    cells = [written(number, *style) for number in numbers]
    numerals = Numerals.of(cells)
    try:
        way = numerals.way()
    except NumeralsError as error:
        # Only where a comma alone before three digits could be either.
        assert "no other cell says which" in str(error)  # noqa: PT017
        assert not any("." in c or c.count(",") > 1 for c in cells)
        return
    assert way is not None
    found = [numerals.readings[way][cell] for cell in cells]
    if style == (".", ",") and way.decimal == ".":
        # 1.234 alone is Python's own number.
        assert all(cell.count(".") <= 1 and "," not in cell for cell in cells)
        return
    assert found == pytest.approx(numbers, rel=0, abs=1e-9)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1), st.sampled_from([".", ","]))
def test_percent_is_a_fraction_to_the_last_bit(fractions, mark) -> None:
    percents = [f"{round(f, 6):.4f}" for f in fractions]
    cells = [f"{percent.replace('.', mark)} %" for percent in percents]
    values = [float(f"{percent}e-2") for percent in percents]
    assert parse_column(cells, is_decimal_comma=True) == values


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=9))
def test_what_python_writes_is_read_as_before(numbers) -> None:
    assert parse_column([repr(number) for number in numbers]) == numbers


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["0,1", "0,01"], [0.1, 0.01]),
        (["-1,5E-05", "+2,5"], [-1.5e-5, 2.5]),
        (["95 %", "97.3%"], [0.95, 0.973]),
        (["1,234", "12.5"], [1234, 12.5]),
        (["1,234", "0,5"], [1.234, 0.5]),
        (["1.234", "1.234.567"], [1234, 1234567]),
        (["1 234,5", "2\u202f000"], [1234.5, 2000]),
        (["1\u2019234.5", "7"], [1234.5, 7]),
        (["\u22120.5", "1D-03"], [-0.5, 0.001]),
        (["1.5d2", "-\u221e"], [150, -math.inf]),
        (["NA", "N/A", "None", "null", "", "NaN", "#N/A", "0,5"], [None] * 7 + [0.5]),
        (["1_000"], [1000]),
        # Names, versions, days and pairs are none.
        (["1_2", "3_4"], ["1_2", "3_4"]),
        (["1.2.3", "1.2"], ["1.2.3", "1.2"]),
        (["2026-01-02", "5"], ["2026-01-02", "5"]),
        (["64,64", "32,32,32"], ["64,64", "32,32,32"]),
        (["64,64", "128,64"], ["64,64", "128,64"]),
        (["0,1", "adam"], ["0,1", "adam"]),
        (["5 ms", "10k"], ["5 ms", "10k"]),
    ],
)
def test_a_column_of_parameters(cells, values) -> None:
    assert parse_column(cells) == values


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["0,1", "0.2"], "'0,1' and '0.2' are not written in one way"),
        (["95 %", "0.5"], "'95 %' and '0.5' are not written in one way"),
        (["1,234", "5"], "'1,234' is 1.234 or 1234, and no other cell says which"),
        (["1.000,5", "2,000.5"], "'1.000,5' and '2,000.5' are not written in one way"),
    ],
)
def test_what_has_no_one_reading_is_refused(cells, told) -> None:
    with pytest.raises(NumeralsError) as caught:
        parse_column(cells)
    assert str(caught.value) == told


COLUMNS = {"param:lr": "lr", "param:n": "n", "metric:acc": "acc"}
TABLE = pd.DataFrame({"lr": [0.5, 0.01, 1e-05], "n": [1, 2, 3], "acc": [0.9, 1.5, 2]})


def read(path, **hints):
    hints = {"columns": COLUMNS, "direction": {"acc": "maximize"}} | hints
    return hpb.read_study(path, **hints)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("sep", [";", "\t", ","])
@pytest.mark.parametrize("end", ["", ".gz", ".zip", ".bz2", ".xz"])
def test_a_table_of_a_spreadsheet_is_read(tmp_path, encoding, sep, end) -> None:
    path = tmp_path / f"runs.csv{end}"
    text = TABLE.to_csv(sep=sep, decimal=",", index=False)
    with pd.io.common.get_handle(path, "wb", compression="infer", is_text=False) as f:
        f.handle.write(text.encode(encoding))
    if encoding == "utf-16-le":  # which names no encoding
        with pytest.raises(FormatError, match="holds null bytes"):
            read(path, format="csv")
        return
    found = read(path)
    assert found.name == "runs"
    assert [t.params["lr"] for t in found.trials] == [0.5, 0.01, 1e-5]
    assert [t.metrics["acc"] for t in found.trials] == [0.9, 1.5, 2.0]
    assert found.space == hpb.Space({"lr": hpb.Float(1e-5, 0.5), "n": hpb.Int(1, 3)})
    said = "columns 'acc', 'lr': numbers with decimal commas ('0,9' is 0.9)"
    assert said in found.notes


def test_the_first_line_that_excel_wants_is_none_of_the_table(tmp_path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("sep=;\r\nlr;n;acc\r\n0,5;1;0,9\r\n", encoding="utf-8")
    assert read(path).trials[0].params == {"lr": 0.5, "n": 1}


def test_every_column_that_is_wrong_is_named_with_its_cell(tmp_path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(
        "lr;n;acc\n0,5;1,234;good\n0.5;2,345;0,7\n1;3;0,8\n", encoding="utf-8"
    )
    with pytest.raises(FormatError) as caught:
        read(path)
    assert caught.value.problems == (
        "'good' in column 'acc', row 1, is no number",
        "column 'lr': '0,5' and '0.5' are not written in one way",
        "column 'n': '1,234' is 1.234 or 1234, and no other cell says which",
    )


def test_other_columns_say_what_a_comma_is(tmp_path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("lr;n;acc\n1,25;1,234;0,7\n2,5;2,345;0,8\n", encoding="utf-8")
    found = read(path)
    assert [t.params for t in found.trials] == [
        {"lr": 1.25, "n": 1.234},
        {"lr": 2.5, "n": 2.345},
    ]
    path.write_text('lr,n,acc\n0.5,"64,64",0.7\n0.1,"128,64",0.8\n', encoding="utf-8")
    found = read(path)
    assert [t.params["n"] for t in found.trials] == ["64,64", "128,64"]
    said = "column 'n' is read as text: '64,64' could be a number with a decimal comma"
    assert any(note.startswith(said) for note in found.notes)


def test_a_known_parameter_says_what_its_column_is(tmp_path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("lr;n;acc\n0,5;1,5;1\n0,01;2,5;2\n", encoding="utf-8")
    lr = hpb.Categorical([0.5, 0.01, None])
    found = read(path, space={"lr": lr, "n": hpb.Float(0, 9)})
    assert [t.params for t in found.trials] == [
        {"lr": 0.5, "n": 1.5},
        {"lr": 0.01, "n": 2.5},
    ]


def test_a_metric_that_is_missing_fails_its_trial_and_no_other(tmp_path) -> None:
    path = tmp_path / "runs.csv"
    words = ["0,5", "NA", "N/A", "None", "", "null", "#N/A", "nan", "-1.#IND"]
    lines = [f"0,{k + 1};{k};{word}" for k, word in enumerate(words)]
    path.write_text("\n".join(["lr;n;acc", *lines]), encoding="utf-8")
    states = [t.state.value for t in read(path).trials]
    assert states == ["complete", *["failed"] * 8]


def test_none_is_a_choice_of_its_own_in_text(tmp_path) -> None:
    space = {"a": hpb.Categorical([None, "sqrt", "log2"]), "x": hpb.Float(0, 1)}
    study = hpb.minimize(lambda t: t["x"], space, "random", n_trials=9, seed=1)
    kinds = [t.params["a"] for t in study.trials]
    assert None in kinds
    study.export(tmp_path / "s.csv")
    rows = pd.read_csv(tmp_path / "s.csv", keep_default_na=False)
    assert rows["param:a"].tolist() == [str(kind) for kind in kinds]
    for hints in ({}, {"space": space}):
        back = hpb.read_study(tmp_path / "s.csv", **hints)
        assert [t.params["a"] for t in back.trials] == kinds
        assert None in back.space["a"].labels


def test_frames_of_any_library_are_tables() -> None:
    frame = pl.DataFrame({"lr": ["0,5", "0,1"], "n": [1, None], "acc": [0.1, math.nan]})
    batch = frame.to_arrow().to_batches()[0]
    for source in (frame, frame.lazy(), frame.to_arrow(), batch, Streamed(frame)):
        found = read(source)
        assert [t.params for t in found.trials] == [{"lr": 0.5, "n": 1}, {"lr": 0.1}]
        assert [t.state.value for t in found.trials] == ["complete", "failed"]
    twice = pa.table([[1], [2]], names=["lr", "lr"])
    with pytest.raises(FormatError, match="column 'lr' is there twice"):
        read(twice)


class Streamed:
    """A frame of a library that nobody here knows."""

    def __init__(self, frame) -> None:
        self._frame, self.columns = frame, frame.columns

    def __arrow_c_stream__(self, requested_schema=None):
        return self._frame.__arrow_c_stream__(requested_schema)
