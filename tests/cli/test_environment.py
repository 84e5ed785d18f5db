"""Every command in odd folders, environments and terminals: none is our bug."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.batch import Case, run_all

FILE = """
import hpbridge as hpb
def f(t):
    if t.number == 1:
        raise ValueError("caf\\u00e9 \\U0001F600 \\udcff")
    return {"verlust \\u00e9": t["x"]}
space = {"x": hpb.Float(0, 1), "c\\u00e9": hpb.Categorical(["\\u00e9", "\\U0001F600"])}
way = {"verlust \\u00e9": "minimize"}
experiment = hpb.Experiment(
    objective=f, name="\\u00e9t\\u00e9", direction=way, space=space)
"""
# As Python sees them: a lone surrogate is a byte that is no text in UTF-8.
FOLDER, SCRIPT = "f\udcff\udce9lder", "e\udcffxp.py"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def commands(script: str) -> list[tuple[tuple[str, ...], int]]:
    """Every command on a file, each with the exit code that it has everywhere."""
    run = ("-b", "random", "-n", "3", "-s", "0")
    file = f"{script}:experiment"
    return [
        (("run", file, *run), 0),
        (("run", file, *run, "-w", "2"), 0),
        (("run", file, *run, "--name", "n\udcff", "--store", "s\udcff.db"), 0),
        (("compare", file, *run, "--report", "c\udcff.html"), 0),
        (("explain", file, "-b", "random"), 0),
        (("show", "1"), 0),
        (("show", "1", "1"), 0),
        (("show", "2", "0", "--log"), 0),
        (("show", "n\udcff", "--store", "s\udcff.db"), 0),
        (("studies",), 0),
        (("resume", "1", "-n", "4"), 0),
        (("export", "1", "o\udcff.json"), 0),
        (("import", "o\udcff.json", "--name", "i\udcff"), 0),
        (("report", "1", "-o", "r\udcff.html"), 0),
        (("backends",), 0),
        (("formats",), 0),
        (("hosts",), 0),
        (("--help",), 0),
        (("run", "--help"), 0),
        (("show", "none\udcff"), 2),
        (("run", "none\udcff.py"), 2),
        (("run", file, "--from", "none\udcff", *run), 2),
        (("import", "none\udcff"), 2),
        (("doctor", "none\udcff"), 2),
        (("check-backend", "none\udcff"), 2),
        (("none\udcff",), 2),
    ]


def check(
    root: Path, folder: str, script: str, case: dict[str, dict], **environment: str
) -> None:
    place = os.fsencode(root / folder)
    os.makedirs(place, exist_ok=True)  # noqa: PTH103 - its name is no text
    Path(os.fsdecode(place), os.fsdecode(os.fsencode(script))).write_text(FILE)
    table = commands(script)
    cases = [Case(words, folder=folder, **case) for words, _ in table]
    ran = run_all(root, cases, **environment)
    wrong = [
        f"{words}: {done.returncode} for {code}: {done.stderr[-300:]}"
        for (words, code), done in zip(table, ran, strict=True)
        if done.returncode != code
        or "unexpectedly" in done.stderr
        or "Traceback" in done.stderr
        or not (done.stdout + done.stderr).strip()
    ]
    assert [ascii(each) for each in wrong] == []


def test_folders_files_and_words_that_are_no_utf_8(tmp_path: Path) -> None:
    check(tmp_path, FOLDER, SCRIPT, {})


@pytest.mark.slow
def test_a_terminal_that_takes_ascii_alone(tmp_path: Path) -> None:
    check(tmp_path, FOLDER, SCRIPT, {}, **ASCII)


_ODDER = [pytest.param(each, marks=pytest.mark.slow) for each in ("1", "²", "9" * 5000)]


@pytest.mark.parametrize("width", ["0", "nonsense", *_ODDER])
def test_sizes_of_a_terminal_that_are_none(tmp_path: Path, width: str) -> None:
    sizes = dict.fromkeys(["COLUMNS", "LINES", "TERMINAL_WIDTH"], width)
    words = ["backends", "--help", "run --help", "hosts", "studies", "none"]
    cases = [Case(tuple(each.split()), environment=sizes) for each in words]
    *ran, refused = run_all(tmp_path, cases)
    assert [done.returncode for done in ran] == [0] * len(ran)
    assert all(len(done.stdout.splitlines()) > 4 for done in ran)
    assert refused.returncode == 2
    assert "No such command" in refused.stderr


@pytest.mark.slow
def test_a_dumb_terminal_and_an_environment_that_is_no_text(tmp_path: Path) -> None:
    odd = {"TERM": "dumb", "NAME\udcff": "\udcff", "HOME": "/h\udcff", "LANG": "\udcff"}
    environment = {**odd, "HPBRIDGE_STORE": "e\udcff.db", "PYTHONIOENCODING": "ascii"}
    check(
        tmp_path, ".", "exp.py", {"environment": environment, "streams": {0: "closed"}}
    )
