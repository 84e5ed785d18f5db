from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import hpbridge

FILE = """
import os, time
import hpbridge as hpb
def f(t):
    return {"loss": (t["x"] - 0.3) ** 2, "seconds": 1.0}
def slowly(t):
    time.sleep(0.2)
    while t.number > 6 and not os.path.exists("go on"):
        time.sleep(0.01)
    return f(t)
def make(name, f=f, **more):
    way = {"loss": "minimize"}
    space = {"x": hpb.Float(-1, 1), **more}
    return hpb.Experiment(objective=f, space=space, name=name, direction=way)
experiment = make("cli")
slow = make("slow", slowly)
tree = make("tree", k=hpb.Int(1, 9, log=True))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "exp.py").write_text(FILE)
    return tmp_path


def test_a_study_from_run_to_export(folder: Path) -> None:
    done = hpbridge(
        folder, "run", "exp.py:experiment", "-b", "random", "-n", "6", "-s", "1"
    )
    assert "finished; 6 complete" in done.stdout
    assert "6/6 trials" in done.stderr
    listed = json.loads(hpbridge(folder, "studies", "--json").stdout)
    assert [(s["id"], s["trials"]) for s in listed["studies"]] == [(1, 6)]
    assert "Best: loss=" in hpbridge(folder, "show", "1").stdout
    shown = json.loads(hpbridge(folder, "show", "1", "--json").stdout)
    assert len(shown["trials"]) == 6
    hpbridge(folder, "export", "1", "out.csv")
    assert (folder / "out.csv").read_text().count("\n") == 7
    hpbridge(folder, "resume", "1", "-n", "8")
    assert (
        len(json.loads(hpbridge(folder, "show", "1", "--json").stdout)["trials"]) == 8
    )
    hpbridge(folder, "report", "1", "-o", "study.html")
    assert "<html" in (folder / "study.html").read_text().lower()


def test_a_study_of_a_script_resumes_when_its_file_is_named(folder: Path) -> None:
    script = "import hpbridge, exp; hpbridge.run(exp.experiment, 'random', n_trials=3)"
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)
    done = hpbridge(folder, "resume", "1", code=2)
    assert "`hpbridge resume --experiment FILE`" in done.stderr
    words = ["resume", "1", "--experiment", "exp.py:experiment", "-n", "5", "--json"]
    assert json.loads(hpbridge(folder, *words).stdout)["n_trials"] == 5


def test_json_is_all_that_stands_on_standard_output(folder: Path) -> None:
    words = ["run", "exp.py:experiment", "-b", "random", "-n", "3", "-s", "1", "--json"]
    found = json.loads(hpbridge(folder, *words).stdout)
    assert (found["status"], found["n_trials"], found["seed"]) == ("finished", 3, 1)


def test_a_comparison_ends_in_a_table_and_a_page(folder: Path) -> None:
    words = ["-n", "4", "--repeats", "2", "--shared-start", "2", "--report", "c.html"]
    done = hpbridge(
        folder, "compare", "exp.py:experiment", "-b", "random,optuna:random", *words
    )
    for word in ("random:random", "optuna:random", "best loss", "to common best"):
        assert word in done.stdout
    assert "<script" in (folder / "c.html").read_text()
    hpbridge(folder, "report", "--comparison", "1", "-o", "again.html")
    hpbridge(folder, "report", "--comparison", "1", "-o", "again.html")
    words = ["report", "--comparison", "1", "-o", "again.html", "--nemenyi"]
    hpbridge(folder, *words)
    assert "s critical difference" in (folder / "again.html").read_text()
    done = hpbridge(folder, "report", "1", "-o", "one.html", "--nemenyi", code=2)
    assert "one optimizer alone ran" in done.stderr
    script = (folder / "exp.py").read_text()
    words = ["compare", "exp.py:experiment", "-b", "random", "-n", "2"]
    done = hpbridge(folder, *words, "--report", "exp.py", code=2)
    assert "is no page of hpbridge" in done.stderr
    assert len(json.loads(hpbridge(folder, "studies", "--json").stdout)["studies"]) == 4
    hpbridge(folder, "export", "1", "exp.py", "--to", "csv", code=2)
    assert (folder / "exp.py").read_text() == script
    (folder / "old.csv").write_text("old")
    hpbridge(folder, "export", "1", "old.csv", "--overwrite")
    hpbridge(folder, "report", "1", "-o", "old.csv", "--overwrite")
    assert (folder / "old.csv").read_text().startswith("<!DOCTYPE html>")


def test_explain_prints_code_that_runs(folder: Path) -> None:
    done = hpbridge(folder, "explain", "exp.py:tree", "-b", "optuna:tpe", "--json")
    found = json.loads(done.stdout)
    names = {"objective": lambda p: p["x"] ** 2, "n_trials": 3}
    exec(found["source"], names)
    assert len(names["trials"]) == 3


def test_backends_lists_and_tells_all_about_one(folder: Path) -> None:
    assert "optuna:tpe *" in hpbridge(folder, "backends").stdout
    found = json.loads(hpbridge(folder, "backends", "optuna:tpe", "--json").stdout)
    assert found["capabilities"]["float"]["support"] == "yes"
    assert "n_startup_trials" in {o["name"] for o in found["options"]}


def test_hosts_say_the_line_and_where_options_go(folder: Path) -> None:
    told = hpbridge(folder, "hosts").stdout
    assert 'BridgeSearchCV(estimator, space, backend="{optimizer}")' in told
    assert 'optimizer_kwargs=dict(optimizer="{optimizer}")' in told
    assert "options={...} beside the optimizer's name" in told


def test_options_are_read_as_their_type(folder: Path) -> None:
    words = ["run", "exp.py:experiment", "-b", "optuna:tpe", "-n", "2"]
    hpbridge(folder, *words, "-o", "n_startup_trials=1", "-s", "0")
    done = hpbridge(folder, *words, "-o", "n_startup_trials=one", code=2)
    assert "'n_startup_trials' must be int, got 'one'" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "none.py"], "there is no file 'none.py'"),
        (["run", "exp.py:experiment", "-b", "optnua"], "did you mean 'optuna'?"),
        (["run", "exp.py:experiment", "-o", "x"], "'x' is not KEY=VALUE"),
        (["run", "exp.py:experiment", "-n", "0"], "n_trials must be"),
        (
            ["run", "exp.py:experiment", "--store", "/no/such/folder/x.db"],
            "cannot be opened",
        ),
        (["run", "exp.py:experiment", "--store", "exp.py"], "is no database"),
        (["show", "nothing"], "holds no study 'nothing'"),
        (["export", "nothing", "x.csv"], "holds no study"),
        (["resume", "nothing"], "holds no study"),
        (["report", "--comparison", "9", "-o", "x.html"], "holds no comparison '9'"),
        (["check-backend", "nothing"], "No backend named 'nothing'"),
        (["doctor", "nothing"], "No backend named 'nothing'"),
        (
            ["compare", "exp.py:experiment", "-b", "random", "--report", "no/x.html"],
            "its folder does not exist",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_bad_input_ends_in_a_sentence_and_a_hint(
    folder: Path, words: list[str], told: str
) -> None:
    done = hpbridge(folder, *words, code=2)
    assert told in done.stderr
    assert "Hint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_traceback_is_there_when_asked_for(folder: Path) -> None:
    done = hpbridge(folder, "run", "none.py", "--traceback", code=2)
    assert "Traceback (most recent call last)" in done.stderr


def test_wrong_usage_is_told_by_the_command_line(folder: Path) -> None:
    done = hpbridge(folder, "run", "exp.py", "--no-such-option", code=2)
    assert "--no-such-option" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_loses_no_trial_and_resume_goes_on(folder: Path) -> None:
    words = ["run", "exp.py:slow", "-b", "random", "-n", "12", "-s", "5"]
    command = [sys.executable, "-m", "hpbridge", *words]
    with subprocess.Popen(
        command, cwd=folder, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr:
            if "2/12" in line or "1/12" in line:
                break
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
        assert process.wait(120) == 130
    assert "Every finished trial is in the store." in told
    assert "--resume" in told
    (folder / "go on").touch()
    done = hpbridge(folder, *words, "--resume", "--json")
    found = json.loads(done.stdout)
    assert (found["n_trials"], found["status"]) == (12, "finished")
    assert "bit for bit" in found["notes"][0]


def test_the_doctor_runs_what_is_installed(folder: Path) -> None:
    done = hpbridge(folder, "doctor", "random", "--json")
    (found,) = json.loads(done.stdout)
    assert (found["optimizer"], found["verdict"]) == ("random:random", "works")


def test_check_backend_checks_whatever_a_plugin_registers() -> None:
    from hpbridge.testing.plugin_conformance import records_of

    assert records_of("random") == [("backend", "random")]
    assert {kind for kind, _ in records_of("ray")} == {
        *("backend", "driver", "format", "host"),
    }
    assert ("format", "csv") in records_of("local")


@pytest.mark.slow  # each of its checks is a test of its own elsewhere
def test_check_backend_checks_the_core_like_a_plugin(folder: Path) -> None:
    done = hpbridge(folder, "check-backend", "csv", "--json")
    found = json.loads(done.stdout)
    checked = {(each["kind"], each["name"]) for each in found}
    assert {("driver", "local"), ("format", "json"), ("host", "sklearn")} <= checked
    assert [each for each in found if not each["passed"]] == []


def test_check_backend_runs_the_kit(folder: Path) -> None:
    done = hpbridge(folder, "check-backend", "random")
    assert ", 0 broken" in done.stdout


def test_nothing_heavy_is_imported_by_help_and_backends() -> None:
    code = (
        "import sys\nfrom hpbridge.cli import main\n"
        "for words in (['--help'], ['backends']):\n"
        "    try: main(words)\n"
        "    except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'optuna', 'hyperopt', 'skopt',\n"
        "         'bayes_opt', 'ray', 'sqlalchemy', 'scipy', 'torch'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
