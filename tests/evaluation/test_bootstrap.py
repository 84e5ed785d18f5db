"""Metrics of many samples at once are scikit-learn's of each."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.metrics import get_scorer, make_scorer

from hpbridge.evaluation.answers import Marking, answers_from, is_of_answers
from hpbridge.evaluation.bootstrap import (
    SAMPLES,
    draws,
    kernel_of,
    one_by_one,
    resampled,
)
from hpbridge.evaluation.metrics import RankedOneVsRest
from hpbridge.evaluation.rows import Rows

_KINDS = ("precision", "recall", "f1")
OF_CLASSES = [
    "accuracy",
    "balanced_accuracy",
    *(f"{k}_{how}" for k in _KINDS for how in ("macro", "micro", "weighted")),
]
OF_TWO = [*OF_CLASSES, *_KINDS, "roc_auc"]
OF_NUMBERS = [
    "neg_mean_absolute_error",
    "neg_mean_squared_error",
    "neg_root_mean_squared_error",
    "r2",
]


def marking_of(y) -> Marking:
    return Marking(Rows(np.zeros((len(y), 1)), y))


def of_classes(n_classes: int, n_rows: int = 60, names=None):
    """Return truth and answers: a rare class, ties, one class never predicted."""
    rng = np.random.default_rng(n_classes)
    chances = rng.dirichlet(np.ones(n_classes), n_rows).round(1)
    weights = np.linspace(1, 6, n_classes)
    y = rng.choice(n_classes, n_rows, p=weights / weights.sum())
    said = np.minimum(chances.argmax(1), max(n_classes - 2, 1))
    classes = np.arange(n_classes) if names is None else np.asarray(names)
    kept = {
        "predict": classes[said],
        "predict_proba": chances,
        "decision_function": chances[:, 1] if n_classes == 2 else chances,
    }
    return classes[y], answers_from(kept, classes, is_of_classes=True)


def same_as_theirs(name, scorer, y, answers):
    marking = marking_of(y)
    kernel = kernel_of(name, scorer, answers, marking)
    assert kernel is not None
    slow = one_by_one(scorer, answers, marking)
    for numbers in draws(len(y), 40, seed=1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = slow(numbers)
        np.testing.assert_allclose(kernel(numbers), theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", OF_TWO)
def test_of_two_classes(name):
    same_as_theirs(name, get_scorer(name), *of_classes(2))


@pytest.mark.parametrize("name", OF_CLASSES)
@pytest.mark.parametrize("names", [None, ["a", "b", "c", "d"]])
def test_of_several_classes(name, names):
    same_as_theirs(name, get_scorer(name), *of_classes(4, names=names))


def test_areas_of_several_classes():
    y, answers = of_classes(3)
    chances = answers.kept["predict_proba"] + 1e-9
    answers.kept["predict_proba"] = chances / chances.sum(1, keepdims=True)
    same_as_theirs("roc_auc_ovr", get_scorer("roc_auc_ovr"), y, answers)
    del answers.kept["predict_proba"]
    same_as_theirs("roc_auc_ovr", RankedOneVsRest("macro"), y, answers)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_losses_of_chances(n_classes):
    y, answers = of_classes(n_classes)
    chances = answers.kept["predict_proba"]
    answers.kept["predict_proba"] = chances / chances.sum(1, keepdims=True)
    same_as_theirs("neg_log_loss", get_scorer("neg_log_loss"), y, answers)


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_of_numbers(name):
    rng = np.random.default_rng(0)
    y = rng.normal(size=50)
    said = answers_from({"predict": y + rng.normal(size=50)}, is_of_classes=False)
    same_as_theirs(name, get_scorer(name), y, said)


@pytest.mark.parametrize("name", ["accuracy", "f1_samples", "f1_macro"])
def test_of_labels(name):
    rng = np.random.default_rng(0)
    y, said = rng.integers(0, 2, (2, 40, 3))
    y[0] = said[0] = 0
    answers = answers_from({"predict": said}, np.arange(3), is_of_classes=True)
    same_as_theirs(name, get_scorer(name), y, answers)
    assert kernel_of("jaccard_samples", None, answers, marking_of(y)) is None


def test_what_is_not_theirs_is_called_for_each_sample():
    y, answers = of_classes(2)
    marking = marking_of(y)
    own = make_scorer(lambda truth, said: float(np.mean(truth == said)))
    assert is_of_answers(own)
    assert not is_of_answers(lambda model, rows, y: 0.0)
    assert kernel_of("accuracy", own, answers, marking) is None
    assert kernel_of("mine", own, answers, marking) is None
    found = resampled(("mine", own), {"best": answers}, marking, 0, few=50)
    assert found["best"].shape == (50,)
    quick = ("accuracy", get_scorer("accuracy"))
    theirs = resampled(quick, {"best": answers}, marking, 0, few=50)["best"]
    assert theirs.shape == (SAMPLES,)
    np.testing.assert_allclose(theirs[:50], found["best"], atol=1e-12)


def test_a_sample_without_a_class_has_no_area():
    y = np.array([0] * 9 + [1])
    kept = {"predict_proba": np.linspace(0, 1, 20).reshape(10, 2)}
    answers = answers_from(kept, np.array([0, 1]), is_of_classes=True)
    kernel = kernel_of("roc_auc", get_scorer("roc_auc"), answers, marking_of(y))
    found = kernel(np.array([[0] * 10, range(10)]))
    assert np.isnan(found[0])
    assert found[1] == 1


def test_samples_of_many_rows_are_drawn_in_parts():
    parts = list(draws(1_500_000, 3, seed=0))
    assert [part.shape for part in parts] == [(1, 1_500_000)] * 3


def test_of_very_many_classes_a_few_samples_are_counted_at_a_time():
    rng = np.random.default_rng(0)
    y, said = rng.permutation(1500), rng.permutation(1500)
    said[:700] = y[:700]
    answers = answers_from({"predict": said}, np.arange(1500), is_of_classes=True)
    scorer, marking = get_scorer("f1_macro"), marking_of(y)
    kernel = kernel_of("f1_macro", scorer, answers, marking)
    numbers = next(draws(len(y), 3, seed=0))
    theirs = one_by_one(scorer, answers, marking)(numbers)
    np.testing.assert_allclose(kernel(numbers), theirs, atol=1e-12)
