"""Going on with an Optuna study: as `optuna.load_study(...).optimize` goes on."""

from __future__ import annotations

import dataclasses
import pickle
import warnings

import optuna
import pytest

import hpbridge as hpb
from hpbridge.contract.backend import Outcome, PastTrial
from hpbridge.errors import FormatError
from hpbridge.learning.choice import choose
from hpbridge.trial import State
from hpbridge_optuna import FORMAT
from hpbridge_optuna.native.write import SAMPLERS

pytestmark = pytest.mark.usefixtures("silent_optuna")

NUMBERS = hpb.Space(
    {"x": hpb.Float(-5, 5), "y": hpb.Float(1e-3, 1, log=True), "n": hpb.Int(1, 8)}
)
MIXED = hpb.Space({**NUMBERS, "kind": hpb.Categorical(["a", "b"])})
FINITE = hpb.Space({"n": hpb.Int(1, 6), "kind": hpb.Categorical(["a", "b", "c"])})
SEED = 11

CASES = {
    "tpe": (MIXED, {"n_startup_trials": 5}),
    "gp": (MIXED, {"n_startup_trials": 5}),
    "cmaes": (NUMBERS, {}),
    "cmaes with_margin": (NUMBERS, {"with_margin": True}),
    "cmaes use_separable_cma": (NUMBERS, {"use_separable_cma": True}),
    "nsga2": (MIXED, {"population_size": 6}),
    "nsga3": (MIXED, {"population_size": 6}),
    "random": (MIXED, {}),
    "qmc": (MIXED, {}),
    "bruteforce": (FINITE, {}),
    "grid": (FINITE, {}),
}


def value_of(params):
    kind = {"a": 0.0, "b": 1.0, "c": 2.0}[params.get("kind", "a")]
    x, y = params.get("x", 0.0), params.get("y", 0.0)
    return (x - 1) ** 2 + y + abs(params["n"] - 3) + kind


def run_in_optuna(trial, space, sign=1):
    params = {}
    for name, parameter in space.items():
        if isinstance(parameter, hpb.Categorical):
            params[name] = trial.suggest_categorical(name, parameter.labels)
        elif isinstance(parameter, hpb.Int):
            params[name] = trial.suggest_int(name, parameter.low, parameter.high)
        else:
            low, high, log = parameter.low, parameter.high, parameter.log
            params[name] = trial.suggest_float(name, low, high, log=log)
    if trial.number % 9 == 4:
        raise ArithmeticError
    return sign * value_of(params)


def sampler(algorithm, options, space, seed):
    if algorithm == "grid":
        options = {"search_space": {n: list(p.grid) for n, p in space.items()}}
    return getattr(optuna.samplers, SAMPLERS[algorithm])(seed=seed, **options)


def go_on(algorithm, options, space, study, n_trials, sign=1):
    """Let Optuna go on with its study, and return what it proposes."""
    begun = len(study.trials)
    study.sampler = sampler(algorithm, options, space, SEED)
    study.optimize(
        lambda trial: run_in_optuna(trial, space, sign),
        n_trials=n_trials,
        catch=(ArithmeticError,),
    )
    return [trial.params for trial in study.trials[begun:]]


def past_of(study, metric="value", sign=1):
    found = []
    for trial in study.trials:
        values = (sign * trial.metrics[metric],) if trial.metrics else ()
        outcome = Outcome(trial.state, values)
        found.append(PastTrial(trial.params, outcome, trial.native))
    return found


def continued(algorithm, options, space, study, n_trials):
    """Let hpbridge go on with a study that was read, and return what it proposes."""
    experiment = hpb.Experiment(objective=value_of, space=space)
    optimizer = choose(f"optuna:{algorithm}", experiment, options).make(
        experiment, SEED
    )
    sign = -1 if study.metrics["value"] == "maximize" else 1
    assert optimizer.restore(past_of(study, sign=sign), study.native)
    found = []
    for k in range(len(study.trials), len(study.trials) + n_trials):
        suggestion = optimizer.ask()
        found.append(suggestion.params)
        is_failed = k % 9 == 4
        state = State.FAILED if is_failed else State.COMPLETE
        values = () if is_failed else (value_of(suggestion.params),)
        optimizer.tell(suggestion, Outcome(state, values))
    return found


# The direction is a sign; a Gaussian process takes seconds.
RESTORED = [
    pytest.param(
        case,
        direction,
        marks=[pytest.mark.slow] if (case, direction) == ("gp", "maximize") else [],
    )
    for case in CASES
    for direction in ("minimize", "maximize")
]


