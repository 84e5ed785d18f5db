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
from hpbridge_bayesopt.options import CommonOptions

# The library's own run warns of ints and choices, and prints known points.
pytestmark = pytest.mark.filterwarnings("ignore")

# (n_trials, init_points, seeds). As soon as one parameter is no float, the library
# searches by differential evolution, up to 1000 times slower: there the model gets the
# last few trials, and the seed is one with which it converges fast. "categorical" has
# 12 points.
BUDGETS = {
    "float": (15, 9, (0, 1, 2)),
    "log": (15, 11, (0,)),
    "int": (15, 12, (0,)),
    "step": (15, 14, (2,)),
    "categorical": (8, 8, (0,)),
    "conditional": (15, 14, (0,)),
    "mixed": (15, 14, (1,)),
}
DEFAULT_BUDGET = (15, 14, (0,))


def has_choices(space):
    return any(isinstance(p, Categorical) and not p.ordered for p in space.values())


def modes():
    for name, algorithm in SPEC.algorithms.items():
        for mode, space in PARITY_SPACES.items():
            if algorithm.capabilities.reasons_against(space):
                continue
            if has_choices(space) and not tells_choices_apart():
                continue  # refused, which test_bayesopt.py tests
            for seed in BUDGETS.get(mode, DEFAULT_BUDGET)[2]:
                yield name, mode, seed


@pytest.mark.parametrize(("algorithm", "mode", "seed"), list(modes()))
def test_trials_are_those_of_maximize(algorithm, mode, seed):
    space = PARITY_SPACES[mode]
    n_trials, init_points, _ = BUDGETS.get(mode, DEFAULT_BUDGET)
    options = {"init_points": init_points}
    bridge = run_bridge(SPEC, algorithm, space, n_trials, seed, options)
    assert not any(space.violations(params) for params, _ in bridge)
    assert bridge == run_native(SPEC, algorithm, space, n_trials, seed, options)
    # A grid may end earlier, when the library only repeats itself.
    assert init_points // 2 < len(bridge) <= n_trials
    if space.size is None:
        assert len(bridge) == n_trials


# Another value than the default, with what it takes to make a difference.
REDUCED = {"domain_reduction": True}
CHANGED = {
    "init_points": {"init_points": 2},
    "alpha": {"alpha": 1e-3},
    "n_restarts_optimizer": {"n_restarts_optimizer": 1},
    "allow_duplicate_points": {"allow_duplicate_points": True},
    "domain_reduction": REDUCED,
    "gamma_osc": {"gamma_osc": 0.5, **REDUCED},
    "gamma_pan": {"gamma_pan": 0.9, **REDUCED},
    "eta": {"eta": 0.7, **REDUCED},
    "minimum_window": {"minimum_window": {"x": 9.5, "y": 2.9}, **REDUCED},
    "exploration_decay": {"exploration_decay": 0.3},
    "exploration_decay_delay": {
        "exploration_decay_delay": 2,
        "exploration_decay": 0.3,
    },
    "kappa": {"kappa": 0.1},
    "xi": {"xi": 0.3},
}
# Without a visible effect on a few trials of a smooth function.
SILENT = {"alpha", "n_restarts_optimizer", "allow_duplicate_points"}


def options_to_change():
    """Those that all share with the default algorithm, each algorithm's own with it."""
    for name, algorithm in SPEC.algorithms.items():
        for field in dataclasses.fields(algorithm.options):
            is_own = field.name not in CommonOptions.__dataclass_fields__
            if is_own or name == SPEC.default:
                yield name, field.name


@pytest.mark.parametrize(("algorithm", "option"), list(options_to_change()))
def test_every_option_reaches_the_library(algorithm, option):
    space = PARITY_SPACES["float"]
    options = {"init_points": 3, **CHANGED[option]}
    read = read_options("", SPEC.algorithms[algorithm].options, options)
    source = SPEC.explain(Problem(space), algorithm, read, 1)
    assert option in source or option == "domain_reduction"
    bridge = run_bridge(SPEC, algorithm, space, 8, 1, options)
    assert bridge == run_native(SPEC, algorithm, space, 8, 1, options)
    if option not in SILENT:
        without = {k: v for k, v in options.items() if k != option}
        assert bridge != run_bridge(SPEC, algorithm, space, 8, 1, without)


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_one_call_of_maximize_makes_the_same_trials(algorithm):
    space = Space({"x": Float(-5, 5), "y": Float(0, 3)})
    names = {"objective": bowl, "n_trials": 8}
    options = read_options("", SPEC.algorithms[algorithm].options, {})
    source = SPEC.explain(Problem(space), algorithm, options, 4)
    head, _, _ = source.partition("optimizer.maximize(")
    exec(head + "optimizer.maximize(init_points=5, n_iter=3)", names)
    assert names["trials"] == run_bridge(SPEC, algorithm, space, 8, 4)


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


@pytest.mark.parametrize("n_trials", [3, 30])
@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_a_finite_space_ends_where_the_library_ends(algorithm, n_trials):
    options = {"init_points": 9}
    bridge = run_bridge(SPEC, algorithm, GRID, n_trials, 0, options)
    n_different = len({tuple(params.items()) for params, _ in bridge})
    assert n_different == len(bridge) <= min(n_trials, 6)
    assert bridge == run_native(SPEC, algorithm, GRID, n_trials, 0, options)


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
    return [math.hypot(params["x"] - 4, params["y"] - 2) - 1.5]


@pytest.mark.parametrize("constraints", [one, two, hard])
@pytest.mark.parametrize(
    "algorithm",
    [n for n, a in SPEC.algorithms.items() if a.capabilities.can(Feature.CONSTRAINTS)],
)
def test_constrained_trials_are_those_of_maximize(algorithm, constraints):
    space = PARITY_SPACES["float"]
    n_constraints = len(constraints({"x": 0.0, "y": 0.0}))
    # With seed 2, the first point that is feasible under `hard` is the ninth.
    n_trials = 11 if constraints is hard else 8
    optimizer = create(algorithm, space, 2, {}, n_constraints)
    bridge = play(optimizer, n_trials, constraints)
    native = native_with_constraints(algorithm, space, 2, n_trials, constraints)
    assert bridge == native


def test_nothing_feasible_at_first_draws_at_random_until_something_is():
    space = PARITY_SPACES["float"]
    trials = play(create("ei", space, 2, {}, 1), 9, hard)
    feasible = [max(hard(params)) <= 0 for params, _ in trials]
    assert feasible == [False] * 8 + [True]  # five of them were drawn at first
