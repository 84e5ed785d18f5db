from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import random
import warnings

import numpy as np
import pytest
from bayes_opt import (
    BayesianOptimization,
    SequentialDomainReductionTransformer,
    acquisition,
)
from bayes_opt.parameter import CategoricalParameter
from scipy.optimize import NonlinearConstraint

import hpbridge as hpb
from hpbridge.contract.backend import Outcome, PastTrial, Problem
from hpbridge.contract.foreign import Hints
from hpbridge.contract.registry import registry
from hpbridge.errors import FormatError, SpaceError
from hpbridge.trial import State
from hpbridge_bayesopt import FORMAT, SPEC
from hpbridge_bayesopt.backend.repairs import categorical_class
from hpbridge_bayesopt.format.write import PBOUNDS_KEY
from hpbridge_bayesopt.native.read import space_of

NATIVE = registry().backends["bayesopt"].from_native
MIXED = {"x": (-3.0, 3.0), "n": (1, 5, int), "c": ("a", "b", "c")}
SPACE = hpb.Space(
    {
        "x": hpb.Float(-3, 3),
        "n": hpb.Int(1, 5),
        "c": hpb.Categorical(["a", "b", "c"]),
    }
)
FLOATS = {"x": (-3.0, 3.0), "y": (0.0, 1.0)}


@pytest.fixture(autouse=True)
def _quiet_library():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of ints and choices
        warnings.simplefilter("ignore", RuntimeWarning)  # of 0/0 at known points
        yield


def gain(x, n, c):
    return -((x - 1) ** 2) - n + (c == "b")


def smooth(x, y):
    return -((x - 1) ** 2) - y


def maximized(function, pbounds, n_points=6, n_iter=0, **kwargs):
    optimizer = BayesianOptimization(
        function, pbounds, random_state=1, verbose=0, **kwargs
    )
    optimizer.maximize(init_points=n_points, n_iter=n_iter)
    return optimizer


def saved(optimizer, path):
    optimizer.save_state(path)
    return path


def test_a_state_is_read_with_its_space(tmp_path):
    optimizer = maximized(gain, MIXED)
    path = saved(optimizer, tmp_path / "mine.json")
    assert FORMAT.recognizes(path)
    # A plain dict of ranges is one of constants to the core, which cannot tell.
    constants = hpb.Space.of({"x": (-3.0, 3.0), "n": (1, 5, int), "c": ("a", "b")})
    for hints in (
        Hints(native_space=MIXED),
        Hints(space=SPACE),
        Hints(space=SPACE, native_space=SPACE),
        Hints(space=constants, native_space=MIXED),
    ):
        study = FORMAT.read(path, hints)
        assert study.space == SPACE
        assert (study.name, study.algorithm) == ("mine", "ucb")
        assert study.metrics == {"target": "maximize"}
        params = [trial.params for trial in study.trials]
        assert params == [r["params"] for r in optimizer.res]
        assert all(SPACE.violations(p) == [] for p in params)
        targets = [trial.metrics["target"] for trial in study.trials]
        assert targets == [r["target"] for r in optimizer.res]
        json.dumps(study.native)
        assert study.native["random_state"]["bit_generator"] == "MT19937"
    with pytest.raises(FormatError) as caught:
        FORMAT.read(path, Hints())
    assert "5 numbers for the parameters ['x', 'n', 'c']" in str(caught.value)
    assert "Hint: `--space file.py:pbounds`" in str(caught.value)


def test_a_state_of_floats_needs_no_space_and_says_what_may_be_ints(tmp_path):
    optimizer = maximized(lambda x, n: -x - n, {"x": (0, 1), "n": (1, 5, int)})
    study = FORMAT.read(saved(optimizer, tmp_path / "s.json"), Hints())
    assert study.space == hpb.Space({"x": hpb.Float(0, 1), "n": hpb.Float(1, 5)})
    assert (
        "['n'] had whole numbers only; give the space if they are ints" in study.notes
    )
    named = FORMAT.read(
        tmp_path / "s.json", Hints(name="a", direction={"score": "maximize"})
    )
    assert (named.name, named.metrics) == ("a", {"score": "maximize"})


