"""The test is sealed by code: no trial can reach its rows."""

from __future__ import annotations

import gc
import pickle
import shutil
import struct

import cloudpickle
import looking_around
import numpy as np
import pytest
from looking_around import HALF, LooksAround
from sklearn.linear_model import LogisticRegression

import hpbridge as hpb
from hpbridge.drivers.packing import pack_experiment
from tests.cli.batch import Case, run_all

MARK = 2 * HALF
"""What every row of the test holds, and no other."""


def data(n_rows: int = 200, n_columns: int = 3, test: int = 50):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_columns))
    y = np.arange(n_rows) % 2
    hidden = rng.permutation(n_rows)[:test]
    return X, y, hidden


def sealed_evaluation(estimator=None, n_columns: int = 3, **settings):
    """Return an evaluation whose test is given, and marked."""
    X, y, _ = data(n_columns=n_columns)
    hidden = X[:50] * 0 + MARK
    return hpb.Evaluation(
        estimator or LogisticRegression(),
        X,
        y,
        space={"C": hpb.Float(0.1, 10)},
        test=(hidden, y[:50]),
        metrics="accuracy",
        procedure=hpb.HoldOut(),  # one fold is one look around
        **settings,
    )


def reached_from(thing) -> list:
    """Return all that the garbage collector finds from an object, modules not."""
    seen, todo = {}, [thing]
    while todo:
        each = todo.pop()
        if id(each) in seen or isinstance(each, type) or hasattr(each, "__loader__"):
            continue
        seen[id(each)] = each
        is_function = hasattr(each, "__globals__")
        todo += [r for r in gc.get_referents(each) if not is_function]
    return list(seen.values())


def test_nothing_that_an_objective_reaches_is_of_the_test():
    evaluation = sealed_evaluation()
    arrays = [
        a for a in reached_from(evaluation.objective) if isinstance(a, np.ndarray)
    ]
    assert any(a.shape == (200, 3) for a in arrays)
    assert not any(a.dtype.kind == "f" and (a == MARK).any() for a in arrays)
    own = [a for a in reached_from(vars(evaluation)) if isinstance(a, np.ndarray)]
    assert any(
        a.dtype.kind == "f" and (a == MARK).any() for a in own
    )  # it would be seen


def test_a_share_leaves_no_row_of_the_test_to_the_objective():
    X, y, _ = data()
    space = {"C": hpb.Float(0.1, 10)}
    evaluation = hpb.Evaluation(LogisticRegression(), X, y, space=space, test=0.25)
    hidden = evaluation.test_rows.rows().X
    assert len(hidden) == 50
    for array in reached_from(evaluation.objective):
        if isinstance(array, np.ndarray) and array.ndim == 2:
            assert not (array[:, None] == hidden[None]).all(-1).any()


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps, pack_experiment])
def test_a_pickled_evaluation_has_no_test(dumps):
    evaluation = sealed_evaluation()
    packed = dumps(evaluation)
    assert struct.pack("<d", MARK) not in packed
    assert struct.pack("<d", float(evaluation.folds.kept.rows().X[0, 0])) in packed
    assert not pickle.loads(packed).is_sealed
    assert evaluation.is_sealed


@pytest.mark.parametrize("n_columns", [3, 10_000], ids=["in memory", "in a file"])
def test_no_row_of_the_test_is_in_the_memory_of_a_worker(n_columns):
    evaluation = sealed_evaluation(LooksAround(max_iter=1), n_columns=n_columns)
    study = hpb.run(
        evaluation, "random", n_trials=2, workers=2, seed=0, store=":memory:"
    )
    assert [t.error for t in study.trials] == [None, None]


def test_looking_around_would_find_the_test():
    X, y, _ = data()
    evaluation = hpb.Evaluation(
        LooksAround(),
        X * 0 + MARK,  # as if they were no rows of a test
        y,
        space={"C": hpb.Float(0.1, 10)},
        procedure=hpb.HoldOut(),
    )
    study = hpb.run(
        evaluation, "random", n_trials=1, workers=2, seed=0, store=":memory:"
    )
    assert "there are rows of the test in this process" in study.trials[0].error


FILE = """
import numpy as np
import hpbridge as hpb
from looking_around import LooksAround

LOADED = np.full((200, 3), {mark})

class Own(LooksAround):
    pass

rng = np.random.default_rng(0)
X, y = rng.normal(size=(200, 3)), np.arange(200) % 2
evaluation = hpb.Evaluation(
    Own(),
    X,
    y,
    space={{"C": hpb.Float(0.1, 10)}},
    test=(LOADED[:50], y[:50]),
    procedure=hpb.HoldOut(),
)
"""


def test_a_worker_does_not_load_the_file_of_an_evaluation(tmp_path):
    from hpbridge.contract.references import load_experiment

    (tmp_path / "sealed_file.py").write_text(FILE.format(mark=MARK))
    evaluation = load_experiment(str(tmp_path / "sealed_file.py"))
    assert evaluation.reference
    study = hpb.run(
        evaluation, "random", n_trials=2, workers=2, seed=0, store=":memory:"
    )
    assert [t.error for t in study.trials] == [None, None]


CRASHES = """
import os
import numpy as np
import hpbridge as hpb
from looking_around import LooksAround

LOADED = np.full((200, 3), {mark})
HERE = {here!r}

class Crashes(LooksAround):
    def fit(self, X, y):
        try:
            os.close(os.open(HERE + "/crashed", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return super().fit(X, y)
        os._exit(3)

def own(model, X, y):
    return float((model.predict(X) == y).mean())

rng = np.random.default_rng(0)
X, y = rng.normal(size=(200, 3)), np.arange(200) % 2
evaluation = hpb.Evaluation(
    Crashes(),
    X,
    y,
    space={{"C": hpb.Float(0.1, 10)}},
    test=(LOADED[:50], y[:50]),
    metrics={{"own": own}},
    procedure=hpb.HoldOut(),
)
"""


def test_a_file_is_run_and_gone_on_with_without_its_test(tmp_path):
    path, store = tmp_path / "crashing_file.py", str(tmp_path / "s.db")
    path.write_text(CRASHES.format(mark=MARK, here=str(tmp_path)))
    shutil.copy(looking_around.__file__, tmp_path)
    ours = ["--workers", "2", "--store", store]
    run = ["run", str(path), "-b", "random", "-n", "3", "--name", "sealed", *ours]
    resume = ["resume", "sealed", "-n", "5", *ours]
    cases = [Case(tuple(run)), Case(tuple(resume))]
    for done in run_all(tmp_path, cases, warm="sklearn.linear_model"):
        assert done.returncode == 0, done.stderr
    trials = hpb.load_study("sealed", store=store).trials
    errors = [trial.error for trial in trials if trial.error is not None]
    assert len(trials) == 5
    assert ["exit code 3" in error for error in errors] == [True]
