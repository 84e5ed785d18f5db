"""One node in several places, draws without ends, and choices within choices."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hyperopt import Trials, anneal, fmin, hp, rand, tpe
from hyperopt.pyll import scope

import hpbridge as hpb
from hpbridge import Float, LogNormal, Normal, Quantized, Space
from hpbridge.native import native_experiment
from hpbridge_hyperopt.native.read import from_native

ALGORITHMS = {"tpe": tpe.suggest, "random": rand.suggest, "anneal": anneal.suggest}


def branch_and_unconditional():
    s = hp.uniform("shared", 0, 1)
    return {"p": hp.choice("m", [{"t": "a", "s": s}, {"t": "b"}]), "q": s}


def outer_and_inner():
    s = hp.uniform("shared", 0, 1)
    inner = hp.choice("k", [{"s2": s}, {"u": 1}])
    return {"p": hp.choice("m", [{"s": s, "i": inner}, {"t": "b"}]), "q": 0.5}


def unconditional_and_two_below():
    s = hp.uniform("a", 0, 1)
    inner = hp.pchoice("z", [(0.3, s), (0.7, {"u": hp.normal("n", 0, 1)})])
    return [s, hp.choice("y", [inner, {"v": hp.choice("x", [0, s])}])]


def all_options_of_the_inner():
    s = hp.uniform("a", 0, 1)
    inner = hp.choice("z", [{"s": s}, {"t": s}])
    return hp.choice("y", [inner, {"s": s}, {"u": 1}])


def a_choice_shared():
    s = hp.choice("b", [{"w": hp.lognormal("c", 0, 1)}, {"v": 1}])
    return {"p": hp.choice("m", [{"s": s}, {"t": hp.choice("a", [s, 2])}]), "q": s}


def normal_draws():
    return {
        "a": hp.normal("a", 1, 2),
        "b": hp.lognormal("b", 0, 1),
        "c": hp.qnormal("c", 0, 5, 2),
        "d": scope.int(hp.qlognormal("d", 1, 1, 1)),
        "e": 2 ** scope.int(hp.quniform("e", 1, 5, 1)),
        "k": hp.choice("k", [{"z": hp.normal("z", 3, 1)}, [hp.uniformint("u", 1, 5)]]),
    }


SPACES = [
    branch_and_unconditional,
    outer_and_inner,
    unconditional_and_two_below,
    all_options_of_the_inner,
    a_choice_shared,
    normal_draws,
]


def numbers(point):
    if isinstance(point, dict):
        point = list(point.values())
    if isinstance(point, (list, tuple)):
        return sum(map(numbers, point))
    return float(point) ** 2 if isinstance(point, (int, float)) else 0.0


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.__name__)
def test_trials_are_those_of_fmin_to_the_bit(space, algorithm):
    seen = {"fmin": [], "hpbridge": []}

    def watched(name):
        return lambda point: seen[name].append(repr(point)) or numbers(point)

    fmin(
        watched("fmin"),
        space(),
        ALGORITHMS[algorithm],
        24,
        rstate=np.random.default_rng(3),
        show_progressbar=False,
        verbose=False,
    )
    experiment = native_experiment(watched("hpbridge"), space())
    hpb.run(experiment, backend=f"hyperopt:{algorithm}", n_trials=24, seed=3)
    assert seen["hpbridge"] == seen["fmin"]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.__name__)
def test_other_optimizers_run_it_and_json_keeps_it(space):
    experiment = native_experiment(numbers, space())
    study = hpb.run(experiment, backend="random", n_trials=12, seed=0)
    assert [trial.state for trial in study.trials] == [hpb.State.COMPLETE] * 12
    assert Space.from_json(experiment.space.to_json()) == experiment.space


def test_a_label_is_active_wherever_it_has_a_place():
    space = from_native(outer_and_inner()).space
    assert space["shared"].when == (("m", (0,)),)
    assert space["shared"].also == (("k", (0,)),)
    assert space.active({"m": 0, "k": 1, "shared": 0.5}) == ["m", "k", "shared"]
    assert from_native(branch_and_unconditional()).space["shared"].when == ()


def test_draws_without_ends_are_priors_without_ends():
    space = from_native(normal_draws()).space
    inf = math.inf
    assert space["a"] == Float(-inf, inf, prior=Normal(1, 2))
    assert space["b"] == Float(0, inf, prior=LogNormal(0, 1))
    assert space["c"] == Quantized(-inf, inf, 2.0, prior=Normal(0, 5))
    assert space["d"] == Quantized(0, inf, 1, prior=LogNormal(1, 1))


SCRIPT = """\
from hyperopt import hp

space = hp.choice("classifier", [
    {"type": "bayes", "alpha": hp.uniform("alpha", 0, 1)},
    {"type": "svm", "C": hp.lognormal("C", 0, 1), "kernel": hp.choice("kernel", [
        {"ktype": "linear"}, {"ktype": "RBF", "width": hp.lognormal("width", 0, 1)}])},
    {"type": "tree", "depth": hp.choice("depth", [
        None, hp.qlognormal("max_depth", 3, 1, 1)])},
])


def objective(point):
    return point.get("alpha", point.get("C", 2))
"""


@pytest.mark.parametrize("backend", ["random", "hyperopt"])
def test_the_script_of_hyperopts_own_pages_goes_on_from_its_trials(backend, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    names = {}
    exec(SCRIPT, names)
    trials = Trials()
    fmin(
        names["objective"],
        names["space"],
        tpe.suggest,
        10,
        trials=trials,
        rstate=np.random.default_rng(0),
        show_progressbar=False,
        verbose=False,
    )
    (tmp_path / "trials.pkl").write_bytes(pickle.dumps(trials))
    line = (
        "run script.py:objective --space script.py:space --from trials.pkl --trials 3"
    )
    arguments = [*line.split(), "--backend", backend, "--store", "s.db"]
    command = [sys.executable, "-m", "hpbridge", *arguments]
    done = subprocess.run(
        command,
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "13 complete, 0 failed" in done.stdout
    experiment = native_experiment(names["objective"], names["space"])
    study = hpb.run(experiment, backend=backend, n_trials=2, seed=0, history=trials)
    assert len(study.trials) == 12
