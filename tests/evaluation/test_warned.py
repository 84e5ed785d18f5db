"""Warnings while models are fitted are counted, as far as nobody filtered them."""

from __future__ import annotations

import threading
import warnings

import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

import hpbridge as hpb
from hpbridge.evaluation.warned import ATTRIBUTE, Warned


def warn_often(n: int) -> None:
    for k in range(n):
        warnings.warn(f"not converged, {k}", ConvergenceWarning, stacklevel=1)


def shown(function) -> list:
    with warnings.catch_warnings(record=True) as seen:
        function()
    return seen


def test_every_one_is_counted_and_none_shown():
    warned = Warned()

    def run():
        warnings.resetwarnings()
        with warned:
            warn_often(30)

    assert shown(run) == []
    assert warned.attributes == {
        ATTRIBUTE: {"ConvergenceWarning": [30, "not converged, 0"]}
    }


def test_what_is_ignored_is_not_counted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with Warned() as warned:
            warn_often(3)
        assert warned.attributes == {}
        warnings.simplefilter("default", UserWarning)
        with Warned() as warned:
            warnings.warn("other", UserWarning, stacklevel=1)
    assert warned.attributes == {ATTRIBUTE: {"UserWarning": [1, "other"]}}


def test_what_is_an_error_is_raised():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning), Warned():
            warn_often(1)


def test_nothing_is_noted_where_nothing_warned():
    with Warned() as warned:
        pass
    assert warned.attributes == {}


def test_filters_are_as_before():
    before = list(warnings.filters), warnings.showwarning
    with Warned():
        assert warnings.showwarning != before[1]
    assert (list(warnings.filters), warnings.showwarning) == before


def test_other_threads_change_no_filter():
    before, seen = list(warnings.filters), []

    def run():
        with Warned():
            seen.append(list(warnings.filters))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]


def many_kinds() -> None:
    for k in range(30):
        kind = type(f"Kind{k}", (UserWarning,), {})
        warnings.warn("x" * 1000, kind, stacklevel=1)


def test_what_is_noted_has_bounds():
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with Warned() as warned:
            many_kinds()
    noted = warned.attributes[ATTRIBUTE]
    assert len(noted) == 21
    assert sum(n for n, _ in noted.values()) == 30
    assert all(len(text) <= 300 for _, text in noted.values())


@pytest.mark.parametrize("workers", [1, 2])
def test_trials_note_what_warned(workers, capfd):
    X, y = load_iris(return_X_y=True)
    estimator = LogisticRegression(max_iter=2)
    evaluation = hpb.Evaluation(estimator, X, y, space={"C": hpb.Float(1, 10)})
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        study = hpb.run(
            evaluation,
            "random",
            n_trials=3,
            seed=0,
            store=":memory:",
            workers=workers,
        )
    for trial in study.trials:
        count, text = trial.attributes[ATTRIBUTE]["ConvergenceWarning"]
        assert count == 5
        assert "failed to converge" in text
    start = "ConvergenceWarning 15 times in 3 trials, the first: lbfgs failed"
    assert sum(note.startswith(start) for note in study.notes) == 1
    assert "ConvergenceWarning" not in capfd.readouterr().err


def test_an_error_of_a_filter_fails_the_trial():
    X, y = load_iris(return_X_y=True)
    estimator = LogisticRegression(max_iter=2)
    evaluation = hpb.Evaluation(estimator, X, y, space={"C": hpb.Float(1, 10)})
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        study = hpb.run(evaluation, "random", n_trials=2, seed=0, store=":memory:")
    assert all("ConvergenceWarning" in t.error for t in study.trials)
