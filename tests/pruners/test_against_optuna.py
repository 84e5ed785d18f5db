"""Our pruners decide as Optuna's own do, on random histories."""

from __future__ import annotations

import itertools

import optuna
import pytest
from pruners.histories import of_ours, of_record, play

from hpbridge.pruners.halving import HalvingPruner
from hpbridge.pruners.hyperband import HyperbandPruner
from hpbridge.pruners.patient import PatientPruner
from hpbridge.pruners.percentile import PercentilePruner
from hpbridge.pruners.threshold import ThresholdPruner
from hpbridge.pruners.wilcoxon import WilcoxonPruner

# What Optuna says of odd values, and of its newer pruners.
pytestmark = pytest.mark.filterwarnings("ignore")

STATES = {
    "complete": optuna.trial.TrialState.COMPLETE,
    "failed": optuna.trial.TrialState.FAIL,
    "pruned": optuna.trial.TrialState.PRUNED,
}


def of_optuna(pruner, *, maximizes):
    study = optuna.create_study(
        study_name="own",
        direction="maximize" if maximizes else "minimize",
        pruner=pruner,
        sampler=optuna.samplers.RandomSampler(),
    )
    trials = {}

    def decide(event):
        trial = trials.get(event.trial)
        while trial is None:
            new = study.ask()
            trials[new.number] = new
            trial = trials.get(event.trial)
        if event.state:
            value = event.value if event.state == "complete" else None
            study.tell(trial, value, state=STATES[event.state])
            return None
        trial.report(event.value, event.step)
        return bool(trial.should_prune())

    return decide


@pytest.fixture(autouse=True)
def quiet():
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(level)


P = optuna.pruners


def percentile(rng_like, *, maximizes):
    percent, startup, warmup, interval, least = rng_like
    options = {
        "n_startup_trials": startup,
        "n_warmup_steps": warmup,
        "interval_steps": interval,
        "n_min_trials": least,
    }
    return (
        PercentilePruner(maximizes=maximizes, percentile=percent, **options),
        P.PercentilePruner(percent, **options),
    )


def threshold(options, *, maximizes):
    lower, upper, warmup, interval = options
    known = {
        "lower": lower,
        "upper": upper,
        "n_warmup_steps": warmup,
        "interval_steps": interval,
    }
    return ThresholdPruner(maximizes=maximizes, **known), P.ThresholdPruner(**known)


def patient(options, *, maximizes):
    patience, delta, is_alone = options
    ours = (
        None
        if is_alone
        else PercentilePruner(maximizes=maximizes, percentile=50.0, n_startup_trials=1)
    )
    theirs = None if is_alone else P.MedianPruner(n_startup_trials=1)
    return (
        PatientPruner(
            maximizes=maximizes, patience=patience, min_delta=delta, wrapped=ours
        ),
        P.PatientPruner(theirs, patience, delta),
    )


def wilcoxon(options, *, maximizes):
    p, startup = options
    known = {"p_threshold": p, "n_startup_steps": startup}
    return WilcoxonPruner(maximizes=maximizes, **known), P.WilcoxonPruner(**known)


def halving(options, *, maximizes):
    least, factor, rate, bootstrap = options
    known = {
        "reduction_factor": factor,
        "min_early_stopping_rate": rate,
        "bootstrap_count": bootstrap if least else 0,
    }
    return (
        HalvingPruner(maximizes=maximizes, min_resource=least, **known),
        P.SuccessiveHalvingPruner(min_resource=least or "auto", **known),
    )


def hyperband(options, *, maximizes):
    least, most, factor, bootstrap = options
    known = {
        "min_resource": least,
        "reduction_factor": factor,
        "bootstrap_count": bootstrap if most else 0,
    }
    return (
        HyperbandPruner(maximizes=maximizes, study="own", max_resource=most, **known),
        P.HyperbandPruner(max_resource=most or "auto", **known),
    )


CASES = {
    percentile: [
        [0.0, 10.0, 25.0, 33.3, 50.0, 90.0, 100.0],
        [0, 1, 3],
        [0, 2],
        [1, 2, 3],
        [1, 2],
    ],
    threshold: [[None, -0.5], [0.8, 1.5], [0, 2], [1, 3]],
    patient: [[0, 1, 3], [0.0, 0.3], [True, False]],
    wilcoxon: [[0.1, 0.4], [0, 2, 4]],
    halving: [[None, 1, 2], [2, 3, 4], [0, 1], [0, 2]],
    hyperband: [[1, 2], [None, 4, 9, 30], [2, 3], [0, 1]],
}


# Of equal values scipy's test, which Optuna asks, takes a second for 13 steps.
SETTINGS = {wilcoxon: {"most_if_equal": 5}}


@pytest.mark.parametrize(
    "count", [240, pytest.param(10_000, marks=pytest.mark.slow)], ids=str
)
@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_ours_decides_as_optunas_own(make, count):
    if make is wilcoxon and count < 10_000:
        count //= 4
    options = list(itertools.product(*CASES[make], [False, True]))
    n_ended = 0
    for seed in range(count):
        *chosen, maximizes = options[seed % len(options)]
        ours, theirs = make(chosen, maximizes=maximizes)
        other = of_optuna(theirs, maximizes=maximizes)
        n_ended += play(seed, of_ours(ours), other, **SETTINGS.get(make, {}))
    assert n_ended > count / 20


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_what_is_known_from_the_record_counts_as_what_was_watched(make):
    options = list(itertools.product(*CASES[make], [False, True]))
    for seed in range(60):
        *chosen, maximizes = options[seed % len(options)]
        watched, learned = (make(chosen, maximizes=maximizes)[0] for _ in range(2))
        play(seed, of_ours(watched), of_record(learned), at_once=1)
