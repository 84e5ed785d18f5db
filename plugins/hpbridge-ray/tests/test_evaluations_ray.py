"""Evaluations of models on Ray: the test stays sealed on the actors, too."""

from __future__ import annotations

import numpy as np
import pytest
from looking_around import HALF, LooksAround
from sklearn.linear_model import LogisticRegression

import hpbridge as hpb

MARK = 2 * HALF
Y = np.arange(200) % 2


def evaluation(estimator, n_columns: int = 3) -> hpb.Evaluation:
    features = np.random.default_rng(0).normal(size=(200, n_columns))
    return hpb.Evaluation(
        estimator,
        features,
        Y,
        space={"C": hpb.Float(0.1, 10)},
        test=(features[:50] * 0 + MARK, Y[:50]),
        metrics="accuracy",
        procedure=hpb.HoldOut(),
    )


def run(evaluation: hpb.Evaluation, **settings) -> hpb.Study:
    given = {"n_trials": 2, "seed": 0, "store": ":memory:", "workers": 2}
    return hpb.run(evaluation, "random", **{**given, **settings})


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    "n_columns",
    [
        pytest.param(3, marks=pytest.mark.slow, id="in memory"),
        pytest.param(10_000, id="in a file"),
    ],
)
def test_no_row_of_the_test_is_in_the_memory_of_an_actor(n_columns):
    study = run(evaluation(LooksAround(max_iter=1), n_columns), driver="ray")
    assert [trial.error for trial in study.trials] == [None, None]


@pytest.mark.usefixtures("cluster")
def test_actors_come_to_the_numbers_of_this_process():
    made = evaluation(LogisticRegression())
    found = [
        [trial.attributes["split_test_accuracy"] for trial in study.trials]
        for study in (run(made, driver="ray"), run(made, workers=1))
    ]
    assert found[0] == found[1]
