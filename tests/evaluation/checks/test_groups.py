from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checked_data import classes, findings, subjects
from sklearn.datasets import load_wine
from sklearn.model_selection import KFold

import hpbridge as hpb

CODE = "HPB107"
RNG = np.random.default_rng(0)


def test_subjects_on_both_sides_are_told():
    X, y, _ = subjects()
    found = findings(X, y)[CODE]
    assert found.spoke is True
    assert "'subject'" in found.sentence
    assert "groups=" in found.hint


def test_words_may_name_groups():
    X, y, _ = subjects(names="who")
    X["who"] = "person " + X["who"].astype(str)
    assert findings(X, y)[CODE].spoke is True


def test_groups_that_stay_together_are_silent():
    X, y, who = subjects()
    found = findings(X, y, groups=who)[CODE]
    assert found.spoke is False
    assert found.number == 0


def test_groups_that_folds_do_not_heed_are_told():
    X, y, who = subjects()
    rows = np.arange(len(y))
    pairs = list(KFold(3, shuffle=True, random_state=0).split(rows))
    found = findings(X, y, groups=who, procedure=pairs, test=None)[CODE]
    assert found.spoke is True
    assert found.number > 0.9
    given = findings(X, y, groups=who, procedure=hpb.KFold(3), test=None)[CODE]
    assert given.spoke is False


def test_groups_that_are_not_alike_are_silent():
    X, y = classes(320)
    frame = pd.DataFrame(X, columns=list("abcd")).assign(
        patient_id=np.repeat(np.arange(40), 8)
    )
    assert findings(frame, y)[CODE].spoke is False


@pytest.mark.parametrize("seed", range(3))
def test_counts_and_kinds_are_no_groups(seed):
    rng = np.random.default_rng(seed)
    age, kind = rng.integers(20, 80, 600), rng.integers(0, 6, 600)
    frame = pd.DataFrame(
        {"age": age, "kind": [f"k{k}" for k in kind], "x": rng.normal(size=600)}
    )
    y = (age / 20 + kind + 2 * rng.normal(size=600) > 5).astype(int)
    assert findings(frame, y)[CODE].spoke is False


def test_measurements_in_whole_numbers_are_no_groups():
    assert findings(*load_wine(return_X_y=True, as_frame=True))[CODE].spoke is False
