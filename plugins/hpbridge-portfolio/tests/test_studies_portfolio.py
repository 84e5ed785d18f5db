"""Portfolios in studies: the record, resume, comparisons, what is refused."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.analysis.members import members_of
from hpbridge.cli.app import app
from hpbridge.contract.registry import registry
from hpbridge.errors import ExperimentError, UnsupportedFeatureError
from hpbridge.learning.choice import able, problem_of

PAIR = "portfolio:optuna:tpe+hyperopt:tpe"
SPACE = {"x": hpb.Float(-2, 2), "y": hpb.Float(0, 1)}


def value_at(point):
    return (point["x"] - 0.7) ** 2 + point["y"]


def experiment(objective=value_at, **kwargs):
    return hpb.Experiment(objective=objective, space=SPACE, name="pair", **kwargs)


def points_of(study):
    return [dict(trial.params) for trial in study.trials]


@pytest.mark.parametrize("variant", ["", "elimination:", "gumbel:"])
def test_a_study_that_stopped_goes_on_bit_for_bit(tmp_path, variant):
    backend = PAIR.replace(":", f":{variant}", 1)
    options = {"optuna:tpe.n_startup_trials": 4, "hyperopt:tpe.n_startup_jobs": 4}
    if variant == "elimination:":
        options["n_warmup_trials"] = 5
    settings = {"backend": backend, "options": options, "seed": 2}
    whole = hpb.run(experiment(), n_trials=16, store=":memory:", **settings)
    store = tmp_path / "a.db"
    begun = hpb.run(experiment(), n_trials=9, store=store, **settings)
    study = hpb.resume(begun.name, experiment(), n_trials=16, store=store)
    assert points_of(study) == points_of(whole)
    assert any("bit for bit" in note for note in study.notes)
    members = [trial.native["member"] for trial in study.trials]
    assert members == [trial.native["member"] for trial in whole.trials]


def test_the_record_names_members_options_and_versions(tmp_path):
    study = hpb.run(
        experiment(),
        PAIR,
        n_trials=6,
        seed=0,
        options={"hyperopt.n_startup_jobs": 3},
        store=tmp_path / "a.db",
    )
    read = hpb.load_study(study.name, tmp_path / "a.db")
    assert read.optimizer == PAIR
    assert ":" not in read.name
    assert read.options["members"]["hyperopt:tpe"]["n_startup_jobs"] == 3
    assert read.options["members"]["optuna:tpe"]["n_startup_trials"] == 10
    assert {"optuna", "hyperopt", "hpbridge-hyperopt"} <= read.versions.keys()
    parts = members_of(read)
    assert [(part.name, part.n_trials) for part in parts] == [
        ("optuna:tpe", 3),
        ("hyperopt:tpe", 3),
    ]
    assert min(part.best for part in parts) == read.best_trial.metrics["value"]


def test_workers_share_a_portfolio():
    study = hpb.run(
        experiment(),
        PAIR,
        n_trials=8,
        seed=0,
        workers=2,
        driver="threads",
        store=":memory:",
    )
    members = [trial.native["member"] for trial in study.trials]
    assert sorted(members) == ["hyperopt:tpe"] * 4 + ["optuna:tpe"] * 4


def test_several_metrics_are_told_to_each_member_as_it_takes_them():
    def two(point):
        return {"a": point["x"] ** 2, "b": point["y"]}

    ways = dict.fromkeys(("a", "b"), "minimize")
    of_two = experiment(two, direction=ways)
    study = hpb.run(of_two, PAIR, n_trials=6, seed=0, store=":memory:")
    assert len(study.trials) == 6
    assert any(note.startswith("hyperopt:tpe takes one value") for note in study.notes)
    with pytest.raises(UnsupportedFeatureError, match="hyperopt:tpe: "):
        hpb.run(
            experiment(two, direction=ways, scalarize=False),
            PAIR,
            n_trials=6,
            store=":memory:",
        )


def test_a_comparison_gives_a_member_its_options_alone_and_in_a_portfolio():
    comparison = hpb.compare(
        experiment(),
        [PAIR, "hyperopt:tpe"],
        n_trials=2,
        repeats=1,
        seed=0,
        options={
            "hyperopt:tpe": {"gamma": 0.5, "n_startup_jobs": 3},
            "portfolio": {"hyperopt:tpe.gamma": 0.125},
        },
        store=":memory:",
    )
    whole, alone = comparison.studies
    assert alone.options["gamma"] == 0.5
    of_member = whole.options["members"]["hyperopt:tpe"]
    assert (of_member["gamma"], of_member["n_startup_jobs"]) == (0.125, 3)


def test_options_for_who_does_not_run_are_refused():
    with pytest.raises(ExperimentError, match="'skopt:gp', which does not run"):
        hpb.compare(
            experiment(),
            [PAIR],
            n_trials=2,
            options={"skopt:gp": {"xi": 1}},
            store=":memory:",
        )


def test_options_reach_an_optimizer_by_its_whole_name_too():
    comparison = hpb.compare(
        experiment(),
        ["optuna"],
        n_trials=1,
        repeats=1,
        options={"optuna:tpe": {"n_startup_trials": 3}},
        store=":memory:",
    )
    assert comparison.studies[0].options["n_startup_trials"] == 3


def test_all_and_what_is_able_are_libraries_alone():
    assert "portfolio" in registry().backends
    assert "portfolio" not in registry().libraries
    assert not [n for n in able(problem_of(experiment())) if n.startswith("portfolio")]


def test_trials_in_common_with_others_are_refused_by_the_members_name():
    with pytest.raises(UnsupportedFeatureError, match="optuna:tpe shares its trials"):
        hpb.run(
            experiment(),
            PAIR,
            n_trials=2,
            options={"optuna:tpe.storage": "sqlite:///shared.db"},
            store=":memory:",
        )


MANY = [
    *("optuna:tpe", "hyperopt:tpe", "hyperopt:anneal", "skopt:gp", "skopt:et"),
    *("skopt:rf", "skopt:gbrt", "bayesopt:ucb", "bayesopt:ei"),
]


def test_a_name_that_no_store_has_room_for_is_refused_before_the_first_trial(tmp_path):
    long, fits = (f"portfolio:{'+'.join(MANY[:n])}" for n in (9, 8))
    store, ran = tmp_path / "a.db", []
    tuned = experiment(lambda point: ran.append(point) or 1.0)
    verbs = {
        "run": lambda: hpb.run(tuned, long, n_trials=1, store=store),
        "compare": lambda: hpb.compare(tuned, [PAIR, long], n_trials=1, store=store),
        "loop": lambda: hpb.open_study(tuned, long, store=store),
    }
    for verb in verbs.values():
        with pytest.raises(
            ExperimentError, match=r"at most 100 .* has 102: name fewer"
        ):
            verb()
    assert not ran
    settings = {"n_trials": 1, "seeds": 1, "reference": False, "store": store}
    bench = hpb.bench([tuned], [PAIR, long], **settings)
    assert "has 102" in bench.skipped[f"{long} on pair"]
    assert hpb.run(tuned, fits, n_trials=1, store=store).optimizer == fits


def test_constraints_are_told_to_each_member_as_it_takes_them(tmp_path):
    tuned = experiment(
        lambda point: {"loss": value_at(point), "size": point["x"]},
        direction={"loss": "minimize"},
        constraints={"size": "<= 0.2"},
    )
    study = hpb.run(tuned, PAIR, n_trials=12, seed=0, store=tmp_path / "a.db")
    assert 0 < study.n_infeasible < 12
    assert study.best_trial.metrics["size"] <= 0.2
    notes = [note for note in study.notes if "takes no constraints" in note]
    assert [note.split()[0] for note in notes] == ["hyperopt:tpe"]
    more = hpb.resume(study.name, tuned, n_trials=14, store=tmp_path / "a.db")
    assert any("bit for bit" in note for note in more.notes)


def test_trials_that_a_pruner_ends_are_told_to_all_members():
    def reports(trial):
        for step in range(5):
            trial.report(value_at(trial) + 1 / (step + 1), step)
            if trial.should_prune():
                raise hpb.TrialPruned
        return value_at(trial)

    study = hpb.run(
        experiment(reports),
        PAIR,
        n_trials=20,
        seed=0,
        pruner="median",
        store=":memory:",
    )
    ended = {t.native["member"] for t in study.trials if t.state.value == "pruned"}
    assert ended == {"optuna:tpe", "hyperopt:tpe"}


@pytest.mark.parametrize("pruner", ["sha", "hyperband"])
def test_a_portfolio_has_budgets_where_all_its_members_do(pruner):
    tuned = experiment(
        lambda trial: value_at(trial) + 1 / trial.budget, budget=hpb.Budget(1, 9)
    )
    settings = {"n_trials": 20, "seed": 0, "pruner": pruner, "store": ":memory:"}
    study = hpb.run(tuned, PAIR, **settings)
    assert len({trial.budget for trial in study.trials}) > 1
    assert study.best_trial.budget == 9
    asked = [trial for trial in study.trials if trial.parent is None]
    assert {trial.native.get("member") for trial in asked} == {
        "optuna:tpe",
        "hyperopt:tpe",
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("portfolio:elimination", "made of other optimizers, and none is named"),
        (
            "portfolio:optuna:tpe+optuna:random",
            "optuna:random cannot be one of several",
        ),
        ("portfolio:optuna:tpe+nothing:x", "No backend named 'nothing'"),
    ],
)
def test_the_kit_refuses_what_is_no_portfolio(name, said):
    with pytest.raises(Exception, match=said):
        app(["check-backend", name], standalone_mode=False)


def test_the_kit_checks_one_portfolio_by_its_name(capsys):
    code = app(["check-backend", PAIR], standalone_mode=False)
    said = capsys.readouterr()
    assert code in {None, 0}, said
    assert " 0 broken" in said.out
    assert f"ok   {PAIR} exhaustion" in said.err
    assert "gumbel" not in said.err
