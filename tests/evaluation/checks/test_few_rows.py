from __future__ import annotations

import numpy as np
import pytest
from checked_data import classes, findings
from sklearn.neighbors import KNeighborsClassifier

import hpbridge as hpb
from hpbridge.evaluation.checks.run import check_data, data_of

CODE = "HPB108"


def rare(n_rare, n=300):
    X, _ = classes(n)
    return X, np.where(np.arange(n) < n_rare, "rare", "common")


def test_two_rows_of_a_class_in_a_fold_are_told():
    found = findings(*rare(10), test=None)[CODE]
    assert found.spoke is True
    assert found.number == 2
    assert "'rare'" in found.sentence
    assert "KFold" in found.hint


def test_few_rows_in_the_test_are_told():
    found = findings(*rare(40), test=0.1)[CODE]
    assert found.spoke is True
    assert found.sentence.startswith("The test has 4 rows")


def test_enough_rows_are_silent():
    assert findings(*rare(60))[CODE].spoke is False
    assert findings(*rare(20), test=None, procedure=hpb.KFold(3))[CODE].spoke is False


@pytest.mark.parametrize("n_rare", [10, 100])
def test_labels_are_counted_each(n_rare):
    X, _ = classes(300)
    Y = np.column_stack([np.arange(300) < n_rare, np.arange(300) % 2]).astype(int)
    space = {"n_neighbors": hpb.Int(1, 5)}
    evaluation = hpb.Evaluation(KNeighborsClassifier(), X, Y, space=space, test=None)
    found = {each.code: each for each in check_data(data_of(evaluation))}[CODE]
    assert found.spoke is (n_rare == 10)
    assert "label 0" in found.sentence


def test_each_row_alone_is_another_matter():
    found = findings(*rare(10), procedure=hpb.LeaveOneOut(), test=None)[CODE]
    assert found.spoke is None
