"""``--confirm K`` runs the best K again after the search."""

from __future__ import annotations

import json

import pytest

from hpbridge.errors import OptionError

FILE = """
import random
import hpbridge as hpb
experiment = hpb.Experiment(
    objective=lambda t: t["x"] + random.Random(t.seed).random(),
    space={"x": hpb.Float(-1, 1)},
    name="e",
)
"""
RUN = ["run", "e.py", "-b", "random", "-s", "0", "-n", "6"]


@pytest.fixture
def hpbridge(run_here, tmp_path):
    (tmp_path / "e.py").write_text(FILE)
    return run_here


def test_the_best_run_again_and_are_shown_beside_what_they_were(hpbridge) -> None:
    out = hpbridge(*RUN, "--confirm", "2", "--confirm-repeats", "3").out
    assert "Trials of e-random-random-0 that ran again" in out
    assert "lucky value" in out
    assert "Confirmed: trial " in out
    assert "when it ran again 3 times" in out
    shown = hpbridge("show", "e-random-random-0-confirmed").out
    assert out.split("that ran again\n")[1].strip() in shown
    assert "Best:" not in shown


def test_programs_get_it_beside_the_study(hpbridge) -> None:
    found = json.loads(hpbridge(*RUN, "--confirm", "2", "--json").out)
    assert found["name"] == found["confirmation"]["of"]
    assert [w["rank"] for w in found["confirmation"]["winners"]] == [1, 2]
    assert len(found["confirmation"]["winners"][0]["values"]["value"]) == 5


def test_resume_goes_on_with_the_search_and_with_what_confirms_it(hpbridge) -> None:
    first = json.loads(hpbridge(*RUN, "--confirm", "2", "--json").out)
    done = hpbridge(*RUN, "--confirm", "2", "--resume", "--json")
    assert json.loads(done.out)["confirmation"] == first["confirmation"]
    studies = json.loads(hpbridge("studies", "--json").out)["studies"]
    assert [study["trials"] for study in studies] == [6, 10]
    assert "Nothing of" in hpbridge("resume", "e-random-random-0-confirmed").err
    said = hpbridge(*RUN, "-b", "optuna", "--resume").err
    assert "'e-random-random-0', has the optimizer random:random" in said


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--confirm", "7"], "the best 7 of 6 trials cannot be run again"),
        (["--confirm", "0"], "it must be a whole number >= 1, got 0"),
        (
            ["--confirm", "1", "--confirm-repeats", "0"],
            "--confirm-repeats must be >= 1, got 0",
        ),
        (["--confirm-repeats", "2"], "it is given without --confirm"),
    ],
)
def test_what_cannot_be_confirmed_is_refused_before_the_search(
    words, problem, hpbridge
) -> None:
    with pytest.raises(OptionError, match=problem):
        hpbridge(*RUN, *words)
    assert json.loads(hpbridge("studies", "--json").out)["studies"] == []


def test_fewer_are_confirmed_where_fewer_are_complete(hpbridge, tmp_path) -> None:
    text = FILE.replace("t.seed).random(),", "t.seed).random() if t.number else 1 / 0,")
    (tmp_path / "e.py").write_text(text)
    done = hpbridge(*RUN, "--confirm", "6", "--confirm-repeats", "1")
    assert "has 5 complete feasible trials of different parameters, not 6" in done.err


def test_a_file_of_it_is_read_and_one_that_is_none_is_a_study(
    hpbridge, tmp_path
) -> None:
    out = hpbridge(*RUN, "--confirm", "2", "--confirm-repeats", "3").out
    hpbridge("export", "e-random-random-0-confirmed", "c.json")
    said = hpbridge("import", "c.json", "--name", "other").out
    assert out.split("that ran again\n")[1].strip() in said
    data = json.loads((tmp_path / "c.json").read_text())
    for wrong in ("text", {"trials": [], "lucky": [], "repeats": 1}, {"trials": [1]}):
        data["attributes"]["confirms"] = wrong
        (tmp_path / "d.json").write_text(json.dumps(data))
        assert "Best: value=" in hpbridge("import", "d.json").out
