"""Results in open formats: what goes in comes out."""

from __future__ import annotations

import csv
import json
import math
import pickle
import sys

import pandas as pd
import pytest

import hpbridge as hpb
from hpbridge.errors import HpbridgeError
from hpbridge.formats.export import RESULTS_SCHEMA, ExportError, study_to_json

SPACE = {
    "lr": hpb.Float(1e-5, 1e-1, log=True),
    "kind": hpb.Categorical([1, "one", None, 2.5, True and "yes"]),
    "flag": hpb.Categorical([True, False]),
    "depth": hpb.Int(1, 9, when={"kind": ["one", None]}),
    "huge": hpb.Categorical([2**80, -(2**80)]),
    "net": hpb.Categorical({"narrow": (32,), "deep": (64, 64)}),
}
RETURNED = [{"value": 0.1 + 0.2, "odd": math.nan}, math.nan, math.inf, -math.inf, None]


def objective(trial):
    trial.report(math.inf, 0)
    if trial.number >= len(RETURNED):
        msg = 'a "quoted", comma-ed\nand broken line \udc80'
        raise ValueError(msg)
    return RETURNED[trial.number]


def study_of(n_trials=8) -> hpb.Study:
    tuned = hpb.Experiment(
        objective=objective, space=SPACE, direction="maximize", name="strange"
    )
    return hpb.run(tuned, "random", n_trials=n_trials, seed=4, store=":memory:")


@pytest.fixture(scope="module")
def study() -> hpb.Study:
    return study_of()


@pytest.fixture(scope="module")
def empty() -> hpb.Study:
    """A study that was interrupted before its first trial ended."""

    def interrupted(_trial):
        raise KeyboardInterrupt

    tuned = hpb.Experiment(objective=interrupted, space=SPACE, name="empty")
    store = hpb.store.open_store(":memory:")
    with pytest.raises(KeyboardInterrupt):
        hpb.run(tuned, "random", n_trials=3, seed=0, store=store)
    return hpb.load_study("empty-random-random-0", store)


COLUMNS = [
    *("study", "backend", "algorithm", "number", "state", "origin"),
    *("param:lr", "param:kind", "param:flag", "param:depth", "param:huge"),
    *("param:net", "metric:value", "metric:odd", "error", "seed", "tells_before"),
    *("told", "worker", "attempts", "asked_at", "started_at", "ask_seconds"),
    *("run_seconds", "tell_seconds"),
]


def test_the_schema_has_these_columns_and_documents_them(study) -> None:
    import hpbridge.formats.export

    assert study.columns == COLUMNS
    assert all(list(row) == COLUMNS for row in study.rows())
    documented = hpbridge.formats.export.__doc__
    for column in COLUMNS:
        name = column.split(":")[0] + (":NAME" if ":" in column else "")
        assert f"\n{name} " in documented, column


def test_a_frame_keeps_types(study) -> None:
    frame = study.to_pandas()
    assert list(frame.columns) == COLUMNS
    for position, trial in enumerate(study.trials):
        row = frame.iloc[position]
        assert row["param:lr"] == trial.params["lr"]
        assert row["param:kind"] == trial.params["kind"] or pd.isna(row["param:kind"])
        assert row["param:huge"] == trial.params["huge"]
    # Inactive in some rows: still whole numbers.
    depths = [t.params.get("depth") for t in study.trials]
    assert None in depths
    assert frame["param:depth"].dtype == "Int64"
    assert [None if pd.isna(d) else d for d in frame["param:depth"]] == depths
    assert frame["metric:value"].tolist()[2:4] == [math.inf, -math.inf]
    assert math.isnan(frame["metric:value"][1])


