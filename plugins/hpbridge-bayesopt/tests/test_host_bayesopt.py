from __future__ import annotations

import dataclasses
import inspect
import json
import math
import pickle
import re
import warnings

import numpy as np
import pytest
from bayes_opt import (
    BayesianOptimization,
    SequentialDomainReductionTransformer,
    acquisition,
)
from bayes_opt.exception import TargetSpaceEmptyError
from hosted_bayesopt import HOSTED
from scipy.optimize import NonlinearConstraint

import hpbridge as hpb
from hpbridge.contract.backend import ExhaustedError
from hpbridge.contract.capabilities import Feature, no
from hpbridge.contract.registry import registry
from hpbridge.errors import HistoryWarning, HpbridgeError
from hpbridge_bayesopt import FORMAT, SPEC, BridgeAcquisition

FLOATS = {"x": (-3.0, 3.0), "y": (0.0, 1.0)}
MIXED = {"x": (-3.0, 3.0), "n": (1, 5, int), "c": ("a", "b", "c")}
SPACE = hpb.Space(
    {
        "x": hpb.Float(-3, 3),
        "n": hpb.Int(1, 5),
        "c": hpb.Categorical(["a", "b", "c"]),
    }
)
GUESTS = ["random", "optuna:tpe", "hyperopt:tpe", "skopt:et", "ray:random"]


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


def host(inside, function=gain, pbounds=MIXED, **kwargs):
    return BayesianOptimization(
        function,
        pbounds,
        acquisition_function=inside,
        random_state=2,
        verbose=0,
        **kwargs,
    )


def points(optimizer):
    return [row["params"] for row in optimizer.res]


NATIVE = {
    "ucb": acquisition.UpperConfidenceBound,
    "ei": lambda: acquisition.ExpectedImprovement(xi=0.01),
    "poi": lambda: acquisition.ProbabilityOfImprovement(xi=0.01),
    "hedge": lambda: acquisition.GPHedge(
        [NATIVE[name]() for name in ("ucb", "ei", "poi")]
    ),
}


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_the_diagonal_is_the_library(algorithm):
    ours = host(BridgeAcquisition(f"bayesopt:{algorithm}"), smooth, FLOATS)
    native = host(NATIVE[algorithm](), smooth, FLOATS)
    for optimizer in (ours, native):
        optimizer.maximize(init_points=3, n_iter=3)
        optimizer.register({"x": 0.25, "y": 0.5}, 7.0)
    assert ours.suggest() == native.suggest()
    assert points(ours) == points(native)


def test_every_default_is_that_of_the_library():
    def defaults(call):
        parameters = inspect.signature(call).parameters.values()
        return {p.name: p.default for p in parameters if p.default is not p.empty}

    made = BayesianOptimization(None, FLOATS)
    with_limit = BayesianOptimization(None, FLOATS, constraint=LIMIT)
    theirs = {
        **defaults(SequentialDomainReductionTransformer),
        **defaults(BayesianOptimization.maximize),
        **defaults(BayesianOptimization),
        **made._gp.get_params(),
    }
    theirs |= {"kappa": made.acquisition_function.kappa, "domain_reduction": False}
    theirs |= {"xi": with_limit.acquisition_function.xi}
    theirs |= defaults(acquisition.UpperConfidenceBound)
    for algorithm in SPEC.algorithms.values():
        ours = vars(algorithm.options())
        assert ours == {name: theirs[name] for name in ours}


LIMIT = NonlinearConstraint(lambda x, y: x, -np.inf, 0.5)


@pytest.mark.parametrize("constraint", [None, LIMIT])
def test_alone_the_library_s_name_is_what_the_library_takes_by_itself(constraint):
    inside = BridgeAcquisition("bayesopt")
    native = BayesianOptimization(
        smooth, FLOATS, random_state=2, verbose=0, constraint=constraint
    )
    ours = host(inside, smooth, FLOATS, constraint=constraint)
    for optimizer in (ours, native):
        optimizer.maximize(init_points=4, n_iter=3)
    assert points(ours) == points(native)
    if hasattr(native, "predict"):  # not in its older versions
        one = {"x": 0.1, "y": 0.5}
        assert ours.predict(one) == native.predict(one)


