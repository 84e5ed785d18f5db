from __future__ import annotations

import inspect
import math
import pickle
import warnings

import matplotlib as mpl
import numpy as np
import pytest
import skopt
import skopt.plots
from hosted_skopt import HOSTED
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.tree import DecisionTreeClassifier
from skopt.callbacks import (
    CheckpointSaver,
    DeadlineStopper,
    DeltaYStopper,
    TimerCallback,
    VerboseCallback,
)
from skopt.space import Categorical, Integer, Real, Space

import hpbridge as hpb
from hpbridge.contract.backend import ExhaustedError, Outcome, PastTrial, Problem
from hpbridge.contract.foreign import Hints
from hpbridge.errors import HpbridgeError, SpaceError
from hpbridge.trial import State
from hpbridge_skopt import (
    FORMAT,
    HOST,
    SPEC,
    BridgeBayesSearchCV,
    BridgeOptimizer,
    minimize,
)
from hpbridge_skopt.backend.repairs import RepairedGBRT

mpl.use("Agg")
SMALL = {"n_points": 200}
GUESTS = ["random", "optuna:tpe", "hyperopt:tpe", "bayesopt:ucb", "ray:random"]


@pytest.fixture(autouse=True)
def _quiet_library():
    with warnings.catch_warnings():
        # The library warns when it repeats a point.
        warnings.simplefilter("ignore", UserWarning)
        yield


def dimensions():
    return [
        Real(-5, 5, name="x"),
        Integer(1, 5),
        Categorical(["a", "b", "c"]),
        Real(1e-4, 1, prior="log-uniform"),
    ]


OURS = {
    "x": hpb.Float(-5, 5),
    "x1": hpb.Int(1, 5),
    "x2": hpb.Categorical(["a", "b", "c"]),
    "x3": hpb.Float(1e-4, 1, log=True),
}


def cost(point):
    x, n, choice, rate = point
    return float(x**2 + n + (choice == "a") + math.log10(rate) ** 2)


def gbrt_minimize(*args, **kwargs):
    model = RepairedGBRT(
        base_estimator=GradientBoostingRegressor(n_estimators=30, loss="quantile"),
        random_state=np.random.RandomState(kwargs["random_state"]),
    )
    return skopt.gbrt_minimize(*args, base_estimator=model, **kwargs)


def dummy_minimize(func, dimensions, n_calls, random_state, n_points, **kwargs):
    rng = np.random.RandomState(random_state)
    rng.randint(0, np.iinfo(np.int32).max)
    return skopt.optimizer.base_minimize(
        func,
        dimensions,
        DummyRegressor(),
        n_calls=n_calls,
        n_initial_points=n_calls,
        acq_optimizer="sampling",
        random_state=rng,
        **kwargs,
    )


NATIVE = {
    "gp": skopt.gp_minimize,
    "et": lambda *a, **k: skopt.forest_minimize(*a, base_estimator="ET", **k),
    "rf": lambda *a, **k: skopt.forest_minimize(*a, base_estimator="RF", **k),
    "gbrt": gbrt_minimize,
    "random": dummy_minimize,
}


def options_of(algorithm):
    """Options under which a model costs little, all of them the library's own."""
    if algorithm == "gp":
        return {**SMALL, "acq_func": "EI", "n_restarts_optimizer": 1}
    return SMALL if SPEC.algorithms[algorithm].learns else {}


def native_of(algorithm):
    return {**SMALL, **options_of(algorithm)}


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_the_diagonal_is_the_library(algorithm):
    native = NATIVE[algorithm](
        cost, dimensions(), n_calls=12, random_state=7, **native_of(algorithm)
    )
    ours = minimize(
        cost,
        dimensions(),
        f"skopt:{algorithm}",
        n_calls=12,
        random_state=7,
        options=options_of(algorithm),
    )
    assert ours.x_iters == native.x_iters
    assert list(ours.func_vals) == list(native.func_vals)
    assert (ours.x, ours.fun) == (native.x, native.fun)
    if SPEC.algorithms[algorithm].learns:
        assert len(ours.models) == len(native.models) == 3


