"""Options and defaults of Hyperopt's own functions, and by `functools.partial`."""

from __future__ import annotations

import inspect
import logging
from functools import partial

import numpy as np
import pytest
from hyperopt import Trials, anneal, fmin, hp, mix, rand, tpe

from hpbridge.errors import OptionError
from hpbridge_hyperopt import SPEC, suggest

SPACE = {"x": hp.uniform("x", -5, 5), "n": hp.quniform("n", 1, 9, 1)}


def points(algo, n_trials=25, rstate=3, trials=None):
    trials = Trials() if trials is None else trials
    fmin(
        lambda p: p["x"] ** 2 + p["n"],
        SPACE,
        algo=algo,
        max_evals=n_trials,
        trials=trials,
        rstate=np.random.default_rng(rstate),
        show_progressbar=False,
    )
    return [trial["misc"]["vals"] for trial in trials.trials]


TPE = {"n_startup_jobs": 5, "gamma": 0.4, "n_EI_candidates": 9, "prior_weight": 0.5}
MIX = {"p_suggest": [(0.5, rand.suggest), (0.25, anneal.suggest), (0.25, tpe.suggest)]}


@pytest.mark.parametrize(
    ("name", "own", "options"),
    [
        ("hyperopt:tpe", tpe.suggest, TPE),
        ("hyperopt", tpe.suggest, {"n_startup_jobs": 3, "verbose": False}),
        ("hyperopt:anneal", anneal.suggest, {"avg_best_idx": 1.5, "shrink_coef": 0.3}),
        ("hyperopt:mix", mix.suggest, MIX),
    ],
)
def test_a_partial_of_one_is_the_partial_of_the_library_s_own(name, own, options):
    ours = points(partial(suggest(name), **options))
    assert ours == points(partial(own, **options))


def test_a_partial_adds_to_the_options_and_comes_before_them():
    given = suggest("hyperopt:tpe", options={"n_startup_jobs": 3, "gamma": 0.9})
    found = points(partial(given, gamma=0.4))
    assert found == points(partial(tpe.suggest, n_startup_jobs=3, gamma=0.4))
    assert points(given) == points(partial(tpe.suggest, n_startup_jobs=3, gamma=0.9))


def test_a_partial_reaches_an_optimizer_of_another_library():
    named = suggest("optuna:tpe", options={"n_startup_trials": 3})
    assert points(partial(suggest("optuna:tpe"), n_startup_trials=3)) == points(named)
    # Other trials with other options: as much as the library's own would.
    whole = suggest("optuna:tpe", seed=1)
    few = points(partial(whole, n_startup_trials=3))
    assert points(partial(whole, n_startup_trials=4)) != few
    assert points(partial(whole, n_startup_trials=3)) == few


@pytest.mark.parametrize("name", ["hyperopt:tpe", "optuna:tpe", "hyperopt:random"])
def test_a_partial_that_no_optimizer_takes_is_a_sentence_of_options(name):
    trials = Trials()
    with pytest.raises(OptionError, match="options=") as caught:
        points(partial(suggest(name), n_startup_job=5, seed=3), trials=trials)
    assert "there is no option 'n_startup_job'" in str(caught.value)
    assert "there is no option 'seed'" in str(caught.value)
    assert len(trials) == 0


def test_verbose_is_that_of_the_library(caplog):
    with caplog.at_level(logging.INFO, logger="hyperopt.tpe"):
        points(suggest("hyperopt:tpe"), 2)
        assert not [r for r in caplog.records if r.name == "hyperopt.tpe"]
        points(partial(suggest("hyperopt:tpe"), verbose=True), 2)
        assert [r for r in caplog.records if r.name == "hyperopt.tpe"]


def test_every_default_is_that_of_the_library_s_own_call():
    theirs = inspect.signature(tpe.suggest).parameters
    ours = vars(SPEC.algorithms["tpe"].options())
    assert ours == {name: theirs[name].default for name in ours}
    assert set(theirs) - set(ours) == {
        *("new_ids", "domain", "trials", "seed"),
        "verbose",
    }
    theirs = inspect.signature(anneal.AnnealingAlgo.__init__).parameters
    ours = vars(SPEC.algorithms["anneal"].options())
    assert ours == {name: theirs[name].default for name in ours}