def test_the_diagonal_takes_options_constraints_and_saved_states(tmp_path):
    options = {"kappa": 1.0, "exploration_decay": 0.5}
    inside = BridgeAcquisition("bayesopt:ucb", options=options)
    native = acquisition.UpperConfidenceBound(**options)
    ours, theirs = host(inside, smooth, FLOATS), host(native, smooth, FLOATS)
    for optimizer in (ours, theirs):
        optimizer.maximize(init_points=2, n_iter=2)
        optimizer.save_state(tmp_path / f"{type(optimizer.acquisition_function)}.json")
    assert inside.get_acquisition_params() == native.get_acquisition_params()
    one = np.array([0.0, 1.0])
    assert (inside.base_acq(one, one) == native.base_acq(one, one)).all()
    fresh = host(BridgeAcquisition("bayesopt:ucb", options=options), smooth, FLOATS)
    fresh.load_state(tmp_path / f"{BridgeAcquisition}.json")
    assert fresh.suggest() == theirs.suggest()
    constrained = [
        host(each, smooth, FLOATS, constraint=LIMIT)
        for each in (BridgeAcquisition("bayesopt:ei"), NATIVE["ei"]())
    ]
    for optimizer in constrained:
        optimizer.maximize(init_points=4, n_iter=1)
    assert points(constrained[0]) == points(constrained[1])


# To import Ray takes seconds, and its random search is no other guest than ours.
@pytest.mark.parametrize(
    "optimizer",
    [
        *GUESTS[:-1],
        pytest.param(GUESTS[-1], marks=pytest.mark.slow),
        "bayesopt:ucb",
    ],
)
def test_the_host_runs_an_experiment_as_the_optimizer_alone(optimizer):
    is_own = optimizer.startswith("bayesopt")

    def objective(trial):
        if trial["x"] < -2 and not is_own:
            raise RuntimeError
        return {"loss": trial["x"] ** 2 + trial["n"] + trial["k"] + len(trial["c"])}

    space = {**SPACE, "c": hpb.Categorical({"one": (1,), "two": (1, 2)}), "k": 2}
    experiment = hpb.Experiment(
        objective=objective, space=space, direction={"loss": "minimize"}
    )
    assert HOSTED.reasons_against(experiment.space) == []
    n_trials = 6 if is_own else 14
    trials = HOSTED.run(optimizer, experiment, n_trials, 4)
    alone = hpb.run(experiment, optimizer, n_trials=n_trials, seed=4, store=":memory:")
    assert [params for params, _ in trials] == [t.params for t in alone.trials]
    for (_, value), trial in zip(trials, alone.trials, strict=True):
        loss = trial.metrics.get("loss")
        assert value == loss or (loss is None and math.isnan(value))


def test_the_host_says_what_its_spaces_cannot_hold():
    space = hpb.Space(
        {
            "step": hpb.Float(0, 1, step=0.5),
            "prior": hpb.Float(0, 1, prior=hpb.Normal(0, 1)),
            "log": hpb.Int(1, 9, log=True),
            "q": hpb.Quantized(1, 9, 2),
            "one": hpb.Int(3, 3),
            "order": hpb.Categorical([1, 2], ordered=True),
            "weights": hpb.Categorical([1, 2], weights=[1, 2]),
            "child": hpb.Int(1, 3, when={"order": 1}),
        },
        forbid=[{"one": 3, "log": 2}],
    )
    reasons = HOSTED.reasons_against(space)
    assert len(reasons) == 9
    assert reasons[0] == "'step': bayesian-optimization has no steps"


def test_a_guest_learns_from_everything_once():
    inside = BridgeAcquisition("optuna:tpe", seed=3, options={"n_startup_trials": 4})
    optimizer = host(inside, smooth, FLOATS)
    optimizer.maximize(init_points=3, n_iter=2)
    optimizer.register({"x": 0.25, "y": 0.5}, 7.0)
    optimizer.probe({"x": 0.75, "y": 0.5}, lazy=False)
    before = len(inside._talk.state()["events"])
    optimizer.suggest()
    optimizer.suggest()
    said = inside._talk.state()["events"][before:]
    assert [(event[0], event[-1].get("values")) for event in said] == [
        ("tell", [-optimizer.res[4]["target"]]),
        ("observe", [-7.0]),
        ("observe", [-smooth(0.75, 0.5)]),
        ("ask", None),
        ("ask", None),
    ]


def test_a_guest_finds_what_registered_points_show():
    inside = BridgeAcquisition("optuna:tpe", seed=0)
    optimizer = host(inside, None, {"x": (-10.0, 10.0)})
    for x in np.linspace(-10, 10, 41):
        optimizer.register({"x": x}, -((x - 7) ** 2))
    asked = [optimizer.suggest()["x"] for _ in range(10)]
    assert np.median(np.abs(np.array(asked) - 7)) < 2