@pytest.mark.parametrize("given", ["x0", "x0 and y0"])
def test_the_diagonal_begins_with_given_points_as_the_library(given):
    points = [[0.5, 2, "b", 0.1], [1.5, 4, "a", 0.01]]
    past = {"x0": points}
    if "y0" in given:
        past["y0"] = [cost(point) for point in points]
    settings = {"n_calls": 13, "random_state": 1, **past}
    native = skopt.forest_minimize(cost, dimensions(), **settings, **SMALL)
    ours = minimize(cost, dimensions(), "skopt:et", options=SMALL, **settings)
    assert ours.x_iters == native.x_iters


def ask_and_tell(optimizer):
    seen = []
    for k in range(4):
        point = optimizer.ask()
        seen.append(point)
        optimizer.tell(point, cost(point), fit=k % 2 == 0)
    for strategy in ("cl_min", "cl_mean", "cl_max"):
        points = optimizer.ask(n_points=2, strategy=strategy)
        assert optimizer.ask(n_points=2, strategy=strategy) == points
        seen += points
        result = optimizer.tell(points, [cost(point) for point in points])
    assert result.x_iters == optimizer.Xi == seen
    optimizer.update_next()
    seen.append(optimizer.ask())
    seen.append(optimizer.copy(random_state=3).ask())
    return seen, optimizer.run(cost, 2).x_iters


def native_optimizer(algorithm, seed, **settings):
    """Return the Optimizer of one line of a user's."""
    if algorithm != "gbrt":
        return skopt.Optimizer(dimensions(), algorithm, random_state=seed, **settings)
    rng = np.random.RandomState(seed)  # as the library has it, mended
    model = RepairedGBRT(
        base_estimator=GradientBoostingRegressor(n_estimators=30, loss="quantile"),
        random_state=rng.randint(0, np.iinfo(np.int32).max),
    )
    return skopt.Optimizer(dimensions(), model, random_state=rng, **settings)


@pytest.mark.parametrize("algorithm", ["gp", "et", "rf", "gbrt"])
def test_one_line_s_defaults_are_those_of_the_library_s_optimizer(algorithm):
    native = native_optimizer(algorithm, 3)
    ours = BridgeOptimizer(dimensions(), f"skopt:{algorithm}", random_state=3)
    assert ours.run(cost, 13).x_iters == native.run(cost, 13).x_iters


def defaults_of(call):
    parameters = inspect.signature(call).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_every_default_is_that_of_the_library_s_own_call(algorithm):
    cls = SPEC.algorithms[algorithm].options
    theirs = defaults_of(getattr(skopt, SPEC.algorithms[algorithm].native_call))
    ours = vars(cls())
    assert ours == {name: theirs[name] for name in ours}
    hosted = vars(cls(**HOST.options(f"skopt:{algorithm}", {})))
    of_host = defaults_of(skopt.Optimizer)
    assert {n: v for n, v in hosted.items() if n in of_host} == {
        name: of_host[name] for name in hosted if name in of_host
    }


@pytest.mark.parametrize(
    ("design", "algorithm"),
    [
        ("random", "et"),
        ("random", "gbrt"),
        ("lhs", "rf"),
        pytest.param("random", "rf", marks=pytest.mark.slow),
        pytest.param("lhs", "et", marks=pytest.mark.slow),
        pytest.param("lhs", "gbrt", marks=pytest.mark.slow),
    ],
)
def test_the_diagonal_asks_and_tells_as_the_library(design, algorithm):
    options = {"n_initial_points": 3, "initial_point_generator": design}
    native = native_optimizer(algorithm, 5, acq_optimizer_kwargs=SMALL, **options)
    ours = BridgeOptimizer(
        dimensions(),
        f"skopt:{algorithm}",
        random_state=5,
        options={**options, **SMALL},
    )
    assert ask_and_tell(ours) == ask_and_tell(native)
    assert len(ours.models) == len(native.models)


