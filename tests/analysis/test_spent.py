"""What trials took of a budget, counted both ways."""

from __future__ import annotations

import hpbridge as hpb
from hpbridge.analysis.spent import AtBudget


def study_of(tmp_path, **more):
    tuned = hpb.Experiment(
        objective=lambda t: t["x"] + 1 / t.budget,
        space={"x": hpb.Float(0, 1)},
        budget=hpb.Budget(1, 9, name="epochs"),
    )
    return hpb.run(tuned, backend="random", seed=1, store=tmp_path / "s.db", **more)


def test_every_budget_is_counted_anew_and_going_on(tmp_path) -> None:
    study = study_of(tmp_path, pruner="hyperband", n_trials=13)
    spent = study.spent
    assert [(each.budget, each.n_trials) for each in spent.at] == [
        (1, 9),
        (3, 3),
        (9, 1),
    ]
    assert spent.at[2] == AtBudget(9, 1, study.best_trial.metrics["value"])
    assert (spent.anew, spent.going_on) == (9 + 9 + 9, 9 + 6 + 6)
    assert spent.sentence == (
        "13 trials at budgets 1 to 9 epochs: 27 epochs, 21 from checkpoints"
    )
    assert study.stopped is None
    assert spent.to_json()["at"][0]["n_trials"] == 9


def test_trials_that_go_all_the_way_are_counted_once(tmp_path) -> None:
    study = study_of(tmp_path, n_trials=2)
    assert study.spent.sentence == "2 trials at budget 9 epochs: 18 epochs in all"


def test_without_a_budget_nothing_is_said(tmp_path) -> None:
    tuned = hpb.Experiment(objective=lambda t: t["x"], space={"x": hpb.Float(0, 1)})
    study = hpb.run(tuned, backend="random", n_trials=1, store=tmp_path / "s.db")
    assert study.spent is None