def test_several_points_may_be_out_and_come_back_in_any_order():
    inside = BridgeAcquisition("optuna:tpe", seed=0, options={"n_startup_trials": 2})
    optimizer = host(inside, None, FLOATS)
    optimizer.register({"x": 0.0, "y": 0.0}, 0.0)
    asked = [optimizer.suggest() for _ in range(4)]
    assert len({str(params) for params in asked}) == 4
    for params in reversed(asked):
        optimizer.register(params, smooth(**params))
    optimizer.suggest()
    assert len(inside._talk.open) == 1


@pytest.mark.parametrize("guest", ["optuna:tpe", "hyperopt:tpe", "skopt:et"])
def test_a_saved_state_goes_on_where_it_was(tmp_path, guest):
    whole = host(BridgeAcquisition(guest, seed=5), smooth, FLOATS)
    whole.maximize(init_points=2, n_iter=4)
    path = tmp_path / "state.json"
    whole.save_state(path)
    assert FORMAT.recognizes(path)
    loaded = host(BridgeAcquisition(guest), smooth, FLOATS)
    loaded.load_state(path)
    again = pickle.loads(pickle.dumps(whole.acquisition_function))
    expected = whole.suggest()
    assert loaded.suggest() == expected
    row = again.suggest(None, loaded.space)
    assert loaded.space.array_to_params(row) == expected
    other = host(BridgeAcquisition("random"), smooth, FLOATS)
    with pytest.raises(HpbridgeError, match=f"the state is of '{guest}'"):
        other.load_state(path)


def test_a_state_of_when_it_was_asked_goes_on_too(tmp_path):
    inside = BridgeAcquisition("optuna:tpe", seed=5)
    optimizer = host(inside, smooth, FLOATS)
    optimizer.maximize(init_points=2, n_iter=4)
    path = tmp_path / "state.json"
    optimizer.save_state(path)
    state = json.loads(path.read_text())
    # As it was written before what was said was kept.
    asked_at = [2, 3, 4, 5]
    old = {"optimizer": "optuna:tpe", "seed": 5, "asked_at": asked_at}
    path.write_text(json.dumps({**state, "acquisition_params": old}))
    loaded = host(BridgeAcquisition("optuna:tpe"), smooth, FLOATS)
    loaded.load_state(path)
    assert loaded.suggest() == optimizer.suggest()


def test_one_that_learns_trial_by_trial_is_not_asked_again_before(monkeypatch):
    algorithm = registry().algorithm("random")[1]
    waits = algorithm.capabilities.but({Feature.PENDING: no("it waits")})
    patched = dataclasses.replace(algorithm, capabilities=waits)
    monkeypatch.setitem(registry().backends["random"].algorithms, "random", patched)
    optimizer = host(BridgeAcquisition("random", seed=0), None, FLOATS)
    optimizer.register({"x": 0.0, "y": 0.0}, 0.0)
    params = optimizer.suggest()
    with pytest.raises(HpbridgeError, match="`suggest` before the last point is reg"):
        optimizer.suggest()
    optimizer.register(params, 1.0)
    assert optimizer.suggest() != params


def test_known_points_are_told_and_not_proposed_again():
    calls = []

    def function(c, d):
        calls.append((c, d))
        return float(c == "a")

    inside = BridgeAcquisition("random", seed=0)
    optimizer = host(inside, function, {"c": ("a", "b"), "d": ("u", "v")})
    optimizer.maximize(init_points=1, n_iter=3)
    assert sorted(calls) == [("a", "u"), ("a", "v"), ("b", "u"), ("b", "v")]


def test_bad_targets_are_failures_to_a_guest():
    inside = BridgeAcquisition("optuna:tpe", seed=0, options={"n_startup_trials": 2})
    optimizer = host(inside, None, FLOATS)
    for target in [1.0, math.nan, math.inf, -math.inf, 2.0]:
        optimizer.register(optimizer.suggest(), target)
    optimizer.register({"x": 99.0, "y": 0.5}, 1.0)  # outside its range
    said = "'x' is 99.0, outside [-3.0, 3.0]"
    with pytest.warns(HistoryWarning, match=re.escape(said)) as caught:
        assert optimizer.suggest()
    assert len(caught) == 1


