from __future__ import annotations

import runpy

import pytest

from hpbridge.contract.references import Wanted, find_experiment
from hpbridge.engine.run import run

SCRIPT = """
from bayes_opt import (
    BayesianOptimization, SequentialDomainReductionTransformer, acquisition
)
def black_box_function(x, y):
    return -x ** 2 - (y - 1) ** 2 + 1
pbounds = {"x": (2, 4), "y": (-3, 3)}
optimizer = BayesianOptimization(
    f=black_box_function, pbounds=pbounds, random_state=1, verbose=0, MORE
)
BEFORE
optimizer.maximize(init_points=2, n_iter=3)
targets = [each["target"] for each in optimizer.res]
"""


@pytest.mark.parametrize(
    ("more", "before", "optimizer"),
    [
        ("", "", "bayesopt:ucb"),
        ("", 'optimizer.probe({"x": 2.5, "y": 0.7}, lazy=True)', "bayesopt:ucb"),
        (
            "acquisition_function=acquisition.ExpectedImprovement(xi=0.1)",
            "optimizer.set_gp_params(alpha=1e-3)",
            "bayesopt:ei",
        ),
        (
            "bounds_transformer=SequentialDomainReductionTransformer(eta=0.8)",
            "",
            "bayesopt:ucb",
        ),
    ],
)
def test_a_script_runs_as_it_runs_itself(tmp_path, more, before, optimizer):
    path = tmp_path / f"bayesopt_{abs(hash(more + before))}.py"
    path.write_text(SCRIPT.replace("MORE", more).replace("BEFORE", before))
    found = find_experiment(Wanted(str(path)))
    said = found.script
    assert said is not None
    assert said.not_taken == ()
    assert said.optimizer == optimizer
    assert found.experiment.metrics == {"target": "maximize"}
    ours = run(
        found.experiment,
        said.optimizer,
        options=said.options,
        n_trials=said.n_trials or 0,
        seed=said.seed,
        store=":memory:",
    )
    targets = [trial.metrics["target"] for trial in ours.trials]
    assert targets == runpy.run_path(str(path))["targets"]


def test_what_is_not_taken_is_named(tmp_path):
    path = tmp_path / "bayesopt_left.py"
    path.write_text(
        "from bayes_opt import BayesianOptimization, acquisition\n"
        "def f(x): ...\n"
        "def main(limit):\n"
        "    liar = acquisition.ConstantLiar(None)\n"
        "    found = BayesianOptimization(f, {'x': (2, 4)}, liar, constraint=limit)\n"
        "    found.maximize()\n"
    )
    script = find_experiment(Wanted(str(path))).script
    assert script is not None
    assert script.optimizer == ""
    assert script.n_trials == 30
    assert script.not_taken == (
        "acquisition_function=acquisition.ConstantLiar(None)",
        "constraint=limit",
    )
