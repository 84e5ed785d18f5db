from __future__ import annotations

import math
import subprocess
import sys

import cloudpickle
import numpy as np
import pytest
from hyperopt import STATUS_FAIL, STATUS_OK, anneal, fmin, hp, rand, tpe
from hyperopt import partial as hp_partial
from hyperopt.fmin import fmin_pass_expr_memo_ctrl
from hyperopt.pyll import scope

import hpbridge as hpb
from hpbridge import Categorical, Float, Int, Quantized, Space
from hpbridge.drivers.objective import evaluate
from hpbridge.errors import SpaceError
from hpbridge.testing.parity import run_bridge, run_native
from hpbridge.trial import State, Trial
from hpbridge_hyperopt import SPEC
from hpbridge_hyperopt.native.distributions import exp_of

from_native = SPEC.from_native


def relu(x):
    return max(x, 0)


def rich_space():
    """Every kind, nested, shared, with constants and computed values."""
    alpha = hp.uniform("alpha", 0, 1)
    kernels = ["rbf", {"name": "poly", "degree": hp.uniformint("degree", 2, 5)}, (7,)]
    models = [
        {
            "type": "svm",
            "C": hp.loguniform("C", np.log(1e-3), np.log(1e3)),
            "kernel": hp.choice("kernel", kernels),
            "alpha": alpha,
        },
        {
            "type": "tree",
            "depth": scope.int(hp.quniform("depth", 1, 12, 1)),
            "leaf": hp.qloguniform("leaf", 0, 4, 1),
            "alpha": alpha,
        },
        [hp.randint("k", 1, 30), hp.choice("metric", ["l1", "l2"])],
        None,
    ]
    return {
        "model": hp.choice("model", models),
        "layers": [
            hp.choice("l1", [16, 32, 64]),
            hp.pchoice("l2", [(0.2, 16), (0.8, 32)]),
        ],
        "activation": hp.choice("activation", [relu, len]),
        "lr": hp.loguniform("lr", -9.2, -0.1),
        "seed": hp.randint("seed", 1000),
        "drop": hp.quniform("drop", 0.1, 0.7, 0.1),
        "n": scope.int(hp.quniform("n", 0.5, 9.5, 1)),
        "only": hp.choice("only", ["one"]),
        "constant": 5,
        "shifted": hp.uniform("shift", -1, 1) + 2,
    }


def size(point):
    """A loss of any nested point."""
    if isinstance(point, dict):
        return sum(map(size, point.values()))
    if isinstance(point, (list, tuple)):
        return sum(map(size, point))
    if isinstance(point, (int, float)):
        return math.asinh(point)
    return len(str(point)) % 7 if isinstance(point, str) else 0.0


def test_a_rich_space_keeps_its_meaning():
    assert from_native(rich_space()).space == Space(
        {
            "activation": Categorical(["relu", "len"]),
            "drop": Quantized(0.1, 0.7, 0.1),
            "l1": Categorical([16, 32, 64]),
            "l2": Categorical([16, 32], weights=[0.2, 0.8]),
            "lr": Float(exp_of(-9.2), exp_of(-0.1), log=True),
            "model": Categorical(["svm", "tree", 2, None]),
            "C": Float(1e-3, 1e3, log=True, when={"model": "svm"}),
            "alpha": Float(0, 1, when={"model": ["svm", "tree"]}),
            "kernel": Categorical(["rbf", "poly", "(7,)"], when={"model": "svm"}),
            "degree": Quantized(2, 5, 1, when={"kernel": "poly"}),
            "depth": Quantized(1, 12, 1, when={"model": "tree"}),
            "leaf": Quantized(1, exp_of(4), 1.0, log=True, when={"model": "tree"}),
            "k": Categorical(range(1, 30), when={"model": 2}),
            "metric": Categorical(["l1", "l2"], when={"model": 2}),
            "n": Int(1, 9),
            "only": Categorical(["one"]),
            "seed": Categorical(range(1000)),
            "shift": Float(-1, 1),
        }
    )


ALGORITHMS = {"tpe": tpe.suggest, "random": rand.suggest, "anneal": anneal.suggest}


