"""Studies of objectives that train with a callback, each ended at its third report."""

from __future__ import annotations

import re

import numpy as np
import pytest

import hpbridge as hpb
from hpbridge.errors import ObjectiveError

STEPS = [1, 2, 3]
AT_THE_THIRD = ("threshold", {"upper": -1e9, "n_warmup_steps": 3})
"""Every value is above, but nothing is decided before the third step."""

OPTIMIZERS = [("optuna:tpe", 1), ("hyperopt", 1), ("random", 2)]
"""And how many workers run its trials."""

OF_TORCH = [*OPTIMIZERS[:2], pytest.param("random", 2, marks=pytest.mark.slow)]
"""Each worker imports PyTorch."""

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4)).astype("float32")
Y = (X[:, 0] + X[:, 1] * X[:, 2] + RNG.normal(scale=0.5, size=120) > 0).astype(int)
TRAIN, VALID = (X[:80], Y[:80]), (X[80:], Y[80:])


def run(objective, optimizer="random", direction="maximize", **settings):
    experiment = hpb.Experiment(
        objective=objective,
        space={"lr": hpb.Float(0.05, 0.5)},
        direction=direction,
        name="trained",
    )
    given = {"n_trials": 2, "seed": 0, "store": ":memory:", **settings}
    return hpb.run(experiment, optimizer, **given)


def check_stopped(objective, history, optimizer, workers, direction="maximize"):
    """Check that each trial ends at step 3 with what the library itself evaluates.

    Args:
        history: ``history(lr)`` trains without a callback.
    """
    study = run(
        objective,
        optimizer,
        direction,
        workers=workers,
        pruner=AT_THE_THIRD,
        n_trials=2,
    )
    for trial in study.trials:
        assert trial.state is hpb.State.PRUNED, trial.error
        whole = history(trial.values["lr"])
        assert len(whole) > len(STEPS)
        assert list(trial.reports) == list(zip(STEPS, whole, strict=False))


def reports_of(objective, lr=0.3):
    """Train once, never stopped, and return the value and the reported values."""
    trial = hpb.Trial({"lr": lr}, number=0, seed=1)
    value = objective(trial)
    steps = [step for step, _ in trial.reports]
    assert steps == [*range(1, len(steps) + 1)]
    return value, [reported for _, reported in trial.reports]


def check_refused(objective, words, direction="maximize", workers=1):
    """Check that a study ends at its first trial, with a sentence."""
    with pytest.raises(ObjectiveError) as caught:
        run(objective, direction=direction, n_trials=5, workers=workers)
    begin = r"The study has ended: trial [01] failed: "
    assert re.match(begin, caught.value.headline)
    for word in words:
        assert word in str(caught.value)
