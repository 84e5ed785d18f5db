"""The choices of a search, as scikit-learn takes them, told apart in a record."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.formats.search_choices import read_choices

FIRST, SECOND = SVC(), SVC()
LABELS = {
    "a dict beside scalars": (
        [None, "balanced", {0: 1, 1: 2}],
        (None, "balanced", "{0: 1, 1: 2}"),
    ),
    "lists": ([None, [1, 2], [2, 1]], (None, "[1, 2]", "[2, 1]")),
    "a lambda": ([None, lambda v: v], (None, "choice 1")),
    "a function": ([math.exp, None, {}], ("exp", None, "{}")),
    "equal, of three types": ([1, 1.0, True], ("1", "1.0", "True")),
    "equal, and an other": ([False, 0, "auto"], ("False", "0", "auto")),
    "of numpy": ([np.bool_(True), np.int64(1), {}], ("True", "1", "{}")),
    "equal, in tuples": ([(1,), (1.0,)], ("(1,)", "(1.0,)")),
    "a text that is another's": ([1, 1.0, "1"], ("choice 0", "1.0", "choice 2")),
    "a text that is a place": (["choice 1", {1}], ("choice 0", "choice 1")),
    "the word None": ([None, "None", {}], (None, "None", "{}")),
    "infinite, and its word": ([math.inf, "inf"], ("inf", "'inf'")),
    "models of one text": ([FIRST, SECOND], ("choice 0", "choice 1")),
    "sets": ([{"a", "b"}, {"c"}], ("choice 0", "choice 1")),
    "a long one": ([None, list(range(99))], (None, "choice 1")),
    "small arrays": ([None, np.array([1, 2])], (None, "array([1, 2])")),
}


@pytest.mark.parametrize("name", LABELS)
def test_every_choice_has_a_label_of_its_own(name) -> None:
    choices, labels = LABELS[name]
    found, of_each = read_choices(choices)
    assert found.problems() == []
    assert found.weights is None
    assert [*map(repr, found.labels)] == [*map(repr, labels)]
    assert of_each == list(labels)
    for label, choice in zip(labels, choices, strict=True):
        assert found.choice(label) is choice
        assert type(found.canonical(choice)) is type(label)
        assert found.canonical(choice) == label


REPEATED = {
    "texts": (["a", "a", "b"], ("a", "b"), (2 / 3, 1 / 3)),
    "apart": ([1, 2, 1, 1], (1, 2), (0.75, 0.25)),
    "not a number": ([math.nan, float("nan"), 1], ("nan", 1), (2 / 3, 1 / 3)),
    "numpy's and Python's": ([np.float64(0.5), 0.5, 1], (0.5, 1), (2 / 3, 1 / 3)),
    "tuples": ([(1,), (2,), (1,)], ("(1,)", "(2,)"), (2 / 3, 1 / 3)),
    "one object": ([FIRST, FIRST, None], ("SVC()", None), (2 / 3, 1 / 3)),
    "all alike": (["a", "b", "a", "b"], ("a", "b"), None),
    "of several types": ([1, 1.0, 1], ("1", "1.0"), (2 / 3, 1 / 3)),
}


@pytest.mark.parametrize("name", REPEATED)
def test_what_is_there_twice_is_drawn_twice_as_often(name) -> None:
    choices, labels, weights = REPEATED[name]
    found, of_each = read_choices(choices)
    assert found.problems() == []
    assert found.labels == labels
    assert found.weights == (weights and pytest.approx(weights))
    assert len(of_each) == len(choices)
    assert set(of_each) == set(labels)


def test_what_a_categorical_takes_is_that_categorical() -> None:
    for choices in (["a", 1, None], [0.1, 1e3], [(32,), (64, 64)], [SVC, math.exp]):
        assert read_choices(choices)[0] == hpb.Categorical(choices)
    assert read_choices([])[0].problems() == ["choices are empty"]
