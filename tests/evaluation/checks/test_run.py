"""All checks together: what a record says, and data as strange as they come."""

from __future__ import annotations

import json
import time
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from checked_data import classes, evaluation_of, findings
from sklearn.dummy import DummyClassifier

import hpbridge as hpb
from hpbridge.analysis.checks.catalogue import DATA_CHECKS
from hpbridge.analysis.checks.finding import Finding
from hpbridge.errors import ExperimentError
from hpbridge.evaluation.checks.run import CHECKS, check_data, data_of

RNG = np.random.default_rng(0)
N = 120
Y = (np.arange(N) % 3 == 0).astype(int)


def ran(**settings):
    X, y = RNG.normal(size=(300, 3)), (np.arange(300) % 40 == 0).astype(int)
    evaluation = evaluation_of(X, y, metrics="accuracy", **settings)
    return hpb.run(evaluation, "random", n_trials=1, seed=0, store=":memory:")


def test_a_study_records_all_and_notes_what_spoke():
    study = ran()
    noted = study.attributes["evaluation"]["checks"]
    found = {each.code: each for each in map(Finding.from_json, noted)}
    assert json.loads(json.dumps(noted)) == noted
    assert set(found) == set(CHECKS) == set(DATA_CHECKS)
    assert found["HPB101"].spoke is True
    said = [note for note in study.notes if note.startswith("HPB101: ")]
    assert len(said) == 1
    assert "Optimize a metric" in said[0]
    assert not [note for note in study.notes if note.startswith("HPB102")]


def test_a_code_silences_its_check():
    study = ran(silence=["HPB101"])
    assert not [note for note in study.notes if note.startswith("HPB101")]
    assert [note for note in study.notes if note.startswith("HPB108")]
    noted = study.attributes["evaluation"]
    assert noted["silence"] == ["HPB101"]
    assert not [each for each in noted["checks"] if each["code"] == "HPB101"]
    with pytest.raises(ExperimentError, match="did you mean 'HPB101'"):
        ran(silence=["HPB11"])
    with pytest.raises(ExperimentError, match="must be a list of codes"):
        ran(silence="HPB101")


def test_an_evaluation_of_several_studies_says_it_once_in_each():
    X, y = RNG.normal(size=(300, 3)), (np.arange(300) % 40 == 0).astype(int)
    evaluation = evaluation_of(X, y, metrics="accuracy")
    for seed in (0, 1):
        study = hpb.run(evaluation, "random", n_trials=1, seed=seed, store=":memory:")
        assert sum(note.startswith("HPB101") for note in study.notes) == 1


def test_the_same_data_have_the_same_findings():
    X, y = classes(5000, columns=6)
    first, second = (check_data(data_of(evaluation_of(X, y))) for _ in range(2))
    assert first == second


def objects(*values):
    found = np.empty(N, dtype=object)
    found[:] = [values[k % len(values)] for k in range(N)]
    return found


class Odd:
    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError


HOSTILE = {
    "mixed objects": np.column_stack(
        [objects(1, "a", None, 2.5), objects("b", float("nan"), True)]
    ),
    "all missing": np.full((N, 3), np.nan),
    "one constant column": np.ones((N, 1)),
    "infinities": np.where(RNG.random((N, 3)) < 0.1, np.inf, RNG.normal(size=(N, 3))),
    "huge integers": (2**62 + RNG.integers(0, 2**60, (N, 2))),
    "unsigned integers": np.array([[2**64 - 1 - k] for k in range(N)], dtype=np.uint64),
    "integers beyond 64 bits": objects(2**70, -(2**80), 3)[:, None],
    "complex": RNG.normal(size=(N, 2)) + 1j,
    "no column": np.empty((N, 0)),
    "bytes": np.array([[f"b{k}".encode()] for k in range(N)]),
    "strings of one dimension": np.array([f"text {k}" for k in range(N)]),
    "dicts": [{"a": k} for k in range(N)],
    "unhashable": objects([1], [2, 3])[:, None],
    "odd objects": objects(Odd(), Odd())[:, None],
    "durations": np.arange(N).astype("timedelta64[h]")[:, None],
    "moments": np.arange(N).astype("datetime64[D]")[:, None],
    "moments beyond years of four digits": np.array(
        [[np.datetime64(10**6 + k, "D")] for k in range(N)]
    ),
    "missing moments": np.full((N, 2), "NaT", dtype="datetime64[s]"),
    "halves": RNG.normal(size=(N, 2)).astype(np.float16),
    "booleans": RNG.random((N, 3)) < 0.5,
    "empty sparse": sp.csr_matrix((N, 5)),
    "sparse columns": sp.csc_matrix(RNG.integers(0, 2, (N, 4))),
    "sparse with stored zeros": sp.csr_matrix(
        (np.zeros(N), np.zeros(N, dtype=int), np.arange(N + 1)), shape=(N, 3)
    ),
    "names that are no text": pd.DataFrame(
        RNG.normal(size=(N, 2)), columns=[("x", 1), None]
    ),
    "pandas of all kinds": pd.DataFrame(
        {
            "int": pd.array([None, *range(N - 1)], dtype="Int64"),
            "bool": pd.array([None, True, False] * (N // 3), dtype="boolean"),
            "text": pd.array([None, "x", "y"] * (N // 3), dtype="string"),
            "kind": pd.Categorical(["p", None, "q"] * (N // 3)),
            "span": pd.period_range("2020", periods=N, freq="M"),
            "range": pd.interval_range(0, N),
            "zone": pd.date_range("2020", periods=N, tz="Asia/Tokyo"),
            "lists": [[k] for k in range(N)],
            "no": [None] * N,
            "sparse": pd.arrays.SparseArray([0.0, 1.0] * (N // 2)),
        }
    ),
    "polars of all kinds": pl.DataFrame(
        {
            "int": [None, *range(N - 1)],
            "text": ["a", None, "b"] * (N // 3),
            "kind": pl.Series(["a", None, "b"] * (N // 3), dtype=pl.Categorical),
            "lists": [[k] for k in range(N)],
            "structs": [{"a": k} for k in range(N)],
            "bool": [True, None, False] * (N // 3),
            "none": [None] * N,
            "day": pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 4, 29), eager=True),
        }
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("test", [None, 0.2])
def test_no_data_are_too_strange(name, test):
    model = DummyClassifier()
    space = {"strategy": hpb.Categorical(["prior", "uniform"])}
    evaluation = hpb.Evaluation(model, HOSTILE[name], Y, space=space, test=test)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = check_data(data_of(evaluation))
    assert {each.code for each in found} == set(CHECKS)
    failed = [f"{f.code}: {f.sentence}" for f in found if "it failed" in f.sentence]
    assert failed == []
    for each in found:
        assert type(each.spoke) in {bool, type(None)}
        assert type(each.number) in {float, type(None)}
        assert each.sentence
        assert bool(each.hint) is (each.spoke is True)


def test_a_check_that_fails_costs_nothing_but_itself():
    data = data_of(evaluation_of(*classes()))
    object.__setattr__(data, "scorers", {"broken": lambda *_: 1 / 0})
    found = {each.code: each for each in check_data(data)}
    assert found["HPB101"].spoke is None
    assert "ZeroDivisionError" in found["HPB101"].sentence
    assert found["HPB102"].spoke is False


def test_classes_of_any_kind_of_label():
    X, y = classes()
    for labels in (["no", "yes"], [False, True], [-1, 1], [2.0, 7.0]):
        named = pd.Series([labels[k] for k in y])
        found = findings(X, named)
        assert all("it failed" not in each.sentence for each in found.values())
    words = pd.Series(pd.Categorical.from_codes(y, ["no", "yes"]))
    assert all("failed" not in each.sentence for each in findings(X, words).values())


def test_large_data_take_a_bounded_time():
    X = RNG.normal(size=(100_000, 50))
    y = (X[:, 0] > 0).astype(int)
    data = data_of(evaluation_of(X, y))
    started = time.process_time()
    check_data(data)
    assert time.process_time() - started < 10  # of the processor; about 0.5 alone
