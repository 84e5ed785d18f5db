"""The bridge's trials are those of `BayesianOptimization.maximize`, bit for bit."""

from __future__ import annotations

import dataclasses
import functools
import itertools

import pytest
from bayes_opt import BayesianOptimization
from seeds import EACH, later_slow

from hpbridge import Int, Space
from hpbridge.contract.backend import ExhaustedError, Outcome, Problem
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.options import read_options
from hpbridge.testing.parity import (
    PARITY_SPACES,
    SEEDS,
    bowl,
    check_parity,
    check_same,
    parity_cells,
    parity_gaps,
    run_bridge,
)
from hpbridge.trial import State
from hpbridge_bayesopt import SPEC
from hpbridge_bayesopt.options import CommonOptions

# The library alone warns of ints and choices, and of 0/0 at known points.
alone = pytest.mark.filterwarnings("ignore")

N_TRIALS = 15
CELLS = parity_cells(SPEC, {})

# As soon as one parameter is no float, the library searches its model by differential
# evolution until that converges, which takes up to 1000 times longer. Where the noise
# is assumed to be large, the model is smooth and the search short.
SMOOTH = {"alpha": 1000.0}


def options_for(algorithm, mode):
    # The time goes with the dimensions, and a choice is one for each of its labels. A
    # portfolio searches three times for each proposal. Two of them tell that the second
    # one draws on from where the first one left the generator.
    is_slow = algorithm == "hedge" or mode in {"categorical", "mixed"}
    n_proposals = 2 if is_slow else 3
    options = {"init_points": N_TRIALS - n_proposals, "n_restarts_optimizer": 0}
    if mode not in {"float", "log"}:
        options |= SMOOTH
    if PARITY_SPACES[mode].size is not None:
        # Known points run again: a smooth model proposes them.
        options["allow_duplicate_points"] = True
    return options


@pytest.mark.parametrize(("algorithm", "mode", "seed"), later_slow(CELLS))
def test_trials_are_those_of_maximize(algorithm, mode, seed):
    space, options = PARITY_SPACES[mode], options_for(algorithm, mode)
    trials = check_parity(SPEC, algorithm, space, N_TRIALS, seed, options)
    assert len(trials) == N_TRIALS
    assert not any(space.violations(params) for params, _ in trials)


def test_every_mode_is_compared_or_excused():
    assert parity_gaps(SPEC, CELLS, {}) == []


@pytest.mark.parametrize("mode", PARITY_SPACES)
def test_the_proposals_compared_depend_on_the_values(mode):
    space, options = PARITY_SPACES[mode], options_for("ucb", mode)

    def hill(params):
        return -bowl(params)

    n_initial = options["init_points"]
    args = (SPEC, "ucb", space, n_initial + 2, SEEDS[0], options)
    bowls, hills = (
        [p for p, _ in run_bridge(*args, objective)] for objective in (bowl, hill)
    )
    assert bowls[:n_initial] == hills[:n_initial]
    assert bowls != hills


@alone
@pytest.mark.parametrize("seed", EACH)
@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_defaults_make_the_trials_of_one_call_of_maximize(algorithm, seed):
    space = PARITY_SPACES["float"]
    options = SPEC.algorithms[algorithm].options()
    source = SPEC.explain(Problem(space), SPEC.algorithms[algorithm], options, seed)
    head, _, _ = source.partition("optimizer.maximize(")
    names = {"objective": bowl, "n_trials": 8}
    exec(head + "optimizer.maximize(init_points=5, n_iter=3)", names)
    check_same(run_bridge(SPEC, algorithm, space, 8, seed), names["trials"])


@pytest.mark.parametrize("seed", EACH)
@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_defaults_search_as_long_as_the_library_among_ints(algorithm, seed):
    options = {"init_points": N_TRIALS - 1}
    check_parity(SPEC, algorithm, PARITY_SPACES["int"], N_TRIALS, seed, options)


