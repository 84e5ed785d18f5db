"""What is no study is told what it is, not what else there could be."""

from __future__ import annotations

import pickle
import sqlite3

import pandas as pd
import pytest
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.errors import FormatError

SOURCES = {
    "empty": ("runs.csv", b"", "it is empty"),
    "a page": ("runs.csv", b"<!DOCTYPE html>\n<html></html>", "a web page, no table"),
    "twice": ("a.csv", b"lr,loss,loss\n1,2,3\n", "column 'loss' is there twice"),
    "latin-1": ("a.csv", "lr,größe\n1,2\n".encode("latin-1"), "no text in UTF-8"),
    "commas": ("a.csv", b"lr,loss\n0,1,2\n", "row 1 has 3 cells for 2 columns"),
    "a header": ("a.csv", b"lr,loss\n", "a table of 2 columns and 0 rows: 'lr'"),
    "a column": ("a.tsv", b"lr\n1\n", "a table of 1 column and 1 row: 'lr'"),
    "an array": ("a.npy", b"\x93NUMPY\x01\x00", "it is an array of NumPy"),
    "other JSON": ("a.json", b'{"lr": 1, "b": 2}', "no tool that is known: 'lr', 'b'"),
    "cut JSON": ("a.json", b'{"lr": ', "it is no JSON"),
    "a frame": (
        "a.pkl",
        pickle.dumps(pd.DataFrame({"lr": [1]})),
        "a pickled data frame, and reading it would run",
    ),
    "a model": ("a.pkl", pickle.dumps(SVC()), "a pickle of sklearn.svm._classes.SVC"),
    "a list": ("a.pkl", pickle.dumps([1]), "a pickle, and none of a study"),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_file_is_told_what_it_is(kind, tmp_path) -> None:
    name, content, told = SOURCES[kind]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        hpb.read_study(path)
    assert told in str(caught.value)
    assert "tried" not in str(caught.value)
    assert "'any'" not in str(caught.value)


def test_a_spreadsheet_a_database_and_a_folder_too(tmp_path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(FormatError, match="SQLite file without the tables of a study"):
        hpb.read_study(tmp_path / "a.db")
    with pytest.raises(FormatError, match=r"a folder, and none .*: a\.db"):
        hpb.read_study(tmp_path)
    with pytest.raises(FormatError, match="cannot be read as a study:\n"):
        hpb.read_study(tmp_path / "none.csv")