def test_the_default_and_a_constraint_are_the_library_s():
    def fits(point):
        return point[0] > 0

    native = skopt.gp_minimize(
        cost,
        dimensions(),
        n_calls=11,
        random_state=2,
        space_constraint=fits,
        **native_of("gp"),
    )
    ours = minimize(
        cost,
        dimensions(),
        n_calls=11,
        random_state=np.random.RandomState(2),
        space_constraint=fits,
        options=options_of("gp"),
    )
    assert ours.x_iters == native.x_iters
    guest = minimize(
        cost,
        dimensions(),
        "optuna:random",
        n_calls=11,
        random_state=2,
        space_constraint=fits,
    )
    assert all(fits(point) for point in guest.x_iters)


@pytest.mark.parametrize("optimizer", GUESTS)
def test_a_guest_goes_where_it_goes_alone(optimizer):
    # It is slow, and has its model from the sixth on.
    n_calls = 7 if optimizer == "bayesopt:ucb" else 12
    hosted = minimize(cost, dimensions(), optimizer, n_calls=n_calls, random_state=3)
    alone = hpb.minimize(
        lambda trial: cost(list(trial.values())),
        OURS,
        backend=optimizer,
        n_trials=n_calls,
        seed=3,
        store=":memory:",
        driver="local",  # that of Ray would start a cluster
    )
    assert hosted.x_iters == [list(t.params.values()) for t in alone.trials]
    assert hosted.fun == alone.best_trial.metrics["value"]


@pytest.mark.parametrize("optimizer", ["skopt:et", "skopt:random", "optuna:tpe"])
def test_the_host_runs_an_experiment(optimizer):
    def objective(trial):
        if trial["x"] < -4:
            raise RuntimeError
        return {"gain": -(trial["x"] ** 2) - trial["k"]}

    experiment = hpb.Experiment(
        objective=objective,
        space={**OURS, "k": 2, "w": hpb.Categorical([None, True], weights=[1, 3])},
        direction={"gain": "maximize"},
    )
    assert HOSTED.reasons_against(experiment.space) == []
    trials = HOSTED.run(optimizer, experiment, 12, 4)
    alone = hpb.run(experiment, optimizer, n_trials=12, seed=4, store=":memory:")
    assert [params for params, _ in trials] == [t.params for t in alone.trials]
    for (_, value), trial in zip(trials, alone.trials, strict=True):
        same = value == trial.metrics.get("gain")
        assert same or (math.isnan(value) and trial.state is State.FAILED)


def test_the_host_says_what_its_spaces_cannot_hold():
    space = hpb.Space(
        {
            "step": hpb.Float(0, 1, step=0.5),
            "prior": hpb.Float(0, 1, prior=hpb.Normal(0, 1)),
            "log": hpb.Int(1, 9, log=True),
            "q": hpb.Quantized(1, 9, 2),
            "one": hpb.Int(3, 3),
            "order": hpb.Categorical([1, 2], ordered=True),
            "child": hpb.Int(1, 3, when={"order": 1}),
        },
        forbid=[{"one": 3, "log": 2}],
    )
    reasons = HOSTED.reasons_against(space)
    assert len(reasons) == 8
    assert reasons[0] == "'step': scikit-optimize has no steps"


