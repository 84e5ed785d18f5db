from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from hpbridge.contract.references import Wanted, find_experiment, load_experiment
from hpbridge.errors import ExperimentError, ExperimentNotFoundError, SpaceError

GOOD = """
import hpbridge as hpb
from {neighbour} import SCALE
def f(t): return SCALE * t["x"]
experiment = hpb.Experiment(objective=f, space={{"x": hpb.Float(0, 1)}}, name="good")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return path


def test_a_file_anywhere_may_import_its_neighbours(folder: Path) -> None:
    deep = folder / "some where" / "else"
    deep.mkdir(parents=True)
    write(deep, "neighbour_a.py", "SCALE = 3")
    path = write(deep, "tuned.py", GOOD.format(neighbour="neighbour_a"))
    experiment = load_experiment(str(path))
    assert experiment.objective({"x": 2}) == 6
    assert experiment.reference == f"{path}:experiment"
    again = load_experiment(experiment.reference)
    assert again.objective is experiment.objective  # imported once


def test_a_file_may_have_the_name_of_an_installed_module(folder: Path) -> None:
    write(folder, "neighbour_b.py", "SCALE = 3")
    path = write(folder, "json.py", GOOD.format(neighbour="neighbour_b"))
    import json

    assert load_experiment(str(path)).name == "good"
    assert json.loads("1") == 1


def test_a_module_is_found_in_the_current_folder(folder: Path) -> None:
    write(folder, "neighbour_c.py", "SCALE = 3")
    write(folder, "my_module.py", GOOD.format(neighbour="neighbour_c"))
    assert load_experiment("my_module:experiment").name == "good"


@pytest.mark.parametrize(
    ("text", "reference", "told"),
    [
        (None, "missing.py", "there is no file 'missing.py'"),
        (None, "no_such_module_here", "there is no module 'no_such_module_here'"),
        ("x = (", "bad.py", "does not parse"),
        ("1 / 0", "bad.py", "raised ZeroDivisionError: division by zero (line 1 of"),
        ("import not_there_at_all", "bad.py", "raised ModuleNotFoundError"),
        ("raise SystemExit(3)", "bad.py", "raised SystemExit: 3"),
        ("x = 1", "bad.py", "holds no hpbridge.Experiment"),
        ("x = 1", "bad.py:x", "'x' is no objective: it is 1, which cannot be called"),
        ("x = 1", "bad.py:y", "has no 'y'"),
    ],
)
def test_each_way_to_have_no_experiment_is_a_sentence(
    folder: Path, text: str | None, reference: str, told: str
) -> None:
    if text is not None:
        write(folder, "bad.py", text)
    with pytest.raises(ExperimentError) as caught:
        load_experiment(reference)
    assert told in str(caught.value)
    assert "\nHint: " in str(caught.value)


def test_several_experiments_must_be_named(folder: Path) -> None:
    write(folder, "neighbour_d.py", "SCALE = 3")
    text = GOOD.format(neighbour="neighbour_d").replace(
        "experiment =", "first = second ="
    )
    path = write(folder, "several.py", text)
    with pytest.raises(
        ExperimentNotFoundError, match="it holds 2 experiments: first, sec"
    ):
        load_experiment(str(path))
    assert load_experiment(f"{path}:second").reference.endswith(":second")


def test_a_wrong_space_in_the_file_is_told_as_such(folder: Path) -> None:
    text = "import hpbridge as hpb\ns = hpb.Space({'x': hpb.Float(2, 1)})"
    write(folder, "wrong_space.py", text)
    with pytest.raises(SpaceError, match="reversed"):
        load_experiment("wrong_space.py")


def test_a_search_of_scikit_learns_is_a_sentence_and_is_not_run(tmp_path):
    text = "import search\nopt = search.BayesSearchCV(None, {})\nopt.fit()\n"
    (tmp_path / "searches.py").write_text(text)
    with pytest.raises(ExperimentNotFoundError) as caught:
        find_experiment(Wanted(str(tmp_path / "searches.py")))
    assert "its BayesSearchCV runs a search of its own" in str(caught.value)
    assert "BridgeSearchCV" in caught.value.hint


def test_a_search_beside_an_experiment_is_no_reason_to_refuse(tmp_path):
    text = """
import hpbridge as hpb
Evaluation = hpb.Experiment
known = Evaluation(objective=lambda t: t["x"], space={"x": hpb.Float(0, 1)})
if __name__ == "__main__":
    search = BridgeSearchCV(None, {})
"""
    (tmp_path / "both.py").write_text(text)
    assert load_experiment(str(tmp_path / "both.py")).reference.endswith(":known")