def points_of_fmin(space, algorithm, n_trials, seed):
    seen = []

    def function(point):
        seen.append(point)
        return size(point)

    fmin(
        function,
        space,
        algo=ALGORITHMS[algorithm],
        max_evals=n_trials,
        rstate=np.random.default_rng(seed),
        show_progressbar=False,
        verbose=False,
    )
    return seen


def points_of_bridge(space, algorithm, n_trials, seed):
    seen = []

    def function(point):
        seen.append(point)
        return size(point)

    native = from_native(space)
    objective = native.wrap(function)

    def loss(params):
        return objective(Trial(params, number=0, seed=0))["loss"]

    run_bridge(SPEC, algorithm, native.space, n_trials, seed, objective=loss)
    return seen


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_native_space_gives_the_trials_of_fmin(algorithm, seed):
    expected = points_of_fmin(rich_space(), algorithm, 45, seed)
    found = points_of_bridge(rich_space(), algorithm, 45, seed)
    assert found == expected
    assert [repr(p) for p in found] == [repr(p) for p in expected]  # types, too


def test_a_label_that_is_also_drawn_outside_gives_the_trials_of_fmin():
    alpha = hp.uniform("alpha", 0, 1)
    space = [hp.choice("c", [alpha, 1, hp.uniform("z", 0, 1)]), alpha]
    assert from_native(space).space["alpha"] == Float(0, 1)
    assert points_of_bridge(space, "tpe", 40, 0) == points_of_fmin(space, "tpe", 40, 0)


def test_what_is_not_the_identity_is_so_by_rounding_or_by_one_value_alone():
    # Of numbers near 1, no two neighbours have so near logarithms as these.
    logs = {"x": hp.loguniform("x", 0.01, 0.03)}
    low = from_native(logs).space["x"].low
    assert math.log(low) != 0.01
    assert math.log(low) == pytest.approx(0.01, rel=1e-13)
    theirs = [p["x"] for p in points_of_fmin(logs, "random", 20, 0)]
    ours = [p["x"] for p in points_of_bridge(logs, "random", 20, 0)]
    assert ours == pytest.approx(theirs, rel=1e-15)
    # Hyperopt draws what is 1 in any case; we do not.
    single = {"q": hp.quniform("q", 1, 1.2, 1), "x": hp.uniform("x", 0, 1)}
    assert from_native(single).space["q"].n_values == 1
    assert points_of_bridge(single, "random", 5, 0)[0]["q"] == 1


QUANTIZED = Space(
    {
        "a": Quantized(1, 10, 4.0),
        "b": Quantized(-3, 3, 1),
        "c": Quantized(0.1, 100, 0.5, log=True),
        "m": Categorical(["x", "y"]),
        "d": Quantized(1, 200, 2, log=True, when={"m": "x"}),
        "r": Categorical(range(-2, 6)),
    }
)


@pytest.mark.filterwarnings("ignore:An input array is constant")  # atpe's own call
@pytest.mark.filterwarnings("ignore:divide by zero")  # anneal's, of a quantized 0
@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_quantized_numbers_and_ints_in_a_row_are_native(algorithm):
    n_trials = 12 if SPEC.algorithms[algorithm].requires else 40
    bridge = run_bridge(SPEC, algorithm, QUANTIZED, n_trials, 1)
    assert not any(QUANTIZED.violations(params) for params, _ in bridge)
    assert bridge == run_native(SPEC, algorithm, QUANTIZED, n_trials, 1)


@pytest.mark.parametrize("end", [1e-5, 0.1, 1e-300, 0.3, 2.0, 1e9, 7.5])
def test_a_bound_of_loguniform_gets_its_number_back(end):
    assert exp_of(np.log(end)) == end
    assert exp_of(math.log(end)) == end


def test_logs_beyond_any_float_are_told_as_wrong_bounds():
    space = {"a": hp.loguniform("a", -1000, 0), "b": hp.loguniform("b", 0, 1000)}
    with pytest.raises(SpaceError) as caught:
        from_native(space)
    assert "'a': log=True needs low > 0" in str(caught.value)
    assert "'b': high must be a finite number, got inf" in str(caught.value)


