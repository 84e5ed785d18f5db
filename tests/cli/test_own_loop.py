"""Loops of one's own in a shell: create, ask, tell, enqueue, stop, more."""

from __future__ import annotations

import json

import pytest

import hpbridge as hpb
from hpbridge.engine.turns import Turns
from hpbridge.errors import HpbridgeError, OptionError, StudyOverError, TellError
from hpbridge.store import open_store
from hpbridge.store.record import Status
from tests.forked import Forked

SPACE = """
[lr]
type = "float"
low = 1e-5
high = 1e-1
log = true

[n]
type = "int"
low = 1
high = 9

[kind]
type = "categorical"
choices = ["a", "b"]
"""
N_SHELLS, N_EACH = 8, 3
SHELL = f"""
import sys
from hpbridge.engine.turns import Turns
from hpbridge.store import open_store
store, study = sys.argv[1:]
sys.stdin.readline()
for _ in range({N_EACH}):
    with Turns(open_store(store), study).turn() as opened:
        trial = opened.ask()
    with Turns(open_store(store), study, hears=False).turn() as opened:
        opened.tell(trial.number, trial["x"])
    print(trial.number, flush=True)
"""


@pytest.fixture
def shell(run_here, tmp_path):
    (tmp_path / "space.toml").write_text(SPACE)
    return run_here


def value_of(params):
    return params["lr"] * params["n"] + (params["kind"] == "a")


@pytest.mark.parametrize("backend", ["random", "optuna:tpe"])
def test_a_loop_in_a_shell_has_the_trials_of_run(shell, backend):
    if backend != "random":
        pytest.importorskip("hpbridge_optuna")
    way = ("--direction", "loss=minimize")
    shell("create", "--space", "space.toml", "-b", backend, "-s", "3", *way, "--name=a")
    for _ in range(13):
        trial = json.loads(shell("ask", "a", "--json").out)
        value = value_of(trial["params"])
        shell("tell", "a", str(trial["number"]), f"loss={value!r}")
    read = hpb.load_study("a")
    tuned = hpb.Experiment(
        objective=lambda trial: {"loss": value_of(trial)},
        space=read.space,
        direction={"loss": "minimize"},
    )
    ran = hpb.run(tuned, backend, n_trials=13, seed=3, store=":memory:")
    assert [t.params for t in read.trials] == [t.params for t in ran.trials]
    assert [t.metrics for t in read.trials] == [t.metrics for t in ran.trials]
    assert read.status is Status.OPEN
    assert not read.notes


def test_several_trials_are_asked_for_and_told_in_any_order_and_way(shell):
    shell("create", "--space", "space.toml", "-b", "random", "-s", "1", "--name", "a")
    numbers = [t["number"] for t in json.loads(shell("ask", "a", "-n4", "--json").out)]
    assert numbers == [0, 1, 2, 3]
    assert shell("ask", "a").out.startswith("4 lr=")
    assert "complete (value=0.5), the best so far" in shell("tell", "a", "2", "0.5").out
    assert "failed (no memory)" in shell("tell", "a", "0", "--failed", "no memory").out
    assert "pruned" in shell("tell", "a", "1", "--pruned").out
    told = json.loads(shell("tell", "a", "3", "value=nan", "--json").out)
    assert (told["state"], told["error"]) == (
        "failed",
        "returned nan for metric 'value'",
    )
    told = [(t.number, t.told) for t in hpb.load_study("a").trials]
    assert told == [(0, 1), (1, 2), (2, 0), (3, 3)]


def test_a_study_is_over_after_its_trials_and_goes_on_by_more(shell):
    words = ("-b", "random", "-s", "1", "-n", "2", "--name", "a")
    shell("create", "--space", "space.toml", *words)
    shell("ask", "a", "-n", "2")
    with pytest.raises(StudyOverError, match="all its 2 have been asked for"):
        shell("ask", "a")
    shell("tell", "a", "0", "1")
    assert hpb.load_study("a").status is Status.OPEN
    shell("tell", "a", "1", "2")
    assert hpb.load_study("a").status is Status.FINISHED
    with pytest.raises(StudyOverError, match="it has had its 2"):
        shell("ask", "a")
    assert "runs 1 trials more" in shell("more", "a", "1").out
    assert shell("ask", "a").out.startswith("2 ")


def test_a_stopped_study_gives_no_trial_and_takes_those_that_run(shell):
    shell("create", "--space", "space.toml", "-b", "random", "--name", "a")
    shell("ask", "a")
    shell("stop", "a")
    with pytest.raises(StudyOverError, match="no further trial: stopped by request"):
        shell("ask", "a")
    shell("tell", "a", "0", "1")
    read = hpb.load_study("a")
    assert (read.status, read.stop_reason) == (Status.FINISHED, "stopped by request")


def test_points_are_queued(shell):
    shell("create", "--space", "space.toml", "-b", "random", "--name", "a")
    assert "it runs next" in shell("enqueue", "a", "lr=0.01", "n=2", "kind=b").out
    assert shell("ask", "a").out == "0 lr=0.01 n=2 kind=b\n"
    with pytest.raises(HpbridgeError) as refused:
        shell("enqueue", "a", "lr=3", "n=x", "m=1")
    for part in ("'m' is no parameter", "'lr' is 3", "'n' is 'x'", "'kind' is active"):
        assert part in str(refused.value)


def test_what_is_wrong_is_said(shell):
    shell("create", "--space", "space.toml", "-b", "random", "--name", "a")
    with pytest.raises(HpbridgeError, match="there is a study 'a' already"):
        shell("create", "--space", "space.toml", "--name", "a")
    shell("ask", "a")
    with pytest.raises(OptionError, match="a trial is told one thing, got nothing"):
        shell("tell", "a", "0")
    with pytest.raises(OptionError, match=r"told one thing, got 1 --pruned"):
        shell("tell", "a", "0", "1", "--pruned")
    with pytest.raises(TellError, match="told the str 'much' for metric 'value'"):
        shell("tell", "a", "0", "value=much")
    with pytest.raises(TellError, match="it was never asked for"):
        shell("tell", "a", "5", "1")
    tuned = hpb.Experiment(
        objective=lambda trial: trial["x"], space={"x": hpb.Float(0, 1)}
    )
    hpb.run(tuned, "random", n_trials=1, name="ours")
    for words in (("ask", "ours"), ("tell", "ours", "0", "1")):
        with pytest.raises(StudyOverError, match="has a loop of its own"):
            shell(*words)


def test_shells_at_once_lose_nothing(tmp_path):
    store = str(tmp_path / "store.db")
    space = {"x": hpb.Float(0, 1)}
    with hpb.open_study(space, "random", seed=1, store=store, name="a") as study:
        study.leave()
    shells = [Forked(SHELL, store, "a") for _ in range(N_SHELLS)]
    for each in shells:
        each.stdin.write("go\n")
        each.stdin.flush()
    out = "".join(each.communicate() for each in shells)
    n = N_SHELLS * N_EACH
    assert sorted(map(int, out.split())) == [*range(n)]
    read = hpb.load_study("a", store)
    assert [trial.number for trial in read.trials] == [*range(n)]
    assert sorted(trial.told for trial in read.trials) == [*range(n)]
    with Turns(open_store(store), "a").turn() as opened:  # replays all of it
        assert opened.ask().number == n
    assert not [note for note in opened.notes if "continued" in note]
