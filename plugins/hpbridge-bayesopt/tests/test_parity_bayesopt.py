from __future__ import annotations

import dataclasses
import math

import pytest
from bayes_opt import BayesianOptimization

from hpbridge import Categorical, Float, Int, Space
from hpbridge.backend import ExhaustedError, Outcome, Problem
from hpbridge.capabilities import Feature
from hpbridge.options import read_options
from hpbridge.testing.parity import PARITY_SPACES, bowl, run_bridge, run_native
from hpbridge.trial import State
from hpbridge_bayesopt import SPEC
from hpbridge_bayesopt._space import tells_choices_apart

# The library's own run warns of ints and choices, and prints known points.
pytestmark = pytest.mark.filterwarnings("ignore")

# (n_trials, init_points): as soon as one parameter is no float, the library searches by
# differential evolution, up to 1000 times slower, so there the model gets the last few
# trials only. "categorical" has 12 points.
BUDGETS = {
    "float": (15, 5),
    "log": (15, 5),
    "int": (15, 9),
    "step": (15, 12),
    "categorical": (9, 8),
    "conditional": (15, 13),
    "mixed": (15, 14),
}


def has_choices(space):
    return any(isinstance(p, Categorical) and not p.ordered for p in space.values())


def modes():
    for name, algorithm in SPEC.algorithms.items():
        for number, (mode, space) in enumerate(PARITY_SPACES.items()):
            if algorithm.capabilities.reasons_against(space):
                continue
            if has_choices(space) and not tells_choices_apart():
                continue  # refused, which test_bayesopt.py tests
            for seed in range(3) if mode == "float" else [number % 3]:
                yield name, mode, seed


@pytest.mark.parametrize(("algorithm", "mode", "seed"), list(modes()))
def test_trials_are_those_of_maximize(algorithm, mode, seed):
    space = PARITY_SPACES[mode]
    n_trials, init_points = BUDGETS.get(mode, (15, 12))
    options = {"init_points": init_points}
    bridge = run_bridge(SPEC, algorithm, space, n_trials, seed, options)
    assert not any(space.violations(params) for params, _ in bridge)
    assert bridge == run_native(SPEC, algorithm, space, n_trials, seed, options)
    # A grid may end earlier, when the library only repeats itself.
    assert init_points // 2 < len(bridge) <= n_trials
    if space.size is None:
        assert len(bridge) == n_trials


def changed(name):
    """Another value than the default, by the field's name."""
    values = {
        "init_points": 2,
        "alpha": 1e-3,
        "n_restarts_optimizer": 1,
        "exploration_decay": 0.7,
        "exploration_decay_delay": 3,
        "gamma_osc": 0.5,
        "gamma_pan": 0.9,
        "eta": 0.7,
        "minimum_window": {"x": 1.0, "y": 0.5},
        "kappa": 0.5,
        "xi": 0.3,
        "allow_duplicate_points": True,
        "domain_reduction": True,
    }
    together = {name: values[name]}
    if name in {"gamma_osc", "gamma_pan", "eta", "minimum_window"}:
        together["domain_reduction"] = True
    if name == "exploration_decay_delay":
        together["exploration_decay"] = 0.5
    return together


@pytest.mark.parametrize(
    ("algorithm", "option"),
    [
        (name, field.name)
        for name, algorithm in SPEC.algorithms.items()
        for field in dataclasses.fields(algorithm.options)
    ],
)
def test_every_option_reaches_the_library(algorithm, option):
    space = PARITY_SPACES["float"]
    options = changed(option)
    read = read_options("", SPEC.algorithms[algorithm].options, options)
    source = SPEC.explain(Problem(space), algorithm, read, 1)
    assert option in source or option == "domain_reduction"
    bridge = run_bridge(SPEC, algorithm, space, 11, 1, options)
    assert bridge == run_native(SPEC, algorithm, space, 11, 1, options)
    if option not in {"alpha", "n_restarts_optimizer", "allow_duplicate_points"}:
        default = {k: v for k, v in options.items() if k != option}
        assert bridge != run_bridge(SPEC, algorithm, space, 11, 1, default)


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_one_call_of_maximize_makes_the_same_trials(algorithm):
    space = Space({"x": Float(-5, 5), "y": Float(0, 3)})
    names = {"objective": bowl, "n_trials": 9}
    options = read_options("", SPEC.algorithms[algorithm].options, {})
    source = SPEC.explain(Problem(space), algorithm, options, 4)
    head, _, _ = source.partition("optimizer.maximize(")
    exec(head + "optimizer.maximize(init_points=5, n_iter=4)", names)
    assert names["trials"] == run_bridge(SPEC, algorithm, space, 9, 4)


GRID = Space({"n": Int(1, 3), "m": Int(0, 1)})


