"""A param_space keeps its meaning: the same values, with the same shares."""

from __future__ import annotations

import collections
import contextlib
import math
import random
import warnings

import numpy as np
import pytest
from ray import tune

import hpbridge as hpb
import hpbridge_ray
from hpbridge import Float, Normal, Quantized
from hpbridge.errors import ExperimentError, ObjectiveError, SpaceError
from hpbridge.space.space import Space
from hpbridge.trial import State, Trial
from hpbridge_ray import SPEC
from hpbridge_ray._upstream import draws_multiples_alike
from hpbridge_ray.native.read import read_param_space
from hpbridge_ray.native.write import domain_of

N_DRAWS = 4000


def space_of(**domains):
    return SPEC.from_native(domains).space


# Older Rays draw from fewer or more numbers for one multiple than for another.
IS_QRANDINT_EVEN = draws_multiples_alike()

COUNTABLE = {
    "randint": tune.randint(-2, 3),
    "randint of one": tune.randint(4, 5),
    "qrandint without q": tune.qrandint(1, 5),
    "quniform": tune.quniform(0, 1, 0.25),
    "quniform of an int": tune.quniform(-4, 6, 2),
    "qloguniform": tune.qloguniform(0.5, 4, 0.5),
    "choice": tune.choice(["a", None, 2, 0.5]),
    "choice with one twice": tune.choice(["a", "b", "a"]),
}
if IS_QRANDINT_EVEN:
    COUNTABLE["qrandint"] = tune.qrandint(1, 10, 3)
    COUNTABLE["qrandint with both ends"] = tune.qrandint(2, 12, 2)


@pytest.mark.parametrize("name", COUNTABLE)
def test_shares_are_rays_own(name):
    domain = COUNTABLE[name]
    parameter = space_of(x=domain)["x"]
    rng = random.Random(0)
    generator = np.random.default_rng(0)
    theirs = collections.Counter(
        domain.sample(random_state=generator) for _ in range(N_DRAWS)
    )
    ours = collections.Counter(parameter.draw(rng) for _ in range(N_DRAWS))
    assert theirs.keys() == ours.keys()
    assert {type(value) for value in theirs} == {type(value) for value in ours}
    for value, count in theirs.items():
        spread = math.sqrt(2 * count * (1 - count / N_DRAWS) + 1)
        assert abs(count - ours[value]) < 4 * spread


def test_a_qrandint_with_uneven_shares_is_refused():
    domain = tune.qrandint(2, 12, 2)
    if IS_QRANDINT_EVEN:
        assert space_of(x=domain)["x"] == hpb.Int(2, 12, step=2)
        return
    with pytest.raises(SpaceError, match="each multiple with another share"):
        space_of(x=domain)


@pytest.mark.parametrize("domain", [tune.uniform(-3, 5), tune.loguniform(1e-4, 10)])
def test_floats_keep_range_and_scale(domain):
    parameter = space_of(x=domain)["x"]
    rng = random.Random(0)
    theirs = domain.sample(size=N_DRAWS, random_state=np.random.default_rng(0))
    ours = [parameter.draw(rng) for _ in range(N_DRAWS)]
    assert (parameter.low, parameter.high) == (domain.lower, domain.upper)
    for share in (0.1, 0.5, 0.9):
        below = float(np.mean(np.array(ours) < np.quantile(theirs, share)))
        assert below == pytest.approx(share, abs=0.03)


def test_a_lograndint_has_the_same_values():
    parameter = space_of(x=tune.lograndint(1, 9))["x"]
    values = tune.lograndint(1, 9).sample(size=N_DRAWS, random_state=0)
    assert parameter == hpb.Int(1, 8, log=True)
    assert set(values) == set(parameter.grid)


def test_nested_names_constants_and_grids_are_kept():
    native = {
        "model": {"x": tune.uniform(0, 1), "deep": {"n": tune.randint(0, 3)}},
        "k": 3,
        "g": tune.grid_search([1, 2, 2]),
        "empty": {},
    }
    found = SPEC.from_native(native)
    assert found.space == Space(
        {
            "model/x": hpb.Float(0, 1),
            "model/deep/n": hpb.Int(0, 2),
            "k": 3,
            "g": hpb.Categorical([1, 2]),
            "empty": {},
        }
    )
    read = read_param_space(native)
    point = {"model/x": 0.5, "model/deep/n": 1, "g": 2}
    config = {"model": {"x": 0.5, "deep": {"n": 1}}, "k": 3, "g": 2, "empty": {}}
    assert read.config(read.space.to_objects(point)) == config
    assert read.params(config) == point
    with pytest.raises(SpaceError, match=r"'model/deep/n' is missing(.|\n)*'g' is 7"):
        read.params({"model": {"x": 0.1}, "g": 7})


