"""Text that a file of text cannot hold, or would hold as something else."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hpbridge as hpb
from hpbridge.formats.quoting import quoted, quoted_column, unquoted, unquoted_column

ODD = [
    "",
    " ",
    "a ",
    '"',
    '""',
    '"a"',
    '"\\u0000"',
    "a\0",
    "\udfff",
    "\x01",
    "é",
    "a\nb",
]


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("is_name", [False, True])
def test_it_comes_back(text, is_name):
    once = quoted(text, is_name=is_name)
    twice = quoted(once, is_name=is_name)
    assert unquoted(once, is_name=is_name) == text
    assert unquoted(twice, is_name=is_name) == once
    once.encode()


@given(st.text('"\\ \0au0\n'), st.booleans())
def test_any_text_comes_back(text, is_name):
    assert unquoted(quoted(text, is_name=is_name), is_name=is_name) == text


@pytest.mark.parametrize("text", ["a", "a b", 'say "a"', '"a"', '"a', "1,5", "[1]"])
def test_text_of_others_stays(text):
    assert unquoted(text) == text


def test_columns_keep_their_kind():
    assert quoted_column("param:lr") == "param:lr"
    assert quoted_column("param:a\nb") == 'param:"a\\nb"'
    assert unquoted_column('metric:" "') == "metric: "
    assert quoted_column("number") == unquoted_column("number") == "number"


def test_a_cell_of_any_length_is_read_and_the_limit_of_others_stays(tmp_path):
    before = csv.field_size_limit()
    text = "x" * (before + 10)

    def fails(trial):
        raise ValueError(text if trial.number else text[:5])

    space = {"a\n; b;;;;;;;;;;;;;;;;;;;;;;;": hpb.Categorical([text, " "])}
    experiment = hpb.Experiment(objective=fails, space=space)
    study = hpb.run(experiment, "random", n_trials=3, seed=0, store=":memory:")
    hpb.write_study(study, tmp_path / "s.csv", "csv")
    back = hpb.read_study(tmp_path / "s.csv")
    assert [t.error for t in back.trials] == [t.error for t in study.trials]
    assert [t.params for t in back.trials] == [t.params for t in study.trials]
    assert csv.field_size_limit() == before