def test_csv(study, tmp_path) -> None:
    path = tmp_path / "study.CSV"
    study.export(path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS
    assert len(rows) == len(study.trials)
    for row, trial in zip(rows, study.trials, strict=True):
        assert float(row["param:lr"]) == trial.params["lr"]  # to the last bit
        assert row["param:kind"] == str(trial.params["kind"])
        assert row["param:flag"] == str(trial.params["flag"])
        assert row["param:depth"] == str(trial.params.get("depth", ""))
        assert int(row["param:huge"]) == trial.params["huge"]
    assert [row["metric:value"] for row in rows] == [
        *("0.30000000000000004", "nan", "inf", "-inf", "", "", "", "")
    ]
    assert rows[5]["error"] == (
        'ValueError: a "quoted", comma-ed and broken line \\udc80'
    )


def test_json_is_standard_and_complete(study, tmp_path) -> None:
    path = tmp_path / "study.json"
    study.export(path)

    def refuse(constant):
        raise AssertionError(constant)

    data = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert data["schema"] == RESULTS_SCHEMA
    assert hpb.Space.from_json(data["space"]) == study.space
    assert data["metrics"] == {"value": "maximize"}
    assert data["versions"] == study.versions
    for field in ("options", "settings", "machine", "status", "stop_reason", "seed"):
        assert data[field] == getattr(study, field), field
    for row, trial in zip(data["trials"], study.trials, strict=True):
        assert row["params"] == trial.params
        assert row["number"] == trial.number
        assert {k: float(v) for k, v in row["metrics"].items()}.keys() == (
            trial.metrics.keys()
        )
        assert row["reports"] == [[0, "inf"]]
    assert [row["metrics"] for row in data["trials"][:4]] == [
        {"value": 0.1 + 0.2, "odd": "nan"},
        {"value": "nan"},
        {"value": "inf"},
        {"value": "-inf"},
    ]
    assert "ValueError" in data["trials"][5]["traceback"]


def test_json_of_options_that_are_not_finite(study) -> None:
    from dataclasses import replace

    odd = replace(study, options={"xi": math.inf, "grid": (1, math.nan)})
    assert study_to_json(odd)["options"] == {"xi": "inf", "grid": [1, "nan"]}


def test_parquet(study, tmp_path) -> None:
    path = tmp_path / "study.parquet"
    study.export(path)
    frame = pd.read_parquet(path)
    assert list(frame.columns) == COLUMNS
    assert frame["param:lr"].tolist() == [t.params["lr"] for t in study.trials]
    assert frame["param:flag"].tolist() == [t.params["flag"] for t in study.trials]
    # Choices of several types, and numbers of more than 64 bits, go as text.
    kinds = [t.params["kind"] for t in study.trials]
    assert len({type(kind) for kind in kinds}) > 2
    assert [None if pd.isna(k) else k for k in frame["param:kind"]] == [
        None if kind is None else str(kind) for kind in kinds
    ]
    assert [int(v) for v in frame["param:huge"]] == [
        t.params["huge"] for t in study.trials
    ]
    depths = [t.params.get("depth") for t in study.trials]
    assert [None if pd.isna(d) else d for d in frame["param:depth"]] == depths
    assert frame["metric:value"].tolist()[2:4] == [math.inf, -math.inf]


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_a_study_without_trials(empty, tmp_path, ending) -> None:
    assert empty.trials == ()
    assert empty.status == "interrupted"
    path = tmp_path / f"empty.{ending}"
    empty.export(path)
    columns = [column for column in COLUMNS if column != "metric:odd"]
    if ending == "csv":
        assert path.read_text(encoding="utf-8").strip() == ",".join(columns)
    elif ending == "json":
        assert json.loads(path.read_text(encoding="utf-8"))["trials"] == []
    else:
        frame = pd.read_parquet(path)
        assert (len(frame), list(frame.columns)) == (0, columns)
    assert list(empty.to_pandas().columns) == columns


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("study.xlsx", "names no known format.\nHint: end it in .csv, .json, .parquet"),
        ("study", "names no known format.\nHint: end it in .csv, .json, .parquet"),
        ("no/folder/s.csv", "cannot be written: its folder does not exist.\nHint: "),
        ("no/folder/s.parquet", "cannot be written: "),
    ],
)
def test_what_cannot_be_written(study, tmp_path, name, message) -> None:
    with pytest.raises(ExportError) as caught:
        study.export(tmp_path / name)
    assert message in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)
    assert "\nHint: " in str(caught.value)


def test_an_export_replaces_what_is_there_when_told_to_at_every_door(
    study, tmp_path
) -> None:
    for form in ("csv", "json", "parquet"):
        new = tmp_path / f"new.{form}"
        new.write_text("mine")
        with pytest.raises(ExportError, match=r"exists already\.\nHint: .*overwrite"):
            study.export(new)
        assert new.read_text() == "mine"
        hpb.write_study(study, new, form, overwrite=True)
        path = tmp_path / f"old.{form.upper()}"
        path.write_text("old")
        link = tmp_path / f"link.{form}"
        link.symlink_to(path)
        study.export(link, overwrite=True)
        assert path.read_bytes() == (tmp_path / f"new.{form}").read_bytes()
        assert link.is_symlink()


def test_a_package_that_is_missing(study, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)  # what an import then finds
    for export in (study.to_pandas, lambda: study.export(tmp_path / "s.parquet")):
        with pytest.raises(HpbridgeError) as caught:
            export()
        assert str(caught.value) == (
            "A data frame needs pandas, which is not installed.\n"
            "Hint: `pip install 'hpbridge[pandas]'`."
        )
    study.export(tmp_path / "s.csv")  # needs none


def test_a_data_frame_holds_text_that_is_no_utf8(tmp_path):
    space = {"p\udfff": hpb.Float(0, 1), "c": hpb.Categorical(["\udfff", "a"])}
    experiment = hpb.Experiment(objective=lambda t: t["p\udfff"], space=space)
    store = tmp_path / "s.db"
    study = hpb.run(experiment, "random", n_trials=3, seed=0, store=store)
    frame = study.to_pandas()
    assert list(frame["param:p\udfff"]) == [t.params["p\udfff"] for t in study.trials]
    assert list(frame["param:c"]) == [t.params["c"] for t in study.trials]
    assert frame["param:p\udfff"].dtype == float
    assert frame["number"].dtype == int


def test_a_study_knows_its_store_and_a_copy_for_another_process_does_not(tmp_path):
    made = hpb.Experiment(objective=lambda t: t["x"], space={"x": hpb.Float(0, 1)})
    store = tmp_path / "s.db"
    ran = hpb.run(made, "random", n_trials=2, seed=0, store=store)
    loaded = hpb.load_study(ran.name, store)
    for study in (ran, loaded, hpb.import_study(ran, store)):
        assert study.home.url == str(store)
        assert study.home.study(study.id).name == study.name
    copied = pickle.loads(pickle.dumps(loaded))
    assert copied.home is None
    assert copied == loaded
    assert "home" not in repr(loaded)