@pytest.mark.parametrize("seed", EACH)
@pytest.mark.parametrize("mode", ["float", "log"])
@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_a_reduced_domain_is_the_librarys(algorithm, mode, seed):
    options = {"init_points": 12, "n_restarts_optimizer": 0, **REDUCED}
    space = PARITY_SPACES[mode]
    trials = check_parity(SPEC, algorithm, space, N_TRIALS, seed, options)
    assert len(trials) == N_TRIALS


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


@functools.cache
def run_once(algorithm, n_trials, seed, **options):
    return run_bridge(SPEC, algorithm, PARITY_SPACES["float"], n_trials, seed, options)


@pytest.mark.parametrize(("algorithm", "option"), list(options_to_change()))
def test_every_option_reaches_the_library(algorithm, option):
    space = PARITY_SPACES["float"]
    options = {"init_points": 3, "n_restarts_optimizer": 0, **CHANGED[option]}
    read = read_options("", SPEC.algorithms[algorithm].options, options)
    source = SPEC.explain(Problem(space), SPEC.algorithms[algorithm], read, 1)
    assert option in source or option == "domain_reduction"
    trials = check_parity(SPEC, algorithm, space, 6, 1, options)
    if option not in SILENT:
        without = {k: v for k, v in options.items() if k != option}
        assert trials != run_once(algorithm, 6, 1, **without)


GRID = Space({"n": Int(1, 3), "m": Int(0, 1)})


@alone
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
    trials = check_parity(SPEC, algorithm, GRID, n_trials, 0, options)
    n_different = len({tuple(params.items()) for params, _ in trials})
    assert n_different == len(trials) <= min(n_trials, 6)


def test_points_run_again_when_duplicates_are_allowed(capsys):
    options = {"init_points": 8, "allow_duplicate_points": True}
    bridge = run_bridge(SPEC, "ucb", GRID, 11, 0, options)
    assert capsys.readouterr() == ("", "")
    assert len(bridge) == 11
    assert len({tuple(params.items()) for params, _ in bridge}) < 11
    check_parity(SPEC, "ucb", GRID, 11, 0, options)


@alone
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
    return SPEC.create(problem, SPEC.algorithms[algorithm], read, seed)


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


def one(params):
    return [params["x"] + params["y"] - 1]


def two(params):
    return [params["x"] - 2, 0.3 - params["y"]]


def late():
    """Nothing is feasible before the seventh trial, whatever the seed."""
    numbers = itertools.count()
    return lambda params: [1.0] if next(numbers) < 6 else one(params)


CONSTRAINTS = {"one": lambda: one, "two": lambda: two, "none at first": late}
CONSTRAINED = [
    name
    for name, algorithm in SPEC.algorithms.items()
    if algorithm.capabilities.can(Feature.CONSTRAINTS)
]


@alone
@pytest.mark.parametrize("seed", EACH)
@pytest.mark.parametrize("kind", CONSTRAINTS)
@pytest.mark.parametrize("algorithm", CONSTRAINED)
def test_constrained_trials_are_those_of_maximize(algorithm, kind, seed):
    space, n_constraints = PARITY_SPACES["float"], 2 if kind == "two" else 1
    is_late = kind == "none at first"
    given = {"init_points": 4 if is_late else N_TRIALS - 2, "n_restarts_optimizer": 0}
    n_trials = 8 if is_late else N_TRIALS
    optimizer = create(algorithm, space, seed, given, n_constraints)
    bridge = play(optimizer, n_trials, CONSTRAINTS[kind]())

    options = read_options("", SPEC.algorithms[algorithm].options, given)
    problem = Problem(space, n_constraints=n_constraints)
    names = {"objective": bowl, "n_trials": n_trials}
    names["constraints"] = CONSTRAINTS[kind]()
    exec(SPEC.explain(problem, SPEC.algorithms[algorithm], options, seed), names)
    check_same(bridge, names["trials"])
    assert len(bridge) == n_trials
