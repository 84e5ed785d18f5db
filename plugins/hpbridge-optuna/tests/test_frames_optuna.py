"""What `Study.trials_dataframe` makes, and files of it."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import optuna
import pandas as pd
import pytest

import hpbridge as hpb
from hpbridge.errors import FormatError

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}


def objective(trial):
    kind = trial.suggest_categorical("kind", ["a", "b"])
    x = trial.suggest_float("x_y", 0, 1)
    n = trial.suggest_int("n", 1, 5) if kind == "a" else 0
    trial.set_user_attr("fold_scores", 0.5)
    trial.report(1.0, 0)
    trial.report(0.5, 2)
    if trial.number == 3:
        raise optuna.TrialPruned
    if trial.number == 4:
        raise ValueError
    return x + n


def study_of(n_trials=12, names=None, **said):
    study = optuna.create_study(
        sampler=optuna.samplers.RandomSampler(seed=0), study_name="tuned", **said
    )
    study.optimize(objective, n_trials=n_trials, catch=ValueError)
    study.ask()
    study.enqueue_trial({"x_y": 0.5})
    if names:
        study.set_metric_names(names)
    return study


FORMS = {
    "frame": lambda frame, path: frame,
    "csv": lambda frame, path: frame.to_csv(path) or path,
    "csv without index": lambda frame, path: frame.to_csv(path, index=False) or path,
    "parquet": lambda frame, path: frame.to_parquet(path) or path,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("names", [None, ["auc"]])
def test_every_trial_is_what_optuna_says(tmp_path, form, levels, names):
    study = study_of(names=names, direction="maximize")
    frame = study.trials_dataframe(multi_index=levels == 2)
    own = [c for c in frame.columns if "system_attrs" in str(c)]
    source = FORMS[form](frame.drop(columns=own), tmp_path / "trials")
    metric = names[0] if names else "value"
    found = hpb.read_study(source, direction={metric: "maximize"})
    ended = [trial for trial in study.trials if trial.state.name in STATES]
    assert len(found.trials) == len(ended) == 12
    for ours, trial in zip(found.trials, ended, strict=True):
        assert ours.state.value == STATES[trial.state.name]
        assert ours.params == trial.params
        assert [type(v) for v in ours.params.values()] == [
            type(trial.params[name]) for name in ours.params
        ]
        if trial.value is not None:
            assert ours.metrics == {metric: trial.value}
        assert ours.attributes == trial.user_attrs
        assert ours.started_at == pytest.approx(trial.datetime_start.timestamp())
        assert ours.run_seconds == pytest.approx(trial.duration.total_seconds())
    assert found.space["n"].when == (("kind", ("a",)),)
    assert found.backend == "optuna"
    assert found.best_trial.metrics[metric] == study.best_value
    assert "2 trials that had not ended are left out" in found.notes


def test_the_direction_is_assumed_and_said():
    frame = study_of().trials_dataframe()
    found = hpb.read_study(frame)
    assert found.metrics == {"value": "minimize"}
    said = "the table has no direction: 'value' is taken to be minimized"
    assert found.notes[0] == said
    assert "'n' is taken for whole numbers" in found.notes[1]
    for direction in ("maximize", ["maximize"], {"value": "maximize"}):
        told = hpb.read_study(frame, direction=direction)
        assert told.metrics == {"value": "maximize"}
        assert said not in told.notes
    with pytest.raises(FormatError, match="'value', and 2 directions are given"):
        hpb.read_study(frame, direction=["maximize", "minimize"])


@pytest.mark.parametrize("names", [None, ["loss", "size"]])
def test_several_objectives_have_the_names_that_a_storage_gives(tmp_path, names):
    study = optuna.create_study(directions=["minimize", "maximize"])
    if names:
        study.set_metric_names(names)
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), 2.0), n_trials=3)
    study.trials_dataframe().to_csv(tmp_path / "t.csv")
    found = hpb.read_study(tmp_path / "t.csv")
    live = hpb.read_study(study)
    assert list(found.metrics) == list(live.metrics)
    assert [t.metrics for t in found.trials] == [t.metrics for t in live.trials]
    assert "are taken to be minimized" in found.notes[0]


def test_a_part_of_the_columns_is_enough():
    study = study_of()
    some = ("number", "value", "params", "state", "intermediate_values")
    found = hpb.read_study(study.trials_dataframe(attrs=some))
    assert [t.reports for t in found.trials] == [((0, 1.0), (2, 0.5))] * 12
    some = ("value", "params", "datetime_start", "datetime_complete")
    found = hpb.read_study(study.trials_dataframe(attrs=some))
    seconds = study.trials[0].duration.total_seconds()
    assert math.isclose(found.trials[0].run_seconds, seconds, abs_tol=1e-5)
    frame = study.trials_dataframe(attrs=("number", "params", "state"))
    with pytest.raises(FormatError, match="no column 'value'"):
        hpb.read_study(frame)


def test_a_csv_with_two_header_lines_that_pandas_read_again(tmp_path):
    study = study_of()
    study.trials_dataframe(multi_index=True).to_csv(tmp_path / "t.csv")
    frame = pd.read_csv(tmp_path / "t.csv", header=[0, 1], index_col=0)
    assert len(hpb.read_study(frame).trials) == 12


def test_another_table_with_params_is_not_taken_for_one(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("params_x,loss\n0.5,1\n0.25,2\n")
    with pytest.raises(FormatError, match="format 'csv'"):
        hpb.read_study(path)


def test_the_commands_take_what_the_file_does_not_say(tmp_path):
    def added(trial):
        x = trial.suggest_float("x", 0, 1)
        return x + (trial.suggest_float("b", 0, 1) if trial.number >= 4 else 0.0)

    study = optuna.create_study(storage=f"sqlite:///{tmp_path / 'o.db'}")
    study.optimize(added, n_trials=10)
    study.trials_dataframe().to_csv(tmp_path / "t.csv")
    (tmp_path / "e.py").write_text(
        "import hpbridge as hpb\nexperiment = hpb.Experiment(name='e', "
        "space={'x': hpb.Float(0, 1)}, objective=lambda t: t['x'], "
        "direction={'value': 'minimize'})\n"
    )

    def command(*words):
        done = subprocess.run(
            [sys.executable, "-m", "hpbridge", *words, "--json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout), done.stderr

    read, _ = command("import", "t.csv", "--direction", "maximize")
    assert read["metrics"] == {"value": "maximize"}
    read, _ = command("import", "o.db")
    assert read["n_trials"] == 6
    assert read["notes"][0].startswith("4 of 10 trials are left out")
    read, _ = command("import", "o.db", "--default", "b=0.5")
    assert read["n_trials"] == 10
    words = ("run", "e.py", "--from", "o.db", "-b", "random", "-n", "1")
    _, said = command(*words)
    assert "6 of 10 trials are left out" in said
    assert "`--without b`" in said
    ran, said = command(*words, "--without", "b")
    assert "left out" not in said
    assert ran["n_trials"] == 11
