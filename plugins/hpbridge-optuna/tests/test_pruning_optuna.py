"""With a pruner too, a study is bit for bit Optuna's own with its pruner."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator

import optuna
import pytest
from optuna import pruners
from optuna.trial import TrialState

import hpbridge as hpb
from hpbridge.contract.backend import Problem
from hpbridge.contract.pruning import Pruning
from hpbridge.contract.registry import is_met
from hpbridge.testing.parity import bowl
from hpbridge_optuna import SPEC, BridgeSampler
from hpbridge_optuna.native.write import PRUNERS as PRINTED

NAME = "curves"
PRUNERS = {
    "median": ("median", pruners.MedianPruner),
    "median later": (
        ("median", {"n_startup_trials": 2, "n_warmup_steps": 2, "interval_steps": 2}),
        lambda: pruners.MedianPruner(2, 2, 2),
    ),
    "percentile": (
        ("percentile", {"percentile": 25.0}),
        lambda: pruners.PercentilePruner(25.0),
    ),
    "threshold": (
        ("threshold", {"upper": 9.0, "lower": -9.0}),
        lambda: pruners.ThresholdPruner(upper=9.0, lower=-9.0),
    ),
    "patient": (
        ("patient", {"patience": 1}),
        lambda: pruners.PatientPruner(None, 1),
    ),
    "patient median": (
        ("patient", {"patience": 1, "min_delta": 0.1, "wrapped": "median"}),
        lambda: pruners.PatientPruner(pruners.MedianPruner(), 1, 0.1),
    ),
    "wilcoxon": ("wilcoxon", pruners.WilcoxonPruner),
    "sha": ("sha", pruners.SuccessiveHalvingPruner),
    "asha": (
        ("asha:optuna", {"reduction_factor": 3, "min_resource": 1}),
        lambda: pruners.SuccessiveHalvingPruner(1, 3),
    ),
    "hyperband": ("hyperband", pruners.HyperbandPruner),
    "hyperband to 9": (
        ("hyperband", {"max_resource": 9, "reduction_factor": 2}),
        lambda: pruners.HyperbandPruner(max_resource=9, reduction_factor=2),
    ),
}
SPACE = {
    "x": hpb.Float(-2, 2),
    "lr": hpb.Float(1e-4, 1, log=True),
    "n": hpb.Int(1, 9),
    "c": hpb.Categorical(["a", "b", "c"]),
}
COUNTABLE = {
    "n": hpb.Int(1, 9),
    "m": hpb.Int(-2, 2),
    "c": hpb.Categorical(["a", "b", "c"]),
}


@pytest.fixture(autouse=True)
def quiet_native() -> Iterator[None]:
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is experimental, and odd values
        yield
    optuna.logging.set_verbosity(level)


def curve(params: dict[str, object], sign: float) -> tuple[list[float], str]:
    """Return what a trial reports from step 1, and how it ends by itself."""
    final = bowl(params)
    digit = int(final * 1000) % 12
    values = [final + 3 / step * (1 + digit % 3) for step in range(1, 10)]
    if digit == 0:
        values[2] = math.nan
    if digit == 1:
        values = values[:4]
    ends = {2: "at once", 3: "fails", 4: "gives up"}.get(digit, "")
    return [sign * value for value in values], ends


def run(trial, params, sign, pruned):
    values, ends = curve(params, sign)
    if ends == "at once":
        raise pruned
    for step, value in enumerate(values, 1):
        trial.report(value, step)
        if trial.should_prune() or (ends == "gives up" and step == 3):
            raise pruned
        if ends == "fails" and step == 2:
            raise RuntimeError
    return values[-1]


def suggest(trial, space):
    found = {}
    for name, parameter in space.items():
        if isinstance(parameter, hpb.Categorical):
            found[name] = trial.suggest_categorical(name, parameter.choices)
        elif isinstance(parameter, hpb.Int):
            found[name] = trial.suggest_int(name, parameter.low, parameter.high)
        else:
            found[name] = trial.suggest_float(
                name, parameter.low, parameter.high, log=parameter.log
            )
    return found


def ours(space, algorithm, pruner, n_trials, direction="minimize", **settings):
    sign = -1.0 if direction == "maximize" else 1.0
    experiment = hpb.Experiment(
        objective=lambda trial: run(trial, dict(trial), sign, hpb.TrialPruned),
        space=space,
        direction=direction,
        name="e",
    )
    settings = {"seed": 7, "store": ":memory:", "name": NAME, **settings}
    name = f"optuna:{algorithm}"
    return experiment, hpb.run(
        experiment, name, n_trials=n_trials, pruner=pruner, **settings
    )


def theirs(space, sampler, pruner, n_trials, direction="minimize", **settings):
    sign = -1.0 if direction == "maximize" else 1.0
    study = optuna.create_study(
        **{"study_name": NAME, **settings},
        sampler=sampler,
        pruner=pruner,
        direction=direction,
    )
    study.optimize(
        lambda trial: run(trial, suggest(trial, space), sign, optuna.TrialPruned),
        n_trials=n_trials,
        catch=(RuntimeError,),
    )
    return study


STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.FAIL: "failed",
    TrialState.PRUNED: "pruned",
}


def told_by_ours(study):
    return [
        repr((t.state.value, dict(t.params), t.reports, t.metrics.get("value")))
        for t in study.trials
    ]


def told_by_theirs(study):
    return [
        repr(
            (
                STATES[t.state],
                t.params,
                tuple(t.intermediate_values.items()),
                t.value if t.state is TrialState.COMPLETE else None,
            )
        )
        for t in study.trials
    ]


def check_same(study, own):
    assert told_by_ours(study) == told_by_theirs(own)
    states = [trial.state for trial in own.trials]
    assert TrialState.PRUNED in states
    assert TrialState.COMPLETE in states


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("pruner", PRUNERS)
def test_tpe_with_a_pruner_is_optunas_own_study(pruner, direction):
    given, make = PRUNERS[pruner]
    _, study = ours(SPACE, "tpe", given, 40, direction)
    sampler = optuna.samplers.TPESampler(seed=7)
    check_same(study, theirs(SPACE, sampler, make(), 40, direction))


OTHERS = {
    "gp": (SPACE, lambda: optuna.samplers.GPSampler(seed=7, n_startup_trials=4)),
    "cmaes": (SPACE, lambda: optuna.samplers.CmaEsSampler(seed=7)),
    "random": (SPACE, lambda: optuna.samplers.RandomSampler(seed=7)),
    "qmc": (SPACE, lambda: optuna.samplers.QMCSampler(seed=7)),
    "grid": (
        COUNTABLE,
        lambda: optuna.samplers.GridSampler(
            {
                n: list(getattr(p, "grid", None) or p.choices)
                for n, p in COUNTABLE.items()
            },
            seed=7,
        ),
    ),
    "bruteforce": (COUNTABLE, lambda: optuna.samplers.BruteForceSampler(seed=7)),
    "nsga2": (
        SPACE,
        lambda: optuna.samplers.NSGAIISampler(seed=7, population_size=6),
    ),
    "nsga3": (
        SPACE,
        lambda: optuna.samplers.NSGAIIISampler(seed=7, population_size=6),
    ),
}
OPTIONS = {
    "gp": {"n_startup_trials": 4},
    "nsga2": {"population_size": 6},
    "nsga3": {"population_size": 6},
}


@pytest.mark.parametrize("pruner", ["median", "asha", "hyperband"])
@pytest.mark.parametrize("algorithm", OTHERS)
def test_every_sampler_with_a_pruner_is_optunas_own_study(algorithm, pruner):
    if not all(map(is_met, SPEC.algorithms[algorithm].requires)):
        pytest.skip("its library is not installed")
    space, make_sampler = OTHERS[algorithm]
    given, make = PRUNERS[pruner]
    n_trials = 14 if algorithm == "gp" else 40
    options = OPTIONS.get(algorithm, {})
    _, study = ours(space, algorithm, given, n_trials, options=options)
    check_same(study, theirs(space, make_sampler(), make(), n_trials))


def test_cmaes_that_considers_pruned_trials_is_optunas_own_study():
    pytest.importorskip("cmaes")
    options = {"consider_pruned_trials": True, "n_startup_trials": 3}
    space = {"x": hpb.Float(-2, 2), "y": hpb.Float(0, 1), "n": hpb.Int(1, 9)}
    _, study = ours(space, "cmaes", "median", 40, options=options)
    sampler = optuna.samplers.CmaEsSampler(seed=7, **options)
    check_same(study, theirs(space, sampler, pruners.MedianPruner(), 40))


def seen_by_samplers(monkeypatch) -> list[list[int]]:
    """Return, as it grows, what trials each study shows that TPESampler is handed."""
    seen: list[list[int]] = []
    sample = optuna.samplers.TPESampler.sample_relative

    def looked_at(self, study, trial, search_space):
        seen.append([each.number for each in study.get_trials(deepcopy=False)])
        return sample(self, study, trial, search_space)

    monkeypatch.setattr(optuna.samplers.TPESampler, "sample_relative", looked_at)
    return seen


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("pruner", ["hyperband", "hyperband to 9"])
@pytest.mark.parametrize("name", ["curves", "another name"])
def test_the_sampler_is_shown_the_bracket_that_hyperband_shows(
    monkeypatch, pruner, name, direction
):
    given, make = PRUNERS[pruner]
    seen = seen_by_samplers(monkeypatch)
    ours(SPACE, "tpe", given, 30, direction, name=name)
    shown = list(seen)
    seen.clear()
    sampler = optuna.samplers.TPESampler(seed=7)
    theirs(SPACE, sampler, make(), 30, direction, study_name=name)
    assert shown == seen
    assert any(len(numbers) < 25 for numbers in shown[-5:])


def test_a_name_that_is_taken_deals_by_the_name_that_the_study_gets(
    monkeypatch, tmp_path
):
    store = tmp_path / "store.db"
    ours(SPACE, "tpe", "hyperband", 2, store=store)
    seen = seen_by_samplers(monkeypatch)
    _, study = ours(SPACE, "tpe", "hyperband", 30, store=store)
    shown = list(seen)
    seen.clear()
    assert study.name != NAME
    sampler = optuna.samplers.TPESampler(seed=7)
    own = theirs(SPACE, sampler, pruners.HyperbandPruner(), 30, study_name=study.name)
    check_same(study, own)
    assert shown == seen


@pytest.mark.parametrize("pruner", PRUNERS)
def test_a_study_that_stopped_goes_on_as_if_it_had_not(pruner, tmp_path):
    given, _ = PRUNERS[pruner]
    _, whole = ours(SPACE, "tpe", given, 36)
    for n_first in (3, 17):
        store = tmp_path / f"{n_first}.db"
        experiment, _ = ours(SPACE, "tpe", given, n_first, store=store)
        study = hpb.resume(NAME, experiment, n_trials=36, store=store)
        assert told_by_ours(study) == told_by_ours(whole)
        assert "resumed: replay reproduced" in " ".join(study.notes)


def steps_of(params):
    """Return what a generator objective yields; the curve alone, to its end."""
    return [value for value in curve(dict(params), 1.0)[0] if not math.isnan(value)]


@pytest.mark.parametrize("pruner", PRUNERS)
def test_what_explain_prints_with_a_pruner_runs_to_the_same_trials(pruner):
    given, _ = PRUNERS[pruner]

    def objective(trial):
        yield from steps_of(trial)

    experiment = hpb.Experiment(objective=objective, space=SPACE, name="e")
    settings = {"seed": 3, "store": ":memory:", "pruner": given, "name": NAME}
    study = hpb.run(experiment, "optuna:tpe", n_trials=30, **settings)
    chosen = study.settings.budget.pruner
    pruning = Pruning(chosen["name"], chosen["options"], NAME)
    algorithm = SPEC.algorithms["tpe"]
    problem = Problem(experiment.space, pruning=pruning)
    source = SPEC.explain(problem, algorithm, algorithm.options(), 3)
    names = {"objective": steps_of, "n_trials": 30}
    exec(source, names)
    ran = [(dict(t.params), t.reports[-1][1]) for t in study.trials]
    assert names["trials"] == ran
    assert pruning.name in SPEC.pruners
    has_pruned = any(t.state is hpb.State.PRUNED for t in study.trials)
    assert has_pruned or pruning.name == "patient"  # its curves go down


def test_around_a_pruner_that_optuna_lacks_no_pruner_is_printed():
    options = {"patience": 1, "min_delta": 0.0, "wrapped": "asha:ray"}
    pruning = Pruning("patient", {**options, "wrapped_options": {}}, NAME)
    algorithm = SPEC.algorithms["tpe"]
    problem = Problem(hpb.Space(SPACE), pruning=pruning)
    assert "pruner" not in SPEC.explain(problem, algorithm, algorithm.options(), 0)


def test_the_pruners_that_are_declared_are_those_that_are_printed():
    assert SPEC.pruners == PRINTED.keys()


@pytest.mark.parametrize("pruner", PRUNERS)
def test_a_bridge_sampler_of_tpe_is_tpe_under_every_pruner(pruner):
    _, make = PRUNERS[pruner]
    bridged = BridgeSampler("optuna:tpe", seed=7)
    study = theirs(SPACE, bridged, make(), 30)
    own = theirs(SPACE, optuna.samplers.TPESampler(seed=7), make(), 30)
    assert told_by_theirs(study) == told_by_theirs(own)


@pytest.mark.parametrize("pruner", ["median", "asha", "hyperband"])
@pytest.mark.parametrize("guest", ["hyperopt:tpe", "skopt:et", "random"])
def test_a_guest_hears_of_pruned_trials_what_it_hears_in_a_run(guest, pruner):
    given, make = PRUNERS[pruner]
    space = {"x": SPACE["x"], "lr": SPACE["lr"]}
    n_trials = 16 if guest == "skopt:et" else 30
    sampler = BridgeSampler(guest, seed=7, space=space)
    own = theirs(space, sampler, make(), n_trials)
    experiment = hpb.Experiment(
        objective=lambda trial: run(trial, dict(trial), 1.0, hpb.TrialPruned),
        space=space,
        name="e",
    )
    settings = {"seed": 7, "store": ":memory:", "name": NAME, "pruner": given}
    study = hpb.run(experiment, guest, n_trials=n_trials, **settings)
    check_same(study, own)