def test_nan_infinity_unknown_choices_and_raw_ints_are_told(tmp_path):
    optimizer = maximized(gain, MIXED, n_points=2)
    optimizer.register({"x": 0.0, "n": 2, "c": "a"}, math.nan)
    optimizer.register({"x": 0.5, "n": 2, "c": "a"}, -math.inf)
    optimizer.register({"x": 0.7, "n": 2, "c": "unknown"}, 1.0)
    optimizer.register({"x": 9.0, "n": 2.5, "c": "b"}, 1.0)
    path = saved(optimizer, tmp_path / "s.json")
    assert "NaN" in path.read_text()
    study = FORMAT.read(path, Hints(space=SPACE))
    assert [t.state.value for t in study.trials[2:]] == [
        "failed",
        "complete",
        "complete",
    ]
    assert study.trials[2].error == "returned nan for metric 'target'"
    assert study.trials[3].metrics["target"] == -math.inf
    assert study.trials[4].params == {"x": 9.0, "n": 2.5, "c": "b"}
    assert "trials [4] are left out: their choice is none of the space" in study.notes


LOG = [
    {"target": -3.0, "params": {"x": 2.0, "n": 1.0}},
    {
        "target": 1.5,
        "params": {"x": 0.25, "n": 3.0},
        "constraint": 0.5,
        "allowed": True,
    },
    {"target": math.nan, "params": {"x": -1.0, "n": 2.0}},
]


def test_logs_of_older_versions_are_read(tmp_path):
    path = tmp_path / "logs.log.json"
    times = {"datetime": "2024-01-01 10:00:00", "elapsed": 1.0, "delta": 1.0}
    lines = [json.dumps({**line, "datetime": times}) for line in LOG]
    path.write_text("\n".join(lines) + "\n")
    assert FORMAT.recognizes(path)
    study = FORMAT.read(path, Hints())
    assert study.space is None
    assert study.trials[0].params == {"x": 2.0, "n": 1.0}
    space = hpb.Space({"x": hpb.Float(-3, 3), "n": hpb.Int(1, 5)})
    study = FORMAT.read(path, Hints(space=space))
    assert study.trials[1].params == {"x": 0.25, "n": 3}
    assert study.trials[1].metrics == {"target": 1.5, "constraint": 0.5}
    assert study.trials[2].state is State.FAILED
    assert "the log does not hold the limits of its constraint" in study.notes
    with pytest.raises(FormatError, match="the space has the parameters"):
        FORMAT.read(path, Hints(space=SPACE))


def test_a_live_optimizer_brings_choices_limits_and_its_algorithm():
    choices = {**MIXED, "c": CategoricalParameter("c", ((1, 2), None))}
    optimizer = maximized(
        lambda x, n, c: x + n,
        choices,
        constraint=NonlinearConstraint(
            lambda x, n, c: np.array([x, n]), [-np.inf, 1.5], [0.5, 4.5]
        ),
    )
    assert FORMAT.recognizes(optimizer)
    study = FORMAT.read(optimizer, Hints())
    assert study.space["c"].choices == ((1, 2), None)
    assert study.algorithm == "ei"
    assert study.bounds == {
        "constraint_0": "<= 0.5",
        "constraint_1": "<= 4.5",
        "constraint_1_lower": ">= 1.5",
    }
    for trial, row in zip(study.trials, optimizer.res, strict=True):
        x, n = row["constraint"]
        metrics = {"constraint_0": x, "constraint_1": n, "constraint_1_lower": n}
        assert trial.metrics == {"target": row["target"], **metrics}


def test_domain_reduction_keeps_the_ranges_of_the_start(tmp_path):
    reduction = SequentialDomainReductionTransformer()
    optimizer = maximized(smooth, FLOATS, n_iter=2, bounds_transformer=reduction)
    study = FORMAT.read(optimizer, Hints())
    assert study.space == space_of(FLOATS)
    state = FORMAT.read(saved(optimizer, tmp_path / "s.json"), Hints())
    assert state.space is None