def test_constraints_reach_a_guest_that_takes_them():
    limit = NonlinearConstraint(
        lambda x, y: np.array([x, y]), [-np.inf, 0.25], [0.5, 0.75]
    )
    inside = BridgeAcquisition("optuna:tpe", seed=0)
    optimizer = host(inside, smooth, FLOATS, constraint=limit)
    optimizer.maximize(init_points=2, n_iter=1)
    optimizer.suggest()
    told = inside._talk.state()["events"][-2]
    x, y = optimizer.res[2]["constraint"]
    assert told[-1]["constraints"] == [x - 0.5, y - 0.75, 0.25 - y]
    refused = host(BridgeAcquisition("skopt:et"), smooth, FLOATS, constraint=limit)
    with pytest.raises(HpbridgeError, match="cannot run this experiment") as caught:
        refused.maximize(init_points=1, n_iter=1)
    assert "optuna:tpe" in str(caught.value)


def test_first_is_its_own_first_point():
    inside = BridgeAcquisition("optuna:tpe", seed=4)
    optimizer = host(inside)
    optimizer.probe(inside.first(optimizer))
    optimizer.maximize(init_points=0, n_iter=3)
    alone = hpb.maximize(
        lambda trial: gain(**trial),
        SPACE,
        backend="optuna:tpe",
        n_trials=4,
        seed=4,
        store=":memory:",
    )
    assert points(optimizer) == [t.params for t in alone.trials]
    own = BridgeAcquisition("bayesopt")
    assert set(own.first(host(own))) == set(MIXED)


def test_the_seed_comes_from_the_host_where_none_is_given():
    runs = []
    for _ in range(2):
        optimizer = host(BridgeAcquisition("random"))
        optimizer.maximize(init_points=1, n_iter=3)
        runs.append(points(optimizer))
    assert runs[0] == runs[1]


# --- errors


def test_wrong_arguments_are_told_at_once():
    with pytest.raises(HpbridgeError, match="did you mean 'tpe'"):
        BridgeAcquisition("optuna:tpa")
    with pytest.raises(HpbridgeError, match="No backend named 'optuma'"):
        BridgeAcquisition("optuma")
    with pytest.raises(HpbridgeError, match="there is no option 'kappa'"):
        BridgeAcquisition("optuna:tpe", options={"kappa": 1})
    with pytest.raises(HpbridgeError, match="'alpha' is the BayesianOptimization's"):
        BridgeAcquisition("bayesopt:ucb", options={"alpha": 1e-3})
    inside = BridgeAcquisition("optuna:grid")
    with pytest.raises(HpbridgeError, match="installed optimizers that can: "):
        inside.first(host(inside))
    silent = BridgeAcquisition("random")
    with pytest.raises(TypeError, match="'random:random' proposes points"):
        silent.base_acq(1.0, 1.0)
    with pytest.raises(TargetSpaceEmptyError, match="nothing is known yet"):
        silent.suggest(None, host(silent).space)


def test_bounds_that_change_under_way_are_refused():
    optimizer = host(
        BridgeAcquisition("random"),
        smooth,
        FLOATS,
        bounds_transformer=SequentialDomainReductionTransformer(),
    )
    with pytest.raises(
        HpbridgeError, match="cannot follow bounds that change"
    ) as caught:
        optimizer.maximize(init_points=2, n_iter=3)
    assert "Hint: leave bounds_transformer and set_bounds out" in str(caught.value)


@pytest.mark.parametrize("name", ["bayesopt:ucb", "random"])
def test_bounds_that_are_set_between_are_followed_or_begun_anew_with(name):
    optimizer = host(BridgeAcquisition(name), smooth, FLOATS)
    optimizer.maximize(init_points=1, n_iter=1)
    wider = {**FLOATS, "x": (-9.0, 9.0)}
    optimizer.set_bounds(wider)
    if name == "random":
        with pytest.raises(HpbridgeError, match="cannot follow bounds that change"):
            optimizer.maximize(init_points=0, n_iter=1)
        before, optimizer = optimizer, host(BridgeAcquisition(name), smooth, wider)
        for each in before.res:
            optimizer.register(each["params"], each["target"])
    optimizer.maximize(init_points=0, n_iter=2)
    assert len(optimizer.space) == 4


def test_an_exhausted_guest_says_so():
    inside = BridgeAcquisition("optuna:grid", seed=0)
    optimizer = host(inside, lambda c: 1.0, {"c": ("a", "b", "d")})
    optimizer.probe(inside.first(optimizer))
    with pytest.raises(ExhaustedError):
        optimizer.maximize(init_points=0, n_iter=5)
    assert len(optimizer.res) == 3


def test_a_pickle_of_before_the_release_is_refused_in_a_sentence():
    by_name = b"chpbridge_bayesopt._host\nBridgeAcquisition\n."
    with pytest.raises(hpb.HpbridgeError, match=r"before hpbridge-bayesopt 0\.1\.0"):
        pickle.loads(by_name)
