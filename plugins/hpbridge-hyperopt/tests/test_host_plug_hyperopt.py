from __future__ import annotations

import logging
import math
import pickle
import random
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hosted_hyperopt import HOSTED
from hyperopt import (
    STATUS_FAIL,
    Trials,
    anneal,
    atpe,
    fmin,
    hp,
    mix,
    rand,
    tpe,
)
from hyperopt.early_stop import no_progress_loss
from hyperopt.pyll import scope

import hpbridge as hpb
from hpbridge import Categorical, Float, Int, Normal, Quantized, Space
from hpbridge.contract.backend import Outcome
from hpbridge.contract.capabilities import Feature, no
from hpbridge.contract.registry import registry
from hpbridge.errors import (
    AlgorithmNotFoundError,
    BackendNotFoundError,
    HistoryWarning,
    OptionError,
    SpaceError,
    UnsupportedFeatureError,
)
from hpbridge.hosts.conversation import Conversation
from hpbridge.hosts.recipe import GuestRecipe
from hpbridge.testing.parity import bowl
from hpbridge.trial import State
from hpbridge_hyperopt import SPEC, suggest

SPACE = {
    "model": hp.choice(
        "model",
        [
            {"type": "svm", "C": hp.loguniform("C", np.log(1e-3), np.log(1e3))},
            {"type": "tree", "depth": scope.int(hp.quniform("depth", 0.5, 9.5, 1))},
            [hp.pchoice("p", [(0.3, "a"), (0.7, "b")]), hp.randint("r", 2, 6)],
        ],
    ),
    "q": hp.quniform("q", 0, 1, 0.25),
    "x": hp.uniform("x", -1, 1),
}


def loss_of(point):
    model = point["model"]
    part = 1.0
    if "C" in model:
        part = abs(math.log(model["C"]))
    elif "depth" in model:
        part = abs(model["depth"] - 4)
    elif model[0] == "a":
        part = model[1] / 2
    return point["x"] ** 2 + part + point["q"]


@pytest.fixture(scope="module", autouse=True)
def _quiet():
    logger = logging.getLogger("hyperopt.fmin")
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(logging.NOTSET)


def run(algo, n_trials, function=loss_of, *, space=SPACE, rstate=0, **given):
    """Run `fmin`; return its trials and the points that the function got."""
    trials = given.pop("trials", None)
    if trials is None and "points_to_evaluate" not in given:
        trials = Trials()
    seen = []

    def note(point):
        seen.append(point)
        return function(point)

    fmin(
        note,
        space,
        algo=algo,
        max_evals=n_trials,
        trials=trials,
        rstate=np.random.default_rng(rstate),
        show_progressbar=False,
        verbose=False,
        return_argmin=False,
        **given,
    )
    return trials, seen


def bad(point):
    """Fails in each way for some x."""
    x = point["x"]
    if x < -0.7:
        raise ValueError
    if x < -0.5:
        return {"status": STATUS_FAIL}
    if x < -0.3:
        return math.nan
    if x > 0.9:
        return math.inf
    return loss_of(point)


# The diagonal

OWN = {
    "tpe": (tpe.suggest, {"n_startup_jobs": 5, "gamma": 0.4}),
    "random": (rand.suggest, {}),
    "anneal": (anneal.suggest, {"avg_best_idx": 3.0}),
    "mix": (
        partial(mix.suggest, p_suggest=[(0.5, tpe.suggest), (0.5, rand.suggest)]),
        {"p_suggest": [[0.5, "tpe"], [0.5, "random"]]},
    ),
}


@pytest.mark.parametrize("function", [loss_of, bad])
@pytest.mark.parametrize("algorithm", OWN)
def test_an_algorithm_of_hyperopt_is_its_own_suggest(algorithm, function):
    own, options = OWN[algorithm]
    if algorithm != "mix":
        own = partial(own, **options)
    call = partial(run, function=function, catch_eval_exceptions=True)
    ours = suggest(f"hyperopt:{algorithm}", options=options)
    assert call(ours, 35, rstate=7)[1] == call(own, 35, rstate=7)[1]
    # A seed stands for that of rstate.
    ours = suggest(f"hyperopt:{algorithm}", seed=7, options=options)
    assert call(ours, 35, rstate=1)[1] == call(own, 35, rstate=7)[1]


