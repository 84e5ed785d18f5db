"""The bridge's trials are those of `Study.optimize`, bit for bit."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import optuna
import pytest
from optuna.trial import TrialState
from seeds import EACH

from hpbridge.contract.backend import Outcome, Problem
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.registry import is_met
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.space import Space
from hpbridge.testing.parity import (
    PARITY_SPACES,
    SEEDS,
    bowl,
    check_parity,
    check_same,
    parity_cells,
    parity_gaps,
    run_bridge,
    run_native,
    space_of,
)
from hpbridge.trial import State
from hpbridge_optuna import SPEC
from hpbridge_optuna.options import SharedOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hpbridge.contract.backend import Algorithm

# On the native side, Optuna warns of samplers that it calls experimental and of
# infinite values under a Gaussian process.
pytestmark = [
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
    pytest.mark.filterwarnings("ignore:Clip non-finite values:UserWarning"),
]

UNCOUNTABLE = "every point of the space is tried, and a float has too many"
EXCUSED = {(name, "float"): UNCOUNTABLE for name in ("grid", "bruteforce")}
CELLS = parity_cells(SPEC, EXCUSED)
# A Gaussian process is slow.
N_TRIALS = {name: 15 if name == "gp" else 25 for name in SPEC.algorithms}


@pytest.fixture(autouse=True)
def quiet_native() -> Iterator[None]:
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(level)


def case(algorithm: Algorithm, *values: object) -> object:
    missing = [r for r in algorithm.requires if not is_met(r)]
    marks = [pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")]
    if values and type(values[-1]) is int and values[-1] != SEEDS[0]:  # a seed
        marks.append(pytest.mark.slow)
    return pytest.param(algorithm.name, *values, marks=marks)


def quick(algorithm: str) -> dict[str, object]:
    """Options with which most of the trials come from what the algorithm learnt."""
    # With fewer trials at random, a Gaussian process takes a second a trial.
    given = {"n_startup_trials": 8} if algorithm == "gp" else {}
    return {**SPEC.algorithms[algorithm].quick, **given}


def cases(values: Iterable[tuple[str, object]]) -> list[object]:
    return [case(SPEC.algorithms[name], *rest) for name, *rest in values]


@pytest.mark.parametrize(("algorithm", "mode", "seed"), cases(CELLS))
def test_every_mode_is_the_native_run(algorithm, mode, seed):
    space, n_trials = space_of(SPEC.algorithms[algorithm], mode), N_TRIALS[algorithm]
    trials = check_parity(SPEC, algorithm, space, n_trials, seed, quick(algorithm))
    assert len(trials) == n_trials
    assert [v for params, _ in trials for v in space.violations(params)] == []


def test_every_mode_is_compared_or_excused():
    assert parity_gaps(SPEC, CELLS, EXCUSED) == []


# An int and a choice to be fixed; the rest goes with every algorithm.
FREE = Space(
    {
        "x": Int(-5, 5),
        "n": Int(1, 9),
        "f": Float(0, 1, step=0.25),
        "c": Categorical(["a", "b", "c"]),
    }
)
FIXED = {"n": 3, "c": "b"}
# Both try every point of the whole grid: PartialFixedSampler then changes some of its
# values, so that points repeat, and a fixed value does not shorten the grid.
TRY_ALL = {"grid", "bruteforce"}


@pytest.mark.parametrize(
    ("algorithm", "seed"), cases(itertools.product(SPEC.algorithms, SEEDS))
)
def test_fixed_parameters_are_the_native_run(algorithm, seed):
    space = Space({**FREE, "n": Int(3, 3), "c": Categorical(["b"])})
    n_trials, options = N_TRIALS[algorithm], quick(algorithm)
    trials = check_parity(SPEC, algorithm, space, n_trials, seed, options)
    assert all(params.items() >= FIXED.items() for params, _ in trials)
    if algorithm in TRY_ALL:
        assert len({tuple(params.items()) for params, _ in trials}) == len(trials)
        return
    # The library's own way to fix parameters of the free space.
    read = SPEC.algorithms[algorithm].options(**options)
    source = SPEC.explain(Problem(FREE), SPEC.algorithms[algorithm], read, seed)
    study = "study = optuna.create_study("
    sampler = f"sampler = optuna.samplers.PartialFixedSampler({FIXED!r}, sampler)"
    assert study in source
    names = {"objective": bowl, "n_trials": n_trials}
    exec(source.replace(study, f"{sampler}\n{study}"), names)
    check_same(trials, names["trials"])


@pytest.mark.parametrize("seed", EACH)
@pytest.mark.parametrize("algorithm", sorted(TRY_ALL))
def test_a_search_of_all_points_ends_where_the_library_ends(algorithm, seed):
    space = space_of(SPEC.algorithms[algorithm], "conditional")
    trials = check_parity(SPEC, algorithm, space, 250, seed)
    # The grid also counts the values of parameters that are not active.
    assert (
        len(trials) == {"grid": 2 * 3 * 4 * 2 * 4, "bruteforce": 24 + 8 + 1}[algorithm]
    )


@pytest.mark.parametrize("algorithm", cases((name,) for name in SPEC.algorithms))
def test_a_space_of_constants_is_the_native_run(algorithm):
    space = Space({"n": Int(3, 3), "c": Categorical([None]), "x": Float(0.5, 0.5)})
    trials = check_parity(SPEC, algorithm, space, 3, 0)
    assert trials[0][0] == {"n": 3, "c": None, "x": 0.5}


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
    mode = "conditional" if algorithm in {"tpe", "gp", "bruteforce"} else "mixed"
    space = space_of(SPEC.algorithms[algorithm], mode)
    n_trials = 12 if algorithm == "gp" else 40
    check_parity(SPEC, algorithm, space, n_trials, 1, options)


def test_parity_cases_cover_every_option():
    for name, algorithm in SPEC.algorithms.items():
        given = {key for options in OPTIONS.get(name, []) for key in options}
        shared = set(SharedOptions.__dataclass_fields__)
        assert given | shared == set(algorithm.options.__dataclass_fields__), name


def able(*features: Feature) -> list[object]:
    return [
        case(algorithm)
        for algorithm in SPEC.algorithms.values()
        if all(algorithm.capabilities.can(feature) for feature in features)
    ]


def small_space(algorithm: str) -> Space:
    can = SPEC.algorithms[algorithm].capabilities.can
    return PARITY_SPACES["conditional" if can(Feature.FLOAT) else "int"]


def native(source: str, objective: object, n_trials: int) -> list[dict[str, object]]:
    names = {"objective": objective, "n_trials": n_trials}
    exec(source, names)
    return [params for params, _ in names["trials"]]


def bridge(problem: Problem, algorithm: str, n_trials: int, outcome_of: object) -> list:
    options = SPEC.algorithms[algorithm].options()
    optimizer = SPEC.create(problem, SPEC.algorithms[algorithm], options, 5)
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
    source = SPEC.explain(problem, SPEC.algorithms[algorithm], options, 5)
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
    source = SPEC.explain(problem, SPEC.algorithms[algorithm], options, 5)
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
    source = SPEC.explain(problem, SPEC.algorithms[algorithm], options, 5).replace(
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
