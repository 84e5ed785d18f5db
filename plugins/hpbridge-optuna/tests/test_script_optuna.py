from __future__ import annotations

import runpy
import textwrap

import pytest

from hpbridge.contract.references import Found, Wanted, find_experiment
from hpbridge.engine.run import run

HEAD = """
import optuna
from optuna import pruners
from optuna.samplers import TPESampler
SEED = 42
def objective(trial):
    x = trial.suggest_float("x", -1, 1)
    return 1 - x**2
"""

GUARDED = (
    HEAD
    + """
def main(n_trials=12):
    study = optuna.create_study(
        direction="maximize", sampler=TPESampler(seed=SEED, n_startup_trials=5)
    )
    study.enqueue_trial({"x": 0.5})
    study.optimize(objective, n_trials=n_trials, timeout=600)
    return study
if __name__ == "__main__":
    study = main()
"""
)
TOP = (
    HEAD
    + """
sampler = TPESampler(seed=SEED, n_startup_trials=5)
study = optuna.create_study(direction="maximize", sampler=sampler)
study.enqueue_trial({"x": 0.5})
study.optimize(objective, 12, timeout=600)
best = study.best_value
"""
)


@pytest.fixture
def write(tmp_path, monkeypatch):
    def written(name: str, text: str) -> str:
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(text))
        return str(path)

    return written


@pytest.mark.parametrize(("name", "text"), [("guarded", GUARDED), ("top", TOP)])
def test_a_script_runs_as_it_runs_itself(write, name, text):
    path = write(f"optuna_{name}", text)
    theirs = runpy.run_path(path, run_name="__main__")["study"]
    found = find_experiment(Wanted(path))
    said = found.script
    assert said is not None
    assert (said.n_trials, said.timeout, said.seed) == (12, 600, 42)
    assert said.not_taken == ()
    ours = run(
        found.experiment,
        said.optimizer,
        options=said.options,
        n_trials=said.n_trials,
        seed=said.seed,
        store=":memory:",
    )
    assert [t.params["x"] for t in ours.trials] == [
        t.params["x"] for t in theirs.trials
    ]
    assert ours.best_trial.metrics["value"] == theirs.best_value


def found(write, study: str, call: str, name: str) -> Found:
    text = f"{HEAD}\ndef main(args):\n    study = {study}\n    study.optimize({call})"
    return find_experiment(Wanted(write(f"optuna_{name}", text)))


SAID = {
    "default": ("optuna.create_study()", "objective", ["minimize"], ""),
    "chained": ("optuna.create_study(direction=args.way)", "objective", [], ""),
    "enum": (
        "optuna.create_study(direction=optuna.study.StudyDirection.MAXIMIZE)",
        "objective",
        ["maximize"],
        "",
    ),
    "several": (
        "optuna.create_study(directions=['minimize', 'maximize'])",
        "objective",
        ["minimize", "maximize"],
        "",
    ),
    "cmaes": (
        "optuna.create_study(sampler=optuna.samplers.CmaEsSampler(popsize=4))",
        "objective",
        ["minimize"],
        "optuna:cmaes",
    ),
    "loaded": (
        "optuna.load_study(study_name='s', storage='sqlite:///s.db')",
        "objective",
        [],
        "",
    ),
    "lambda": ("optuna.create_study()", "lambda t: objective(t)", ["minimize"], ""),
}


@pytest.mark.parametrize("name", SAID)
def test_what_a_script_says_of_its_study_is_read(write, name):
    study, call, ways, optimizer = SAID[name]
    script = found(write, study, call, f"says_{name}").script
    assert script is not None
    assert [way for _, way in script.directions] == ways
    assert script.optimizer == optimizer


