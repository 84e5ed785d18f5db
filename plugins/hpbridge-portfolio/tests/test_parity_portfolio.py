"""Portfolios beside loops that are written by hand, of the libraries' own objects."""

from __future__ import annotations

import warnings

import numpy as np
import optuna
import pytest
import skopt
from hyperopt import Trials, fmin, hp, tpe
from optuna.distributions import FloatDistribution

import hpbridge as hpb
from hpbridge_portfolio.backend.making import member_seed

SPACE = {"x": hpb.Float(-2, 2), "y": hpb.Float(0, 1)}
DISTRIBUTIONS = {"x": FloatDistribution(-2, 2), "y": FloatDistribution(0, 1)}
OPTIONS = {"optuna:tpe.n_startup_trials": 4, "skopt:et.n_initial_points": 4}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    # A store in memory is open for as long as a study refers to it.
    monkeypatch.chdir(tmp_path)


def value_at(point):
    return (point["x"] - 0.7) ** 2 + point["y"]


def run(backend, n_trials, seed=3, **kwargs):
    experiment = hpb.Experiment(objective=value_at, space=SPACE, name="pair")
    settings = {"options": OPTIONS, **kwargs}
    return hpb.run(experiment, backend, n_trials=n_trials, seed=seed, **settings)


def points_of(study):
    return [dict(trial.params) for trial in study.trials]


def by_hand(n_trials, seed):
    """Ask Optuna's sampler and scikit-optimize's Optimizer in turn; both learn all."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=4)
    study = optuna.create_study(sampler=sampler)
    library = skopt.Optimizer(
        [(-2.0, 2.0), (0.0, 1.0)],
        "ET",
        n_initial_points=4,
        acq_func="EI",
        acq_optimizer="sampling",
        random_state=member_seed(seed, 1) % 2**32,
    )
    points, untold = [], []
    for number in range(n_trials):
        if number % 2 == 0:
            trial = study.ask(DISTRIBUTIONS)
            point = dict(trial.params)
            study.tell(trial, value_at(point))
        else:
            if untold:
                values = [value_at(each) for each in untold]
                library.tell([[p["x"], p["y"]] for p in untold], values)
            untold = []
            x, y = library.ask()
            point = {"x": float(x), "y": float(y)}
            study.add_trial(
                optuna.trial.create_trial(
                    params=point, distributions=DISTRIBUTIONS, value=value_at(point)
                )
            )
        untold.append(point)
        points.append(point)
    return points


@pytest.mark.parametrize("seed", [0, 3])
def test_two_members_are_their_libraries_asked_in_turn(seed):
    study = run("portfolio:optuna:tpe+skopt:et", 16, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert points_of(study) == by_hand(16, seed)
    proposed = [trial.native["member"] for trial in study.trials]
    assert proposed == ["optuna:tpe", "skopt:et"] * 8


def test_the_first_member_begins_as_it_does_alone():
    alone = run("optuna:tpe", 1, options={"n_startup_trials": 4})
    assert points_of(run("portfolio:optuna:tpe+skopt:et", 1)) == points_of(alone)


def test_two_algorithms_of_one_library_do_not_draw_the_same_points():
    options = {"skopt.n_initial_points": 4}
    study = run("portfolio:skopt:gp+skopt:et", 4, options=options)
    points = points_of(study)
    assert len({tuple(point.values()) for point in points}) == 4


@pytest.mark.parametrize(
    ("variant", "member", "options"),
    [
        ("", "optuna:tpe", {"n_startup_trials": 3}),
        ("", "skopt:gp", {"n_initial_points": 3}),
        ("elimination:", "skopt:rf", {"n_initial_points": 3}),
        ("gumbel:", "hyperopt:tpe", {"n_startup_jobs": 3}),
        ("", "random", {}),
    ],
)
def test_one_member_is_that_member(variant, member, options):
    alone = run(member, 6, options=options)
    of_member = {f"{member}.{name}": value for name, value in options.items()}
    whole = run(f"portfolio:{variant}{member}", 6, options=of_member)
    assert points_of(whole) == points_of(alone)
    assert whole.notes == alone.notes
    assert [t.metrics for t in whole.trials] == [t.metrics for t in alone.trials]


def test_one_member_is_the_librarys_own_call():
    trials = Trials()
    fmin(
        value_at,
        {"x": hp.uniform("x", -2, 2), "y": hp.uniform("y", 0, 1)},
        algo=tpe.suggest,
        max_evals=24,
        trials=trials,
        rstate=np.random.default_rng(3),
        show_progressbar=False,
        verbose=False,
    )
    own = [{name: float(v[0]) for name, v in t["misc"]["vals"].items()} for t in trials]
    assert points_of(run("portfolio:hyperopt:tpe", 24, options={})) == own


def test_one_member_takes_what_it_takes_alone():
    def two(point):
        return {"a": point["x"] ** 2, "b": (point["x"] - 1) ** 2 + point["y"]}

    experiment = hpb.Experiment(
        objective=two,
        space=SPACE,
        name="two",
        direction={"a": "minimize", "b": "minimize"},
    )
    for member in ("optuna:tpe", "skopt:et"):
        settings = {"n_trials": 14, "seed": 1, "store": ":memory:"}
        alone = hpb.run(experiment, member, **settings)
        whole = hpb.run(experiment, f"portfolio:{member}", **settings)
        assert points_of(whole) == points_of(alone)
        said = [note.replace(member, f"portfolio:{member}") for note in alone.notes]
        assert list(whole.notes) == said
