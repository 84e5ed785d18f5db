"""Contests of a store together, and the page of one made again from its copy."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

import hpbridge as hpb
from hpbridge.engine.compare import load_comparison
from hpbridge.report.leaderboard import leaderboard
from hpbridge.store import open_store

RIVALS = ["optuna:random", "hyperopt:random"]


def bowl(trial):
    return trial["x"] ** 2


def ran(store, backends=RIVALS, **given):
    given = {"n_trials": 4, "seeds": 3, "problems": ["branin", "tree"], **given}
    return hpb.bench("fast", backends, store=store, reference=False, **given)


def command(folder, *words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "hpbridge", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
        text=True,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with two contests that go together, another budget, and a comparison."""
    path = tmp_path_factory.mktemp("store") / "s.db"
    ran(path)
    ran(path, ["optuna:tpe"])
    ran(path, n_trials=3)
    experiment = hpb.Experiment(objective=bowl, space={"x": hpb.Float(-1, 1)})
    hpb.compare(experiment, RIVALS, n_trials=3, repeats=3, store=path)
    return path


def test_contests_of_one_budget_go_together_and_others_stay_apart(store):
    boards, apart = leaderboard(open_store(store))
    assert [board.title for board in boards] == ["fast, 4 trials", "fast, 3 trials"]
    assert boards[0].comparisons == ("fast-bench", "fast-bench-2")
    assert set(boards[0].results.optimizers) == {*RIVALS, "optuna:tpe"}
    assert boards[0].results.states.shape == (2, 3, 3)
    assert boards[0].numbers.shared == [0, 1]
    assert boards[1].comparisons == ("fast-bench-3",)
    assert apart == ["1 comparison without problems of a suite: bowl-comparison"]


def test_final_values_are_those_of_the_studies(store):
    board = leaderboard(open_store(store))[0][0]
    names = [facts.name for facts in board.results.problems]
    for study in load_comparison("fast-bench", store).studies:
        place = (
            names.index(study.experiment),
            board.results.optimizers.index(study.optimizer),
            board.results.seeds.index(study.seed),
        )
        best = study.best_by_main_metric()
        if study.experiment == "branin":  # judged by what it optimized
            assert board.numbers.final[place] == best.metrics[study.main_metric]


def test_other_versions_of_a_library_are_other_optimizers(store, tmp_path):
    path = tmp_path / "s.db"
    shutil.copy(store, path)
    with sqlite3.connect(path) as file:
        ((text,),) = file.execute(
            "select versions from hpbridge_studies where comparison_id = 1 limit 1"
        )
        versions = json.dumps({**json.loads(text), "optuna": "0.1"})
        own = "comparison_id = 1 and backend = 'optuna' limit 1"
        file.execute(
            "update hpbridge_studies set versions = ?, algorithm = 'random', options = "
            f"(select options from hpbridge_studies where {own}) "
            "where comparison_id = 2",
            [versions],
        )
    names = leaderboard(open_store(path))[0][0].results.optimizers
    assert "optuna:random [optuna 0.1]" in names
    assert sum(name.startswith("optuna:random [") for name in names) == 2


def test_the_command_prints_boards_as_json_and_writes_their_page(store, tmp_path):
    page = tmp_path / "page.html"
    words = ["leaderboard", "--store", str(store), "--json", "--report", str(page)]
    found = json.loads(command(tmp_path, *words).stdout)
    first = found["boards"][0]
    assert first["problems"] == first["ranked_over"] == ["branin", "tree"]
    assert {row["optimizer"] for row in first["table"]} == {*RIVALS, "optuna:tpe"}
    assert all(row["runs"] == 6 for row in first["table"])
    for row in first["table"]:
        assert row["wins"] + row["ties"] <= 2
    text = page.read_text(encoding="utf-8")
    assert "fast, 4 trials" in text
    assert "bowl-comparison" in text
    assert "fast, 3 trials" in command(tmp_path, *words[:3]).stdout


def test_command_and_page_show_the_same_columns_and_cells(store, tmp_path):
    page = tmp_path / "page.html"
    words = ["leaderboard", "--store", str(store), "--report", str(page)]
    printed = command(tmp_path, *words, COLUMNS="200").stdout
    text = page.read_text(encoding="utf-8")
    for board in leaderboard(open_store(store))[0]:
        for header in board.table["headers"]:
            assert f"{header[0].lower()}{header[1:]}" in printed
            assert f">{header}</th>" in text
        for row in board.table["rows"]:
            assert all(f">{cell}</td>" in text for cell in row.cells[1:])
            assert all(
                part in printed for cell in row.cells for part in cell.split("\n")
            )


def test_a_store_without_contests_says_so(tmp_path):
    done = command(tmp_path, "leaderboard", "--store", "new.db")
    assert "no comparison on problems of a suite" in done.stdout


def test_a_page_is_made_again_from_a_copy_byte_for_byte(store, tmp_path):
    for name in ("fast-bench", "bowl-comparison"):
        pages = []
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
            folder = tmp_path / f"{name}{seed}"
            folder.mkdir()
            shutil.copy(store, folder / "copy.db")
            words = ["report", "-c", name, "-o", "page.html", "--store", "copy.db"]
            command(folder, *words, PYTHONHASHSEED=seed, TZ=zone)
            pages.append((folder / "page.html").read_bytes())
        assert pages[0] == pages[1]
        assert b'id="verdict"' in pages[0]


def test_the_page_of_a_bench_is_that_of_its_store(tmp_path):
    found = ran(tmp_path / "s.db")
    found.report(tmp_path / "now.html")
    load_comparison(found.name, tmp_path / "s.db").report(tmp_path / "later.html")
    now, later = ((tmp_path / n).read_bytes() for n in ("now.html", "later.html"))
    assert now == later
