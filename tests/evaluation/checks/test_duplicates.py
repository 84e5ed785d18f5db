from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from checked_data import classes, findings

import hpbridge as hpb

CODE, CONFLICT = "HPB102", "HPB103"
RNG = np.random.default_rng(0)


def with_copies(X, y, n=40, seed=1):
    chosen = np.random.default_rng(seed).permutation(len(y))[:n]
    return np.concatenate([X, X[chosen]]), np.concatenate([y, y[chosen]])


def in_categories(X):
    frame = pd.DataFrame(X, columns=[f"c{k}" for k in range(X.shape[1])])
    frame["kind"] = pd.Categorical(np.where(X[:, 0] > 0, "up", "down"))
    frame["day"] = pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(
        (X[:, 1] * 100).round(), unit="D"
    )
    return frame


CONTAINERS = {
    "array": np.asarray,
    "floats of 32 bits": lambda X: X.astype(np.float32),
    "missing": lambda X: np.where(abs(X) > 1.5, np.nan, X),
    "objects": lambda X: X.astype(object),
    "pandas": in_categories,
    "polars": pl.DataFrame,
    "sparse": lambda X: sp.csr_matrix(np.where(abs(X) > 0.5, X, 0)),
    "sparse array": lambda X: sp.coo_array(np.where(abs(X) > 0.5, X, 0)).tocsr(),
    "lists": lambda X: X.tolist(),
    "images": lambda X: X.reshape(-1, 2, 2),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_copies_are_told_in_any_container(container):
    X, y = with_copies(*classes())
    found = findings(CONTAINERS[container](X), y)[CODE]
    assert found.spoke is True, found
    assert found.number == pytest.approx(2 * 40 / 340, abs=0.1)
    assert "groups=" in found.hint
    plain, y = classes()
    assert findings(CONTAINERS[container](plain), y)[CODE].spoke is False


def test_copies_in_the_test_alone_are_told():
    X, y = classes()
    found = findings(X, y, test=(X[:20].copy(), y[:20]))[CODE]
    assert found.spoke is True
    assert found.sentence.startswith("Copies of 100.0% of the rows that the test is")
    others, labels = classes(seed=5)
    assert findings(X, y, test=(others, labels))[CODE].spoke is False


def test_copies_that_stay_together_are_silent():
    X, y = with_copies(*classes(), n=200)
    _, groups = np.unique(X, axis=0, return_inverse=True)
    assert findings(X, y, groups=groups.ravel())[CODE].spoke is False
    assert findings(X, y)[CODE].spoke is True


def test_folds_of_one_row_are_looked_through():
    X, y = with_copies(*classes())
    found = findings(X, y, procedure=hpb.LeaveOneOut(), test=None)[CODE]
    assert found.spoke is True
    assert found.number == pytest.approx(80 / 340)


@pytest.mark.parametrize("n_columns", [1, 2, 4, 8])
def test_rows_that_are_equal_by_chance_are_silent(n_columns):
    X = RNG.integers(0, 3, size=(500, n_columns))
    y = (X.sum(axis=1) + RNG.normal(size=500) > n_columns).astype(int)
    assert findings(X, y)[CODE].spoke is False


def test_categories_that_depend_on_each_other_are_silent():
    kind = RNG.integers(0, 5, 600)
    other = np.where(RNG.random(600) < 0.9, kind, RNG.integers(0, 5, 600))
    frame = pd.DataFrame(
        {
            "kind": [f"k{k}" for k in kind],
            "other": other,
            "fare": np.round(kind * 3 + RNG.integers(0, 8, 600) / 4, 2),
            "sex": RNG.integers(0, 2, 600),
        }
    )
    y = (kind + RNG.normal(size=600) > 2).astype(int)
    assert findings(frame, y)[CODE].spoke is False
    dummies = pd.get_dummies(frame.drop(columns="fare").astype(str))
    assert findings(dummies, y)[CODE].spoke is False


def test_copies_of_many_columns_with_few_values_are_told():
    X = RNG.integers(0, 3, size=(400, 20))
    y = (X.sum(axis=1) > 20).astype(int)
    assert findings(X, y)[CODE].spoke is False
    assert findings(*with_copies(X, y))[CODE].spoke is True


def test_copies_beside_one_telling_column_are_told():
    X = RNG.integers(0, 2, size=(500, 5)).astype(float)
    X[:, 2] = RNG.normal(size=500)
    y = (X.sum(axis=1) + RNG.normal(size=500) > 2).astype(int)
    assert findings(X, y)[CODE].spoke is False
    assert findings(*with_copies(X, y))[CODE].spoke is True


def test_a_pair_of_equal_rows_is_no_mistake():
    X, y = with_copies(*classes(), n=1)
    assert findings(X, y)[CODE].spoke is False


def test_copies_of_numbers_are_told():
    X, _ = classes()
    y = X.sum(axis=1) + RNG.normal(size=300)
    assert findings(X, y, numbers=True)[CODE].spoke is False
    assert findings(*with_copies(X, y), numbers=True)[CODE].spoke is True


def test_copies_of_different_classes_are_told():
    X, y = classes()
    X, y = with_copies(X, y, n=60)
    assert findings(X, y)[CONFLICT].spoke is False
    y[-60:] = 1 - y[-60:]
    found = findings(X, y, test=None)[CONFLICT]
    assert found.spoke is True
    assert found.number == pytest.approx(120 / 360)


def test_few_values_have_rows_of_different_classes_by_nature():
    X = RNG.integers(0, 3, size=(500, 3))
    y = RNG.integers(0, 2, 500)
    found = findings(X, y)[CONFLICT]
    assert found.spoke is False
    assert found.number > 0.5