@pytest.mark.parametrize(("case", "direction"), RESTORED)
def test_continued_is_what_optuna_proposes(case, direction):
    space, options = CASES[case]
    algorithm = case.partition(" ")[0]
    n_before, n_after = (
        (9, 5) if algorithm in {"gp", "bruteforce", "grid"} else (20, 10)
    )
    sign = -1 if direction == "maximize" else 1
    storage = optuna.storages.InMemoryStorage()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Another study before it, so that the ids of trials are not their numbers.
        optuna.create_study(storage=storage).add_trial(optuna.create_trial(value=0.0))
        study = optuna.create_study(
            storage=storage, study_name="s", direction=direction
        )
        study.sampler = sampler(algorithm, options, space, 3)
        study.optimize(
            lambda trial: run_in_optuna(trial, space, sign),
            n_trials=n_before,
            catch=(ArithmeticError,),
        )
        found = hpb.read_study(study)
        assert found.space == space
        loaded = optuna.load_study(storage=storage, study_name="s")
        theirs = go_on(algorithm, options, space, loaded, n_after, sign)
    assert continued(algorithm, options, space, found, len(theirs)) == theirs


def test_a_run_goes_on_from_a_file(tmp_path):
    space, options = CASES["nsga2"]
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = optuna.create_study(storage=url, study_name="s")
    study.sampler = sampler("nsga2", options, space, 3)
    study.optimize(lambda trial: run_in_optuna(trial, space), n_trials=4)
    copied = str(tmp_path / "copied.db")
    assert FORMAT.write(hpb.read_study(url), copied) == ()
    run = hpb.run(
        hpb.Experiment(objective=lambda t: value_of(dict(t)), space=space),
        "optuna:nsga2",
        options=options,
        n_trials=8,
        seed=SEED,
        store=":memory:",
        history=hpb.read_study(copied),
    )
    asked = [t.params for t in run.trials if t.origin.value == "asked"]
    study.sampler = sampler("nsga2", options, space, SEED)
    study.optimize(lambda trial: value_of(_suggested(trial, space)), n_trials=8)
    assert asked == [trial.params for trial in study.trials[4:]]


def _suggested(trial, space):
    run_in_optuna(_Unnumbered(trial), space)
    return trial.params


class _Unnumbered:
    """A trial that never fails in `run_in_optuna`."""

    number = 0

    def __init__(self, trial):
        self._trial = trial

    def __getattr__(self, name):
        return getattr(self._trial, name)


class Marker:
    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize("hidden", [False, True])
def test_a_hostile_state_of_cma_is_not_run(tmp_path, hidden):
    marker = Marker()
    marker.path = str(tmp_path / "pwned")
    data = pickle.dumps(marker)
    if hidden:  # run and dropped, with something harmless on top
        data = data[:-1] + b"0K\x07."
    native = {"system_attrs": {"cma:optimizer:0": data.hex(), "cma:generation": 0}}
    outcome = Outcome(State.COMPLETE, (1.0,))
    past = [PastTrial({"x": 0.0, "y": 0.1, "n": 2}, outcome, native)] * 3
    experiment = hpb.Experiment(objective=value_of, space=NUMBERS)
    optimizer = choose("optuna:cmaes", experiment).make(experiment, SEED)
    assert not optimizer.restore(past, {})
    assert NUMBERS.violations(optimizer.ask().params) == []
    study = hpb.minimize(
        lambda t: value_of(dict(t)), NUMBERS, backend="random", n_trials=1,
        store=":memory:",
    )  # fmt: skip
    trial = dataclasses.replace(study.trials[0], native=native)
    study = dataclasses.replace(study, trials=(trial,))
    with pytest.raises(FormatError, match="a state of CMA-ES is"):
        FORMAT.write(study, str(tmp_path / "out.db"))
    assert list(tmp_path.iterdir()) == []


def test_an_emulated_parameter_is_observed_instead():
    pytest.importorskip("torch", reason="optuna:gp needs PyTorch")
    space = hpb.Space({"x": hpb.Float(0, 1, step=0.25)})
    experiment = hpb.Experiment(objective=value_of, space=space)
    optimizer = choose("optuna:gp", experiment).make(experiment, SEED)
    past = [PastTrial({"x": 0.5}, Outcome(State.COMPLETE, (1.0,)))]
    assert not optimizer.restore(past, {})
    optimizer.observe(past[0].params, past[0].outcome)