def test_callbacks_plots_and_dumps_take_a_guest_s_result(tmp_path, capsys):
    path = tmp_path / "checkpoint.pkl"
    timer = TimerCallback()
    result = minimize(
        cost,
        dimensions(),
        "optuna:tpe",
        n_calls=8,
        random_state=0,
        verbose=True,
        callback=[
            CheckpointSaver(str(path)),
            timer,
            DeadlineStopper(600),
            VerboseCallback(8),
            DeltaYStopper(1e-12),
        ],
    )
    assert len(timer.iter_time) == 8
    assert "Current minimum" in capsys.readouterr().out
    skopt.plots.plot_convergence(result)
    skopt.plots.plot_evaluations(result)
    mpl.pyplot.close("all")
    assert skopt.load(path).x_iters == result.x_iters
    study = FORMAT.read(path, Hints())
    assert [t.metrics["value"] for t in study.trials] == list(result.func_vals)
    goes_on = CheckpointSaver(str(path)).load()
    assert goes_on.pop("base_estimator") is None
    more = minimize(cost, dimensions(), "hyperopt", n_calls=2, **goes_on)
    assert len(more.x_iters) == 10
    stopped = minimize(
        lambda _: 1.0, dimensions(), "random", n_calls=50, callback=DeltaYStopper(1.0)
    )
    assert len(stopped.x_iters) == 5


@pytest.mark.parametrize(
    ("optimizer", "design"),
    [("skopt:et", "lhs"), ("skopt:gp", "random"), ("optuna:tpe", "random")],
)
def test_bad_values_neither_break_the_optimizer_nor_the_result(optimizer, design):
    if optimizer == "optuna:tpe":
        options = {"n_startup_trials": 3}
    else:
        options = {"n_initial_points": 3, "initial_point_generator": design, **SMALL}
    if optimizer == "skopt:gp":
        options |= options_of("gp")
    host = BridgeOptimizer(dimensions(), optimizer, random_state=0, options=options)
    bad = [math.nan, math.inf, -math.inf, 1e308]
    asked = []
    for k in range(8):
        point = host.ask()
        assert point in host.space
        asked.append(point)
        result = host.tell(point, bad[k] if k < 4 else cost(point))
    assert len({str(point) for point in asked}) == 8
    assert result.x_iters == asked[3:]
    assert result["hpbridge:failed"] == host.failed == asked[:3]
    assert np.isfinite(result.func_vals).all()
    states = [t.state for t in FORMAT.read(host, Hints()).trials]
    assert states == [State.COMPLETE] * 5 + [State.FAILED] * 3
    nothing = BridgeOptimizer(dimensions(), optimizer, options=options)
    empty = nothing.tell(nothing.ask(), math.nan)
    assert (empty.x, empty.fun, empty.x_iters) == (None, math.inf, [])


@pytest.mark.parametrize(
    "optimizer", ["skopt:et", "optuna:tpe", "hyperopt", "bayesopt"]
)
def test_a_pickle_goes_on_where_it_was(optimizer):
    options = {"n_initial_points": 3, **SMALL} if optimizer == "skopt:et" else {}
    host = BridgeOptimizer(dimensions(), optimizer, random_state=0, options=options)
    for _ in range(4):
        point = host.ask()
        host.tell(point, cost(point))
    pending = host.ask(n_points=2)
    other = pickle.loads(pickle.dumps(host))
    assert other.Xi == host.Xi
    values = [cost(point) for point in pending]
    for each in (host, other):
        each.tell(pending, values)
    assert other.ask() == host.ask()


def test_a_guest_s_copy_knows_what_it_knew():
    host = BridgeOptimizer(dimensions(), "optuna:tpe", random_state=0)
    host.run(cost, 12)
    one, two = host.copy(random_state=1), host.copy(random_state=1)
    assert one.Xi == host.Xi
    assert one.Xi is not host.Xi
    assert one.ask() == two.ask()


def test_points_of_others_are_learned_from():
    host = BridgeOptimizer([(-10.0, 10.0)], "optuna:tpe", random_state=0)
    points = [[x] for x in np.linspace(-10, 10, 41).tolist()]
    host.tell(points, [(x - 7) ** 2 for (x,) in points])
    asked = [host.ask()[0] for _ in range(10)]
    assert np.median(np.abs(np.array(asked) - 7)) < 2