def test_options_without_a_stable_name_are_called_by_their_position():
    space = from_native(
        [
            hp.choice("twice", ["a", {"name": "a", "x": hp.uniform("x", 0, 1)}]),
            hp.choice("lambda", [lambda x: x, "b"]),
            hp.choice("likes", [0, False]),
            hp.choice("texts", [{"a": "p", "b": "q", "x": hp.uniform("y", 0, 1)}]),
        ]
    ).space
    labels = {n: space[n].labels for n in ("twice", "lambda", "likes", "texts")}
    assert labels == {
        "twice": (0, 1),
        "lambda": (0, "b"),
        "likes": (0, 1),
        "texts": (0,),
    }
    assert space["x"].when == (("twice", (1,)),)


def test_branches_that_cover_a_choice_are_no_condition_on_it():
    x = hp.uniform("x", 0, 1)
    inner = hp.choice("inner", [x, [x]])
    space = from_native(hp.choice("outer", [inner, {"x": x}, 3])).space
    assert space["inner"].when == (("outer", (0,)),)
    assert space["x"].when == (("outer", (0, 1)),)


# The beginning of each.
REFUSALS = """\
a random 'uniform' has no label: write hp.uniform('name', ...)
a switch of 2 options depends on a computed value: write hp.choice('name', options)
Float(low=0.0, high=1.0, log=False, step=None, prior=None, when=()) is a parameter
'two' is the label of two different draws
'big' is hp.randint over 1000000 values without an order, more than 10000: write
'bound' has a bound that is searched itself: give it a number
'empty' has no options to choose from
'sum' is hp.pchoice with probabilities that sum to 0.4, not to 1
'zero' is hp.pchoice with the probabilities [0.0, 1.0]: leave out the zeros
'shared' is drawn in places that no one choice decides on: give it a label of its
'flat': the prior needs sigma > 0, got Normal(mu=0.0, sigma=0.0)
'text': high must be a finite number, got '1'"""


def test_every_label_without_a_meaning_of_ours_is_named_at_once():
    x = hp.uniform("shared", 0, 1)
    space = {
        "flat": hp.normal("flat", 0, 0),
        "big": hp.randint("big", 10**6),
        "sum": hp.pchoice("sum", [(0.2, "a"), (0.2, "b")]),
        "zero": hp.pchoice("zero", [(0.0, "a"), (1.0, "b")]),
        "empty": hp.choice("empty", []),
        "bound": hp.uniform("bound", 0, hp.uniform("inner", 1, 2)),
        "bare": scope.uniform(0, 1),
        "computed": scope.switch(scope.int(hp.uniform("u", 0, 2)), 1, 2),
        "places": [hp.choice("a", [x, 1]), hp.choice("b", [x, 2])],
        "twice": [hp.uniform("two", 0, 1), hp.uniform("two", 0, 1)],
        "ours": Float(0, 1),
        "text": hp.uniform("text", 0, "1"),
    }
    with pytest.raises(SpaceError) as caught:
        from_native(space)
    told = [line[4:] for line in str(caught.value).splitlines()[1:-1]]
    expected = REFUSALS.splitlines()
    assert len(told) == len(expected)
    pairs = zip(told, expected, strict=True)
    assert [line for line, start in pairs if not line.startswith(start)] == []


def test_keys_that_hyperopt_cannot_sort_are_told():
    with pytest.raises(SpaceError, match="sorts the keys of a dict, and cannot"):
        from_native({1: hp.uniform("x", 0, 1), "a": hp.uniform("y", 0, 1)})


@pytest.mark.parametrize("given", [{"x": 1}, [], None, Float(0, 1), {"x": Float(0, 1)}])
def test_what_is_no_space_of_hyperopt_is_left_to_others(given):
    assert from_native(given) is None


