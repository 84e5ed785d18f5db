"""What is specific to Ray's search classes: translation, odd outcomes, history."""

from __future__ import annotations

import math
import random
import subprocess
import sys

import numpy as np
import pytest
from ray import tune
from ray.tune.search.optuna import OptunaSearch

from hpbridge.contract.backend import ExhaustedError, Outcome, Problem
from hpbridge.contract.options import read_options
from hpbridge.errors import ForeignHistoryError, UnsupportedFeatureError
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.space import Space
from hpbridge.testing.parity import bowl
from hpbridge.trial import State
from hpbridge_ray import SPEC

SEARCHERS = ["optuna", "hyperopt", "bohb"]
PLAIN = Space({"x": Float(-5, 5), "n": Int(1, 4), "c": Categorical(["a", "b"])})


def make(algorithm, space=PLAIN, seed=0, **options):
    read = read_options(algorithm, SPEC.algorithms[algorithm].options, options)
    return SPEC.create(Problem(space), SPEC.algorithms[algorithm], read, seed)


def explain(algorithm, space=PLAIN, **options):
    read = read_options(algorithm, SPEC.algorithms[algorithm].options, options)
    return SPEC.explain(Problem(space), SPEC.algorithms[algorithm], read, 7)


def play(optimizer, n_trials, value=bowl):
    points = []
    for _ in range(n_trials):
        suggestion = optimizer.ask()
        optimizer.tell(suggestion, Outcome(State.COMPLETE, (value(suggestion.params),)))
        points.append(suggestion.params)
    return points


@pytest.mark.parametrize("algorithm", ["random", *SEARCHERS])
@pytest.mark.parametrize(
    "name", ["a/b", "a/b/c", "0", "eval", "grid_search", "x y", "é.[1]"]
)
def test_any_parameter_name_can_be_searched(algorithm, name):
    space = Space({name: Float(0, 1), "other": Int(1, 3)})
    for point in play(make(algorithm, space), 4):
        assert space.violations(point) == []


@pytest.mark.parametrize(
    "parameter",
    [
        Float(0, 1e-12),
        Float(-1e300, 1e300),
        Float(1.23456789012345e-7, 2),
        Float(1e-16, 1e-8, log=True),
        Float(0.1, 0.1 + 1e-12),
    ],
)
def test_bohb_searches_what_its_rounding_would_destroy(parameter):
    space = Space({"x": parameter})
    points = play(make("bohb", space), 10)
    assert all(space.violations(point) == [] for point in points)
    assert len({point["x"] for point in points}) == 10


def test_bohb_gives_back_the_users_own_labels():
    labels = [True, False]
    space = Space(
        {"b": Categorical(labels), "m": Categorical([1.5, 2]), "x": Float(0, 1)}
    )
    for point in play(make("bohb", space), 20):
        assert type(point["b"]) is bool
        assert type(point["m"]) in {float, int}


def test_hyperopt_gives_both_ends_of_a_step_full_weight():
    space = Space({"k": Int(0, 30, step=10)})
    optimizer = make("hyperopt", space, n_initial_points=1000)
    points = [optimizer.ask().params["k"] for _ in range(400)]
    # Null: a quarter each; uniformint would give the two ends a third together.
    ends = sum(k in {0, 30} for k in points)
    assert 160 <= ends <= 240  # 4 standard deviations


@pytest.mark.parametrize("algorithm", SEARCHERS)
def test_a_failed_trial_teaches_nothing_but_is_not_left_open(algorithm):
    optimizer = make(algorithm)
    for k in range(4):
        values = (math.nan,) if k % 2 else ()
        optimizer.tell(optimizer.ask(), Outcome(State.FAILED, values))
    searcher = optimizer._searcher
    if algorithm == "optuna":
        states = {trial.state.name for trial in searcher._ot_study.trials}
        assert states == {"FAIL"}
    elif algorithm == "hyperopt":
        assert searcher._hpopt_trials.losses() == []
    else:
        assert searcher.bohber.configs == {}
        assert not searcher.running


def test_a_pruned_trial_is_what_it_is_in_a_tuner_with_a_scheduler():
    optimizer = make("optuna")
    reported = Outcome(State.PRUNED, (0.4,), reports=((1, 0.5), (3, 0.4)))
    for outcome in (
        reported,
        Outcome(State.PRUNED),
        Outcome(State.PRUNED, (math.nan,), reports=((1, math.nan),)),
    ):
        optimizer.tell(optimizer.ask(), outcome)
    trials = optimizer._searcher._ot_study.trials
    assert [trial.state.name for trial in trials] == ["COMPLETE", "PRUNED", "PRUNED"]
    assert trials[0].value == 0.4


def test_optuna_takes_foreign_trials_of_every_state():
    optimizer = make("optuna")
    point = {"x": 1.0, "n": 2, "c": "b"}
    for outcome in (
        Outcome(State.COMPLETE, (2.5,)),
        Outcome(State.COMPLETE, (math.inf,)),
        Outcome(State.FAILED, (math.nan,)),
        Outcome(State.PRUNED),
        Outcome(State.PRUNED, (0.5,), reports=((1, 0.5),)),
    ):
        optimizer.observe(point, outcome)
    trials = optimizer._searcher._ot_study.trials
    states = ["COMPLETE", "COMPLETE", "FAIL", "PRUNED", "COMPLETE"]
    assert [trial.state.name for trial in trials] == states
    assert trials[4].value == 0.5
    assert trials[0].params == point
    assert trials[0].value == 2.5


