"""Any optimizer as Tune's search algorithm, driven as `SearchGenerator` drives it.

Real Tuners are in `test_host_in_tuner_ray.py`: they take seconds each.
"""

from __future__ import annotations

import copy
import json
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from hosted_ray import HOSTED
from ray import tune
from ray.tune.search import ConcurrencyLimiter, Searcher
from ray.tune.search.variant_generator import generate_variants

import hpbridge as hpb
from hpbridge.contract.backend import NoOptions
from hpbridge.contract.wire import outcome_from_json
from hpbridge.errors import (
    AlgorithmNotFoundError,
    ArgumentError,
    BackendNotFoundError,
    ExperimentError,
    ForeignHistoryError,
    LibraryNotInstalledError,
    OptionError,
    SpaceError,
    UnsupportedFeatureError,
)
from hpbridge.hosts.conversation import Conversation
from hpbridge.trial import State
from hpbridge_ray import BridgeSearcher
from hpbridge_ray.native.read import from_native
from hpbridge_ray.native.write import make_searcher
from hpbridge_ray.options import BohbOptions, HyperOptOptions

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries under Ray's own

PARAM_SPACE = {
    "model": {"x": tune.uniform(-5, 5)},
    "n": tune.randint(1, 5),
    "c": tune.choice(["a", "b"]),
    "lr": tune.loguniform(1e-4, 1),
    "constant": 7,
}
QUICK = {
    "skopt:gp": {"n_initial_points": 3, "n_points": 100},
    "skopt:et": {"n_initial_points": 4, "n_points": 100},
    "hyperopt:tpe": {"n_startup_jobs": 5},
    "optuna:tpe": {"n_startup_trials": 5},
    "ray:hyperopt": {"n_initial_points": 5},
}


def optimizer_of(searcher):
    conversation, _ = searcher._inner._talk
    return conversation._said.learner._optimizer


def told(searcher):
    """Return what a guest was told of its trials."""
    conversation, _ = searcher._inner._talk
    events = conversation.state()["events"]
    return [outcome_from_json(data) for kind, _, data in events if kind == "tell"]


def study_of(searcher):
    """Return what a guest of Optuna's has learned from."""
    return optimizer_of(searcher)._study


def loss(config):
    value = (config["model"]["x"] - 1) ** 2 + config["n"] + (config["c"] == "a")
    return value + math.log10(config["lr"]) ** 2


def config_of(params):
    nested = {"x": params["model/x"]}
    return {"model": nested, **{k: params[k] for k in ("n", "c", "lr")}}


def ready(searcher, mode="min"):
    assert searcher.set_search_properties("loss", mode, PARAM_SPACE)
    return searcher


def drive(searcher, n_trials, start=0, sign=1):
    """Run trials of two steps, one after the other, as `TuneController` does."""
    configs = []
    for k in range(start, start + n_trials):
        key = f"trial{k}"
        config = searcher.suggest(key)
        value = sign * loss(config)
        first = {"loss": value + 1, "training_iteration": 1, "done": False}
        last = {"loss": value, "training_iteration": 2, "done": True}
        searcher.on_trial_result(key, first)
        searcher.on_trial_complete(key, result=last)
        configs.append(config)
    return configs


GUESTS = {
    "random": 20,
    "optuna:tpe": 20,
    "optuna:cmaes": 10,
    "hyperopt:tpe": 15,
    "skopt:gp": 5,
    "skopt:et": 8,
    "bayesopt:ucb": 7,
}


@pytest.mark.parametrize("optimizer", GUESTS)
def test_a_guest_proposes_what_it_proposes_alone(optimizer):
    n_trials, options = GUESTS[optimizer], QUICK.get(optimizer, {})
    searcher = ready(BridgeSearcher(optimizer, seed=3, options=options))
    configs = drive(searcher, n_trials)

    def objective(trial):
        value = loss(config_of(trial))
        trial.report(value + 1, 1)
        trial.report(value, 2)
        return value

    space = from_native(PARAM_SPACE).space
    study = hpb.run(
        hpb.Experiment(objective=objective, space=space),
        optimizer,
        n_trials=n_trials,
        seed=3,
        options=options,
        store=":memory:",
    )
    assert configs == [config_of(trial.params) for trial in study.trials]


