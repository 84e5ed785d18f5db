from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.analysis.failures import (
    LONGEST,
    Failures,
    failures_of,
    kind_of,
    line_of,
    sentences_of,
)
from hpbridge.trial import FinishedTrial, State


def failed(number: int, error: str | None) -> FinishedTrial:
    return FinishedTrial(number, State.FAILED, {}, {}, {}, error=error)


def test_errors_that_differ_in_numbers_alone_are_one() -> None:
    texts = [
        "ValueError: 3 of 12 rows at <Frame at 0x7f10>",
        "KeyError: 'x'",
        "ValueError: 4 of 1.5e3 rows at <Frame at 0xabc>",
        None,
    ]
    whole = FinishedTrial(9, State.COMPLETE, {}, {}, {"value": 1.0})
    found = failures_of([*(failed(k, text) for k, text in enumerate(texts)), whole])
    assert [(each.error, each.numbers) for each in found] == [
        (texts[0], (0, 2)),
        ("KeyError: 'x'", (1,)),
        ("no message", (3,)),
    ]


def test_an_error_is_one_line_that_a_terminal_only_shows() -> None:
    assert line_of("A:\n  b\tc \x1b[31mred") == "A: b c ?[31mred"
    assert len(line_of("x" * 10**6)) == LONGEST
    assert kind_of("y" * 10**6) == kind_of("y" * 10**5)


def test_the_rest_of_the_errors_is_counted() -> None:
    many = [Failures(f"{name}Error", (k,)) for k, name in enumerate("ABCDE")]
    assert sentences_of(many) == [
        "1 trial failed: AError",
        "1 trial failed: BError",
        "1 trial failed: CError",
        "2 trials failed with 2 other errors",
    ]
    assert sentences_of(many[:4])[-1] == "1 trial failed with another error"


def test_a_study_without_a_best_trial_says_why() -> None:
    def objective(trial):
        raise FileNotFoundError("train.csv is not there" if trial.number else "no")

    experiment = hpb.Experiment(objective=objective, space={"x": hpb.Float(0, 1)})
    study = hpb.run(experiment, "random", n_trials=3, seed=0, store=":memory:")
    assert [each.count for each in study.failures] == [2, 1]
    assert not study.has_result
    with pytest.raises(hpb.HpbridgeError) as caught:
        _ = study.best_trial
    assert caught.value.problems == (
        "2 trials failed: FileNotFoundError: train.csv is not there",
        "1 trial failed: FileNotFoundError: no",
    )