def test_what_is_none_of_ours_is_not_recognized(tmp_path):
    (tmp_path / "a.json").write_text('{"target": 1}')
    (tmp_path / "b.json").write_text('[{"pbounds": 1}]')
    (tmp_path / "c.json").write_text("")
    (tmp_path / "d.json").write_bytes(b"\xff\xfe{")
    for source in [*tmp_path.iterdir(), tmp_path, tmp_path / "no", 3, "x", None, {}]:
        assert not FORMAT.recognizes(source)
    with pytest.raises(FormatError, match="it is no BayesianOptimization"):
        FORMAT.read({}, Hints())
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"target": 1.0, "params": {"x": 1.0}}))
    with pytest.raises(FormatError, match="the library maximizes one target"):
        FORMAT.read(path, Hints(direction={"target": "minimize"}))


# --- going on


ACQUISITIONS = {
    "ucb": acquisition.UpperConfidenceBound,
    "ei": lambda: acquisition.ExpectedImprovement(xi=0.01),
    "poi": lambda: acquisition.ProbabilityOfImprovement(xi=0.01),
    "hedge": lambda: acquisition.GPHedge(
        [ACQUISITIONS[name]() for name in ("ucb", "ei", "poi")]
    ),
}


def past(study):
    trials = []
    for trial in study.trials:
        constraints = (trial.metrics["constraint"],) if study.bounds else ()
        outcome = Outcome(State.COMPLETE, (-trial.metrics["target"],), constraints)
        trials.append(PastTrial(study.space.canonical(trial.params), outcome))
    return trials


@pytest.mark.parametrize(
    ("algorithm", "pbounds"),
    [*((name, FLOATS) for name in SPEC.algorithms), ("ucb", MIXED)],
)
def test_a_state_goes_on_as_the_library_goes_on(tmp_path, algorithm, pbounds):
    function = smooth if pbounds is FLOATS else gain
    n_more = 2 if pbounds is FLOATS else 1
    if "c" in pbounds:  # where the library's own class sees all choices as one, ours
        pbounds = {**pbounds, "c": categorical_class()("c", pbounds["c"])}
    make = ACQUISITIONS[algorithm]
    before = maximized(function, pbounds, 4, 2, acquisition_function=make())
    path = saved(before, tmp_path / "s.json")
    native = BayesianOptimization(
        function, pbounds, random_state=5, verbose=0, acquisition_function=make()
    )
    native.load_state(path)
    native.maximize(init_points=0, n_iter=n_more)
    study = FORMAT.read(path, Hints(native_space=pbounds))
    options = SPEC.algorithms[algorithm].options()
    ours = SPEC.create(Problem(study.space), SPEC.algorithms[algorithm], options, 5)
    assert ours.restore(past(study), study.native)
    asked = []
    for _ in range(n_more):
        suggestion = ours.ask()
        asked.append(dict(suggestion.params))
        value = function(**suggestion.params)
        ours.tell(suggestion, Outcome(State.COMPLETE, (-value,)))
    assert asked == [row["params"] for row in native.res[-n_more:]]


def test_a_live_constrained_optimizer_goes_on():
    constraint = NonlinearConstraint(lambda x, y: x - y, -np.inf, 0.0)
    optimizer = maximized(smooth, FLOATS, constraint=constraint)
    study = FORMAT.read(optimizer, Hints())
    options = SPEC.algorithms["ei"].options()
    # The model of the constraint has the seed itself, which no state holds.
    ours = SPEC.create(
        Problem(study.space, n_constraints=1), SPEC.algorithms["ei"], options, 1
    )
    assert ours.restore(past(study), study.native)
    suggestion = ours.ask()
    assert dict(suggestion.params) == optimizer.suggest()