def test_an_exhausted_guest_ends_the_run():
    space = [Categorical(["a", "b"])]
    with pytest.warns(UserWarning, match="the run ends early: all 2 points"):
        result = minimize(
            lambda p: float(p == ["a"]), space, "bayesopt", n_calls=9, random_state=0
        )
    assert sorted(result.x_iters) == [["a"], ["b"]]
    host = BridgeOptimizer(space, "bayesopt", random_state=0)
    host.run(lambda p: 1.0, 2)
    with pytest.raises(ExhaustedError):
        host.ask()


def test_choices_that_are_objects_come_back_as_they_are():
    layers = [(32,), (64, 64)]
    space = [Categorical(layers), Categorical([None, True])]
    result = minimize(lambda p: float(len(p[0])), space, "optuna:tpe", n_calls=5)
    assert all(point[0] in layers for point in result.x_iters)
    assert all(point[1] in {None, True} for point in result.x_iters)


# --- BayesSearchCV

SPACES = {
    "max_depth": Integer(1, 5),
    "min_samples_leaf": (0.01, 0.4, "log-uniform"),
    "criterion": ["gini", "entropy", "log_loss"],
}


def search(cls, spaces=SPACES, n_iter=6, **kwargs):
    iris = load_iris()
    model = DecisionTreeClassifier(random_state=0)
    found = cls(model, spaces, n_iter=n_iter, cv=2, random_state=0, **kwargs)
    return found.fit(iris.data, iris.target)


def test_the_diagonal_searches_as_bayes_search_cv():
    native = {"base_estimator": "ET", "n_initial_points": 3}
    native["acq_optimizer_kwargs"] = SMALL
    ours = {"optimizer": "skopt:et", "options": {"n_initial_points": 3, **SMALL}}
    left = search(skopt.BayesSearchCV, optimizer_kwargs=native)
    right = search(BridgeBayesSearchCV, optimizer_kwargs=ours)
    assert right.cv_results_["params"] == left.cv_results_["params"]
    assert right.best_score_ == left.best_score_


