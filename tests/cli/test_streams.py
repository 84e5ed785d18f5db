"""What a command prints goes where it was asked for, and nothing else goes there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.batch import Case, run_all
from tests.command import hpbridge

FILE = """
import atexit, contextlib, ctypes, os, subprocess, sys
import hpbridge as hpb

def noise():
    print("print")
    with contextlib.suppress(OSError):
        os.write(1, b"descriptor\\n")
    libc = ctypes.CDLL(None)
    libc.puts(b"libc")
    libc.fflush(None)
    subprocess.run(["echo", "child"])
    sys.__stdout__.write("underlying\\n")

noise()
atexit.register(print, "at exit")
atexit.register(os.write, 1, b"at exit too\\n")

class Broken:
    def write(self, text): raise RuntimeError("broken")
    flush = write

def f(t):
    noise()
    return t["x"]

def takes(t):
    return [sys.stdout.close, lambda: setattr(sys, "stdout", None),
            sys.stderr.close, lambda: setattr(sys, "stderr", None),
            lambda: setattr(sys, "stdout", Broken()),
            lambda: setattr(sys, "stderr", Broken())][t.number]() or 1.0

def prints(t):
    print("x" * 5000, flush=True)
    print("x" * 5000, flush=True, file=sys.stderr)
    return t["x"]

def logs(t):
    noise()
    print("to standard error", file=sys.stderr)
    if t.number == 1:
        os._exit(3)
    return t["x"]

