"""What is declared, refused and printed, without a run."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys

import optuna
import pytest

from hpbridge.contract.backend import Problem
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.options import read_options
from hpbridge.encoding.encoded import WHOLE_SPACE_ENCODINGS
from hpbridge.errors import (
    OptionError,
    UnsupportedFeatureError,
)
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.priors import Normal
from hpbridge.space.space import Space
from hpbridge_optuna import SPEC
from hpbridge_optuna.native.write import SAMPLERS
from hpbridge_optuna.options import SharedOptions

FINITE = Space({"n": Int(0, 3), "c": Categorical(["a", "b"])})
SGD = Space(
    {
        "solver": Categorical(["adam", "sgd"]),
        "momentum": Float(0, 1, when={"solver": "sgd"}),
        "n": Int(0, 6),
    }
)


def create(problem, algorithm, seed=0, **options):
    problem = problem if isinstance(problem, Problem) else Problem(problem)
    cls = SPEC.algorithms[algorithm].options
    options = read_options(f"optuna:{algorithm}", cls, options)
    return SPEC.create(problem, SPEC.algorithms[algorithm], options, seed)


def test_declaring_does_not_import_the_library():
    code = "import sys, hpbridge_optuna; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_defaults_are_the_librarys(algorithm):
    cls = getattr(optuna.samplers, SAMPLERS[algorithm])
    native = inspect.signature(cls.__init__).parameters
    own = dataclasses.fields(SPEC.algorithms[algorithm].options)
    for field in own[len(dataclasses.fields(SharedOptions)) :]:
        assert native[field.name].default == field.default, field.name


@pytest.mark.parametrize(
    ("algorithm", "options"),
    [
        ("tpe", {"group": True, "multivariate": False}),
        ("tpe", {"n_ei_candidates": 0}),
        ("cmaes", {"lr_adapt": True, "with_margin": True}),
        ("cmaes", {"popsize": 1}),
        ("nsga2", {"population_size": 1}),
        ("nsga3", {"dividing_parameter": 0}),
    ],
)
def test_options_that_the_library_refuses_are_option_errors(algorithm, options):
    with pytest.raises(OptionError, match=f"optuna:{algorithm}"):
        create(FINITE, algorithm, **options)


@pytest.mark.parametrize(
    ("algorithm", "problem", "reason"),
    [
        ("cmaes", Problem(SGD, n_objectives=2), "2 metrics need several metrics"),
        ("random", Problem(SGD, n_constraints=1), "1 constraint needs constraints"),
        ("grid", Problem(SGD), "'momentum' needs float: the library cannot"),
        ("grid", Problem(Space({"n": Int(0, 5000), "k": Int(0, 5000)})), "25010001 po"),
        ("bruteforce", Problem(Space({"n": Int(0, 10**9)})), "1000000001 values"),
    ],
)
def test_what_a_sampler_lacks_is_refused(algorithm, problem, reason):
    with pytest.raises(UnsupportedFeatureError, match=reason):
        create(problem, algorithm)


def test_an_option_that_fails_under_conditions_is_refused():
    with pytest.raises(UnsupportedFeatureError, match="with_margin=True"):
        create(SGD, "cmaes", with_margin=True)


def test_all_reasons_come_at_once():
    with pytest.raises(UnsupportedFeatureError) as caught:
        create(Problem(SGD, n_objectives=1, n_constraints=2), "grid")
    assert "'momentum'" in str(caught.value)
    assert "2 constraints" in str(caught.value)


@pytest.mark.parametrize("algorithm", ["tpe", "gp", "random"])
def test_explain_says_how_a_forbidden_point_is_told(algorithm):
    space = Space({"n": Int(0, 5)}, forbid=[{"n": 0}])
    options = SPEC.algorithms[algorithm].options()
    source = SPEC.explain(Problem(space), SPEC.algorithms[algorithm], options, 0)
    note = SPEC.algorithms[algorithm].capabilities[Feature.FORBIDDEN].note
    text = note or WHOLE_SPACE_ENCODINGS["reject"]
    assert f"# forbid=: {text} (reject)" in source


def test_explain_reads_like_a_users_script():
    space = Space(
        {
            "solver": Categorical({"adam": print, "sgd": len}),
            "lr": Float(1e-4, 1, log=True),
            "momentum": Float(0, 1, step=0.3, when={"solver": "sgd"}),
            "size": Categorical(["s", "m", "l"], ordered=True),
            "gain": Float(0, 9, prior=Normal(4, 2)),
            "fixed": Int(2, 2),
        }
    )
    options = SPEC.algorithms["tpe"].options(group=True)
    assert SPEC.explain(Problem(space), SPEC.algorithms["tpe"], options, 7) == (
        """\
import optuna
import hpbridge

trials = []


def run(trial):
    p = {}
    p['solver'] = trial.suggest_categorical('solver', ['adam', 'sgd'])
    p['lr'] = trial.suggest_float('lr', 0.0001, 1.0, log=True)
    if p.get('solver', ...) in ('sgd',):
        p['momentum'] = trial.suggest_float('momentum', 0.0, 0.9, step=0.3)
    # size: searches the index of its 3 values (index)
    x = trial.suggest_int('size', 0, 2)
    p['size'] = ['s', 'm', 'l'][int(x)]
    # gain: searches the quantile of its prior (quantile)
    x = trial.suggest_float('gain', 0.0, 1.0)
    p['gain'] = hpbridge.Float(0.0, 9.0, prior=hpbridge.Normal(mu=4.0, sigma=2.0))"""
        """.quantile(float(x))
    # fixed: has one value, is not searched (single)
    p['fixed'] = 2
    value = objective(p)
    trials.append((p, value))
    return value


sampler = optuna.samplers.TPESampler(group=True, seed=7)
study = optuna.create_study(sampler=sampler)
study.optimize(run, n_trials=n_trials)
"""
    )
