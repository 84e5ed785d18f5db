"""`hpbridge bench` as a user runs it, and the commands that the README shows of it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.batch import Case, run_all
from tests.command import hpbridge

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## Benchmarks\n")[2].partition("\n### ")[0]
COMMANDS = re.search(r"```\n(.*?)```", SECTION, re.DOTALL)[1].splitlines()
PYTHON = re.search(r"```python\n(.*?)```", SECTION, re.DOTALL)[1]

OF_FILE = """
import hpbridge as hpb

def {name}(trial):
    if {fails}:
        raise ValueError("no such luck")
    return trial["x"] ** 2

experiment = hpb.Experiment(objective={name}, space={{"x": hpb.Float(-1, 1)}})
"""

TINY = ("bench", "fast", "-b", "optuna,random", "-p", "branin", "-n", "4")


def written(folder: Path, name: str, fails: str = "False") -> None:
    (folder / f"{name}.py").write_text(OF_FILE.format(name=name, fails=fails))


def test_suites_are_listed_with_how_they_install(tmp_path) -> None:
    listed = json.loads(hpbridge(tmp_path, "bench", "--json").stdout)
    by_name = {each["suite"]: each for each in listed}
    assert by_name["fast"]["problems"][:2] == ["branin", "ackley_mixed"]
    for each in listed:
        assert bool(each["missing"]) == (each["install"] is not None)
    shown = hpbridge(tmp_path, "bench").stdout
    assert all(name in shown for name in by_name)


def test_a_bench_ends_in_a_verdict_and_a_page_and_goes_on(tmp_path) -> None:
    done = hpbridge(tmp_path, *TINY, "--seeds", "2", "--report", "page.html")
    assert "branin" in done.stdout
    after = done.stdout.partition("branin")[2]
    assert "2 repeats" in after or "one problem" in after
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "fast-bench" in page
    words = ("-b", "optuna,random", "-p", "branin,noisy_bowl", "--json")
    more = hpbridge(tmp_path, "bench", "fast", "--resume", *words)
    data = json.loads(more.stdout)
    assert [row["problem"] for row in data["table"]] == ["branin", "noisy_bowl"]
    # What was there has its trials still, what is new the suite's.
    assert [row["trials"] for row in data["table"]] == [4, 20]
    assert [row["studies"] for row in data["table"]] == [4, 4]
    assert data["verdict"]["refused"] == "too few problems"
    assert data["verdict"]["sentences"]
    assert (data["missing"], data["failures"], data["skipped"]) == ({}, {}, {})


def test_the_page_of_a_bench_is_the_contests_with_the_verdict(tmp_path) -> None:
    words = ("-n", "3", "--seeds", "1", "--report", "page.html")
    done = hpbridge(
        tmp_path, *TINY[:4], "-p", "branin,noisy_bowl", *words, "--store", "b.db"
    )
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert 'id="missing"' in page
    assert "2 problems" in done.stdout
    again = ("report", "-c", "fast-bench", "-o", "again.html", "--store", "b.db")
    hpbridge(tmp_path, *again)
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


def test_what_failed_and_what_is_not_whole_is_said_by_reason(tmp_path) -> None:
    written(tmp_path, "good")
    words = ("good.py", "-b", "optuna,random", "--seeds", "1", "--timeout", "1e-9")
    done = hpbridge(tmp_path, "bench", *words)
    assert "Not whole: " in done.stderr
    assert "optuna:tpe on good, seed 0, random:random on good, seed 0" in done.stderr
    data = json.loads(hpbridge(tmp_path, "bench", *words, "--resume", "--json").stdout)
    assert set(data["missing"]) == {
        "optuna:tpe on good, seed 0",
        "random:random on good, seed 0",
    }


def test_trials_that_all_fail_are_outcomes(tmp_path) -> None:
    written(tmp_path, "bad", "True")
    done = hpbridge(tmp_path, "bench", "bad.py", "-b", "optuna,random", "-n", "2")
    assert "bad" in done.stdout


BAD = {
    "suite": (("bench", "fats"), ["fats", "fast"]),
    "problem": (("bench", "fast", "-p", "barnin"), ["barnin", "branin"]),
    "optimizer": (("bench", "fast", "-b", "optuma"), ["optuma", "optuna"]),
    "0d": (("bench", "fast", "-n", "0d"), ["n_trials", "'0d'"]),
    "no trials": (("bench", "fast", "-n", "many"), ["n_trials", "'many'"]),
    "seeds": (("bench", "fast", "--seeds", "0"), ["seeds", ">= 1"]),
    "jobs": (("bench", "fast", "--jobs", "0"), ["jobs", ">= 1"]),
    "two suites": (("bench", "fast", "full"), ["one suite"]),
    "option": (("bench", "fast", "-b", "optuna", "-o", "optuna.x=1"), ["'x'"]),
}


def test_what_cannot_run_is_said_before_the_first_trial(tmp_path) -> None:
    done = run_all(tmp_path, [Case(words) for words, _ in BAD.values()])
    for (what, (_, said)), each in zip(BAD.items(), done, strict=True):
        assert each.returncode not in {0, 1}, (what, each)
        assert "Traceback" not in each.stderr
        assert all(word in each.stderr for word in said), (what, each.stderr)
    assert not (tmp_path / "hpbridge.db").exists()


def short(line: str) -> list[str]:
    """Return a command of the README, with few optimizers and trials of each."""
    words = shlex.split(line, comments=True)[1:]
    if len(words) == 1:
        return words
    # Each of several processes, and each library, takes seconds to begin.
    less = {"20d": "1d", "10": "1", "5": "1", "2": "1"}
    less |= dict.fromkeys(["optuna,hyperopt", "optuna,skopt"], "optuna")
    words = [less.get(word, word) for word in words]
    if "-b" not in words:
        words += ["-b", "optuna"]
    if words[1] == "fast":
        words += ["--problems", "branin,noisy_bowl"]
    if "--trials" not in words:
        words += ["--trials", "2"]
    if "--seeds" not in words:
        words += ["--seeds", "1"]
    return words


def test_the_readmes_commands_run(tmp_path) -> None:
    written(tmp_path, "first")
    written(tmp_path, "other")
    shown = [hpbridge(tmp_path, *short(line)) for line in COMMANDS if line]
    assert "fast" in shown[0].stdout
    assert all("optuna:tpe" in each.stdout for each in shown[1:])


@pytest.mark.parametrize("line", PYTHON.splitlines())
def test_the_readmes_python_runs(line, tmp_path, monkeypatch) -> None:
    import hpbridge as hpb

    monkeypatch.chdir(tmp_path)
    written(tmp_path, "other")

    def little(trial: hpb.Trial) -> float:
        return float(trial["x"])

    experiment = hpb.Experiment(objective=little, space={"x": hpb.Float(0, 1)})
    names = {"hpb": hpb, "experiment": experiment}
    for said, meant in (
        ('"20d"', "2"),
        ("seeds=5", "seeds=1"),
        ("=10", "=1"),
        ("jobs=2", "jobs=1"),
    ):
        line = line.replace(said, meant)
    if "[experiment" in line:
        line = line.replace("seeds", 'backends=["optuna"], n_trials=2, seeds')
    else:
        line = line.replace("jobs", 'problems=["branin"], jobs')
    exec(compile(line, "README.md", "exec"), names)
    assert names["comparison"].studies
    assert not names["comparison"].failures