def test_maximizing_is_minimizing_the_opposite():
    down = drive(ready(BridgeSearcher("optuna:tpe", seed=1)), 25)
    up = drive(ready(BridgeSearcher("optuna:tpe", seed=1), mode="max"), 25, sign=-1)
    assert up == down


def own(name):
    options = {
        "ray:optuna": NoOptions(),
        "ray:hyperopt": HyperOptOptions(n_initial_points=5),
        "ray:bohb": BohbOptions(),
    }
    return make_searcher(name.removeprefix("ray:"), options[name], 4)


@pytest.mark.parametrize("name", ["ray:optuna", "ray:hyperopt", "ray:bohb"])
def test_rays_own_searchers_are_rays_own(name):
    found = []
    bridge = BridgeSearcher(name, seed=4, options=QUICK.get(name))
    for searcher in (own(name), bridge):
        np.random.seed(4)  # hpbandster draws from it
        assert searcher.set_search_properties("loss", "min", PARAM_SPACE)
        configs = []
        for k in range(25):
            config = searcher.suggest(str(k))
            value = {"loss": loss(config), "training_iteration": 1}
            result = value | {"hyperband_info": {"budget": 1}}
            searcher.on_trial_result(str(k), result)
            searcher.on_trial_complete(str(k), result=result)
            configs.append(config)
        found.append(configs)
    assert found[0] == found[1]
    assert bridge.metric == "loss"
    assert bridge.mode == "min"


def test_rays_own_random_search_is_that_of_its_generator():
    wild = {
        **PARAM_SPACE,
        "g": tune.grid_search([1, 2]),
        "deep": tune.choice([{"y": tune.uniform(0, 1)}, 3]),
        "s": tune.sample_from(lambda: 5),
        "list": [tune.uniform(0, 1), "fixed"],
    }
    searcher = BridgeSearcher("ray:random", seed=6)
    assert searcher.set_search_properties("loss", "min", wild)
    rng = np.random.default_rng(6)
    expected = [
        spec["config"]
        for _ in range(4)
        for _, spec in generate_variants({"config": wild}, random_state=rng)
    ]
    found = [searcher.suggest(str(k)) for k in range(8)]
    assert [{**config, "constant": 7} for config in found] == expected


def test_bohb_is_told_what_its_scheduler_pauses():
    searcher = ready(BridgeSearcher("ray:bohb", seed=0))
    searcher.suggest("a")
    searcher.on_pause("a")
    assert searcher._inner.paused == {"a"}
    searcher.on_unpause("a")
    assert searcher._inner.running == {"a"}
    ready(BridgeSearcher("random")).on_pause("a")  # nothing to tell


def test_rays_own_grid_is_a_guest():
    space = {"b": tune.choice(["x", "y"]), "a": tune.randint(0, 2)}
    searcher = BridgeSearcher("ray:grid", seed=0)
    assert searcher.set_search_properties("loss", "min", space)
    configs = [searcher.suggest(str(k)) for k in range(4)]
    assert {tuple(sorted(c.items())) for c in configs} == {
        (("a", a), ("b", b)) for a in (0, 1) for b in ("x", "y")
    }
    assert searcher.suggest("4") is None  # what runs may fail
    for k in range(4):
        searcher.on_trial_complete(str(k), result={"loss": k})
    assert searcher.suggest("4") == Searcher.FINISHED


