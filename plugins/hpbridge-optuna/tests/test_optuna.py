"""What only Optuna has: states of trials, exhaustion, foreign history, noise."""

from __future__ import annotations

import logging
import math
import random
import warnings

import pytest
from optuna.trial import TrialState

from hpbridge.contract.backend import ExhaustedError, Outcome, Problem
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.options import read_options
from hpbridge.contract.registry import is_met
from hpbridge.errors import (
    ForeignHistoryError,
)
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.space import Space
from hpbridge.trial import State
from hpbridge_optuna import SPEC

FINITE = Space({"n": Int(0, 3), "c": Categorical(["a", "b"])})
SGD = Space(
    {
        "solver": Categorical(["adam", "sgd"]),
        "momentum": Float(0, 1, when={"solver": "sgd"}),
        "n": Int(0, 6),
    }
)


def usable(*features: Feature) -> list[object]:
    found = []
    for algorithm in SPEC.algorithms.values():
        if not all(algorithm.capabilities.can(feature) for feature in features):
            continue
        missing = [r for r in algorithm.requires if not is_met(r)]
        mark = pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")
        found.append(pytest.param(algorithm.name, marks=mark))
    return found


def create(problem, algorithm, seed=0, **options):
    problem = problem if isinstance(problem, Problem) else Problem(problem)
    cls = SPEC.algorithms[algorithm].options
    options = read_options(f"optuna:{algorithm}", cls, options)
    return SPEC.create(problem, SPEC.algorithms[algorithm], options, seed)


def space_for(algorithm):
    can = SPEC.algorithms[algorithm].capabilities.can
    return SGD if can(Feature.FLOAT) else FINITE


def complete(*values, **more):
    return Outcome(State.COMPLETE, values, **more)


def drain(optimizer, states=(State.COMPLETE,)):
    """Run it until it is exhausted, told these states in turn; return its points."""
    points = []
    while len(points) < 100:
        try:
            suggestion = optimizer.ask()
        except ExhaustedError:
            break
        points.append(dict(suggestion.params))
        state = states[len(points) % len(states)]
        values = (1.0,) if state is State.COMPLETE else ()
        optimizer.tell(suggestion, Outcome(state, values))
    return points


def trials_of(optimizer):
    return optimizer._study.get_trials(deepcopy=False)


@pytest.mark.parametrize("algorithm", usable())
def test_outcomes_reach_the_study_in_its_own_states(algorithm):
    optimizer = create(space_for(algorithm), algorithm)
    reports = ((0, 3.0), (0, 9.0), (-1, 9.0), (2, 1.0))
    outcomes = [
        complete(1.5),
        complete(math.inf),
        Outcome(State.FAILED),
        Outcome(State.FAILED, (math.nan,)),
        Outcome(State.PRUNED, (1.0,), (), reports),
    ]
    suggestions = [optimizer.ask() for _ in outcomes]
    for suggestion, outcome in reversed(list(zip(suggestions, outcomes, strict=True))):
        optimizer.tell(suggestion, outcome)
    stored = trials_of(optimizer)
    ok, fail = TrialState.COMPLETE, TrialState.FAIL
    assert [t.state for t in stored] == [ok, ok, fail, fail, TrialState.PRUNED]
    assert [t.value for t in stored] == [1.5, math.inf, None, None, 1.0]
    assert stored[-1].intermediate_values == {0: 3.0, 2: 1.0}


