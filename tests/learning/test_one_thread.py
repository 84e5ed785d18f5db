"""With how many threads an optimizer computes; skopt's `gp` is one that does."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

import hpbridge as hpb
from hpbridge.contract.backend import Optimizer, Outcome, Suggestion
from hpbridge.learning import one_thread
from hpbridge.learning.one_thread import OneThread, blas_threads, changed_threads
from hpbridge.trial import State

# There is something to be limited.
assert np.linalg.det(np.eye(3)) == 1


class Tells(Optimizer):
    """Keeps with how many threads it was called."""

    notes = ("its own",)

    def __init__(self) -> None:
        self.found = []

    def _look(self) -> None:
        self.found.append(blas_threads())

    def ask(self):
        self._look()
        return Suggestion(0, {})

    def tell(self, suggestion, outcome):
        self._look()

    def observe(self, params, outcome):
        self._look()

    def restore(self, trials, native):
        self._look()
        return True


def test_it_computes_with_one_thread_and_the_process_with_as_many_as_before():
    inner = Tells()
    optimizer = OneThread(inner)
    before = ThreadpoolController().info()
    assert before
    suggestion = optimizer.ask()
    optimizer.tell(suggestion, Outcome(State.FAILED))
    optimizer.observe({}, Outcome(State.FAILED))
    assert optimizer.restore([], {})
    assert inner.found == [1, 1, 1, 1]
    assert ThreadpoolController().info() == before
    assert list(optimizer.notes) == ["its own"]


def test_without_the_library_that_limits_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    optimizer = OneThread(Tells())
    assert optimizer.ask().id == 0
    assert "pip install threadpoolctl" in optimizer.notes[-1]
    assert blas_threads() is None


@pytest.mark.parametrize(
    ("before", "now", "n_notes"), [(2, 1, 1), (2, 2, 0), (None, 1, 0), (2, None, 0)]
)
def test_another_number_is_noted(before, now, n_notes):
    assert len(changed_threads(before, now)) == n_notes


def square(trial):
    return trial["x"] ** 2 + trial["y"]


SPACE = {"x": hpb.Float(-1, 1), "y": hpb.Float(0, 1)}
QUICK = {"n_initial_points": 2}


def run(workers, store, n_trials=4, name=None):
    e = hpb.Experiment(objective=square, space=SPACE)
    return hpb.run(
        e,
        "skopt:gp",
        n_trials=n_trials,
        seed=0,
        workers=workers,
        options=QUICK,
        store=store,
        name=name,
    )


def test_the_record_has_the_number_and_a_resume_with_another_says_so(
    tmp_path, monkeypatch
):
    pytest.importorskip("skopt")
    store = tmp_path / "s.db"
    alone = run(1, store, name="alone")
    beside = run(2, store, name="beside")
    assert beside.machine["optimizer_threads"] == 1
    assert alone.machine["optimizer_threads"] == blas_threads()
    random = hpb.run(
        hpb.Experiment(objective=square, space=SPACE),
        "random",
        n_trials=1,
        store=":memory:",
    )
    assert "optimizer_threads" not in random.machine
    monkeypatch.setattr("hpbridge.engine.plan.blas_threads", lambda: 64)
    e = hpb.Experiment(objective=square, space=SPACE)
    more = hpb.resume("alone", e, n_trials=5, store=store)
    assert any("-> 64; what it proposes may differ" in note for note in more.notes)
    same = hpb.resume("beside", e, n_trials=5, store=store)
    assert not any("BLAS threads" in note for note in same.notes)


def test_only_where_trials_run_beside_it(tmp_path, monkeypatch):
    pytest.importorskip("skopt")
    used = []
    monkeypatch.setattr(
        "hpbridge.learning.choice.OneThread",
        lambda made: used.append(made) or one_thread.OneThread(made),
    )
    run(1, ":memory:", 2)
    assert not used
    run(2, ":memory:", 2)
    assert len(used) == 1
