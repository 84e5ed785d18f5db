from __future__ import annotations

import runpy

import pytest

from hpbridge.contract.references import Wanted, find_experiment
from hpbridge.engine.run import run

SCRIPT = """
import numpy as np
import skopt
from skopt import forest_minimize, gp_minimize
from skopt.space import Real
from skopt.utils import use_named_args
space = [Real(1e-3, 1.0, prior="log-uniform", name="lr"), Real(1, 5, name="k")]
@use_named_args(space)
def objective(lr, k):
    return lr * k
result = CALL
"""


GP = "gp_minimize(objective, space, n_calls=12, random_state=0)"
FIRST = """gp_minimize(
    objective, space, n_calls=8, n_initial_points=5, x0=[0.1, 3.0],
    random_state=np.random.RandomState(1), acq_func='EI'
)"""
FOREST = """skopt.forest_minimize(
    objective, space, base_estimator='RF', n_calls=12, random_state=3
)"""


@pytest.mark.parametrize(
    ("call", "optimizer"),
    [(GP, "skopt:gp"), (FIRST, "skopt:gp"), (FOREST, "skopt:rf")],
)
def test_a_script_runs_as_it_runs_itself(tmp_path, call, optimizer):
    path = tmp_path / f"skopt_{abs(hash(call))}.py"
    path.write_text(SCRIPT.replace("CALL", call))
    found = find_experiment(Wanted(str(path)))
    said = found.script
    assert said is not None
    assert said.not_taken == ()
    assert said.optimizer == optimizer
    assert not found.experiment.is_direction_assumed
    ours = run(
        found.experiment,
        said.optimizer,
        options=said.options,
        n_trials=said.n_trials or 0,
        seed=said.seed,
        store=":memory:",
    )
    theirs = runpy.run_path(str(path))["result"]
    assert [[t.params["lr"], t.params["k"]] for t in ours.trials] == theirs.x_iters


def test_what_is_not_taken_is_named(tmp_path):
    call = "gp_minimize(objective, space, callback=[print], x0=[[0.1, 3]], y0=[1])"
    path = tmp_path / "skopt_left.py"
    path.write_text(SCRIPT.replace("CALL", call))
    script = find_experiment(Wanted(str(path))).script
    assert script is not None
    assert script.not_taken == ("x0 with y0", "callback=[print]")
    assert script.n_trials == 100