@pytest.mark.parametrize(
    "optimizer", ["optuna:tpe", "skopt:et", "ray:random", "ray:optuna", "bayesopt"]
)
def test_a_saved_searcher_goes_on_bit_for_bit(optimizer, tmp_path):
    n_trials, options = (6 if ":" not in optimizer else 10), QUICK.get(optimizer)
    half = n_trials // 2

    def make(seed):
        return ready(BridgeSearcher(optimizer, seed=seed, options=options))

    whole = drive(make(2), n_trials)
    first = make(2)
    assert drive(first, half) == whole[:half]
    # One more is on its way when the state is saved.
    assert first.suggest(f"trial{half}") == whole[half]
    path = str(tmp_path / "searcher-state.pkl")
    first.save(path)
    again = make(99)
    again.restore(path)
    copied = copy.deepcopy(first)
    for searcher in (again, copied):
        result = {"loss": loss(whole[half]), "training_iteration": 2}
        value = {"loss": loss(whole[half]) + 1, "training_iteration": 1}
        searcher.on_trial_result(f"trial{half}", value)
        searcher.on_trial_complete(f"trial{half}", result=result)
        assert drive(searcher, n_trials - half - 1, half + 1) == whole[half + 1 :]
        assert searcher.notes == []


def test_a_state_is_json_and_is_kept_until_there_is_a_space(tmp_path):
    whole = drive(ready(BridgeSearcher("optuna:tpe", seed=2)), 20)
    first = ready(BridgeSearcher("optuna:tpe", seed=2))
    drive(first, 12)
    path = tmp_path / "state"
    first.save(str(path))
    assert json.loads(path.read_text())["optimizer"] == "optuna:tpe"
    again = BridgeSearcher("optuna:tpe")
    again.restore(str(path))
    assert drive(ready(again), 8, 12) == whole[12:]


def test_a_state_of_before_the_conversation_is_gone_on_from_bit_for_bit():
    path = Path(__file__).parent / "data" / "searcher-state.json"
    state = json.loads(path.read_text())
    again = BridgeSearcher("random")
    again.restore(str(path))
    space = PARAM_SPACE | {
        "model": {"x": tune.uniform(-2, 2)},
        "lr": tune.loguniform(1e-3, 1),
    }
    assert again.set_search_properties("loss", "min", space)
    assert [again.suggest(key) for key in ("u0", "u1", "u2")] == [
        {"model": {"x": x}, "n": n, "c": c, "lr": lr}
        for x, n, c, lr in (
            (-1.2931200765030706, 2, "a", 0.0339234552550185),
            (-0.5612343848143948, 2, "b", 0.24562907020164265),
            (0.937606767575911, 3, "b", 0.012180332556330609),
        )
    ]
    assert again.notes == []
    again.on_trial_complete("t9", result={"loss": 1.0, "training_iteration": 2})
    assert told(again)[-1].reports == ((1, 3.0), (2, 1.0))
    assert [event[0] for event in state["events"]].count("tell") == len(told(again)) - 1


def test_who_does_not_propose_the_same_again_observes(tmp_path):
    first = ready(BridgeSearcher("optuna:tpe", seed=2))
    drive(first, 15)
    path = tmp_path / "state"
    first.save(str(path))
    state = json.loads(path.read_text())
    state["events"][0][2]["n"] = 1 + state["events"][0][2]["n"] % 4
    path.write_text(json.dumps(state))
    again = ready(BridgeSearcher("optuna:tpe"))
    again.restore(str(path))
    assert again.notes == [
        "it observed the history of its trials, it did not relive it"
    ]
    study = study_of(again)
    assert len(study.trials) == 15
    assert len(drive(again, 3, 15)) == 3