def test_a_repeated_proposal_is_skipped_as_maximize_does():
    optimizer = BayesianOptimization(
        lambda **p: -bowl(p), {"n": (1, 3, int), "m": (0, 1, int)}, random_state=2
    )
    optimizer._verbose = 0
    optimizer.logger.verbose = 0
    optimizer.maximize(init_points=4, n_iter=6)
    registered = [(dict(r["params"]), -r["target"]) for r in optimizer.res]
    assert len(registered) < 10  # some iterations were lost
    bridge = run_bridge(SPEC, "ucb", GRID, len(registered), 2, {"init_points": 4})
    assert [({k: int(v) for k, v in p.items()}, t) for p, t in registered] == bridge


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_a_finite_space_ends_where_the_library_ends(algorithm):
    options = {"init_points": 9}
    bridge = run_bridge(SPEC, algorithm, GRID, 30, 0, options)
    assert len({tuple(params.items()) for params, _ in bridge}) == len(bridge) <= 6
    assert bridge == run_native(SPEC, algorithm, GRID, 30, 0, options)


def test_points_run_again_when_duplicates_are_allowed(capsys):
    options = {"init_points": 8, "allow_duplicate_points": True}
    bridge = run_bridge(SPEC, "ucb", GRID, 11, 0, options)
    assert capsys.readouterr() == ("", "")
    assert len(bridge) == 11
    assert len({tuple(params.items()) for params, _ in bridge}) < 11
    assert bridge == run_native(SPEC, "ucb", GRID, 11, 0, options)


def test_history_counts_as_registered_points_do():
    space = PARITY_SPACES["float"]
    history = [{"x": 1.0, "y": 2.0}, {"x": -3.0, "y": 0.5}, {"x": 4.0, "y": 3.0}]
    optimizer = BayesianOptimization(
        lambda **p: -bowl(p), {"x": (-5, 5), "y": (0, 3)}, random_state=3, verbose=0
    )
    for params in history:
        optimizer.register(params, -bowl(params))
    optimizer.maximize(init_points=2, n_iter=4)
    native = [r["params"] for r in optimizer.res]

    bridge = create("ucb", space, 3, {"init_points": 2})
    for params in history:
        bridge.observe(params, Outcome(State.COMPLETE, (bowl(params),)))
    assert history + [params for params, _ in play(bridge, 6)] == native


def create(algorithm, space, seed, options, n_constraints=0):
    read = read_options("", SPEC.algorithms[algorithm].options, options)
    problem = Problem(space, n_constraints=n_constraints)
    return SPEC.create(problem, algorithm, read, seed)


def play(optimizer, n_trials, constraints=lambda _: ()):
    trials = []
    while len(trials) < n_trials:
        try:
            suggestion = optimizer.ask()
        except ExhaustedError:
            break
        params = dict(suggestion.params)
        outcome = Outcome(State.COMPLETE, (bowl(params),), tuple(constraints(params)))
        optimizer.tell(suggestion, outcome)
        trials.append((params, outcome.values[0]))
    return trials


def native_with_constraints(algorithm, space, seed, n_trials, constraints):
    options = read_options("", SPEC.algorithms[algorithm].options, {})
    n_constraints = len(constraints({"x": 0.0, "y": 0.0}))
    problem = Problem(space, n_constraints=n_constraints)
    names = {"objective": bowl, "constraints": constraints, "n_trials": n_trials}
    exec(SPEC.explain(problem, algorithm, options, seed), names)
    return names["trials"]


def one(params):
    return [params["x"] + params["y"] - 1]


def two(params):
    return [params["x"] - 2, 0.3 - params["y"]]


def hard(params):
    return [math.hypot(params["x"] - 4, params["y"] - 2) - 1]


@pytest.mark.parametrize("constraints", [one, two, hard])
@pytest.mark.parametrize(
    "algorithm",
    [n for n, a in SPEC.algorithms.items() if a.capabilities.can(Feature.CONSTRAINTS)],
)
def test_constrained_trials_are_those_of_maximize(algorithm, constraints):
    space = PARITY_SPACES["float"]
    n_constraints = len(constraints({"x": 0.0, "y": 0.0}))
    seeds = range(3) if constraints is one else [1]
    for seed in seeds:
        optimizer = create(algorithm, space, seed, {}, n_constraints)
        bridge = play(optimizer, 12, constraints)
        native = native_with_constraints(algorithm, space, seed, 12, constraints)
        assert bridge == native


def test_nothing_feasible_at_first_draws_at_random_until_something_is():
    space = PARITY_SPACES["float"]
    trials = play(create("ei", space, 1, {}, 1), 12, hard)
    feasible = [max(hard(params)) <= 0 for params, _ in trials]
    assert not any(feasible[:5])  # so that this test is about what it says
    assert any(feasible)
