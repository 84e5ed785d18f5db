from __future__ import annotations

import pytest

from hpbridge.contract.references import Wanted, find_experiment, load_experiment
from hpbridge.engine.run import run

SCRIPT = """
import numpy as np
from functools import partial
from hyperopt import STATUS_OK, Trials, fmin, hp, tpe
def objective(p):
    return {"loss": (p["x"] - 0.3) ** 2 + (p["kind"] == "b"), "status": STATUS_OK}
def main():
    space = {"x": hp.uniform("x", -1, 1), "kind": hp.choice("kind", ["a", "b"])}
    trials = Trials()
    best = fmin(
        fn=objective,
        space=space,
        algo=partial(tpe.suggest, n_startup_jobs=3),
        max_evals=12,
        rstate=np.random.default_rng(42),
        trials=trials,
        show_progressbar=False,
    )
    return trials
"""


def test_a_script_runs_as_it_runs_itself(tmp_path):
    path = tmp_path / "hyperopt_script.py"
    path.write_text(SCRIPT)
    found = find_experiment(Wanted(str(path)))
    said = found.script
    assert said is not None
    assert said.not_taken == ()
    assert said.optimizer == "hyperopt:tpe"
    assert found.experiment.metrics == {"loss": "minimize"}
    ours = run(
        found.experiment,
        said.optimizer,
        options=said.options,
        n_trials=said.n_trials or 0,
        seed=said.seed,
        store=":memory:",
    )
    namespace: dict[str, object] = {}
    exec(path.read_text(), namespace)
    theirs = namespace["main"]()  # type: ignore[operator]
    assert [trial.metrics["loss"] for trial in ours.trials] == theirs.losses()
    again = load_experiment(found.experiment.reference)
    assert again.space == found.experiment.space


POINTS = "points_to_evaluate=[{'x': 0.25, 'kind': 1}]"


def test_first_points_are_those_that_fmin_tries(tmp_path):
    beside = tmp_path / "hyperopt_beside.py"
    beside.write_text(SCRIPT.replace("max_evals", f"{POINTS}, max_evals"))
    script = find_experiment(Wanted(str(beside))).script
    assert script is not None
    assert script.points == ()
    assert "as by fmin" in script.not_taken[0]
    alone = tmp_path / "hyperopt_alone.py"
    alone.write_text(SCRIPT.replace("trials=trials", POINTS))
    found = find_experiment(Wanted(str(alone)))
    assert found.experiment.baseline_points == ({"x": 0.25, "kind": "b"},)
    again = load_experiment(found.experiment.reference)
    assert again.baseline_points == found.experiment.baseline_points


@pytest.mark.parametrize(
    ("algo", "optimizer", "left"),
    [
        ("", "hyperopt:tpe", ()),
        ("algo=rand.suggest,", "hyperopt:random", ()),
        ("algo=anneal.suggest,", "hyperopt:anneal", ()),
        ("algo=partial(tpe.suggest, verbose=1),", "hyperopt:tpe", ("verbose of tpe",)),
        ("algo=mine,", "", ("algo=mine",)),
        (
            "loss_threshold=0.1, early_stop_fn=stop,",
            "hyperopt:tpe",
            ("early_stop_fn=stop",),
        ),
        ("trials=SparkTrials(4),", "hyperopt:tpe", ("trials=SparkTrials(4)",)),
    ],
)
def test_what_fmin_is_given_is_taken_or_named(tmp_path, algo, optimizer, left):
    text = (
        "from functools import partial\nfrom hyperopt import *\nfrom hyperopt import "
        "anneal\ndef mine(): ...\nstop = 1\nspace = hp.uniform('x', -1, 1)\n"
        f"best = fmin(lambda x: x**2, space, {algo} max_evals=7)\nprint(1 / 0)"
    )
    path = tmp_path / f"hyperopt_{abs(hash(algo))}.py"
    path.write_text(text)
    script = find_experiment(Wanted(str(path))).script
    assert script is not None
    assert (script.optimizer, script.not_taken) == (optimizer, left)
    assert script.n_trials == 7
    assert script.target == (0.1 if "threshold" in algo else None)