@pytest.mark.parametrize(
    ("arguments", "state", "values"),
    [
        ({"error": True}, State.FAILED, ()),
        ({"result": {"loss": math.nan}}, State.FAILED, (math.nan,)),
        ({"result": {"other": 1.0}}, State.FAILED, ()),
        ({"result": {"loss": "text"}}, State.FAILED, ()),
        ({"result": {"loss": math.inf}}, State.COMPLETE, (-math.inf,)),
        ({"result": {"loss": 3.0}}, State.COMPLETE, (-3.0,)),
        ({"result": {"loss": np.float32(3)}}, State.COMPLETE, (-3.0,)),
        ({}, State.PRUNED, (-8.0,)),
    ],
)
def test_every_end_of_a_trial_is_told(arguments, state, values):
    searcher = ready(BridgeSearcher("random", seed=0), mode="max")
    searcher.suggest("a")
    for step, value in ((1, 9.0), (2, math.nan), (3, 8.0)):
        searcher.on_trial_result("a", {"loss": value, "training_iteration": step})
    if "result" in arguments:
        arguments["result"]["training_iteration"] = 4
    searcher.on_trial_complete("a", **arguments)
    (outcome,) = told(searcher)
    assert outcome.state is state
    assert repr(outcome.values) == repr(values)
    assert outcome.reports[:2] == ((1, -9.0), (3, -8.0))
    searcher.on_trial_complete("a", result={"loss": 1.0})  # again: nothing, or observed
    searcher.on_trial_complete("unknown", result={"loss": 1.0})
    assert len(told(searcher)) == 1 + (state is State.FAILED)
    assert isinstance(searcher.suggest("b"), dict)


def test_a_failed_trial_that_runs_again_is_observed():
    searcher = ready(BridgeSearcher("optuna:tpe", seed=0))
    searcher.suggest("a")
    searcher.on_trial_complete("a", error=True)
    searcher.on_trial_complete("a", result={"loss": 1.0, "training_iteration": 1})
    study = study_of(searcher)
    assert [trial.state.name for trial in study.trials] == ["FAIL", "COMPLETE"]


def test_several_run_at_once_and_end_in_any_order():
    searcher = ready(ConcurrencyLimiter(BridgeSearcher("bayesopt", seed=0), 3))
    keys = ["a", "b", "c"]
    configs = {key: searcher.suggest(key) for key in keys}
    assert all(isinstance(config, dict) for config in configs.values())
    assert searcher.suggest("d") is None
    for key in reversed(keys):
        searcher.on_trial_complete(key, result={"loss": loss(configs[key])})
    assert isinstance(searcher.suggest("d"), dict)


def test_who_takes_no_pending_trials_waits(monkeypatch):
    searcher = ready(BridgeSearcher("random", seed=0))
    monkeypatch.setattr(Conversation, "can", lambda *_: False)
    config = searcher.suggest("a")
    assert searcher.suggest("b") is None
    searcher.on_trial_complete("a", result={"loss": loss(config)})
    assert isinstance(searcher.suggest("b"), dict)


def test_points_to_evaluate_come_first_and_are_learned_from():
    points = [
        {"model": {"x": 1.0}, "n": 1, "c": "b", "lr": 0.5},
        {"model/x": 2.0, "n": 2, "c": "a", "lr": 0.1, "constant": 7},
    ]
    searcher = ready(BridgeSearcher("optuna:tpe", seed=0, points_to_evaluate=points))
    configs = drive(searcher, 4)
    assert configs[0] == points[0]
    assert configs[1]["model"] == {"x": 2.0}
    study = study_of(searcher)
    assert study.trials[0].value == loss(points[0])


@pytest.mark.parametrize(
    "name", ["ray:optuna", "ray:hyperopt", "ray:bohb", "ray:random"]
)
def test_rays_own_searchers_take_points_in_either_form(name):
    nested = {"model": {"x": 1.0}, "n": 1, "c": "b", "lr": 0.5}
    for point in (nested, {"model/x": 1.0, "n": 1, "c": "b", "lr": 0.5}):
        searcher = ready(BridgeSearcher(name, seed=0, points_to_evaluate=[point]))
        config = searcher.suggest("a")
        config.pop("constant", None)  # some of Ray's own give the constants too
        assert config == nested