LEFT = {
    "pruner": (
        "pruner=optuna.pruners.MedianPruner(args.n)",
        "",
        "pruner MedianPruner (its arguments are known only while the script runs)",
    ),
    "own pruner": (
        "pruner=mine()",
        "",
        "pruner=mine() (its arguments are known only while the script runs)",
    ),
    "sampler": (
        "sampler=optuna.samplers.PartialFixedSampler({}, None)",
        "",
        (
            "sampler PartialFixedSampler "
            "(a range of one value in the space fixes a parameter)"
        ),
    ),
    "grid": (
        "sampler=optuna.samplers.GridSampler({'x': [0, 1]})",
        "",
        (
            "sampler GridSampler "
            "(`--backend optuna:grid` tries every point of a space with steps)"
        ),
    ),
    "argument": ("sampler=TPESampler(gamma=len)", "", "gamma=len of TPESampler"),
    "storage": ("storage='mysql://me:secret@host/db'", "", "storage"),
    "callbacks": ("", ", callbacks=[print]", "callbacks"),
    "jobs": ("", ", n_jobs=-1", "n_jobs=-1"),
    "number": ("", ", n_trials=args.n", "n_trials=args.n"),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_not_taken_is_named(write, name):
    study, call, left = LEFT[name]
    made = f"optuna.create_study({study})"
    script = found(write, made, f"objective{call}", f"leaves_{name}").script
    assert script is not None
    assert script.not_taken == (left,)


ASKS = GUARDED.replace("return 1", "trial.should_prune()\n    return 1")
PRUNERS = {
    "default": (ASKS, "", "median", {"n_startup_trials": 5}),
    "none": (ASKS, "pruner=None, ", "median", {"n_startup_trials": 5}),
    "named": (
        GUARDED,
        "pruner=pruners.PercentilePruner(25.0, n_warmup_steps=3), ",
        "percentile",
        {"percentile": 25.0, "n_warmup_steps": 3},
    ),
    "around": (
        ASKS,
        "pruner=pruners.PatientPruner(pruners.MedianPruner(), patience=2), ",
        "patient",
        {"wrapped": "median", "patience": 2},
    ),
}


@pytest.mark.parametrize("name", PRUNERS)
def test_a_pruner_is_taken_as_ours(write, name):
    text, given, pruner, options = PRUNERS[name]
    path = write(f"optuna_prunes_{name}", text.replace("sampler=", f"{given}sampler="))
    script = find_experiment(Wanted(path)).script
    assert script is not None
    assert script.not_taken == ()
    assert script.pruner is not None
    assert script.pruner[0] == pruner
    assert options.items() <= dict(script.pruner[1]).items()


@pytest.mark.parametrize("pruner", ["NopPruner()", "None"])
def test_a_script_that_prunes_nothing_has_no_pruner(write, pruner):
    own = "None" if pruner == "None" else f"optuna.pruners.{pruner}"
    text = GUARDED.replace("sampler=", f"pruner={own}, sampler=")
    script = find_experiment(Wanted(write(f"optuna_no_{pruner[:3]}", text))).script
    assert script is not None
    assert (script.pruner, script.not_taken) == (None, ())


def test_a_pruner_of_several_metrics_is_named(write):
    text = ASKS.replace('direction="maximize"', "directions=['maximize'] * 2")
    script = find_experiment(Wanted(write("optuna_prunes_several", text))).script
    assert script is not None
    assert script.pruner is None
    assert script.not_taken == ("pruner MedianPruner (it decides by one metric)",)


OWN = """
class Mine(optuna.pruners.MedianPruner):
    pass
study = optuna.create_study(pruner=Mine())
study.optimize(objective, 3)
"""


def test_a_pruner_of_ones_own_is_named_with_the_reason(write):
    script = find_experiment(Wanted(write("optuna_prunes_own", HEAD + OWN))).script
    assert script is not None
    (left,) = script.not_taken
    assert left.startswith("pruner Mine (only Optuna's own pruners are known here")


TRAINS = """
import optuna
def objective(trial):
    x = trial.suggest_float("x", -1, 1)
    for step in range(8):
        trial.report(x**2 + 1 / (step + 1), step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return x**2
if __name__ == "__main__":
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=4))
    study.optimize(objective, n_trials=30)
"""


def test_a_script_that_prunes_runs_as_it_runs_itself(write):
    path = write("optuna_trains", TRAINS)
    theirs = runpy.run_path(path, run_name="__main__")["study"]
    found = find_experiment(Wanted(path))
    said = found.script
    assert said is not None
    ours = run(
        found.experiment,
        said.optimizer,
        options=said.options,
        pruner=said.pruner,
        n_trials=said.n_trials,
        seed=said.seed,
        store=":memory:",
    )
    ended = [(t.params["x"], t.state.name, len(t.reports)) for t in ours.trials]
    assert ended == [
        (t.params["x"], t.state.name, len(t.intermediate_values)) for t in theirs.trials
    ]
    assert "PRUNED" in {state for _, state, _ in ended}
