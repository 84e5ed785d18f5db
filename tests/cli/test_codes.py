"""Every command ends with the exit code that the README has for what it came to."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hpbridge.cli import codes
from tests.cli.batch import Case, run_all

README = Path(__file__).parents[2] / "README.md"
FILE = """
import os, signal
import hpbridge as hpb

def bad(t): raise ValueError("no")
def half(t):
    if t.number: raise ValueError("half")
    return t["x"]
def other(t): return {"accuracy": t["x"]}
def interrupted(t): os.kill(os.getpid(), signal.SIGINT)
def terminated(t): os.kill(os.getpid(), signal.SIGTERM)
def leaves(t): raise SystemExit(3)

def make(f):
    return hpb.Experiment(objective=f, space={"x": hpb.Float(0, 1)}, name=f.__name__)

def fine(t): return t["x"]
names = [fine, bad, half, other, interrupted, terminated, leaves]
fine, bad, half, other, interrupted, terminated, leaves = map(make, names)
far = hpb.Experiment(
    objective=lambda t: {"value": t["x"], "cost": 2.0}, name="far",
    space={"x": hpb.Float(0, 1)}, constraints={"cost": "<= 1"})
"""
RANDOM = "-b random -n 3 -s 0"
RUNS = [
    (f"run exp.py:fine {RANDOM} --name fine", 0),
    (f"run exp.py:half {RANDOM}", 0),
    (f"compare exp.py:half {RANDOM}", 0),
    (f"run exp.py:bad {RANDOM} --name bad", 1),
    (f"run exp.py:leaves {RANDOM}", 1),
    (f"run exp.py:other {RANDOM}", 1),
    (f"run exp.py:half {RANDOM} --on-error stop", 1),
    (f"run exp.py:half {RANDOM} --on-error stop -w 2", 1),
    (f"compare exp.py:half {RANDOM} --on-error stop", 1),
    (f"compare exp.py:half {RANDOM} --on-error stop --jobs 2", 1),
    (f"run exp.py:fine {RANDOM} --timeout 1e-9", 1),
    (f"compare exp.py:bad {RANDOM}", 1),
    (f"compare exp.py:other {RANDOM}", 1),
    ("resume fine -n 4", 0),
    ("resume bad -n 4", 1),
    ("resume bad", 1),
    (f"run exp.py:interrupted {RANDOM}", 130),
    (f"run exp.py:terminated {RANDOM}", 130),
    (f"compare exp.py:interrupted {RANDOM}", 130),
    (f"run none.py {RANDOM}", 2),
    (f"run exp.py:none {RANDOM}", 2),
    ("run exp.py:fine -b none", 2),
    ("run exp.py:fine -b random -n 0", 2),
    ("run exp.py:fine -b random --driver none", 2),
    ("run exp.py:fine -b random --on-error maybe", 2),
    ("run exp.py:fine -b random -o none=1", 2),
    ("run exp.py:fine -b random --store exp.py", 2),
    ("run exp.py:fine -b random --from none", 2),
    ("run exp.py:fine -b random -n three", 2),
    ("run", 2),
    ("compare exp.py:fine -b none", 2),
    ("resume none", 2),
]
"""With ``--json`` too."""

READS = [
    ("show fine", 0),
    ("show bad", 0),
    ("show bad 0", 0),
    ("studies", 0),
    ("explain exp.py:fine -b random", 0),
    ("backends", 0),
    ("backends random", 0),
    ("formats", 0),
    ("hosts", 0),
    ("show none", 2),
    ("show fine 99", 2),
    ("show fine --log", 2),
    ("show fine 0 --log", 2),
    ("studies --store exp.py", 2),
    ("explain none.py", 2),
    ("explain exp.py:fine -b none", 2),
    ("backends none", 2),
    ("import none.csv", 2),
    ("import exp.py", 2),
    ("doctor none", 2),
    ("check-backend none", 2),
]
"""With ``--json`` too."""

OTHERS = [
    ("export fine out.csv", 0),
    ("export bad bad.json", 0),
    ("import bad.json --name again", 0),
    ("report fine bad -o page.html", 0),
    ("--help", 0),
    ("run --help", 0),
    ("--version", 0),
    ("", 2),
    ("none", 2),
    ("--none", 2),
    ("export fine out.csv", 2),
    ("export fine none/out.csv", 2),
    ("export fine out.none", 2),
    ("export none out.json", 2),
    ("report -o page.html", 2),
    ("report none -o page.html", 2),
    ("report fine -o out.csv", 2),
    ("run none.py --traceback", 2),
    (f"run exp.py:half {RANDOM} --on-error stop --traceback", 1),
]


def test_every_command_ends_with_the_code_that_the_readme_has(tmp_path: Path) -> None:
    check(tmp_path, [*RUNS, *READS, *OTHERS])


@pytest.mark.slow
def test_the_codes_are_the_same_with_json(tmp_path: Path) -> None:
    twice = [(f"{words} --json", code) for words, code in [*RUNS, *READS]]
    check(tmp_path, twice)


def check(tmp_path: Path, table: list[tuple[str, int]]) -> None:
    (tmp_path / "exp.py").write_text(FILE)
    ran = run_all(tmp_path, [Case(tuple(words.split())) for words, _ in table])
    wrong = [
        f"{words}: {done.returncode} for {code}: {done.stderr[-300:]}"
        for (words, code), done in zip(table, ran, strict=True)
        if done.returncode != code or "unexpectedly" in done.stderr
    ]
    assert wrong == []
    for (words, code), done in zip(table, ran, strict=True):
        if words.endswith("--json") and (done.stdout or not code):
            assert json.loads(done.stdout), words
        if code == codes.ERROR and words and "--traceback" not in words:
            assert "Traceback" not in done.stderr, words
            assert done.stderr.strip(), words


def test_the_readme_and_the_help_have_the_codes_that_there_are() -> None:
    from hpbridge.cli.app import _EPILOG

    known = {codes.OK, codes.FOUND, codes.ERROR, codes.INTERRUPTED}
    told = README.read_text().partition("Exit codes: ")[2]
    for text in (told, _EPILOG.partition("Exit codes: ")[2], codes.__doc__ or ""):
        found = {int(word) for word in re.findall(r"(?:^|[.;] |\n)(\d+) ", text)}
        assert found == known, text