def test_evaluated_points_are_learned_from():
    point = {"model": {"x": 1.0}, "n": 1, "c": "b", "lr": 0.5}
    searcher = BridgeSearcher("optuna:tpe", seed=0)
    searcher.add_evaluated_point(point, 2.5)  # before there is a space
    ready(searcher, mode="max")
    searcher.add_evaluated_point(point, math.nan)
    searcher.add_evaluated_point(point, 1.0, pruned=True, intermediate_values=[3, 1])
    searcher.add_evaluated_point(point, 0.0, error=True)
    trials = study_of(searcher).trials
    states = [trial.state.name for trial in trials]
    assert states == ["COMPLETE", "FAIL", "PRUNED", "FAIL"]
    assert trials[0].value == -2.5
    assert trials[2].intermediate_values == {1: -3.0, 2: -1.0}
    with pytest.raises(SpaceError, match="'n' is missing"):
        searcher.add_evaluated_point({"model/x": 1.0, "c": "b", "lr": 0.5}, 1.0)
    deaf = BridgeSearcher("ray:grid", "loss", "min", space={"n": hpb.Int(1, 2)})
    with pytest.raises(ForeignHistoryError, match="ray:grid"):
        deaf.add_evaluated_point({"n": 1}, 1.0)


def test_a_space_of_ours_is_searched_with_all_it_has():
    space = hpb.Space(
        {
            "solver": hpb.Categorical({"adam": (1, 2), "sgd": [3]}),
            "momentum": hpb.Float(0, 1, when={"solver": "sgd"}),
            "steps": hpb.Float(0, 1, step=0.25),
            "constant": {"a": 1},
        }
    )
    searcher = BridgeSearcher("random", "loss", "min", space=space, seed=0)
    assert searcher.set_search_properties(None, None, {"other": 1})
    assert not searcher.set_search_properties(None, None, PARAM_SPACE)
    configs = [searcher.suggest(str(k)) for k in range(20)]
    assert all(config["constant"] == {"a": 1} for config in configs)
    assert all(("momentum" in c) == (c["solver"] == [3]) for c in configs)