def test_a_state_of_another_space_or_function_is_not_restored(tmp_path):
    optimizer = maximized(smooth, FLOATS)
    study = FORMAT.read(saved(optimizer, tmp_path / "s.json"), Hints())
    scaled = hpb.Space({"x": hpb.Float(-3, 3), "y": hpb.Float(1e-3, 1, log=True)})
    for algorithm, space, native in [
        ("ucb", scaled, study.native),
        ("ei", study.space, study.native),
        ("hedge", study.space, study.native),
        ("ucb", study.space, {}),
        ("ucb", study.space, {**study.native, "gp_params": {}}),
        ("ucb", study.space, {**study.native, "random_state": {"state": [1]}}),
    ]:
        options = SPEC.algorithms[algorithm].options()
        ours = SPEC.create(Problem(space), SPEC.algorithms[algorithm], options, 5)
        fresh = SPEC.create(Problem(space), SPEC.algorithms[algorithm], options, 5)
        assert not ours.restore([], native)
        assert ours.ask().params == fresh.ask().params


def test_domain_reduction_goes_on_as_the_library_goes_on(tmp_path):
    def make():
        return SequentialDomainReductionTransformer()

    before = maximized(smooth, FLOATS, 3, 2, bounds_transformer=make())
    path = saved(before, tmp_path / "s.json")
    native = BayesianOptimization(
        smooth, FLOATS, random_state=5, verbose=0, bounds_transformer=make()
    )
    native.load_state(path)
    study = FORMAT.read(path, Hints(native_space=FLOATS))
    options = SPEC.algorithms["ucb"].options(domain_reduction=True)
    ours = SPEC.create(Problem(study.space), SPEC.algorithms["ucb"], options, 5)
    assert ours.restore(past(study), study.native)
    assert dict(ours.ask().params) == native.suggest()


# --- writing


@pytest.fixture(scope="module")
def study():
    def objective(trial):
        if trial["x"] > 4:
            msg = "too far"
            raise RuntimeError(msg)
        if trial["x"] < -4:
            trial.report(trial["x"], 1)
            raise hpb.TrialPruned
        loss = math.inf if trial["x"] > 3 else trial["x"] ** 2
        return {"loss": loss, "size": float(trial["n"])}

    space = {
        "x": hpb.Float(-5, 5),
        "n": hpb.Int(1, 9, step=4),
        "lr": hpb.Float(1e-3, 1.0, log=True),
        "q": hpb.Quantized(1, 10, 2.0),
        "c": hpb.Categorical([None, True, 1.5], weights=[1, 2, 1]),
        "two": hpb.Categorical([1, 2]),
        "one": hpb.Categorical(["only"]),
        "k": 7,
        "m": hpb.Float(0, 1, prior=hpb.Normal(0.5, 0.2), when={"c": True}),
    }
    experiment = hpb.Experiment(
        objective=objective,
        space=space,
        name="all",
        direction={"loss": "minimize"},
        constraints={"size": "<= 8"},
    )
    found = hpb.run(experiment, "random", n_trials=30, seed=3, store=":memory:")
    trials = [dataclasses.replace(t, attributes={"at": t.number}) for t in found.trials]
    noted = {"by": "me", "list": [1, None]}
    return dataclasses.replace(found, trials=tuple(trials), attributes=noted)


def test_what_is_written_is_read_back(tmp_path, study):
    path = tmp_path / "out.json"
    notes = FORMAT.write(study, str(path))
    assert "'loss' is negated, since the library maximizes" in notes
    assert "['lr'] are not log-scaled to the library" in notes
    assert any("ride along; only hpbridge sees them" in note for note in notes)
    assert list(tmp_path.iterdir()) == [path]
    back = FORMAT.read(path, Hints())
    assert (back.space, back.metrics) == (study.space, study.metrics)
    assert (back.bounds, back.name) == ({"size": "<= 8.0"}, study.name)
    assert back.attributes == study.attributes
    states = {trial.state for trial in back.trials}
    assert states == set(State)
    for read, ours in zip(back.trials, study.trials, strict=True):
        for name in ("state", "params", "metrics", "reports", "error", "attributes"):
            assert getattr(read, name) == getattr(ours, name)
        assert (read.started_at, read.run_seconds) == (
            ours.started_at,
            ours.run_seconds,
        )


