"""Studies that Hyperopt's `fmin` made, for the tests of reading and writing them."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
from hyperopt import STATUS_FAIL, STATUS_OK, Trials, fmin, hp, rand

from hpbridge.contract.foreign import Hints
from hpbridge_hyperopt import SPEC

SPACE = {
    "model": hp.choice(
        "model",
        [
            {"type": "svm", "C": hp.loguniform("C", np.log(1e-3), np.log(1e3))},
            {"type": "tree", "depth": hp.uniformint("depth", 1, 9)},
        ],
    ),
    "k": hp.randint("k", 2, 8),
    "q": hp.quniform("q", 0, 1, 0.25),
    "x": hp.uniform("x", -1, 1),
}


def loss_of(point):
    model = point["model"]
    part = abs(math.log(model["C"])) if "C" in model else abs(model["depth"] - 4)
    return point["x"] ** 2 + part + point["q"] + point["k"] / 10


def evaluate(point):
    """Each kind of outcome, by where x lies."""
    x = point["x"]
    if x < -0.8:
        msg = f"x is {x:.2f},\n too low"
        raise ValueError(msg)
    if x < -0.6:
        return {"status": STATUS_FAIL, "loss": -1e9, "why": "low"}
    if x < -0.5:
        return math.nan
    if x < -0.4:
        return {"status": STATUS_FAIL}
    return {
        "status": STATUS_OK,
        "loss": loss_of(point),
        "loss_variance": 0.01,
        "true_loss": np.float32(1.5),
        "epochs": np.int64(7),
        "note": "fine",
        "curve": np.array([1.0, 2.0]),
        "deep": {"a": [1, None, True, math.inf]},
        "attachments": {"log": b"line", "blob": b"\xff\x00"},
    }


def run(n_trials, trials=None, seed=0, algo=rand.suggest, function=evaluate, **given):
    trials = Trials() if trials is None else trials
    fmin(
        function,
        given.pop("space", SPACE),
        algo=algo,
        max_evals=n_trials,
        trials=trials,
        rstate=np.random.default_rng(seed),
        catch_eval_exceptions=True,
        show_progressbar=False,
        verbose=False,
        **given,
    )
    return trials


HINTS = Hints(space=SPEC.from_native(SPACE).space, native_space=SPACE)


def dumped(trials, path, protocol=pickle.DEFAULT_PROTOCOL):
    path.write_bytes(pickle.dumps(trials, protocol))
    return path


def as_list(study):
    """Trials that can be compared: NaN is equal to itself."""
    ordered = (replace(t, params=dict(sorted(t.params.items()))) for t in study.trials)
    return [repr(trial) for trial in ordered]