def test_spaces_without_bounds_are_no_matter_on_the_diagonal():
    space = {"x": hp.normal("x", 0, 1), "y": hp.qlognormal("y", 0, 1, 2)}
    call = partial(run, function=lambda p: p["x"] + p["y"], space=space)
    assert call(suggest("hyperopt"), 30)[1] == call(tpe.suggest, 30)[1]


@pytest.mark.filterwarnings("ignore:An input array is constant")  # atpe's own call
def test_atpe_is_its_own_suggest_and_seeded():
    import lightgbm  # noqa: F401 - its import draws from `random`

    space = {"x": hp.uniform("x", -1, 1), "c": hp.choice("c", ["a", "b"])}
    call = partial(run, function=lambda p: p["x"] ** 2, space=space)
    state = random.getstate(), np.random.get_state()
    random.seed(5)
    np.random.seed(5)
    theirs = call(atpe.suggest, 11)[1]
    random.setstate(state[0])
    np.random.set_state(state[1])
    assert call(suggest("hyperopt:atpe", seed=5), 11)[1] == theirs


@pytest.mark.parametrize("algorithm", OWN)
def test_several_ids_at_once_are_as_hyperopt_has_them_or_one_by_one(algorithm):
    own, options = OWN[algorithm]
    ours = run(suggest(f"hyperopt:{algorithm}", options=options), 12, max_queue_len=3)
    assert len(ours[1]) == 12
    if algorithm in {"tpe", "random"}:
        theirs = run(partial(own, **options), 12, max_queue_len=3)
        assert ours[1] == theirs[1]


# Guests of other libraries


def points_of_guest(optimizer, n_trials, seed, function=loss_of):
    """The points of the optimizer run alone on the space of `fmin`, as read."""
    seen = []

    def note(point):
        seen.append(point)
        return function(point)

    native = SPEC.from_native(SPACE)
    experiment = hpb.Experiment(
        objective=native.wrap(note),
        space=native.space,
        name="alone",
        direction={native.metric: native.direction},
    )
    hpb.run(
        experiment,
        optimizer,
        n_trials=n_trials,
        seed=seed,
        store=":memory:",
        driver="local",  # that of Ray would start a cluster
    )
    return seen


def bad_without_status(point):
    """As `bad`; alone, a status other than ok is an error."""
    if -0.7 <= point["x"] < -0.5:
        raise ValueError
    return bad(point)


GUESTS = {
    "random": 20,
    "optuna:tpe": 25,
    "skopt:gp": 12,
    "bayesopt:ucb": 7,
    "ray:hyperopt": 22,
    "ray:random": 10,
}


@pytest.mark.parametrize("optimizer", GUESTS)
def test_a_guest_proposes_what_it_proposes_alone(optimizer):
    n_trials = GUESTS[optimizer]
    _, seen = run(suggest(optimizer, seed=3), n_trials)
    assert len(seen) == n_trials
    assert seen == points_of_guest(optimizer, n_trials, 3)


def test_bad_outcomes_reach_a_guest_as_they_do_alone():
    n_trials = 40
    call = partial(run, function=bad_without_status, catch_eval_exceptions=True)
    trials, seen = call(suggest("optuna:tpe", seed=3), n_trials)
    assert len(trials._dynamic_trials) - len(trials) > 2  # raised
    assert sum(math.isnan(loss) for loss in trials.losses()) > 0
    assert seen == points_of_guest("optuna:tpe", n_trials, 3, bad_without_status)


def test_the_seed_of_a_guest_comes_from_rstate():
    _, first = run(suggest("optuna:tpe"), 15, rstate=4)
    assert run(suggest("optuna:tpe"), 15, rstate=4)[1] == first
    assert run(suggest("optuna:tpe"), 15, rstate=5)[1] != first
    seed = int(np.random.default_rng(4).integers(2**31 - 1))
    assert first == points_of_guest("optuna:tpe", 15, seed)


def test_options_reach_a_guest():
    options = {"n_startup_trials": 3}
    _, seen = run(suggest("optuna:tpe", seed=3, options=options), 15)
    _, plain = run(suggest("optuna:tpe", seed=3), 15)
    assert seen[:3] == plain[:3]
    assert seen != plain