def test_the_library_loads_what_is_written(tmp_path, study):
    path = tmp_path / "out.json"
    FORMAT.write(study, str(path))
    state = json.loads(path.read_text())
    names = {"CategoricalParameter": CategoricalParameter, "int": int}
    pbounds = eval(state[PBOUNDS_KEY], names)
    optimizer = BayesianOptimization(
        None,
        pbounds,
        verbose=0,
        random_state=0,
        constraint=NonlinearConstraint(None, -np.inf, 8.0),
    )
    optimizer.load_state(path)
    usable = [
        t
        for t in study.trials
        if t.state is State.COMPLETE and math.isfinite(t.metrics["loss"])
    ]
    assert [r["target"] for r in optimizer.res] == [-t.metrics["loss"] for t in usable]
    assert [r["constraint"] for r in optimizer.res] == [
        t.metrics["size"] for t in usable
    ]
    # The oldest `res` does not read choices where there are constraints.
    choices = [optimizer.space.array_to_params(p)["c"] for p in optimizer.space.params]
    assert choices == [t.params["c"] for t in usable]


@pytest.mark.parametrize("name", [*ACQUISITIONS, "liar"])
def test_every_acquisition_function_goes_on_from_what_is_written(tmp_path, name):
    study = hpb.maximize(
        lambda trial: smooth(**trial),
        {"x": hpb.Float(-3, 3), "y": hpb.Float(0, 1)},
        backend="random",
        n_trials=8,
        seed=0,
        store=":memory:",
    )
    path = tmp_path / "out.json"
    assert FORMAT.write(study, str(path)) == ()
    if name == "liar":
        function = acquisition.ConstantLiar(acquisition.UpperConfidenceBound())
    else:
        function = ACQUISITIONS[name]()
    optimizer = BayesianOptimization(
        smooth, FLOATS, acquisition_function=function, verbose=0, random_state=0
    )
    optimizer.load_state(path)
    assert optimizer.max["target"] == study.best_trial.metrics["value"]
    assert space_of(FLOATS).canonical(optimizer.suggest())


def test_a_target_that_exists_or_no_target_at_all_is_refused(tmp_path, study):
    path = tmp_path / "out.json"
    path.write_text("mine")
    with pytest.raises(FormatError, match="it exists already"):
        FORMAT.write(study, str(path))
    assert path.read_text() == "mine"
    failing = hpb.minimize(
        lambda p: math.nan,
        {"x": hpb.Float(0, 1)},
        backend="random",
        n_trials=2,
        store=":memory:",
    )
    with pytest.raises(FormatError, match="none of its 2 trials has a finite target"):
        FORMAT.write(failing, str(tmp_path / "none.json"))
    assert list(tmp_path.iterdir()) == [path]


# --- damaged files


def state_text(pbounds, params, target, keys='["x"]'):
    head = f'{{"pbounds": {pbounds}, "keys": {keys}, '
    return head + f'"params": {params}, "target": {target}}}'


DAMAGED = {
    "deep": '{"pbounds": ' + "[" * 100_000,
    "digits": state_text("{}", "[]", "[" + "9" * 9999 + "]", "[]"),
    "types": state_text("3", '[["a"]]', '["b"]'),
    "shapes": state_text('{"x": [0]}', "[[1]]", "[1]"),
    "texts": state_text('{"x": ["a", "b"]}', "[]", "[]"),
    "lengths": state_text('{"x": [0, 1]}', "[[1]]", "[]"),
    "riding": '{"pbounds": {}, "hpbridge:study": {"version": 1, "trials": 3}}',
    "newer": '{"pbounds": {}, "hpbridge:study": {"version": 99}}',
    "log": '{"target": 1, "params": {"x": 1}}\n{"target": 1}',
    "number": '{"target": "1", "params": [1]}',
}


@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_files_are_refused_in_one_sentence(tmp_path, what):
    path = tmp_path / "bad.json"
    path.write_text(DAMAGED[what])
    FORMAT.recognizes(path)
    with pytest.raises(FormatError, match=r"cannot be read as a study") as caught:
        FORMAT.read(path, Hints())
    assert len(str(caught.value)) < 1000


