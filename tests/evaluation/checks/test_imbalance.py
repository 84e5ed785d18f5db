from __future__ import annotations

import numpy as np
import pytest
from checked_data import findings
from sklearn.metrics import accuracy_score, make_scorer

CODE = "HPB101"
RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 3))
RARE = (np.arange(600) % 50 == 0).astype(int)


@pytest.mark.parametrize(
    "metric", ["accuracy", "f1_weighted", "recall_micro", make_scorer(accuracy_score)]
)
def test_a_metric_that_a_rare_disease_does_not_touch_is_told(metric):
    found = findings(X, RARE, metrics=metric)[CODE]
    assert found.spoke is True
    assert found.number == pytest.approx(0.98, abs=0.02)
    assert "Always answering 0" in found.sentence
    assert "balanced_accuracy" in found.hint


def test_the_score_of_the_frequent_class_is_told():
    assert findings(X, 1 - RARE, metrics="f1")[CODE].spoke is True
    assert findings(X, 1 - RARE, metrics="average_precision")[CODE].spoke is True


@pytest.mark.parametrize(
    "metric", ["f1_macro", "balanced_accuracy", "roc_auc", "f1", "average_precision"]
)
def test_a_metric_that_sees_the_rare_class_is_silent(metric):
    found = findings(X, RARE, metrics=metric)[CODE]
    assert found.spoke is False
    assert found.hint == ""


def test_what_counts_is_the_metric_that_is_optimized():
    assert findings(X, RARE, metrics=["f1", "accuracy"])[CODE].spoke is False
    assert findings(X, RARE, metrics=["accuracy", "f1"])[CODE].spoke is True


def test_a_class_among_several_that_may_go_unnoticed_is_told():
    y = np.where(RARE, "rare", np.where(np.arange(600) % 2, "a", "b"))
    found = findings(X, y, metrics="accuracy")[CODE]
    assert found.spoke is True
    assert "'rare'" in found.sentence
    assert findings(X, y, metrics="f1_macro")[CODE].spoke is False


@pytest.mark.parametrize("n_classes", [2, 3, 10, 20])
def test_classes_of_even_size_are_silent(n_classes):
    y = np.arange(600) % n_classes
    assert findings(X, y, metrics="accuracy")[CODE].spoke is False


def test_numbers_have_no_classes():
    found = findings(X, X[:, 0], numbers=True)[CODE]
    assert found.spoke is None
    assert "a target of numbers" in found.sentence
