"""The bridge's trials are those of `Study.optimize`, bit for bit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import optuna
import pytest
from optuna.trial import TrialState

from hpbridge.backend import Outcome, Problem
from hpbridge.capabilities import Feature
from hpbridge.categorical import Categorical
from hpbridge.parameters import Float, Int
from hpbridge.registry import is_met
from hpbridge.space import Space
from hpbridge.testing.parity import PARITY_SPACES, bowl, run_bridge, run_native
from hpbridge.trial import State
from hpbridge_optuna import SPEC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.backend import Algorithm

# On the native side, Optuna warns of samplers that it calls experimental and of
# infinite values under a Gaussian process.
pytestmark = [
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
    pytest.mark.filterwarnings("ignore:Clip non-finite values:UserWarning"),
]

SPACES = {
    **PARITY_SPACES,
    "finite": Space(
        {
            "solver": Categorical(["adam", "sgd"]),
            "n": Int(1, 3),
            "momentum": Float(0, 0.9, step=0.3, when={"solver": "sgd"}),
            "batch": Int(2, 5, log=True, when={"solver": "adam", "n": [1, 2]}),
        }
    ),
    "single": Space({"x": Float(0, 1, step=0.5), "c": Int(3, 3)}),
}


@pytest.fixture(autouse=True)
def quiet_native() -> Iterator[None]:
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(level)


def case(algorithm: Algorithm, *values: object) -> object:
    missing = [r for r in algorithm.requires if not is_met(r)]
    marks = pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")
    return pytest.param(algorithm.name, *values, marks=marks)


def cases() -> list[object]:
    found = []
    for algorithm in SPEC.algorithms.values():
        # A Gaussian process is slow: one of the three seeds a mode.
        is_slow = algorithm.cost_per_ask.startswith("O(n^3)")
        for k, (mode, space) in enumerate(SPACES.items()):
            if algorithm.capabilities.reasons_against(space):
                continue
            seeds = [k % 3] if is_slow else [0, 1, 2]
            n_trials = 15 if is_slow else 25
            found += [case(algorithm, mode, seed, n_trials) for seed in seeds]
    return found


@pytest.mark.parametrize(("algorithm", "mode", "seed", "n_trials"), cases())
def test_every_mode_is_the_native_run(algorithm, mode, seed, n_trials):
    options = SPEC.algorithms[algorithm].quick if n_trials > 15 else {}
    space = SPACES[mode]
    bridge = run_bridge(SPEC, algorithm, space, n_trials, seed, options)
    assert bridge == run_native(SPEC, algorithm, space, n_trials, seed, options)
    assert [v for params, _ in bridge for v in space.violations(params)] == []


OPTIONS = {
    "tpe": [
        {"n_startup_trials": 4, "n_ei_candidates": 7},
        {"multivariate": False},
        {"group": True},
        {"constant_liar": False, "multivariate": True},
    ],
    "gp": [{"n_startup_trials": 8, "deterministic_objective": True}],
    "cmaes": [
        {"n_startup_trials": 5, "popsize": 4, "consider_pruned_trials": True},
        {"use_separable_cma": True},
        {"with_margin": True},
        {"lr_adapt": True},
    ],
    "qmc": [{"qmc_type": "halton"}, {"scramble": True}],
    "bruteforce": [{"avoid_premature_stop": True}],
    "nsga2": [
        {"population_size": 6, "mutation_prob": 0.3},
        {"population_size": 6, "crossover_prob": 0.4, "swapping_prob": 0.9},
    ],
    "nsga3": [
        {"population_size": 6, "dividing_parameter": 2, "mutation_prob": 0.3},
        {"population_size": 6, "crossover_prob": 0.4, "swapping_prob": 0.9},
    ],
}


def option_cases() -> list[object]:
    return [
        case(algorithm, options)
        for algorithm in SPEC.algorithms.values()
        for options in OPTIONS.get(algorithm.name, [])
    ]


@pytest.mark.parametrize(("algorithm", "options"), option_cases())
def test_options_are_the_librarys(algorithm, options):
    can = SPEC.algorithms[algorithm].capabilities.can
    mode = "conditional" if algorithm in {"tpe", "gp"} else "mixed"
    mode = mode if can(Feature.FLOAT) else "finite"
    n_trials = 12 if algorithm == "gp" else 40
    bridge = run_bridge(SPEC, algorithm, SPACES[mode], n_trials, 1, options)
    assert bridge == run_native(SPEC, algorithm, SPACES[mode], n_trials, 1, options)


def test_parity_cases_cover_every_option():
    for name, algorithm in SPEC.algorithms.items():
        given = {key for options in OPTIONS.get(name, []) for key in options}
        assert given == set(algorithm.options.__dataclass_fields__), name


def able(*features: Feature) -> list[object]:
    return [
        case(algorithm)
        for algorithm in SPEC.algorithms.values()
        if all(algorithm.capabilities.can(feature) for feature in features)
    ]


def small_space(algorithm: str) -> Space:
    can = SPEC.algorithms[algorithm].capabilities.can
    return SPACES["conditional" if can(Feature.FLOAT) else "int"]


def native(source: str, objective: object, n_trials: int) -> list[dict[str, object]]:
    names = {"objective": objective, "n_trials": n_trials}
    exec(source, names)
    return [params for params, _ in names["trials"]]


def bridge(problem: Problem, algorithm: str, n_trials: int, outcome_of: object) -> list:
    options = SPEC.algorithms[algorithm].options()
    optimizer = SPEC.create(problem, algorithm, options, 5)
    trials = []
    for _ in range(n_trials):
        suggestion = optimizer.ask()
        trials.append(dict(suggestion.params))
        optimizer.tell(suggestion, outcome_of(suggestion.params))
    return trials


def length(algorithm: str) -> int:
    return 14 if algorithm == "gp" else 60


@pytest.mark.parametrize("algorithm", able(Feature.MULTI_OBJECTIVE))
def test_several_metrics_are_the_native_run(algorithm):
    def values(params):
        return bowl(params), float(len(str(params)))

    problem = Problem(small_space(algorithm), n_objectives=2)
    n_trials = length(algorithm)
    ours = bridge(
        problem, algorithm, n_trials, lambda p: Outcome(State.COMPLETE, values(p))
    )
    options = SPEC.algorithms[algorithm].options()
    source = SPEC.explain(problem, algorithm, options, 5)
    assert "directions=['minimize', 'minimize']" in source
    assert ours == native(source, values, n_trials)


@pytest.mark.parametrize("algorithm", able(Feature.CONSTRAINTS))
def test_constraints_are_the_native_run(algorithm):
    def limit(params):
        return bowl(params) - 2

    def outcome_of(params):
        return Outcome(State.COMPLETE, (-bowl(params),), (limit(params),))

    problem = Problem(small_space(algorithm), n_constraints=1)
    n_trials = length(algorithm)
    ours = bridge(problem, algorithm, n_trials, outcome_of)
    options = SPEC.algorithms[algorithm].options()
    source = SPEC.explain(problem, algorithm, options, 5)
    place = "# here trial.set_constraint(name, value) for each; <= 0 is feasible"
    assert place in source
    source = source.replace(place, "trial.set_constraint('c0', objective(p) * -1 - 2)")
    assert ours == native(source, lambda p: -bowl(p), n_trials)


@pytest.mark.parametrize("algorithm", able())
def test_bad_values_are_the_native_run(algorithm):
    def objective(params):
        value = bowl(params)
        digit = int(value * 1000) % 10
        return {0: math.nan, 1: math.inf, 2: -math.inf}.get(digit, value)

    space = small_space(algorithm)
    n_trials = length(algorithm)
    ours = run_bridge(SPEC, algorithm, space, n_trials, 3, objective=objective)
    values = [value for _, value in ours]
    assert any(math.isnan(v) for v in values) or any(math.isinf(v) for v in values)
    natives = run_native(SPEC, algorithm, space, n_trials, 3, objective=objective)
    assert [p for p, _ in ours] == [p for p, _ in natives]


@pytest.mark.parametrize("algorithm", able())
def test_pruned_trials_are_the_native_run(algorithm):
    def is_bad(params):
        return int(bowl(params) * 100) % 3 == 0

    def outcome_of(params):
        value = bowl(params)
        if is_bad(params):
            return Outcome(State.PRUNED, (value,), (), ((0, value + 1), (1, value)))
        return Outcome(State.COMPLETE, (value,))

    def objective(params):
        if not is_bad(params):
            return bowl(params)
        raise optuna.TrialPruned

    problem = Problem(small_space(algorithm))
    n_trials = length(algorithm)
    ours = bridge(problem, algorithm, n_trials, outcome_of)
    options = SPEC.algorithms[algorithm].options()
    source = SPEC.explain(problem, algorithm, options, 5).replace(
        "    value = objective(p)",
        "    trials.append((p, None))\n"
        "    trial.report(bowl(p) + 1, 0)\n    trial.report(bowl(p), 1)\n"
        "    return objective(p)",
    )
    names = {"objective": objective, "n_trials": n_trials, "bowl": bowl}
    exec(source, names)
    assert ours == [params for params, _ in names["trials"]]
    states = {trial.state for trial in names["study"].trials}
    assert states == {TrialState.COMPLETE, TrialState.PRUNED}