def test_documents_are_as_those_of_hyperopt():
    ours, _ = run(suggest("optuna:tpe", seed=3), 12)
    theirs, _ = run(tpe.suggest, 12)
    for left, right in zip(ours.trials, theirs.trials, strict=True):
        assert set(left) == set(right)
        assert set(left["misc"]) == set(right["misc"])
        assert list(left["misc"]["vals"]) == list(right["misc"]["vals"])
        assert left["misc"]["cmd"] == right["misc"]["cmd"]
    assert set(ours.argmin) <= {"model", "C", "depth", "p", "r", "q", "x"}
    run(tpe.suggest, 16, trials=ours)  # Hyperopt goes on with them
    assert len(ours) == 16


# What fmin offers


def test_points_to_evaluate_come_first_and_are_learned():
    points = [
        {"model": 0, "C": 2.0, "q": 0.5, "x": 0.25},
        {"model": 2, "p": 1, "r": 5, "q": 0.0, "x": -0.5, "depth": 3.0},
    ]
    _, seen = run(suggest("optuna:tpe", seed=3), 14, points_to_evaluate=points)
    assert [p["x"] for p in seen[:2]] == [0.25, -0.5]
    space = SPEC.from_native(SPACE).space
    guest = Conversation(GuestRecipe("optuna:tpe", seed=3), space)
    known = [
        {"model": "svm", "C": 2.0, "q": 0.5, "x": 0.25},
        {"model": 2, "p": "b", "r": 5, "q": 0.0, "x": -0.5},
    ]
    for params, point in zip(known, seen[:2], strict=True):
        guest.seen(params, Outcome(State.COMPLETE, (loss_of(point),)))
    for number, point in enumerate(seen[2:]):
        assert guest.propose(number)["x"] == point["x"]
        guest.ended(number, Outcome(State.COMPLETE, (loss_of(point),)))


def test_a_point_outside_the_space_is_run_and_not_learned():
    points = [{"model": 0, "C": 2.0, "q": 0.5, "x": 99.0}]
    with pytest.warns(HistoryWarning, match="trial 0 is not learned from: 'x' is 99"):
        _, seen = run(suggest("random", seed=3), 4, points_to_evaluate=points)
    assert (seen[0]["x"], len(seen)) == (99.0, 5)


def test_what_a_guest_cannot_learn_is_said():
    points = [{"model": 0, "C": 2.0, "q": 0.5, "x": 0.5}]
    with pytest.warns(HistoryWarning, match="'ray:random' cannot learn") as caught:
        run(suggest("ray:random", seed=3), 3, points_to_evaluate=points * 2)
    assert len(caught) == 1


def test_called_again_fmin_goes_on_as_if_it_had_never_stopped():
    whole = run(suggest("optuna:tpe", seed=3), 24)[1]
    algo, trials = suggest("optuna:tpe", seed=3), Trials()
    parts = [run(algo, n, trials=trials)[1] for n in (9, 17, 24)]
    assert [point for part in parts for point in part] == whole


def test_with_other_trials_it_starts_afresh():
    algo = suggest("optuna:tpe", seed=3)
    assert run(algo, 12)[1] == run(algo, 12)[1]


@pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning")  # Hyperopt's
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_save_file_is_gone_on_with_in_another_process(tmp_path):
    path = str(tmp_path / "trials")

    def call(n_trials):
        seen = []
        fmin(
            lambda point: seen.append(point) or loss_of(point),
            SPACE,
            algo=suggest("optuna:tpe", seed=3),
            max_evals=n_trials,
            rstate=np.random.default_rng(0),
            trials_save_file=path,
            show_progressbar=False,
            verbose=False,
        )
        return seen

    first, second = call(12), call(20)
    assert (len(first), len(second)) == (12, 8)
    study = hpb.read_study(path_of(path), space=SPACE)
    assert len(study.trials) == 20
    # It learned from the twelve: a fresh guest that observes them proposes the same.
    guest = Conversation(GuestRecipe("optuna:tpe", seed=3), study.space)
    for trial in study.trials[:12]:
        outcome = Outcome(State.COMPLETE, (trial.metrics["loss"],))
        guest.seen(trial.params, outcome)
    assert guest.propose() == study.trials[12].params


def test_pickled_with_its_trials_a_guest_goes_on_where_it_was():
    whole = run(suggest("optuna:tpe", seed=3), 18)[1]
    algo, trials = suggest("optuna:tpe", seed=3), Trials()
    first = run(algo, 12, trials=trials)[1]
    algo, trials = pickle.loads(pickle.dumps((algo, trials)))
    assert first + run(algo, 18, trials=trials)[1] == whole


def path_of(text):
    from pathlib import Path

    return Path(text)


