"""What only Optuna has: states, exhaustion, noise, options, the printed script."""

from __future__ import annotations

import dataclasses
import inspect
import logging
import math
import random
import subprocess
import sys
import warnings

import optuna
import pytest
from optuna.trial import TrialState

from hpbridge.backend import ExhaustedError, Outcome, Problem
from hpbridge.capabilities import Feature
from hpbridge.categorical import Categorical
from hpbridge.errors import (
    ForeignHistoryError,
    OptionError,
    UnsupportedFeatureError,
)
from hpbridge.options import read_options
from hpbridge.parameters import Float, Int, Normal
from hpbridge.registry import is_met
from hpbridge.space import Space
from hpbridge.trial import State
from hpbridge_optuna import SPEC
from hpbridge_optuna._space import SAMPLERS

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
    return SPEC.create(problem, algorithm, options, seed)


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


def test_declaring_does_not_import_the_library():
    code = "import sys, hpbridge_optuna; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_defaults_are_the_librarys(algorithm):
    cls = getattr(optuna.samplers, SAMPLERS[algorithm])
    native = inspect.signature(cls.__init__).parameters
    for field in dataclasses.fields(SPEC.algorithms[algorithm].options):
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
        ("random", Problem(SGD, n_constraints=1), "1 constraints need constraints"),
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


@pytest.mark.parametrize("n_objectives", [1, 2])
@pytest.mark.parametrize("algorithm", usable(Feature.FORBIDDEN))
def test_it_learns_to_avoid_forbidden_points(algorithm, n_objectives):
    if n_objectives > 1 and not SPEC.algorithms[algorithm].capabilities.can(
        Feature.MULTI_OBJECTIVE
    ):
        return
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


@pytest.mark.parametrize("algorithm", ["tpe", "gp", "random"])
def test_explain_says_how_a_forbidden_point_is_told(algorithm):
    space = Space({"n": Int(0, 5), "c": Categorical(["a", "b"])}, forbid=FORBID)
    options = SPEC.algorithms[algorithm].options()
    source = SPEC.explain(Problem(space), algorithm, options, 0)
    note = SPEC.algorithms[algorithm].capabilities[Feature.FORBIDDEN].note
    assert (
        f"# forbid=: hpbridge {note or 'tells a forbidden point as failed'}" in source
    )


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
    assert SPEC.explain(Problem(space), "tpe", options, 7) == (
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