def test_any_object_is_a_choice():
    options = [1, True, "1x", (1, 2), [3], {"k": 1}, len]
    parameter = space_of(c=tune.choice(options))["c"]
    assert [parameter.choice(label) for label in parameter.labels] == options
    assert parameter.labels[:3] == ("1", "True", "1x")
    nameless = [object(), object()]
    parameter = space_of(c=tune.choice(nameless))["c"]
    assert parameter.labels == ("choice 0", "choice 1")


@pytest.mark.parametrize(
    "other", [{"x": 1}, {}, 3, [tune.uniform(0, 1)], Space({"a": 1})]
)
def test_what_is_not_rays_is_left_to_others(other):
    assert SPEC.from_native(other) is None


def test_draws_without_ends_are_priors_without_ends_there_and_back():
    space = space_of(n=tune.randn(3, 2), q=tune.qrandn(0, 1, 0.5))
    inf = math.inf
    assert space["n"] == Float(-inf, inf, prior=Normal(3, 2))
    assert space["q"] == Quantized(-inf, inf, 0.5, prior=Normal(0, 1))
    assert domain_of(space["n"]).source() == "tune.randn(3.0, 2.0)"
    assert domain_of(space["q"]).source() == "tune.qrandn(0.0, 1.0, 0.5)"


def test_what_cannot_be_kept_is_refused_by_name_all_at_once():
    native = {
        "f": tune.sample_from(lambda _: 1),
        "nested": tune.choice([tune.uniform(0, 1), 2]),
        "list": [tune.uniform(0, 1)],
        "e": {"eval": "1"},
        "ql": tune.qlograndint(1, 10, 2),
        "a/b": 1,
        "a": {"b": 2},
        3: tune.uniform(0, 1),
        "none": tune.qrandint(1, 2, 5),
        "text": tune.grid_search("ab"),
        "reversed": tune.uniform(2, 1),
        "empty": tune.choice([]),
    }
    with pytest.raises(SpaceError, match="11 problems") as refusal:
        SPEC.from_native(native)
    for name in [*native, "a/b"]:
        assert name == "a" or repr(str(name)) in str(refusal.value)


def objective_of(trainable, **domains):
    return SPEC.from_native(domains).wrap(trainable)


def trial_of(**params):
    return Trial(params, number=0, seed=0)


def reporting(config):
    for step in range(1, 4):
        tune.report({"loss": config["x"] / step, "word": "hi"})


def test_a_function_that_reports_runs_without_ray():
    trial = trial_of(x=6.0)
    assert objective_of(reporting, x=tune.uniform(0, 9))(trial) == 2.0
    assert trial.reports == [(1, 6.0), (2, 3.0), (3, 2.0)]


def returning(config):
    return {"loss": config["model"]["x"], "more": {"acc": np.float64(0.5)}, "s": "t"}


def yielding(config):
    yield config["x"]
    yield {"loss": config["x"] / 2}


def test_what_a_function_returns_or_yields_is_a_report():
    found = objective_of(returning, model={"x": tune.uniform(0, 1)})
    assert found(trial_of(**{"model/x": 0.25})) == {"loss": 0.25, "more/acc": 0.5}
    assert objective_of(yielding, x=tune.uniform(0, 1))(trial_of(x=1.0)) == 0.5
    nothing = objective_of(lambda _: None, x=tune.uniform(0, 1))
    assert nothing(trial_of(x=1.0)) is None


def asking(config):
    assert tune.get_checkpoint() is None
    assert tune.get_context().get_trial_name() == "trial_0"
    config["x"] = None  # its own copy
    return 1.5


def test_a_function_may_ask_its_session_and_change_its_config():
    objective = objective_of(asking, x=tune.uniform(0, 1))
    trial = trial_of(x=1.0)
    assert objective(trial) == 1.5
    assert trial["x"] == 1.0
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        assert tune.get_context().get_trial_name() is None  # no session is left


class Stepping(tune.Trainable):
    closed = 0

    def setup(self, config):
        self.x, self.k = config["x"], 0

    def step(self):
        self.k += 1
        return {"loss": self.x / self.k, "done": self.k == 3}

    def cleanup(self):
        type(self).closed += 1


class Endless(Stepping):
    def step(self):
        return super().step() | {"done": False}


def test_a_class_runs_until_it_is_done():
    trial = trial_of(x=6.0)
    assert objective_of(Stepping, x=tune.uniform(0, 9))(trial) == 2.0
    assert trial.reports == [(1, 6.0), (2, 3.0), (3, 2.0)]
    assert Stepping.closed == 1