def test_a_search_with_a_guest_is_a_search():
    spaces = [(SPACES, 4), ({"max_depth": Categorical([1, 2])}, 4)]
    kwargs = {"optimizer": "bayesopt", "options": {"init_points": 2}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = search(BridgeBayesSearchCV, spaces, optimizer_kwargs=kwargs, n_points=2)
    params = found.cv_results_["params"]
    assert len(params) == 6  # two of the second space, which has no more
    assert type(params[0]["max_depth"]) is int
    assert found.best_score_ == max(found.cv_results_["mean_test_score"])
    assert [len(r.x_iters) for r in found.optimizer_results_] == [4, 2]
    fresh = clone(found)
    assert fresh.optimizer_kwargs == kwargs
    again = pickle.loads(pickle.dumps(found))
    assert again.best_params_ == found.best_params_


def test_a_search_refuses_before_the_first_model():
    with pytest.raises(HpbridgeError) as caught:
        search(BridgeBayesSearchCV, optimizer_kwargs={"base_estimator": "RF"})
    assert "optimizer_kwargs has no 'base_estimator'; there are: " in str(caught.value)
    with pytest.raises(HpbridgeError, match="did you mean 'optuna'"):
        search(BridgeBayesSearchCV, optimizer_kwargs={"optimizer": "optuma"})


# --- errors


def test_wrong_arguments_are_told_before_the_first_point():
    with pytest.raises(HpbridgeError, match="did you mean 'tpe'"):
        BridgeOptimizer(dimensions(), "optuna:tpa")
    with pytest.raises(HpbridgeError, match="there is no option 'n_points'"):
        BridgeOptimizer(dimensions(), "optuna:tpe", options=SMALL)
    with pytest.raises(HpbridgeError, match="cannot run this experiment") as caught:
        BridgeOptimizer([(0.0, 1.0)], "optuna:grid")
    assert "installed optimizers that can: " in str(caught.value)
    with pytest.raises(SpaceError, match="'x0': choice 'b' has the weight 0"):
        BridgeOptimizer([Categorical(["a", "b"], prior=[1, 0])], "optuna")
    host = BridgeOptimizer(dimensions(), "optuna")
    with pytest.raises(ValueError, match="strategy should be one of"):
        host.ask(2, "cl_best")
    with pytest.raises(ValueError, match="n_points should be an int above 0"):
        host.ask(0)
    with pytest.raises(ValueError, match="expected one number"):
        host.tell(host.ask(), None)
    with pytest.raises(ValueError, match="not within the bounds"):
        host.tell([99.0, 1, "a", 0.1], 1.0)
    with pytest.raises(ValueError, match="x0 has 1 points and y0 2 values"):
        minimize(cost, dimensions(), "optuna", x0=[0.0, 1, "a", 0.1], y0=[1, 2])
    assert host.Xi == []


# --- an own study goes on


@pytest.mark.parametrize(
    ("algorithm", "design"), [*((a, "random") for a in SPEC.algorithms), ("et", "lhs")]
)
def test_a_study_goes_on_as_the_library_goes_on(algorithm, design):
    space = hpb.Space({k: OURS[k] for k in ("x", "x2", "x3")})
    dims = [d for k, d in enumerate(dimensions()) if k != 1]

    def value(point):
        return cost([point[0], 1, *point[1:]])

    settings = {**options_of(algorithm), "n_initial_points": 3}
    settings["initial_point_generator"] = design
    if algorithm == "random":
        settings = {}
    before = skopt.forest_minimize(
        value, dims, n_calls=5, n_initial_points=5, random_state=8
    )
    past = {"x0": before.x_iters, "y0": before.func_vals}
    native = NATIVE[algorithm](
        value, dims, n_calls=5, random_state=9, **past, **{**SMALL, **settings}
    )
    study = FORMAT.read(before, Hints())
    options = SPEC.algorithms[algorithm].options(**settings)
    ours = SPEC.create(Problem(space), SPEC.algorithms[algorithm], options, 9)
    trials = [
        PastTrial(
            dict(zip(space, t.params.values(), strict=True)),
            Outcome(State.COMPLETE, (t.metrics["value"],)),
        )
        for t in study.trials
    ]
    assert ours.restore(trials, study.native)
    asked = []
    for _ in range(5):
        suggestion = ours.ask()
        point = list(suggestion.params.values())
        asked.append(point)
        ours.tell(suggestion, Outcome(State.COMPLETE, (value(point),)))
    assert asked == native.x_iters[5:]


def test_an_own_study_with_failures_goes_on():
    space = hpb.Space({"x": hpb.Float(0, 1)})
    ours = SPEC.create(
        Problem(space),
        SPEC.algorithms["et"],
        SPEC.algorithms["et"].options(n_initial_points=1),
        0,
    )
    trials = [
        PastTrial({"x": 0.5}, Outcome(State.FAILED, (math.nan,))),
        PastTrial({"x": 0.25}, Outcome(State.PRUNED)),
    ]
    assert ours.restore(trials, {})
    for _ in range(3):
        suggestion = ours.ask()
        ours.tell(suggestion, Outcome(State.COMPLETE, (1.0,)))


def test_a_space_keeps_its_constraint_when_it_is_given_as_one():
    space = Space([(0.0, 1.0)], constraint=lambda p: p[0] > 0.5)
    host = BridgeOptimizer(space, "optuna:random", random_state=0)
    assert all(host.ask()[0] > 0.5 for _ in range(10))


def test_a_pickle_of_before_the_release_is_refused_in_a_sentence():
    by_name = b"chpbridge_skopt._host\nBridgeOptimizer\n."
    with pytest.raises(hpb.HpbridgeError, match=r"before hpbridge-skopt 0\.1\.0"):
        pickle.loads(by_name)