def test_several_metrics_go_to_who_can():
    def make(optimizer):
        return BridgeSearcher(
            optimizer, ["a", "b"], ["min", "max"], space={"x": hpb.Float(0, 1)}, seed=0
        )

    searcher = make("optuna:nsga2")
    config = searcher.suggest("t")
    searcher.on_trial_result("t", {"a": 1.0, "b": 2.0, "training_iteration": 1})
    searcher.on_trial_complete("t", result={"a": 1.0, "b": 2.0})
    (trial,) = study_of(searcher).trials
    assert trial.values == [1.0, -2.0]
    assert 0 <= config["x"] <= 1
    with pytest.raises(UnsupportedFeatureError, match=r"several metrics(.|\n)*optuna"):
        make("bayesopt")


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: BridgeSearcher("skop"), BackendNotFoundError, "did you mean 'skopt'"),
        (lambda: BridgeSearcher("skopt:gb"), AlgorithmNotFoundError, "gbrt|gp"),
        (lambda: BridgeSearcher("random", mode="low"), ArgumentError, "'low'"),
        (
            lambda: BridgeSearcher("random", ["a"], ["min", "max"]),
            ExperimentError,
            "1 metrics and 2 modes",
        ),
        (
            lambda: BridgeSearcher("ray:hyperopt", options={"gama": 1}),
            OptionError,
            "did you mean 'gamma'",
        ),
        (
            lambda: ready(BridgeSearcher("optuna:tpe", options={"gama": 1})),
            OptionError,
            "no option 'gama'",
        ),
        (
            lambda: ready(BridgeSearcher("ray:grid")),
            UnsupportedFeatureError,
            r"'model/x' needs float(.|\n)*'lr' needs(.|\n)*Hint: .*optuna",
        ),
        (
            lambda: BridgeSearcher("random", space={"x": tune.sample_from(len)}),
            SpaceError,
            "'x': tune.sample_from draws in code",
        ),
        (
            lambda: ready(
                BridgeSearcher("random", points_to_evaluate=[{"n": 9}, {"c": "z"}])
            ),
            SpaceError,
            r"'n' is 9(.|\n)*'c' is 'z'",
        ),
        (
            lambda: ready(BridgeSearcher("random")).set_search_properties(
                "loss", "min", {"x": tune.uniform(0, 1)}
            ),
            SpaceError,
            "another one than in the run before",
        ),
        (
            lambda: BridgeSearcher("random").suggest("a"),
            ExperimentError,
            r"no metric and mode(.|\n)*no space",
        ),
    ],
)
def test_what_is_wrong_is_said_before_the_first_trial(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_the_state_of_another_searcher_is_refused(tmp_path):
    path = str(tmp_path / "state")
    ready(BridgeSearcher("random")).save(path)
    with pytest.raises(SpaceError, match="of 'random:random', not of 'optuna:tpe'"):
        ready(BridgeSearcher("optuna:tpe")).restore(path)
    other = BridgeSearcher("random", "loss", "min", space={"x": hpb.Float(0, 1)})
    with pytest.raises(SpaceError, match="searched another space"):
        other.restore(path)


def test_the_same_searcher_goes_on_in_a_second_run():
    searcher = ready(BridgeSearcher("optuna:tpe", seed=0))
    drive(searcher, 3)
    drive(ready(searcher), 3, 3)
    assert len(study_of(searcher).trials) == 6


def test_what_a_param_space_cannot_hold_is_said():
    space = hpb.Space(
        {
            "ok": hpb.Float(0, 1),
            "steps": hpb.Int(2, 10, step=4),
            "odd": hpb.Int(1, 10, step=4),
            "fstep": hpb.Float(0, 1, step=0.25),
            "prior": hpb.Float(0, 1, prior=hpb.Normal(0.5, 1)),
            "ordered": hpb.Categorical([1, 2], ordered=True),
            "q": hpb.Quantized(0, 1, 0.25),
            "qi": hpb.Quantized(0, 10, 2),
            "q0": hpb.Quantized(0.1, 1, 0.25),
            "when": hpb.Float(0, 1, when={"ordered": 1}),
            "a": 1,
            "a/b": hpb.Float(0, 1),
        },
        forbid=[{"ordered": 1}],
    )
    reasons = HOSTED.reasons_against(space)
    named = [reason.split(":")[0] for reason in reasons]
    assert named == [
        *map(repr, ["steps", "odd", "fstep", "prior", "ordered", "qi", "q0", "when"]),
        "forbid=",
        "'a'",
    ]
    assert HOSTED.reasons_against(hpb.Space({"k": 1})) == ["there is nothing to search"]


def test_what_a_param_space_can_hold_comes_back_the_same():
    from hosted_ray import param_space_of

    space = hpb.Space(
        {
            "f": hpb.Float(0, 1),
            "l": hpb.Float(1e-3, 1, log=True),
            "i": hpb.Int(-3, 4),
            "il": hpb.Int(1, 100, log=True),
            "c": hpb.Categorical(["a", None, 2]),
            "q": hpb.Quantized(0, 1, 0.25),
            "ql": hpb.Quantized(0.5, 4, 0.5, log=True),
            "deep/er/x": hpb.Float(0, 1),
        }
    )
    assert HOSTED.reasons_against(space) == []
    assert from_native(param_space_of(space)).space == space


def test_hosting_without_a_library_says_so(monkeypatch):
    from hpbridge.contract import registry as module

    monkeypatch.setattr(module, "is_met", lambda _: False)
    with pytest.raises(LibraryNotInstalledError, match="ray:hyperopt"):
        BridgeSearcher("ray:hyperopt")


def test_a_mode_that_does_not_fit_the_searchers_own_metrics_is_refused():
    searcher = BridgeSearcher("optuna:nsga2", ["a", "b"])
    with pytest.raises(ExperimentError, match="2 metrics and 1 modes"):
        searcher.set_search_properties(None, "min", PARAM_SPACE)


def test_a_pickle_of_before_the_release_is_refused_in_a_sentence():
    by_name = b"chpbridge_ray._host\nBridgeSearcher\n."
    with pytest.raises(hpb.HpbridgeError, match=r"before hpbridge-ray 0\.1\.0"):
        pickle.loads(by_name)
