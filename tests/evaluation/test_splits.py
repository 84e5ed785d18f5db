"""Splits: made once, of rows that share nothing, the same for one seed."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import model_selection as ms
from sklearn.linear_model import LogisticRegression, Ridge

import hpbridge as hpb
from hpbridge.evaluation.procedure import read_procedure
from hpbridge.evaluation.rows import Rows
from hpbridge.evaluation.splits import FoldNumbers, fingerprint_of, make_split
from hpbridge.evaluation.target import read_target

PROCEDURES = st.sampled_from(
    [
        hpb.KFold(2),
        hpb.KFold(4, repeats=2),
        hpb.KFold(3, shuffle=False),
        hpb.HoldOut(0.3, repeats=3),
        hpb.LeaveOneOut(),
        hpb.TimeOrder(3, gap=1),
        ms.ShuffleSplit(3, random_state=0),
        ms.RepeatedStratifiedKFold(n_splits=2, random_state=0),
        ms.TimeSeriesSplit(2),
    ]
)


def split_of(y, procedure, test=0.25, seed=0, groups=None, *, of_classes=True):
    rows = Rows(
        np.arange(len(y), dtype=float).reshape(-1, 1),
        y,
        {} if groups is None else {"groups": groups},
    )
    problems: list[str] = []
    target = read_target(y, is_of_classes=of_classes, problems=problems)
    procedure = read_procedure(procedure)
    split = make_split(rows, target, procedure, test, seed, problems)
    assert (split is None) == bool(problems)
    return split, problems


@given(
    n_rows=st.integers(24, 60),
    n_classes=st.integers(2, 3),
    procedure=PROCEDURES,
    test=st.sampled_from([0.2, 0.35, None]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=60)
def test_rows_are_seen_or_sealed_and_fitted_or_scored(
    n_rows, n_classes, procedure, test, seed
):
    y = np.arange(n_rows) % n_classes
    split, problems = split_of(y, procedure, test, seed)
    assert problems == []
    sealed = [] if split.test is None else split.test.X.ravel().tolist()
    seen = split.seen.X.ravel().tolist()
    assert sorted(seen + sealed) == list(range(n_rows))
    assert sorted(split.order) == list(range(len(split.folds)))
    for fitted, scored in split.folds:
        assert not set(fitted.tolist()) & set(scored.tolist())
        assert {*fitted.tolist(), *scored.tolist()} <= {*range(len(seen))}
    if sealed and isinstance(procedure, (hpb.TimeOrder, ms.TimeSeriesSplit)):
        assert max(seen) < min(sealed)
    elif sealed:
        assert set(split.test.y.tolist()) == set(y.tolist())


@given(seed=st.integers(0, 2**32 - 1), procedure=PROCEDURES)
@settings(deadline=None, max_examples=20)
def test_a_seed_makes_the_same_split(seed, procedure):
    y = np.arange(40) % 2
    rows = Rows(np.zeros((40, 1)), y)
    first, second = (split_of(y, procedure, seed=seed)[0] for _ in range(2))
    assert first.order == second.order
    assert fingerprint_of(rows, first) == fingerprint_of(rows, second)


@given(
    groups=st.lists(st.integers(0, 9), min_size=40, max_size=40),
    procedure=st.sampled_from([hpb.KFold(2), hpb.HoldOut(0.3), hpb.LeaveOneOut()]),
    of_classes=st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_groups_stay_together(groups, procedure, of_classes):
    assume(len(set(groups)) > 5)
    y = np.arange(40) % 2 if of_classes else np.linspace(0, 1, 40)
    given_groups = np.asarray(groups)
    split, problems = split_of(y, procedure, groups=given_groups, of_classes=of_classes)
    if split is None:  # a part without one of the classes, say
        assert problems
        return
    own, kept = (part.params["groups"] for part in (split.seen, split.test))
    assert not set(own.tolist()) & set(kept.tolist())
    for fitted, scored in split.folds:
        assert not set(own[fitted].tolist()) & set(own[scored].tolist())


def test_a_test_is_stratified():
    y = np.repeat([0, 1], [160, 40])
    split, _ = split_of(y, hpb.KFold(4))
    assert np.bincount(split.test.y).tolist() == [40, 10]
    assert all(7 <= split.seen.y[scored].sum() <= 8 for _, scored in split.folds)


@pytest.mark.parametrize(
    "folds",
    [
        list(ms.KFold(3).split(np.zeros(20))),
        list(ms.LeaveOneOut().split(np.zeros(20))),
        list(ms.ShuffleSplit(3, random_state=0).split(np.zeros(20))),
        list(ms.TimeSeriesSplit(3).split(np.zeros(20))),
        [(np.array([3, 1, 1]), np.array([2]))],
    ],
)
def test_folds_are_kept_as_they_are(folds):
    kept = pickle.loads(pickle.dumps(FoldNumbers(iter(folds), 20)))
    assert len(kept) == len(folds)
    for (a, b), (fitted, scored) in zip(folds, kept, strict=True):
        assert a.tolist() == fitted.tolist()
        assert b.tolist() == scored.tolist()
    assert kept.sizes == [[len(a), len(b)] for a, b in folds]
    assert [b.tolist() for _, b in kept[1:]] == [b.tolist() for _, b in folds[1:]]


def test_leave_one_out_of_many_rows_is_small():
    split, _ = split_of(np.arange(3000) % 2, hpb.LeaveOneOut(), test=None)
    assert len(pickle.dumps(split.folds)) < 1_000_000


def test_a_generator_of_folds_is_drawn_from_once():
    pairs = ((np.arange(10), np.arange(10, 20)) for _ in range(2))
    split, _ = split_of(np.arange(30) % 2, pairs, test=None)
    assert len(split.folds) == 2


def test_a_splitter_of_ones_own_may_heed_groups():
    class Halves:
        def split(self, X, y, groups):
            yield np.flatnonzero(groups == 0), np.flatnonzero(groups == 1)

    y = np.arange(30) % 2
    split, problems = split_of(y, Halves(), test=None, groups=np.arange(30) // 15)
    assert problems == []
    assert split.folds.sizes == [[15, 15]]


def test_what_a_splitter_raises_is_said():
    class Broken:
        def split(self, X, y, groups):
            raise KeyError(3)

        def __repr__(self):
            return "Broken()"

    _, problems = split_of(np.arange(30) % 2, Broken(), test=None)
    assert problems == ["30 rows cannot be split by Broken(): KeyError: 3"]


def test_what_is_wrong_with_many_folds_is_said_of_some():
    _, problems = split_of(np.arange(30) % 2, [([0], [0])] * 10, test=None)
    assert len(problems) == 7
    assert problems[-1] == "4 more of this kind"


@pytest.mark.parametrize("number", [2, 5])
def test_a_number_is_of_parts(number):
    assert read_procedure(number) == hpb.KFold(number)


@pytest.mark.parametrize(
    ("procedure", "text"),
    [
        (hpb.KFold(3, repeats=2), "3-fold cross-validation, 2 times"),
        (hpb.HoldOut(0.25), "25 % held out for validation"),
        (hpb.LeaveOneOut(), "leave-one-out cross-validation"),
        (hpb.TimeOrder(3), "3 later parts, each predicted from what is before it"),
    ],
)
def test_procedures_are_told_in_words(procedure, text):
    assert procedure.text == text


CHANGES = {
    "data": {"shift": 1.0},
    "folds": {"procedure": [(np.arange(20), np.arange(30, 40))]},
    "the seed": {"seed": 1},
    "the test": {"test": 0.3},
    "an explicit test": {"test": (np.ones((9, 2)), np.ones(9))},
    "metrics": {"metrics": ["accuracy", "f1"]},
}


def numbered(*, shift: float = 0, **changes) -> hpb.Evaluation:
    features = np.random.default_rng(0).normal(size=(60, 2)) + shift
    space = {"C": hpb.Float(0.1, 1)}
    given = {"procedure": 2, "metrics": "accuracy", **changes}
    model = LogisticRegression()
    return hpb.Evaluation(model, features, np.arange(60) % 2, space=space, **given)


@pytest.mark.parametrize("what", CHANGES)
def test_a_study_of_another_evaluation_is_not_gone_on_with(what, tmp_path):
    store = str(tmp_path / "study.db")
    first = numbered()
    study = hpb.run(first, "random", n_trials=1, seed=0, store=store)
    with pytest.raises(hpb.HpbridgeError, match="not those of the study"):
        hpb.resume(study.name, numbered(**CHANGES[what]), n_trials=2, store=store)
    gone_on = hpb.resume(study.name, numbered(), n_trials=2, store=store)
    assert len(gone_on.trials) == 2


def test_numbers_are_split_without_classes():
    split, problems = split_of(np.linspace(0, 1, 40), hpb.KFold(4), of_classes=False)
    assert problems == []
    assert len(split.test) == 10
    made = hpb.Evaluation(
        Ridge(), split.seen.X, split.seen.y, space={"alpha": hpb.Float(0.1, 1)}
    )
    assert len(made.folds.folds) == 5
