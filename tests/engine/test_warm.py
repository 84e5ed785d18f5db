"""The helper process that keeps an optimizer warm between the asks of shells."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import is_alive, wait_until

import hpbridge as hpb
from hpbridge.engine.turns import Turns
from hpbridge.engine.warm_client import ask_warm, path_of
from hpbridge.errors import OptionError, StudyNotFoundError, StudyOverError
from hpbridge.store import open_store

SECONDS = 120.0


@pytest.fixture
def place(tmp_path, monkeypatch):
    # A socket's path is short, and a test's folder is not.
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_RUNTIME_DIR", os.path.relpath(folder))
    place = str(tmp_path / "store.db")
    space = {"x": hpb.Float(0, 1), "n": hpb.Int(1, 9)}
    with hpb.open_study(space, "optuna:tpe", seed=3, store=place, name="a") as study:
        study.leave()
    yield place
    for pid in helpers(place):
        os.kill(pid, 15)
        wait_until(lambda pid=pid: not is_alive(pid))


def helpers(place, study="a"):
    """Return the processes that serve a study: they have its lock open."""
    lock = path_of(place, study).with_suffix(".lock").resolve()
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes() if folder.name.isdigit() else b""
        except OSError:
            continue
        if b"hpbridge.engine.warm" in words and lock.stem.encode() in words:
            found.append(int(folder.name))
    return [pid for pid in found if is_alive(pid)]


def listens(place, study="a"):
    """Say whether a connection is still taken: the system closes a moment later."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path_of(place, study))) == 0


def tell(place, number, value):
    with Turns(open_store(place), "a", hears=False).turn() as opened:
        opened.tell(number, value)


def test_it_gives_the_trials_of_run_whoever_asks_and_tells_between(place):
    pytest.importorskip("hpbridge_optuna")
    asked = []
    for number in range(14):
        if number == 6:  # another shell asks without it: it relives the record
            with Turns(open_store(place), "a").turn() as opened:
                asked.append(dict(opened.ask().params))
        else:
            (trial,) = ask_warm(place, "a", 1, SECONDS)
            asked.append(trial["params"])
        tell(place, number, asked[-1]["x"])
    assert len(helpers(place)) == 1
    tuned = hpb.Experiment(
        objective=lambda trial: trial["x"], space=hpb.load_study("a", place).space
    )
    ran = hpb.run(tuned, "optuna:tpe", n_trials=14, seed=3, store=":memory:")
    assert asked == [dict(trial.params) for trial in ran.trials]


def test_it_ends_by_itself_and_when_the_study_is_over(place):
    ask_warm(place, "a", 1, 1.0)
    wait_until(lambda: not helpers(place))
    assert not path_of(place, "a").exists()
    ask_warm(place, "a", 2, SECONDS)
    assert len(helpers(place)) == 1
    with Turns(open_store(place), "a", hears=False).turn() as opened:
        opened.stop("enough")
    with pytest.raises(StudyOverError, match="no further trial: enough"):
        ask_warm(place, "a", 1, SECONDS)
    wait_until(lambda: not helpers(place))


def test_one_that_was_killed_is_replaced(place):
    ask_warm(place, "a", 1, SECONDS)
    (pid,) = helpers(place)
    os.kill(pid, 9)
    wait_until(lambda: not is_alive(pid) and not listens(place))
    (trial,) = ask_warm(place, "a", 1, SECONDS)
    assert trial["number"] == 1
    assert helpers(place) != [pid]


def test_several_shells_start_one(place):
    text = (
        "import sys; from hpbridge.engine.warm_client import ask_warm\n"
        f"print(ask_warm(sys.argv[1], 'a', 1, {SECONDS})[0]['number'])"
    )
    shells = [
        subprocess.Popen(
            [sys.executable, "-c", text, place], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    numbers = [int(each.communicate(timeout=120)[0]) for each in shells]
    assert sorted(numbers) == [0, 1, 2]
    # Those that found another one listening may still be on their way out.
    wait_until(lambda: len(helpers(place)) == 1)


def test_what_makes_no_sense_costs_it_nothing(place):
    ask_warm(place, "a", 1, SECONDS)
    for line in (b"", b"no json\n", b'{"n": "many"}\n', b"[]\n", b"{}\n"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path_of(place, "a")))
            connection.sendall(line)
    (trial,) = ask_warm(place, "a", 1, SECONDS)
    assert trial["number"] == 1


def test_where_there_can_be_none_that_is_said(place, monkeypatch):
    with pytest.raises(StudyNotFoundError, match="holds no study 'b'"):
        ask_warm(place, "b", 1, SECONDS)
    folder = path_of(place, "a").parent
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    with pytest.raises(OptionError, match="is not a folder that is yours alone"):
        ask_warm(place, "a", 1, SECONDS)
    folder.chmod(0o700)
    with monkeypatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", "not/there")
        with pytest.raises(OptionError, match="is no folder"):
            ask_warm(place, "a", 1, SECONDS)
    with monkeypatch.context() as patch:
        patch.delattr(socket, "AF_UNIX")
        with pytest.raises(OptionError, match="no Unix sockets"):
            ask_warm(place, "a", 1, SECONDS)


def test_a_password_is_not_among_its_words(place):
    ask_warm(place, "a", 1, SECONDS)
    (pid,) = helpers(place)
    words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    assert place not in words
    assert json.dumps(place) not in words