def test_an_endless_class_runs_until_it_is_told():
    trial = trial_of(x=6.0)
    trainable = hpbridge_ray.until(Endless, training_iteration=2)
    assert objective_of(trainable, x=tune.uniform(0, 9))(trial) == 3.0
    assert len(trial.reports) == 2


ENDED = []


def falling(config):
    try:
        for step in range(4):
            tune.report({"loss": config["x"] - step, "step": step})
    finally:
        ENDED.append(config["x"])


def falling_by_yield(config):
    try:
        for step in range(4):
            yield {"loss": config["x"] - step, "step": step}
    finally:
        ENDED.append(config["x"])


def hard_to_stop(config):
    for step in range(4):
        with contextlib.suppress(SystemExit):
            tune.report({"loss": config["x"] - step, "step": step})
    ENDED.append(config["x"])


class Falling(tune.Trainable):
    def setup(self, config):
        self.x, self.step_ = config["x"], 0

    def step(self):
        self.step_ += 1
        return {"loss": self.x - self.step_ + 1, "done": self.step_ == 4, "step": 0}

    def cleanup(self):
        ENDED.append(self.x)


@pytest.mark.parametrize(
    ("trainable", "workers"),
    [
        (falling, 1),
        (falling, 2),
        (falling_by_yield, 1),
        (hard_to_stop, 1),
        (Falling, 1),
    ],
)
def test_reports_reach_the_pruner_which_ends_a_trial_as_ray_does(trainable, workers):
    ENDED.clear()
    native = SPEC.from_native({"x": tune.uniform(0, 4)})
    experiment = hpb.Experiment(
        objective=native.wrap(trainable),
        space=native.space,
        direction={"loss": "minimize"},
    )
    how = {"n_trials": 10, "seed": 1, "store": ":memory:", "workers": workers}
    below = "threshold", {"lower": 0.0}
    study = hpb.run(experiment, "random", pruner=below, **how)
    assert {t.state for t in study.trials} == {State.PRUNED, State.COMPLETE}
    for trial in study.trials:
        x = trial.params["x"]
        n = min(int(x) + 2, 4)
        assert trial.reports == tuple((k + 1, x - k) for k in range(n))
        # A class says itself when it is done; of a function nobody knows.
        ends = x < 2 if trainable is Falling else x < 3
        assert trial.state is (State.PRUNED if ends else State.COMPLETE)
    if workers == 1:
        assert sorted(ENDED) == sorted(t.params["x"] for t in study.trials)


def test_what_is_no_trainable_is_refused():
    with pytest.raises(ExperimentError, match="a function of a config or a class"):
        objective_of("train", x=tune.uniform(0, 1))


def test_any_backend_runs_a_trainable():
    native = SPEC.from_native({"x": tune.uniform(0, 4), "n": tune.randint(1, 4)})

    def train(config):
        tune.report({"loss": (config["x"] - 1) ** 2 + config["n"], "n": config["n"]})

    experiment = hpb.Experiment(
        objective=native.wrap(train), space=native.space, direction={"loss": "minimize"}
    )
    for optimizer in ("random", "optuna:tpe"):
        study = hpb.run(experiment, optimizer, n_trials=20, seed=0, store=":memory:")
        assert study.best_trial.metrics["loss"] < 3


@pytest.mark.parametrize(
    ("direction", "reported", "told"),
    [
        ("minimize", {"loss": 1.0}, None),
        ("maximize", {"loss": 1.0}, None),
        ({"loss": "maximize"}, {"loss": 1.0}, None),
        ({"val/acc": "maximize"}, {"val": {"acc": 1.0}, "loss": 1.0}, None),
        ({"accuracy": "maximize"}, {"loss": 1.0}, '{"loss": "maximize"}'),
        ("minimize", {"accuracy": 1.0}, '{"accuracy": "maximize"}'),
        ("minimize", {"val": {"acc": 1.0}, "epoch": 3}, '{"val/acc": "maximize"}'),
    ],
)
def test_a_metric_of_another_name_ends_the_study(direction, reported, told):
    native = SPEC.from_native({"x": tune.uniform(0, 4)})
    experiment = hpb.Experiment(
        objective=native.wrap(lambda _config: tune.report(reported)),
        space=native.space,
        direction=direction,
    )
    if told is None:
        study = hpb.run(experiment, "random", n_trials=2, seed=0, store=":memory:")
        assert [t.metrics[study.main_metric] for t in study.trials] == [1.0, 1.0]
        return
    with pytest.raises(ObjectiveError, match="trial 0 returned no metric") as caught:
        hpb.run(experiment, "random", n_trials=2, seed=0, store=":memory:")
    assert f"direction={told}" in caught.value.hint
