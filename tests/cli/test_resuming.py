"""``--resume`` goes on with what there is, or says why it begins anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hpbridge.cli.app import app

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


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["-s", "1"], f"the last one, '{NAME}', has the seed 0"),
        (["--name", "mine"], f"the last one, '{NAME}', has another name"),
        (["-b", "optuna:random"], f"the last one, '{NAME}', has the optimizer random:"),
        (["--store", "other.db"], "there is none of 'e' in "),
        (["--from", NAME], f"the last one, '{NAME}', has another history"),
    ],
)
def test_a_new_study_never_begins_without_a_word(hpbridge, words, why) -> None:
    done = hpbridge(*RUN, *words, "-n", "1", "--resume")
    assert f"No study to go on with: {why}" in done.err
    assert "; a new one begins." in done.err


def test_a_comparison_gets_more_trials(hpbridge) -> None:
    words = ["compare", "e.py", "-b", "random,optuna:random"]
    new = hpbridge(*words, "-n", "2", "--resume")
    assert "Note: no comparison to go on with: there is none of 'e' in " in new.err
    more = hpbridge(*words, "-n", "4", "--resume", "--json")
    found = json.loads(more.out)
    assert (found["name"], found["notes"]) == ("e-comparison", [])
    assert [row["trials"] for row in found["table"]] == [4, 4]
    assert len(listed(hpbridge)) == 3