def none(t): pass
make = lambda f: hpb.Experiment(objective=f, space={"x": hpb.Float(0, 1)})
noisy, takes, prints, logs, silent = map(make, [f, takes, prints, logs, lambda t: 1.0])
"""
NOISE = ["print", "descriptor", "libc", "child", "underlying"]
RUN = ["-b", "random", "-n", "6", "-s", "0"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "exp.py").write_text(FILE)
    return tmp_path


MORE = [(), ("-w", "2"), ("--timeout-trial", "60")]


def test_json_is_all_that_stands_on_standard_output(folder: Path) -> None:
    words = [
        *(("run", "exp.py:noisy", *RUN, *more) for more in MORE),
        *(("compare", "exp.py:noisy", *RUN, *more) for more in MORE),
        ("explain", "exp.py:noisy"),
        ("resume", "1", "-n", "7"),
        ("studies",),
        ("show", "1"),
        ("show", "1", "0"),
        ("backends",),
        ("formats",),
        ("hosts",),
    ]
    ran = run_all(folder, [Case((*each, "--json")) for each in words])
    for each, done in zip(words, ran, strict=True):
        assert json.loads(done.stdout), each
        if "exp.py:noisy" not in each:
            continue
        for word in [*NOISE, "at exit", "at exit too"]:
            assert word in done.stderr.splitlines(), each
    command = [sys.executable, "-m", "hpbridge", *words[0], "--json"]
    pipes = {"capture_output": True, "text": True, "cwd": folder}
    alone = subprocess.run(command, check=True, **pipes)
    assert json.loads(alone.stdout)["n_trials"] == 6
    assert alone.stderr.splitlines().count("child") == 7


def test_an_objective_that_takes_the_streams_away_ends_nothing(folder: Path) -> None:
    words = [("run", "exp.py:takes", *RUN, *more, "--json") for more in MORE]
    for done in run_all(folder, [Case(each, is_taken_down=True) for each in words]):
        found = json.loads(done.stdout)
        assert (found["status"], found["n_trials"], done.returncode) == (
            "finished",
            6,
            0,
        )
        assert "unexpectedly" not in done.stderr


GONE = [
    *({each: "closed"} for each in (0, 1, 2)),
    *({each: "/dev/full"} for each in (1, 2)),
    *({each: "broken"} for each in (1, 2)),
    {0: "closed", 1: "closed", 2: "closed"},
    {1: "broken", 2: "broken"},
    {1: "/dev/full", 2: "/dev/full"},
]


@pytest.mark.parametrize("more", [(), ("-w", "2"), ("--timeout-trial", "60")], ids=str)
def test_streams_that_are_gone_end_no_study(folder: Path, more) -> None:
    words = ("run", "exp.py:prints", *RUN, *more)
    kinds = GONE if not more else GONE[5:-1]
    cases = [Case(words, streams=each, is_taken_down=True) for each in kinds]
    *ran, listed = run_all(folder, [*cases, Case(("studies", "--json"))])
    assert [done.returncode for done in ran] == [0] * len(kinds)
    studies = json.loads(listed.stdout)["studies"]
    assert [(s["status"], s["trials"]) for s in studies] == [("finished", 6)] * len(ran)
    shown = [Case(("show", str(s["id"]), "--json")) for s in studies]
    for done in run_all(folder, shown):
        states = {trial["state"] for trial in json.loads(done.stdout)["trials"]}
        assert states == {"complete"}


def test_a_study_goes_on_without_its_display(folder: Path) -> None:
    """As a user sees it: no terminal, and a reader that leaves."""
    words = f"{sys.executable} -m hpbridge run exp.py:prints {' '.join(RUN)}"
    for how in ("2>&1 | head -1", "2>/dev/full", "2>&- >&- <&-"):
        script = f"set -o pipefail; {words} {how}"
        done = subprocess.run(["bash", "-c", script], cwd=folder, check=False)
        assert done.returncode == 0
    studies = json.loads(hpbridge(folder, "studies", "--json").stdout)["studies"]
    assert [(s["status"], s["trials"]) for s in studies] == [("finished", 6)] * 3


def test_a_reader_that_left_is_no_failure_and_a_full_disk_is(folder: Path) -> None:
    hpbridge(folder, "run", "exp.py:silent", *RUN)
    commands = ["show 1", "show 1 --json", "studies", "backends", "--help", "hosts"]
    for how, code in {"broken": 0, "closed": 0, "/dev/full": 2}.items():
        cases = [
            Case(tuple(each.split()), streams={1: how}, is_taken_down=True)
            for each in commands
        ]
        for done in run_all(folder, cases):
            told = "could be written to standard output: No space left on device."
            assert (done.returncode, done.stderr.count(told)) == (code, code // 2)
            assert len(done.stderr.splitlines()) == code // 2


def test_several_workers_print_to_logs(folder: Path) -> None:
    hpbridge(folder, "run", "exp.py:logs", *RUN, "-w", "2")
    for number in (0, 1):  # trial 1 ended its process
        told = hpbridge(folder, "show", "1", str(number), "--log").stdout.splitlines()
        assert sorted(told) == sorted(["to standard error", *NOISE])
    found = json.loads(hpbridge(folder, "show", "1", "0", "--log", "--json").stdout)
    assert found["log"].count("child") == 1
    assert Path(found["path"]).parent.parent == folder / "hpbridge.db-logs"
    assert found["path"] in hpbridge(folder, "show", "1", "0").stdout
    hpbridge(folder, "show", "1", "99", "--log", code=2)
    hpbridge(folder, "show", "1", "--log", code=2)


def test_a_trial_without_a_log_is_told_why(folder: Path) -> None:
    hpbridge(folder, "run", "exp.py:noisy", *RUN)
    done = hpbridge(folder, "show", "1", "0", "--log", code=2)
    assert "Trial 0 of study" in done.stderr
    assert "has no log" in done.stderr
    assert "it ran alone in the process of its study" in done.stderr


def test_a_log_that_cannot_be_written_fails_no_trial(folder: Path) -> None:
    (folder / "hpbridge.db-logs").write_text("in the way")
    hpbridge(folder, "run", "exp.py:noisy", *RUN, "-w", "2")
    shown = json.loads(hpbridge(folder, "show", "1", "--json").stdout)
    assert {trial["state"] for trial in shown["trials"]} == {"complete"}


def test_in_python_one_worker_prints_where_it_always_did(folder: Path) -> None:
    call = "hpb.run(exp.noisy, 'random', n_trials=2"
    script = f"import exp, hpbridge as hpb; {call}); {call}, workers=2)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    # Once for the file and for each of the trials; then in logs, and once in workers.
    assert done.stdout.splitlines().count("print") in {4, 5}
    logs = [path.read_text() for path in (folder / "hpbridge.db-logs").glob("*/*.log")]
    assert [log.count("print") for log in logs] == [1, 1]


def test_a_command_in_somebody_elses_process_leaves_it_as_it_was(folder: Path) -> None:
    script = (
        "import contextlib, io, os, sys\n"
        "from hpbridge.cli import main\n"
        "out, before = io.StringIO(), (sys.stdout, sys.stderr)\n"
        "with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):\n"
        "    main(['run', 'exp.py:noisy', '-b', 'random', '-n', '2', '--json'])\n"
        "assert before == (sys.stdout, sys.stderr)\n"
        "os.write(1, out.getvalue().encode())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, check=True
    )
    text = done.stdout.decode().replace("at exit\n", "").replace("at exit too\n", "")
    assert json.loads(text)["n_trials"] == 2


def test_processes_of_a_pool_print_to_logs_and_threads_where_they_did(folder) -> None:
    script = (
        "import exp, hpbridge as hpb\n"
        "from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor\n"
        "for kind in (ProcessPoolExecutor, ThreadPoolExecutor):\n"
        "    with kind(2) as pool:\n"
        "        hpb.run(exp.silent, 'random', n_trials=2, driver=pool, workers=2)\n"
        "        hpb.run(exp.noisy, 'random', n_trials=2, driver=pool, workers=2)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    told = hpbridge(folder, "show", "2", "1", "--log").stdout.splitlines()
    assert sorted(set(told) - {"at exit"}) == sorted(NOISE)
    done = hpbridge(folder, "show", "1", "1", "--log")
    assert done.stdout == ""
    assert "printed nothing" in done.stderr
    done = hpbridge(folder, "show", "4", "1", "--log", code=2)
    assert "driver 'futures:ThreadPoolExecutor' keeps none" in done.stderr
