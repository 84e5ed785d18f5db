"""``--resume`` goes on with what there is, or says why it begins anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hpbridge.cli.app import app
from hpbridge.errors import OptionError

FILE = """
import hpbridge as hpb
experiment = hpb.Experiment(
    objective=lambda t: t["x"] ** 2, space={"x": hpb.Float(-1, 1)}, name="e"
)
"""
RUN = ["run", "e.py", "-b", "random", "-s", "0"]


@pytest.fixture
def hpbridge(tmp_path, monkeypatch, capsys):
    """Runs a command in this process, since it is done so often."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["hpbridge"])
    (tmp_path / "e.py").write_text(FILE)

    def run(*words):
        app(list(words), standalone_mode=False)
        return capsys.readouterr()

    run(*RUN, "-n", "3", "--retries", "1")
    return run


def listed(hpbridge):
    found = json.loads(hpbridge("studies", "--json").out)
    return [(study["name"], study["trials"]) for study in found["studies"]]


NAME = "e-random-random-0"


def test_a_finished_study_goes_on_with_more_trials(hpbridge) -> None:
    done = hpbridge(*RUN, "-n", "6", "--resume")
    assert f"To go on with: study '{NAME}', which has 3 trials." in done.err
    assert "bit for bit" in done.out
    assert listed(hpbridge) == [(NAME, 6)]


def test_a_finished_study_says_that_nothing_is_left(hpbridge) -> None:
    for words in (RUN, ["run", "e.py", "-b", "random"]):
        done = hpbridge(*words, "--resume", "--json")
        said = f"Nothing of '{NAME}' was left to run: it has 3 trials; --trials N with"
        assert said in done.err
        assert json.loads(done.out)["n_trials"] == 3
    assert said in hpbridge(*RUN, "-n", "2", "--resume").err
    assert said in hpbridge("resume", NAME).err
    assert listed(hpbridge) == [(NAME, 3)]


def test_settings_that_are_given_hold_and_the_others_are_as_they_were(hpbridge) -> None:
    hpbridge(*RUN, "-n", "5", "--timeout", "50", "--resume")
    words = ["-n", "6", "--on-error", "stop", "--workers", "2"]
    hpbridge("resume", NAME, *words)
    shown = json.loads(hpbridge("show", NAME, "--json").out)
    hpbridge("export", NAME, "s.json")
    settings = json.loads(Path("s.json").read_text())["settings"]
    assert len(shown["trials"]) == settings["n_trials"] == 6
    wanted = {"retries": 1, "timeout": 50, "on_error": "stop", "workers": 2}
    assert {name: settings[name] for name in wanted} == wanted


def test_that_workers_start_is_said_once(hpbridge) -> None:
    words = ["--workers", "2", "--resume"]
    assert hpbridge(*RUN, "-n", "5", *words).err.count("2 workers start\n") == 1
    assert "start" not in hpbridge(*RUN, "-n", "7", *words, "--json").err


@pytest.mark.parametrize("command", [[*RUN, "--resume"], ["resume", NAME]])
def test_each_setting_can_be_changed(hpbridge, command) -> None:
    words = "--driver local --workers 2 --timeout 50 --timeout-trial 40 --target -9"
    more = "--trials-per-worker 7 --memory-trial 1GiB --retries 3 --on-error stop"
    store = "--store-patience 7 --store hpbridge.db"
    hpbridge(*command, "-n", "4", *f"{words} {more} {store}".split())
    hpbridge("export", NAME, "s.json")
    settings = json.loads(Path("s.json").read_text())["settings"]
    expected = {"n_trials": 4, "workers": 2, "timeout": 50, "timeout_trial": 40}
    expected |= {"trials_per_worker": 7, "memory_trial": 2**30, "target": -9}
    expected |= {"retries": 3, "on_error": "stop", "driver": "local"}
    assert {name: settings[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("words", "options", "other"),
    [
        ([*RUN, "--default", "x=1"], "--default", "--from"),
        ([*RUN, "--resume", "--without", "x"], "--without", "--from"),
        (
            [*RUN, "--default", "x=1", "--trust-size"],
            "--default, --trust-size",
            "--from",
        ),
        (["resume", NAME, "--space", "e.py:s"], "--space", "--experiment"),
    ],
)
def test_an_option_that_would_say_nothing_is_refused(
    hpbridge, words, options, other
) -> None:
    with pytest.raises(OptionError) as caught:
        hpbridge(*words)
    assert caught.value.headline == f"Option {options} cannot be read"
    assert f"without {other}" in caught.value.problems[0]
    assert caught.value.hint == f"add {other}, or leave {options} out"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["-s", "1"], f"the last one, '{NAME}', has the seed 0"),
        (["--name", "mine"], f"the last one, '{NAME}', has another name"),
        (["-b", "optuna:random"], f"the last one, '{NAME}', has the optimizer random:"),
        (["--store", "other.db"], "there is none of 'e' in "),
        (["--from", NAME], f"the last one, '{NAME}', has another history"),
        (["--pruner", "median"], f"the last one, '{NAME}', has no pruner"),
    ],
)
def test_a_new_study_never_begins_without_a_word(hpbridge, words, why) -> None:
    done = hpbridge(*RUN, *words, "-n", "1", "--resume")
    assert f"No study to go on with: {why}" in done.err
    assert "; a new one begins." in done.err


def test_another_pruner_begins_a_new_study_and_says_which_there_is(hpbridge) -> None:
    words = ["run", "e.py", "-b", "random", "--name", "pruned", "-n", "1"]
    hpbridge(*words, "--pruner", "median", "--pruner-option", "n_startup_trials=3")
    found = "To go on with: study 'pruned', which has 1 trials."
    assert found in hpbridge(*words, "--resume").err
    assert found in hpbridge(*words, "--resume", "--pruner", "median").err
    given = ["--pruner", "median", "--pruner-option", "n_startup_trials=4"]
    done = hpbridge(*words, "--resume", *given)
    assert "has the pruner's n_startup_trials=3" in done.err
    done = hpbridge(*words, "--resume", "--pruner", "asha")
    assert "the pruner median; a new one begins" in done.err


def test_a_comparison_with_another_pruner_is_another_one(hpbridge) -> None:
    words = ["compare", "e.py", "-b", "random,optuna:random", "-n", "2"]
    hpbridge(*words, "--pruner", "median")
    again = hpbridge(*words, "--resume", "--pruner", "median", "--json")
    assert json.loads(again.out)["notes"] == []
    assert json.loads(hpbridge(*words, "--resume", "--json").out)["notes"] == []
    other = hpbridge(*words, "--resume", "--pruner", "sha").err
    assert "the last one, 'e-comparison', has another pruner" in other


def test_a_comparison_gets_more_trials(hpbridge) -> None:
    words = ["compare", "e.py", "-b", "random,optuna:random"]
    new = hpbridge(*words, "-n", "2", "--resume")
    assert "Note: no comparison to go on with: there is none of 'e' in " in new.err
    more = hpbridge(*words, "-n", "4", "--resume", "--json")
    found = json.loads(more.out)
    assert (found["name"], found["notes"]) == ("e-comparison", [])
    assert [row["trials"] for row in found["table"]] == [4, 4]
    assert len(listed(hpbridge)) == 3