def test_observing_is_what_rays_evaluated_rewards_do():
    rng = random.Random(0)
    points = [PLAIN.sample(rng) for _ in range(15)]
    values = [bowl(point) for point in points]
    optimizer = make("optuna", seed=3)
    for point, value in zip(points, values, strict=True):
        optimizer.observe(point, Outcome(State.COMPLETE, (value,)))
    domains = {
        "x": tune.uniform(-5, 5),
        "n": tune.randint(1, 5),
        "c": tune.choice(["a", "b"]),
    }
    native = OptunaSearch(
        space=OptunaSearch.convert_search_space(domains),
        metric="value",
        mode="min",
        points_to_evaluate=points,
        evaluated_rewards=values,
        seed=3,
    )
    for k, point in enumerate(play(optimizer, 6)):
        assert native.suggest(str(k)) == point
        native.on_trial_complete(str(k), result={"value": bowl(point)})


def test_bohb_models_foreign_trials():
    rng = random.Random(0)
    optimizer = make("bohb", seed=3)
    for _ in range(40):
        point = PLAIN.sample(rng)
        optimizer.observe(point, Outcome(State.COMPLETE, (abs(point["x"] - 4),)))
    optimizer.observe(PLAIN.sample(rng), Outcome(State.FAILED))
    assert len(optimizer._searcher.bohber.configs[1]) == 40
    near = [
        abs(p["x"] - 4) < 1.5 for p in play(optimizer, 40, lambda p: abs(p["x"] - 4))
    ]
    assert sum(near) > 16  # 10 by chance


@pytest.mark.parametrize("algorithm", ["random", "grid", "hyperopt"])
def test_who_cannot_learn_from_foreign_trials_says_so(algorithm):
    space = Space({"n": Int(1, 4)})
    with pytest.raises(ForeignHistoryError, match=f"ray:{algorithm}"):
        make(algorithm, space).observe({"n": 1}, Outcome(State.COMPLETE, (0.0,)))


def test_a_grid_gives_every_point_once_and_ends():
    space = Space(
        {"n": Int(1, 3), "f": Float(0, 1, step=0.5), "c": Categorical(["a", "b"])}
    )
    optimizer = make("grid", space)
    seen = {tuple(optimizer.ask().params.values()) for _ in range(18)}
    assert len(seen) == space.size == 18
    with pytest.raises(ExhaustedError, match="every point"):
        optimizer.ask()


def test_a_grid_refuses_what_it_cannot_count():
    with pytest.raises(
        UnsupportedFeatureError, match=r"'x' needs float: .*give it a step"
    ):
        make("grid")


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_all_reasons_are_given_at_once(algorithm):
    options = read_options(algorithm, SPEC.algorithms[algorithm].options, {})
    with pytest.raises(UnsupportedFeatureError) as caught:
        SPEC.create(Problem(PLAIN, 2, 1), SPEC.algorithms[algorithm], options, 0)
    assert "several metrics" in str(caught.value)
    is_population = SPEC.algorithms[algorithm].is_staged
    assert ("constraints" in str(caught.value)) == (not is_population)
    assert ("'x'" in str(caught.value)) == (algorithm == "grid")


def test_bohb_does_not_touch_the_global_generator_and_is_not_touched_by_it():
    np.random.seed(5)
    alone = play(make("bohb", seed=1), 25)
    optimizer = make("bohb", seed=1)
    points = []
    for _ in range(25):
        np.random.random(3)
        points += play(optimizer, 1)
    assert points == alone
    np.random.seed(5)
    expected = np.random.random(75)[-1]
    np.random.seed(5)
    play(make("bohb", seed=2), 25)
    assert np.random.random(75)[-1] == expected


def test_explain_prints_options_that_are_not_the_default():
    assert "HyperOptSearch(random_state_seed=7)" in explain("hyperopt")
    source = explain("hyperopt", n_initial_points=3)
    assert "HyperOptSearch(n_initial_points=3, random_state_seed=7)" in source
    source = explain("bohb", num_samples=8)
    assert "TuneBOHB(bohb_config={'num_samples': 8}, seed=7)" in source


@pytest.mark.parametrize("algorithm", ["optuna", "bohb"])
def test_explain_keeps_odd_names_and_ranges(algorithm):
    space = Space({"a/b": Float(0, 1e-9), "eval": Categorical([1, 2])})
    source = explain(algorithm, space)
    assert "'a/b'" in source
    assert "'p0': tune.uniform(0.0, " in source
    compile(source, algorithm, "exec")


def test_nothing_to_search_is_one_point_for_ever():
    space = Space({"one": Int(3, 3)})
    for algorithm in SEARCHERS:
        assert play(make(algorithm, space), 2) == [{"one": 3}, {"one": 3}]
        assert "BasicVariantGenerator" in explain(algorithm, space)


def test_optuna_inside_says_nothing_of_its_study_in_a_new_process():
    # In an old one, Optuna's handler may write to a stream that is no longer looked at.
    source = (
        "import hpbridge as hpb\n"
        "hpb.minimize(lambda t: t['x'], {'x': hpb.Float(0, 1)}, 'ray:optuna', "
        "n_trials=2, seed=0, store=':memory:', driver='local')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", source],
        check=True,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("", "")