@pytest.mark.parametrize("algorithm", usable())
def test_a_failing_ask_leaves_no_running_trial(algorithm, monkeypatch):
    optimizer = create(space_for(algorithm), algorithm)
    pending = optimizer.ask()

    def break_down(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        sampler = optimizer._study.sampler
        patch.setattr(sampler, "infer_relative_search_space", break_down)
        with pytest.raises(KeyboardInterrupt):
            optimizer.ask()
    states = [trial.state for trial in trials_of(optimizer)]
    assert states == [TrialState.RUNNING, TrialState.FAIL]
    optimizer.tell(pending, complete(1.0))
    if algorithm != "bruteforce":  # its tree takes no trial that lacks parameters
        assert optimizer.ask().id == 2


OUTCOMES = {
    "mixed": [
        complete(0.5),
        complete(math.inf),
        complete(-math.inf),
        Outcome(State.FAILED, (math.nan,)),
        Outcome(State.PRUNED, (), (), ((0, math.nan),)),
        complete(1e308),
    ],
    "infinite": [complete(math.inf)],
    "failed": [Outcome(State.FAILED)],
    "pruned": [Outcome(State.PRUNED)],
}


@pytest.mark.parametrize("kind", OUTCOMES)
@pytest.mark.parametrize("algorithm", usable())
def test_bad_outcomes_do_not_poison_it(algorithm, kind):
    quick = SPEC.algorithms[algorithm].quick
    space = space_for(algorithm)
    optimizer = create(space, algorithm, **quick)
    rng = random.Random(0)
    pending = []
    for _ in range(10 if algorithm == "gp" else 30):
        try:
            pending.append(optimizer.ask())
        except ExhaustedError:
            break
        assert space.violations(pending[-1].params) == []
        if len(pending) == 3:
            done = pending.pop(rng.randrange(3))
            optimizer.tell(done, rng.choice(OUTCOMES[kind]))
    running = [t.number for t in trials_of(optimizer) if not t.state.is_finished()]
    assert running == [s.id for s in pending]


@pytest.mark.parametrize("algorithm", usable(Feature.CONSTRAINTS))
def test_broken_and_unknown_constraints_do_not_poison_it(algorithm):
    quick = SPEC.algorithms[algorithm].quick
    optimizer = create(Problem(SGD, n_constraints=2), algorithm, **quick)
    known = [(0.1, -1.0), (), (math.nan, math.inf), (-math.inf, 0.0)]
    for k in range(9):
        constraints = known[k % 4]
        optimizer.tell(optimizer.ask(), complete(float(k), constraints=constraints))
    stored = [trial.constraints for trial in trials_of(optimizer)]
    assert stored[1] == {"c0": 0.0, "c1": 0.0}
    assert stored[2] == {"c0": math.inf, "c1": math.inf}


FORBID = [lambda p: p["n"] == 0, {"c": "a", "n": [1, 2]}]


@pytest.mark.parametrize("algorithm", usable(Feature.FORBIDDEN))
def test_it_learns_to_avoid_forbidden_points(algorithm):
    can = SPEC.algorithms[algorithm].capabilities.can
    n_objectives = 2 if can(Feature.MULTI_OBJECTIVE) else 1
    space = Space({"n": Int(0, 5), "c": Categorical(["a", "b"])}, forbid=FORBID)
    problem = Problem(space, n_objectives)
    optimizer = create(problem, algorithm, **SPEC.algorithms[algorithm].quick)
    allowed = []
    for _ in range(25):
        try:
            suggestion = optimizer.ask()
        except ExhaustedError:
            break
        if space.forbids(suggestion.params):
            optimizer.tell(suggestion, Outcome(State.FAILED))
        else:
            allowed.append(suggestion.params)
            values = (float(suggestion.params["n"]),) * n_objectives
            optimizer.tell(suggestion, Outcome(State.COMPLETE, values))
    assert len(allowed) >= 8


@pytest.mark.parametrize("algorithm", ["grid", "bruteforce"])
def test_every_point_comes_once_and_then_it_is_exhausted(algorithm):
    optimizer = create(FINITE, algorithm)
    points = drain(optimizer, (State.COMPLETE, State.FAILED, State.PRUNED))
    assert len(points) == len(set(map(str, points))) == FINITE.size
    with pytest.raises(ExhaustedError):
        optimizer.ask()


@pytest.mark.parametrize("algorithm", ["grid", "bruteforce"])
def test_a_running_point_is_proposed_again_when_no_other_is_left(algorithm):
    optimizer = create(FINITE, algorithm)
    suggestions = [optimizer.ask() for _ in range(FINITE.size)]
    points = [s.params for s in suggestions]
    assert sorted(map(str, points)) == sorted(set(map(str, points)))
    again = optimizer.ask()
    assert again.params in points
    for suggestion in [*suggestions, again]:
        optimizer.tell(suggestion, complete(1.0))
    with pytest.raises(ExhaustedError):
        optimizer.ask()


def test_brute_force_respects_conditions():
    space = Space({"c": Categorical(["a", "b"]), "n": Int(1, 3, when={"c": "a"})})
    optimizer = create(space, "bruteforce")
    points = drain(optimizer)
    assert len(points) == 4
    assert {"c": "b"} in points


@pytest.mark.parametrize("algorithm", usable())
def test_foreign_trials_are_learned_from_or_refused(algorithm):
    space = space_for(algorithm)
    quick = SPEC.algorithms[algorithm].quick
    rng = random.Random(1)
    foreign = [space.sample(rng) for _ in range(12)]
    alone, taught = (create(space, algorithm, **quick) for _ in range(2))
    if not SPEC.algorithms[algorithm].capabilities.can(Feature.FOREIGN_HISTORY):
        with pytest.raises(ForeignHistoryError, match=f"optuna:{algorithm}"):
            taught.observe(foreign[0], complete(1.0))
        return
    for params in foreign:
        taught.observe(params, complete(float(params["n"])))
    taught.observe(foreign[0], Outcome(State.FAILED, (math.nan,)))
    taught.observe(foreign[1], Outcome(State.PRUNED, (), (), ((0, 2.0),)))
    proposals = [[o.ask().params for _ in range(3)] for o in (alone, taught)]
    assert proposals[0] != proposals[1]
    assert [t.params for t in trials_of(taught)[:12]] == foreign


def test_brute_force_leaves_out_observed_points():
    optimizer = create(FINITE, "bruteforce")
    for n in range(3):
        optimizer.observe({"n": n, "c": "a"}, complete(1.0))
    points = drain(optimizer)
    assert len(points) == FINITE.size - 3


@pytest.mark.parametrize("algorithm", usable())
def test_it_is_quiet(algorithm):
    quick = SPEC.algorithms[algorithm].quick
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger("optuna")
    level, filters = logger.level, list(warnings.filters)
    logger.addHandler(handler)
    try:
        optimizer = create(space_for(algorithm), algorithm, 1, **quick)
        pending = [optimizer.ask() for _ in range(3)]
        for k in range(9):
            optimizer.tell(pending.pop(0), complete(math.inf if k == 1 else float(k)))
            if k < 4:
                pending.append(optimizer.ask())
            if not pending:
                break
        assert records == []
        logging.getLogger("optuna.samplers._qmc").warning("a user's own still passes")
        assert len(records) == 1
    finally:
        logger.removeHandler(handler)
    assert (logger.level, list(warnings.filters)) == (level, filters)


@pytest.mark.parametrize("algorithm", usable())
@pytest.mark.parametrize("seed", [-1, 2**32 + 3, 2**70])
def test_any_int_is_a_seed(algorithm, seed):
    points = [create(space_for(algorithm), algorithm, seed).ask() for _ in range(2)]
    assert points[0] == points[1]


@pytest.mark.parametrize("algorithm", usable(Feature.FLOAT_STEP))
def test_stepped_floats_lie_on_the_grid_to_the_last_bit(algorithm):
    space = Space({"f": Float(0.1, 1.3, step=0.1), "g": Float(0, 1, step=0.3)})
    optimizer = create(space, algorithm, 4, **SPEC.algorithms[algorithm].quick)
    for k in range(12 if algorithm == "gp" else 40):
        suggestion = optimizer.ask()
        assert space.violations(suggestion.params) == []
        optimizer.tell(suggestion, complete(float(k % 5)))
