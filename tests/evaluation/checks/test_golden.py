from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checked_data import classes, findings
from sklearn import datasets

CODE = "HPB105"
RNG = np.random.default_rng(0)


def flipped(y, share=0.02):
    return np.where(RNG.random(len(y)) < share, 1 - y, y)


@pytest.mark.parametrize(
    "leak",
    [
        lambda y: y,
        flipped,
        lambda y: y + 0.1 * RNG.normal(size=len(y)),
        lambda y: np.where(y == 1, "churned", "stayed"),
        lambda y: abs(RNG.normal(size=len(y))) * (1 - y),
    ],
    ids=["itself", "flipped", "noisy", "words", "zero after the fact"],
)
def test_a_column_that_follows_from_the_target_is_told(leak):
    X, y = classes(noise=4.0)
    frame = pd.DataFrame(X).assign(leak=leak(y))
    found = findings(frame, y)[CODE]
    assert found.spoke is True, found
    assert "'leak'" in found.sentence
    assert "known before" in found.hint
    assert found.number > 0.8


def test_the_target_twice_is_told():
    X, y = classes(noise=4.0)
    frame = pd.DataFrame(X).assign(code=y, word=np.where(y, "b", "a"))
    assert findings(frame, y)[CODE].spoke is True


def test_numbers_may_leak_too():
    X, _ = classes()
    y = X.sum(axis=1) + 2 * RNG.normal(size=300)
    frame = pd.DataFrame(X).assign(dollars=1.1 * y + 0.1 * RNG.normal(size=300))
    assert findings(frame, y, numbers=True)[CODE].spoke is True
    assert findings(X, y, numbers=True)[CODE].spoke is False


@pytest.mark.parametrize(
    "name", ["iris", "wine", "breast_cancer", "digits", "diabetes"]
)
def test_real_data_have_no_golden_feature(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    assert findings(X, y, numbers=name == "diabetes")[CODE].spoke is False


def test_one_weak_feature_among_noise_is_no_gold():
    X = RNG.normal(size=(400, 5))
    y = (X[:, 0] + RNG.normal(size=400) > 0).astype(int)
    found = findings(X, y)[CODE]
    assert found.spoke is False
    assert found.number < 0.6


def test_one_feature_is_all_there_is():
    X, y = classes(columns=1)
    assert findings(X, y)[CODE].spoke is None
