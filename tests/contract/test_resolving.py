"""A backend that stands for another optimizer, which is chosen before a study."""

from __future__ import annotations

from dataclasses import replace

import pytest

import hpbridge as hpb
from hpbridge.contract.registry import registry
from hpbridge.contract.resolving import ASKED, Resolved
from hpbridge.errors import OptionError
from hpbridge.learning.choice import able, choose, problem_of

SPACE = {"x": hpb.Float(-1, 1), "k": hpb.Int(1, 3)}


def experiment(**others):
    return hpb.Experiment(
        objective=lambda trial: trial["x"] ** 2, space=SPACE, name="bowl", **others
    )


@pytest.fixture
def occasions(monkeypatch):
    """Return what a backend `pick` was asked: it stands for Hyperopt's annealing."""
    asked = []

    def resolve(occasion):
        asked.append(occasion)
        return Resolved(
            optimizer="hyperopt:anneal",
            options={"avg_best_idx": 3.0},
            reasons=("it is Tuesday",),
        )

    plugins = registry()
    spec = replace(
        plugins.backend("random"), name="pick", resolve=resolve, is_library=False
    )
    monkeypatch.setitem(plugins.records["backend"], "pick", spec)
    return asked


def test_it_is_asked_with_what_is_known(occasions):
    tuned = experiment(
        direction={"value": "minimize", "b": "minimize"}, constraints={"c": "<= 1"}
    )
    choice = choose("pick", tuned, n_trials=30, workers=4)
    (occasion,) = occasions
    assert occasion.problem == problem_of(tuned)
    assert (occasion.problem.n_objectives, occasion.problem.n_constraints) == (2, 1)
    assert (occasion.n_trials, occasion.workers) == (30, 4)
    assert not occasion.is_growing
    assert (choice.name, choice.label) == ("hyperopt:anneal", "pick")
    assert choice.why == ("it is Tuesday",)


def test_it_can_ask_what_can_run_here(occasions):
    choose("pick", experiment())
    (occasion,) = occasions
    assert occasion.standing("optuna:tpe") == ("", "")
    missing = occasion.standing("optima")
    assert missing.why_not.startswith("No backend named 'optima'")
    lacking = occasion.standing("optuna:no")
    assert "has no algorithm 'no'" in lacking.why_not


def test_options_of_the_user_count_more_than_its_own(occasions):
    assert choose("pick", experiment()).options.avg_best_idx == 3.0
    given = {"avg_best_idx": 4.0}
    assert choose("pick", experiment(), given).options.avg_best_idx == 4.0
    with pytest.raises(OptionError, match="hyperopt:anneal"):
        choose("pick", experiment(), {"no": 1})


def test_the_record_names_what_was_chosen(occasions, tmp_path):
    store = tmp_path / "s.db"
    study = hpb.run(experiment(), "pick", n_trials=3, seed=0, store=store)
    assert (study.optimizer, study.label) == ("hyperopt:anneal", "pick")
    assert study.attributes[ASKED] == "pick"
    assert study.notes[0] == "it is Tuesday"
    n_asked = len(occasions)
    again = hpb.resume(study.name, experiment(), n_trials=5, store=store)
    assert len(occasions) == n_asked
    assert again.notes[0] == "it is Tuesday"
    assert len(again.trials) == 5


def test_it_is_no_way_out_for_another_optimizer(occasions):
    assert not any(name.startswith("pick") for name in able(problem_of(experiment())))
