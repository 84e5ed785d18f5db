from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checked_data import classes, findings

CODE = "HPB104"
RNG = np.random.default_rng(0)


def sorted_by_class(n=300):
    """Return rows that somebody sorted by class before numbering them."""
    X, y = classes(n)
    order = np.argsort(y + 0.3 * RNG.normal(size=n), kind="stable")
    return X[order], y[order]


@pytest.mark.parametrize(
    "names",
    [
        np.arange(300),
        np.arange(300)[::-1] * 1.0,
        10**9 + np.arange(300) * 7,
        np.array([f"row-{k}" for k in range(300)]),
        np.array([f"P{k:05d}" for k in range(300)], dtype=object),
    ],
    ids=["numbers", "floats downwards", "large", "text", "padded"],
)
def test_a_name_of_rows_that_predicts_is_told(names):
    X, y = sorted_by_class()
    frame = pd.DataFrame(X).assign(name=names)
    found = findings(frame, y)[CODE]
    assert found.spoke is True, found
    assert "'name'" in found.sentence
    order = RNG.permutation(300)
    shuffled = frame.assign(name=np.asarray(names)[order])
    assert findings(shuffled, y)[CODE].spoke is False


def test_a_shuffled_file_keeps_the_numbers_of_its_rows():
    X, y = sorted_by_class()
    order = RNG.permutation(300)
    data = np.column_stack([X, np.arange(300)])[order]
    assert findings(data, y[order])[CODE].spoke is True


def test_numbers_are_predicted_by_row_numbers_too():
    X, _ = classes()
    y = np.linspace(0, 5, 300) + RNG.normal(size=300)
    frame = pd.DataFrame(X).assign(number=np.arange(300))
    assert findings(frame, y, numbers=True)[CODE].spoke is True
    assert findings(frame, RNG.permutation(y), numbers=True)[CODE].spoke is False


@pytest.mark.parametrize(
    "column",
    [
        RNG.normal(size=300),
        RNG.integers(0, 400, 300),
        np.round(RNG.lognormal(10, 2, 300)),
        np.array([f"a text of words {k}" for k in range(300)], dtype=object),
    ],
    ids=["floats", "counts", "wide counts", "documents"],
)
def test_what_names_no_rows_is_silent_though_it_predicts(column):
    frame = pd.DataFrame(classes()[0]).assign(column=np.sort(column))
    y = (np.arange(300) > 150).astype(int)
    order = RNG.permutation(300)
    found = findings(frame.iloc[order], y[order])[CODE]
    assert found.spoke is False
    assert found.sentence.startswith("No column")