def test_telling_so_does_not_import_hyperopt():
    code = (
        "import sys\n"
        "from hpbridge_hyperopt import SPEC\n"
        "assert SPEC.from_native({'x': [1, (2, object())]}) is None\n"
        "assert 'hyperopt' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


SPACE = {"x": hp.uniform("x", -1, 1), "c": hp.choice("c", ["a", [1, {"b": 2}]])}


def result_of(function, params, space=SPACE, **given):
    native = from_native(space)
    experiment = hpb.Experiment(
        objective=native.wrap(function),
        space=native.space,
        direction={native.metric: native.direction},
        **given,
    )
    return evaluate(experiment, params, 0, 0)


def test_a_function_gets_what_fmin_hands_out_and_its_numbers_are_metrics():
    seen = []

    def function(point):
        seen.append(point)
        return {
            "loss": np.float32(0.5),
            "status": STATUS_OK,
            "loss_variance": 0.1,
            "epochs": np.int64(3),
            "done": True,
            "model": object(),
            "attachments": {"log": b"text"},
        }

    result = result_of(function, {"x": 0.25, "c": 1})
    assert seen == [{"c": (1, {"b": 2}), "x": 0.25}]
    assert result.state is State.COMPLETE
    assert result.metrics == {"loss": 0.5, "loss_variance": 0.1, "epochs": 3.0}


def test_a_number_alone_is_the_loss():
    result = result_of(lambda p: p["x"], {"x": -1.0, "c": "a"})
    assert (result.state, result.metrics) == (State.COMPLETE, {"loss": -1.0})


@pytest.mark.parametrize(
    ("returned", "error"),
    [
        ({"status": STATUS_FAIL}, "ReportedFailure: it returned the status 'fail'"),
        (
            {"status": STATUS_OK},
            "ReportedFailure: it returned no number as loss: {'sta",
        ),
        (
            {"status": "fine", "loss": 1},
            "ReportedFailure: it returned no known status: {'st",
        ),
        ({"loss": 1}, "KeyError: 'status'"),
        (math.nan, "returned nan for metric 'loss'"),
        (None, "TypeError: "),
    ],
)
def test_what_fmin_does_not_take_is_a_failed_trial(returned, error):
    result = result_of(lambda _: returned, {"x": 0.0, "c": "a"})
    assert result.state is State.FAILED
    assert result.error.startswith(error)


def test_a_function_of_the_expression_is_called_as_by_fmin():
    @fmin_pass_expr_memo_ctrl
    def function(expr, memo, ctrl, scale):
        ctrl.attachments["seen"] = b"yes"
        return scale * next(v for v in memo.values() if isinstance(v, float))

    result = result_of(hp_partial(function, scale=2), {"x": 0.25, "c": "a"})
    assert result.metrics == {"loss": 0.5}


def test_a_wrapped_function_can_be_sent_to_another_process():
    native = from_native(SPACE)
    objective = native.wrap(lambda p: p["x"] + len(p["c"]))
    copy = cloudpickle.loads(cloudpickle.dumps(objective))
    assert copy(Trial({"x": 0.5, "c": "a"}, number=0, seed=0)) == {"loss": 1.5}


@pytest.mark.parametrize("backend", ["hyperopt:tpe", "random"])
def test_any_backend_runs_a_native_space(backend):
    native = from_native(rich_space())
    experiment = hpb.Experiment(
        objective=native.wrap(size),
        space=native.space,
        direction={native.metric: native.direction},
        name="native",
    )
    study = hpb.run(experiment, backend=backend, n_trials=8, seed=1, store=":memory:")
    assert [t.state for t in study.trials] == [State.COMPLETE] * 8
    assert all(set(t.metrics) == {"loss"} for t in study.trials)


def test_a_function_may_be_a_generator_that_reports():
    closed = []

    def trains(point):
        try:
            for step in range(4):
                loss = point["x"] - step
                yield {"loss": loss, "status": "ok"} if step % 2 else loss
        finally:
            closed.append(True)

    space = {"x": hp.uniform("x", 0, 6)}
    how = {"n_trials": 8, "seed": 0, "store": ":memory:"}
    below = "threshold", {"lower": 0.0}
    study = hpb.minimize(trains, space, "random", pruner=below, **how)
    assert len(closed) == 8
    assert {t.state for t in study.trials} == {State.COMPLETE, State.PRUNED}
    for trial in study.trials:
        x = trial.params["x"]
        steps = min(int(x) + 2, 4)
        assert list(trial.reports) == [(k + 1, x - k) for k in range(steps)]
        if trial.state is State.COMPLETE:
            assert trial.metrics["loss"] == x - 3