def test_several_ids_are_asked_at_once_and_told_when_they_are_done():
    trials, seen = run(suggest("optuna:tpe", seed=3), 14, max_queue_len=4)
    assert trials.tids == list(range(14))
    space = SPEC.from_native(SPACE).space
    guest = Conversation(GuestRecipe("optuna:tpe", seed=3), space)
    for start in range(0, 14, 4):
        numbers = range(start, min(start + 4, 14))
        asked = {number: guest.propose(number) for number in numbers}
        for number, params in asked.items():
            assert params["x"] == seen[number]["x"]
            outcome = Outcome(State.COMPLETE, (loss_of(seen[number]),))
            guest.ended(number, outcome)


def test_fmin_stops_early_and_at_its_threshold():
    stop = no_progress_loss(3)
    trials, _ = run(suggest("random", seed=3), 50, early_stop_fn=stop)
    assert len(trials) < 50
    trials, _ = run(suggest("random", seed=3), 50, loss_threshold=1.5)
    assert trials.losses()[-1] < 1.5
    assert len(trials) < 50


def test_after_an_exception_fmin_goes_on():
    def fail_once(point):
        calls.append(point)
        if len(calls) == 6:
            raise ZeroDivisionError
        return loss_of(point)

    calls, trials, algo = [], Trials(), suggest("optuna:tpe", seed=3)
    with pytest.raises(ZeroDivisionError):
        run(algo, 12, fail_once, trials=trials)
    run(algo, 12, fail_once, trials=trials)
    assert len(trials) == 12
    calls.clear()
    caught = suggest("optuna:tpe", seed=3)
    run(caught, 13, fail_once, catch_eval_exceptions=True)
    whole = list(calls)
    calls.clear()
    trials, algo = Trials(), suggest("optuna:tpe", seed=3)
    with pytest.raises(ZeroDivisionError):
        run(algo, 13, fail_once, trials=trials)
    run(algo, 12, fail_once, trials=trials)
    assert calls == whole


def test_a_trial_that_was_interrupted_is_given_up_on():
    def interrupt(point):
        if len(seen) == 4:
            raise KeyboardInterrupt
        seen.append(point)
        return loss_of(point)

    seen, trials, algo = [], Trials(), suggest("skopt:gp", seed=3)
    with pytest.raises(KeyboardInterrupt):
        run(algo, 8, interrupt, trials=trials)
    run(algo, 8, trials=trials)
    assert [doc["state"] for doc in trials._dynamic_trials].count(1) == 1
    assert len(trials) == 8


def test_a_guest_with_nothing_left_ends_fmin():
    space = [hp.choice("a", [1, 2]), hp.choice("b", ["x", "y"])]
    with pytest.warns(HistoryWarning, match="fmin ends: "):
        trials, seen = run(suggest("ray:grid"), 9, lambda p: p[0], space=space)
    assert len(trials) == len({tuple(p) for p in seen}) == 4


# What a user does wrong


def test_an_unknown_optimizer_or_option_is_told_at_once():
    with pytest.raises(BackendNotFoundError, match="did you mean 'optuna'"):
        suggest("optuma")
    with pytest.raises(AlgorithmNotFoundError, match="'tpe'"):
        suggest("optuna:tpee")
    with pytest.raises(OptionError, match="n_startup"):
        suggest("optuna:tpe", options={"n_startup": 3})
    with pytest.raises(OptionError, match="gamma"):
        suggest("hyperopt:tpe", options={"gamma": -1})


def never(_point):
    pytest.fail("a trial ran")


def test_a_space_that_guests_cannot_have_is_told_before_the_first_trial():
    space = {"n": hp.pchoice("n", [(0.2, 0), (0.2, 1)]), "m": hp.choice("m", [])}
    with pytest.raises(SpaceError, match=r"'n' is hp\.pchoice") as caught:
        run(suggest("optuna:tpe"), 5, never, space=space)
    assert "'m' has no options" in str(caught.value)


def test_guests_search_draws_without_ends():
    space = {"n": hp.normal("n", 5, 1), "m": hp.qlognormal("m", 0, 1, 2)}
    seen = run(suggest("optuna:tpe"), 8, lambda p: p["n"] + p["m"], space=space)[1]
    assert len(set(map(str, seen))) == 8