def test_truncated_and_flipped_files_are_refused_or_read(tmp_path):
    whole = saved(maximized(smooth, FLOATS), tmp_path / "s.json")
    data = whole.read_bytes()
    path = tmp_path / "damaged.json"
    for k in range(20):
        path.write_bytes(data[: len(data) * k // 20])
        FORMAT.recognizes(path)
        with pytest.raises(FormatError):
            FORMAT.read(path, Hints())
    rng = random.Random(0)
    for _ in range(200):
        flipped = bytearray(data)
        flipped[rng.randrange(1500)] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(flipped))
        FORMAT.recognizes(path)
        with contextlib.suppress(FormatError):
            assert len(FORMAT.read(path, Hints()).trials) == 6


# --- native spaces


def test_pbounds_are_read_as_the_library_reads_them():
    given = {
        "x": (2, 4),
        "y": (0.0, 1.0, float),
        "n": (1.0, 5, int),
        "c": ("a", "b"),
        "t": (1, 2, 3),
        "o": CategoricalParameter("o", [0, 1]),
        "u": ((1, 2), None),
    }
    read = NATIVE(given)
    kinds = BayesianOptimization(None, given, verbose=0).space.params_config
    for name, parameter in read.space.items():
        ours = {"Float": "FloatParameter", "Int": "IntParameter"}
        kind = ours.get(type(parameter).__name__, "CategoricalParameter")
        assert type(kinds[name]).__name__ == kind
    assert read.space["x"] == hpb.Float(2, 4)
    assert read.space["t"].labels == (1, 2, 3)
    assert read.space["u"].choices == ((1, 2), None)
    assert (read.direction, read.metric) == ("maximize", "target")
    assert read.wrap(lambda **values: values)({"x": 3.0}) == {"x": 3.0}
    assert NATIVE(kinds).space == read.space


def test_spaces_of_others_are_left_alone():
    from skopt.space import Real

    others = [
        None,
        {},
        [(0, 1)],
        {"x": [0, 1]},
        {"x": (0, 1), "y": (0.5, 1.0), "c": ("a", "b")},
        {"x": 3},
        {"x": ("a", "b")},
        {"x": (0, 1), "k": 3},
        {"x": (0, 1), "y": hpb.Float(0, 1)},
        {"x": (0, 1), "C": (1e-3, 1.0, "log-uniform")},
        {"x": (0, 1), "r": Real(0, 1)},
        {1: (0, 1)},
    ]
    assert [NATIVE(other) for other in others] == [None] * len(others)


def test_silent_traps_are_refused_by_name_and_all_at_once():
    given = {
        "reversed": (1, 0),
        "bools": (True, False),
        "cut": (1.7, 5.2, int),
        "open": (0, math.inf),
        "single": ("a",),
        "twice": ("a", "a", "b"),
        "right": (0, 1, float),
    }
    with pytest.raises(SpaceError) as caught:
        NATIVE(given)
    wrong_bools = (
        "  - 'bools': (True, False) is a range from 0.0 to 1.0 to the library; for"
        " choices write CategoricalParameter(name, (True, False))"
    )
    assert str(caught.value).splitlines()[1:-1] == [
        "  - 'reversed': its range 1 to 0 is reversed, which the library draws from",
        wrong_bools,
        "  - 'cut': its range 1.7 to 5.2 is cut off to 1 to 5",
        "  - 'open': its range is 0 to inf, which are not two finite numbers",
        "  - 'single': ['a'] are fewer than two choices, which the library refuses",
        "  - 'twice': choice 'a' is there twice",
    ]


def test_a_log_whose_last_line_is_torn_is_read_up_to_there(tmp_path):
    path = tmp_path / "log.json"
    line = '{"target": 1.5, "params": {"x": 0.5}, "datetime": {}}\n'
    path.write_text(line * 2 + line[:30])
    found = FORMAT.read(path, Hints())
    assert len(found.trials) == 2
    assert "the last line is torn: its trial is left out" in found.notes
    path.write_text(line + line[:30] + "\n" + line)
    with pytest.raises(FormatError, match="line 2 is no JSON"):
        FORMAT.read(path, Hints())