def test_a_space_that_this_guest_cannot_have_names_those_that_can():
    space = {"x": hp.uniform("x", 0, 1)}
    with pytest.raises(UnsupportedFeatureError) as caught:
        run(suggest("optuna:grid"), 5, never, space=space)
    assert "'x' needs float" in str(caught.value)
    assert "optuna:tpe" in str(caught.value)


def test_a_space_that_changes_under_way_is_told():
    x, y = hp.uniform("x", 0, 1), hp.uniform("y", 0, 1)
    algo, trials = suggest("random", seed=1), Trials()
    run(algo, 3, lambda p: p["x"], space={"x": x, "y": y}, trials=trials)
    changed = {"x": hp.uniform("x", 0, 2), "z": hp.uniform("z", 0, 1)}
    with pytest.raises(SpaceError) as caught:
        run(algo, 6, never, space=changed, trials=trials)
    text = str(caught.value)
    assert "'y' is not in the space any more" in text
    assert "'z' is new" in text
    assert "'x' was Float(low=0.0, high=1.0" in text
    assert text.count("Hint:") == 1
    with pytest.raises(SpaceError, match="'y' is not in the space"):
        run(suggest("random"), 6, never, space={"x": x}, trials=trials)


def test_a_guest_that_proposes_one_at_a_time_is_asked_for_no_more(monkeypatch):
    spec = registry().backends["random"]
    algorithm = spec.algorithms["random"]
    capabilities = algorithm.capabilities.but({Feature.PENDING: no("one by one")})
    one = replace(
        spec, algorithms={"random": replace(algorithm, capabilities=capabilities)}
    )
    monkeypatch.setitem(registry().backends, "random", one)
    assert len(run(suggest("random", seed=1), 4)[1]) == 4
    with pytest.raises(UnsupportedFeatureError, match="while others run"):
        run(suggest("random", seed=1), 4, never, max_queue_len=2)


# The matrix of hosts

ALL_KINDS = Space(
    {
        "solver": Categorical(["adam", "sgd", None]),
        "lr": Float(1e-5, 0.1, log=True),
        "momentum": Float(0, 0.99, when={"solver": "sgd"}),
        "n": Int(1, 9),
        "a": Categorical([2, 3, 4], when={"solver": [None, "sgd"]}),
        "q": Quantized(0, 4, 1),
        "w": Categorical(["p", "q"], weights=[0.8, 0.2]),
    }
)


@pytest.mark.parametrize("optimizer", ["random", "optuna:tpe", "hyperopt:tpe"])
def test_an_experiment_of_ours_runs_the_same_in_fmin(optimizer, caplog):
    def objective(trial):
        if trial.number == 5:
            raise ValueError
        if trial.number == 7:
            raise hpb.TrialPruned
        if trial.number == 9:
            return math.nan
        return bowl(trial) + trial.seed % 2

    experiment = hpb.Experiment(
        objective=objective, space=ALL_KINDS, name="host", direction="maximize"
    )
    assert HOSTED.reasons_against(ALL_KINDS) == []
    inside = HOSTED.run(optimizer, experiment, 26, 5)
    study = hpb.run(experiment, optimizer, n_trials=26, seed=5, store=":memory:")
    alone = [(t.params, t.metrics.get("value", math.nan)) for t in study.trials]
    # Of Hyperopt's statuses, `fail` is the one for a pruned trial: no guest but
    # Hyperopt's own can tell that from a failed one.
    assert repr(inside[:8]) == repr(alone[:8])
    if optimizer != "optuna:tpe":
        assert repr(inside) == repr(alone)
    assert not caplog.records


def test_what_fmin_cannot_say_of_a_space_is_named():
    space = Space(
        {
            "f": Float(0, 1, step=0.1),
            "g": Float(0, 1, prior=Normal(0, 1)),
            "n": Int(1, 9, log=True),
            "k": Int(1, 9, step=2),
            "s": Categorical(["a", "b"], ordered=True),
            "one": Categorical(["a"]),
        },
        forbid=[{"k": 1}],
    )
    reasons = HOSTED.reasons_against(space)
    assert len(reasons) == 7
    assert all(name in str(reasons) for name in ("'f'", "'g'", "'n'", "'k'", "'s'"))
    assert "'one' has one value: fmin has a constant for it" in reasons
    nested = Space({"n": Int(1, 3), "x": Float(0, 1, when={"n": 2})})
    assert HOSTED.reasons_against(nested) == [
        "'x' depends on no single choice: hp.choice is the only condition"
    ]
