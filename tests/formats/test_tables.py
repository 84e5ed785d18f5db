"""Tables and JSON as studies: ours come back whole, others by their columns."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import random
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hpbridge as hpb
from hpbridge.contract.builtin import FORMATS
from hpbridge.contract.foreign import Hints
from hpbridge.errors import FormatError
from hpbridge.formats.cells import parse_column, state_of
from hpbridge.store.attributes import from_cell, to_cell
from hpbridge.trial import State

BY_NAME = {form.name: form for form in FORMATS}

SPACE = hpb.Space(
    {
        "lr": hpb.Float(1e-5, 1e-1, log=True),
        "kind": hpb.Categorical([1, "one", None, 2.5]),
        "flag": hpb.Categorical([True, False]),
        "depth": hpb.Int(1, 9, when={"kind": ["one", None]}),
        "huge": hpb.Categorical([2**80, -(2**80)]),
        "net": hpb.Categorical({"narrow": (32,), "deep": (64, 64)}),
        "fixed": hpb.Constant(3),
    }
)
RETURNED = [{"acc": 0.1 + 0.2, "odd": math.nan}, math.nan, math.inf, -math.inf, None]


def objective(trial):
    trial.report(math.inf, 0)
    if trial.number == 6:
        raise hpb.TrialPruned
    if trial.number >= len(RETURNED):
        msg = 'a "quoted", comma-ed\nand broken line; \udc80'
        raise ValueError(msg)
    return RETURNED[trial.number]


@pytest.fixture(scope="module")
def study() -> hpb.Study:
    experiment = hpb.Experiment(
        objective=objective,
        space=SPACE,
        direction={"acc": "maximize"},
        name="strange",
        constraints={"odd": "<= 2.5"},
    )
    found = hpb.run(experiment, "random", n_trials=9, seed=4, store=":memory:")
    noted = {"who": "ada", "text": "3", "n": 3, "list": [1, None], "no": None}
    trials = [
        dataclasses.replace(
            t, attributes=noted if t.number % 2 else {}, native={"k": 1}
        )
        for t in found.trials
    ]
    return dataclasses.replace(
        found,
        trials=tuple(trials),
        attributes={"about": ["x", 1.5]},
        native={"state": [1, 2]},
    )


def read(form, source, **hints):
    return BY_NAME[form].read(source, Hints(**hints))


def facts(trials, *names):
    return [tuple(repr(getattr(t, name)) for name in names) for t in trials]


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_our_own_study_comes_back_whole(study, form, tmp_path) -> None:
    path = tmp_path / "study"
    assert BY_NAME[form].write(study, str(path)) == ()
    back = read(form, path)
    assert back.name == study.name
    assert (back.backend, back.algorithm) == ("random", "random")
    assert back.metrics == {"acc": "maximize"}
    assert back.bounds == {"odd": "<= 2.5"}
    assert back.space == study.space
    assert back.attributes == study.attributes
    names = ("state", "metrics", "reports", "error", "attributes", "run_seconds")
    assert facts(back.trials, *names) == facts(study.trials, *names)
    assert [dict(t.params) for t in back.trials] == [t.params for t in study.trials]
    if form == "json":
        assert back.native == study.native
        assert [t.native for t in back.trials] == [t.native for t in study.trials]
    # And through the front door it is a study of the library that ran it.
    whole = hpb.read_study(path)
    assert whole.optimizer == "random:random"
    assert whole.bounds == study.bounds
    assert whole.space == study.space


def test_json_is_read_as_it_was_written_before(study, tmp_path) -> None:
    """Exports of earlier versions lack the keys that came later."""
    path = tmp_path / "old.json"
    study.export(path)
    data = json.loads(path.read_text())
    for late in ("bounds", "attributes", "native"):
        del data[late]
    for trial in data["trials"]:
        del trial["attributes"], trial["native"]
    path.write_text(json.dumps(data))
    back = read("json", path)
    assert back.bounds == {"odd": "<= 2.5"}
    assert len(back.trials) == 9
    assert back.attributes == {}


def test_csv_comes_back_as_far_as_text_goes(study, tmp_path) -> None:
    path = tmp_path / "study"
    notes = BY_NAME["csv"].write(study, str(path))
    assert "csv does not hold the space" in notes
    assert "csv does not hold constraints on metrics" in notes
    ambiguous = [note for note in notes if "as text" in note]
    assert len(ambiguous) == 1
    assert "of 'kind'" in ambiguous[0]
    back = read("csv", path, space=SPACE, direction={"acc": "maximize"})
    assert [dict(t.params) for t in back.trials] == [t.params for t in study.trials]
    names = ("state", "metrics", "attributes", "started_at", "run_seconds")
    assert facts(back.trials, *names) == facts(study.trials, *names)
    errors = [t.error and t.error.replace("\udc80", "\\udc80") for t in study.trials]
    assert [t.error for t in back.trials] == errors
    alone = read("csv", path)
    assert alone.metrics == {"acc": "minimize"}
    assert alone.space is None
    assert any("no direction: 'acc' is taken to be min" in note for note in alone.notes)
    depths = [t.params.get("depth") for t in alone.trials]
    assert depths == [t.params.get("depth") for t in study.trials]
    assert {type(t.params["flag"]) for t in alone.trials} == {bool}


def test_attributes_have_columns_only_when_there_are_any(study) -> None:
    named = [column for column in study.columns if column.startswith("attribute:")]
    assert named == [f"attribute:{n}" for n in ("who", "text", "n", "list", "no")]
    row = study.rows()[1]
    assert [row[c] for c in named] == ["ada", '"3"', 3, "[1, null]", "null"]
    bare = dataclasses.replace(
        study,
        trials=tuple(dataclasses.replace(t, attributes={}) for t in study.trials),
    )
    assert not [c for c in bare.columns if c.startswith("attribute:")]


@pytest.mark.parametrize(
    "value",
    [
        *("ada", "3", "", "null", "True", "nan", "[1", 3, 2.5, True, None, [1]),
        *({"a": None}, math.inf, -math.inf, "Infinity", [math.inf], "\ud800"),
    ],
)
def test_an_attribute_comes_back_from_a_cell(value) -> None:
    back = from_cell(to_cell(value))
    assert (back, type(back)) == (value, type(value))
    text = str(to_cell(value))
    if not isinstance(value, (int, float)):
        assert from_cell(text) == value


def test_no_study_is_written_over_another_file(study, tmp_path) -> None:
    for form in ("csv", "parquet", "json"):
        path = tmp_path / form
        path.write_text("mine")
        with pytest.raises(FormatError, match="it exists already"):
            BY_NAME[form].write(study, str(path))
        assert path.read_text() == "mine"
        with pytest.raises(FormatError, match="cannot be written"):
            BY_NAME[form].write(study, str(tmp_path / "none" / form))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["csv", "json", "parquet"]


TABLE = """learning_rate;layers;act;val_loss;acc;status;began;took;note
0.1;3;relu;0.5;0.9;ok;2026-01-02T03:04:05+00:00;1.5;first
0.01;4;tanh;nan;;FAIL;;;
1e-3;;relu;inf;0.1;TrialState.COMPLETE;1767323045;2;
0.2;5;relu;0.25;0.95;running;;;
0.3;6;relu;0.125;0.97;pruned;;;
"""
COLUMNS = {
    "param:lr": "learning_rate",
    "param:layers": "layers",
    "param:act": "act",
    "metric:loss": "val_loss",
    "metric:accuracy": "acc",
    "state": "status",
    "started_at": "began",
    "run_seconds": "took",
    "attribute:note": "note",
}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "runs.txt"
    path.write_text(TABLE)
    return path


def test_any_table_is_a_study_by_its_columns(table) -> None:
    assert BY_NAME["csv"].recognizes(table)
    found = read("csv", table, columns=COLUMNS)
    assert found.name == "runs"
    assert found.metrics == {"loss": "minimize"}
    assert [t.params for t in found.trials] == [
        {"lr": 0.1, "layers": 3, "act": "relu"},
        {"lr": 0.01, "layers": 4, "act": "tanh"},
        {"lr": 0.001, "act": "relu"},
        {"lr": 0.3, "layers": 6, "act": "relu"},
    ]
    assert [t.state.value for t in found.trials] == [
        *("complete", "failed", "complete", "pruned")
    ]
    assert facts(found.trials, "metrics") == [
        ("{'loss': 0.5, 'accuracy': 0.9}",),
        ("{'loss': nan}",),
        ("{'loss': inf, 'accuracy': 0.1}",),
        ("{'loss': 0.125, 'accuracy': 0.97}",),
    ]
    began = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC).timestamp()
    assert [t.started_at for t in found.trials] == [began, None, 1767323045.0, None]
    assert [t.run_seconds for t in found.trials] == [1.5, None, 2.0, None]
    assert found.trials[0].attributes == {"note": "first"}
    assert "1 trials that had not ended are left out" in found.notes
    whole = hpb.read_study(table, columns=COLUMNS)
    assert whole.best_trial.params["lr"] == 0.1
    assert whole.space["lr"] == hpb.Float(0.001, 0.3)


def test_a_frame_and_a_parquet_file_are_read_as_the_text_is(table, tmp_path) -> None:
    frame = pd.read_csv(table, sep=";")
    frame["layers"] = frame["layers"].astype("Int64")
    columns = {k: v for k, v in COLUMNS.items() if k != "started_at"}
    text = read("csv", table, columns=columns)
    assert BY_NAME["pandas"].recognizes(frame)
    ours = read("pandas", frame, columns=columns)
    path = tmp_path / "runs"
    frame.to_parquet(path)
    assert BY_NAME["parquet"].recognizes(path)
    parquet = read("parquet", path, columns=columns)
    names = ("state", "params", "run_seconds", "attributes")
    assert facts(ours.trials, *names) == facts(text.trials, *names)
    assert facts(parquet.trials, *names) == facts(text.trials, *names)
    values = [t.metrics["loss"] for t in ours.trials]
    assert repr(values) == "[0.5, nan, inf, 0.125]"


def test_a_space_and_a_direction_name_their_columns(table) -> None:
    space = hpb.Space(
        {"learning_rate": hpb.Float(0, 1), "act": hpb.Categorical(["relu", "tanh"])}
    )
    found = read("csv", table, space=space, direction={"acc": "maximize"})
    assert found.metrics == {"acc": "maximize"}
    assert set(found.trials[0].params) == {"learning_rate", "act"}
    # Without a state, a trial without its metric has failed.
    assert [t.state.value for t in found.trials].count("failed") == 1


def test_a_state_is_known_by_many_words() -> None:
    assert state_of("TrialState.PRUNED") is State.PRUNED
    assert state_of(State.FAILED) is State.FAILED
    assert state_of(True) is State.COMPLETE
    assert state_of("") is None
    assert state_of("Queued") == "running"


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "2", ""], [1, 2, None]),
        (["1", "2.5", "nan"], [1.0, 2.5, None]),
        (["1", "2", "NA"], [1, 2, None]),
        (["true", "false"], [True, False]),
        (["007", "008"], ["007", "008"]),
        (["1", "one", ""], ["1", "one", None]),
        (["nan", "nan"], ["nan", "nan"]),
        (["inf", "1"], [math.inf, 1.0]),
        ([np.int64(3), np.float64(0.5), None], [3, 0.5, None]),
        ([np.bool_(True), np.str_("a")], [True, "a"]),
        (["1" * 500, "2"], ["1" * 500, "2"]),
        ([], []),
    ],
)
def test_a_column_has_one_type(cells, values) -> None:
    found = parse_column(cells)
    assert found == values or math.isinf(found[0])
    assert [type(v) for v in found] == [type(v) for v in values]


def problems_of(error):
    return [line[4:] for line in str(error).splitlines() if line.startswith("  - ")]


def test_every_mistake_in_the_columns_is_said_at_once(table) -> None:
    wrong = {
        "param:lr": "learning_rte",
        "parm:layers": "layers",
        "param:": "act",
        "attribute:x": "nowhere",
    }
    with pytest.raises(FormatError) as told:
        read("csv", table, columns=wrong, direction={"lost": "minimize"})
    assert problems_of(told.value) == [
        "'parm:layers' is nothing that a trial has; did you mean 'param:layers'?",
        "'param:' is nothing that a trial has; did you mean 'param:NAME'?",
        (
            "there is no column 'learning_rte' for 'param:lr'; "
            "did you mean 'learning_rate'?"
        ),
        (
            "there is no column 'nowhere' for 'attribute:x'; there are: acc, act, "
            "began, layers, learning_rate, note, status, took, val_loss"
        ),
        (
            "no column is a metric; there are the columns 'learning_rate', 'layers', "
            "'act', 'val_loss', 'acc', ..."
        ),
        "no column is the metric 'lost'; there are none",
    ]
    assert str(told.value).count("Hint:") == 1
    assert "--column param:NAME=COLUMN" in str(told.value)


def test_every_column_with_wrong_cells_is_said_at_once(table) -> None:
    wrong = {
        "param:lr": "learning_rate",
        "metric:loss": "act",
        "state": "note",
        "run_seconds": "status",
        "started_at": "act",
    }
    with pytest.raises(FormatError) as told:
        read("csv", table, columns=wrong)
    assert problems_of(told.value) == [
        "'relu' in column 'act', row 1, is no number (and 4 more like it)",
        "'first' in column 'note', row 1, is no state of a trial",
        "'relu' in column 'act', row 1, is no moment (and 4 more like it)",
        "'ok' in column 'status', row 1, is no number of seconds (and 4 more like it)",
    ]
    space = hpb.Space({"lrr": hpb.Float(0, 1)})
    with pytest.raises(FormatError, match="the space has no parameter 'lr'; did you"):
        read("csv", table, columns=COLUMNS, space=space)
    with pytest.raises(FormatError, match="direction of 'loss' is 'up'"):
        read("csv", table, columns=COLUMNS, direction={"loss": "up"})


def test_one_study_of_several_is_named(study, tmp_path) -> None:
    other = dataclasses.replace(study, name="other", trials=study.trials[:2])
    frame = pd.concat([study.to_pandas(), other.to_pandas()])
    path = tmp_path / "both.csv"
    frame.to_csv(path, index=False)
    with pytest.raises(FormatError, match="it holds 2 studies, and no name says which"):
        read("csv", path)
    with pytest.raises(FormatError, match="none is 'third': 'strange"):
        read("pandas", frame, name="third")
    other.to_pandas().to_csv(tmp_path / "one.csv", index=False)
    with pytest.raises(FormatError, match="it holds the study 'other', not 'third'"):
        read("csv", tmp_path / "one.csv", name="third")
    assert len(read("csv", path, name="other").trials) == 2
    assert read("csv", path, name="other").name == "other"


def test_rows_are_put_in_the_order_of_their_trials(study, tmp_path) -> None:
    frame = study.to_pandas().iloc[::-1]
    found = read("pandas", frame, space=SPACE)
    assert [t.params for t in found.trials] == [t.params for t in study.trials]


def test_what_a_self_telling_source_contradicts_is_refused(study, tmp_path) -> None:
    for form in ("json", "parquet"):
        path = tmp_path / form
        BY_NAME[form].write(study, str(path))
        with pytest.raises(FormatError) as told:
            read(form, path, name="else", direction={"los": "minimize", "odd": "up"})
        assert problems_of(told.value) == [
            f"it holds the study {study.name!r}, not 'else'",
            "it has no metric 'los'; there are: acc, odd",
            "direction of 'odd' is 'up'; there are: maximize, minimize",
        ]
        assert read(form, path, direction={"odd": "minimize"}).metrics == {
            "odd": "minimize"
        }


def written(study, form, folder):
    path = folder / f"good.{form}"
    BY_NAME[form].write(study, str(path))
    return path.read_bytes()


def outcome_of(form, path):
    """Read a file of any content: a study, or a refusal in a sentence, soon."""
    started = time.process_time()
    found, said = None, "Hint:"
    try:
        found = read(form, path)
    except FormatError as error:
        said = str(error)
    assert said.count("Hint:") == 1
    assert time.process_time() - started < 10
    return found


@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
def test_a_damaged_file_is_read_or_refused_in_a_sentence(study, form, tmp_path) -> None:
    good = written(study, form, tmp_path)
    path = tmp_path / "damaged"
    rng = random.Random(7)
    for part in range(20):
        path.write_bytes(good[: len(good) * part // 20])
        outcome_of(form, path)
        BY_NAME[form].recognizes(path)
    for _ in range(30):
        flipped = bytearray(good)
        flipped[rng.randrange(len(good))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        outcome_of(form, path)
    path.write_bytes(good)
    assert len(outcome_of(form, path).trials) == 9


HOSTILE_JSON = {
    "a newer schema": b'{"schema": 99, "name": "x", "trials": []}',
    "no trials": b'{"schema": 1, "name": "x", "trials": 3}',
    "trials that are none": b'{"schema": 1, "name": "x", "trials": [1]}',
    "nothing else": b'{"schema": 1, "name": "x", "trials": [{}]}',
    "nested": b'{"schema": 1, "name": ' + b"[" * 100_000,
    "huge number": b'{"schema": 1, "name": ' + b"9" * 10_000 + b"}",
    "no object": b"[1]",
    "bytes": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("name", HOSTILE_JSON)
def test_hostile_json_is_refused(name, tmp_path) -> None:
    path = tmp_path / "study.json"
    path.write_bytes(HOSTILE_JSON[name])
    with pytest.raises(FormatError) as told:
        read("json", path)
    assert str(told.value).count("Hint:") == 1


HOSTILE_CSV = {
    "nothing": b"",
    "a header": b"param:x,metric:y\n",
    "a name twice": b"param:x,param:x,metric:y\n1,2,3\n",
    "long rows": b"param:x,metric:y\n1,2,3\n",
    "other bytes": b"param:x,metric:y\n\xff\xfe,1\n",
    "no number": b"param:x,metric:y\n1,two\n",
}


@pytest.mark.parametrize("name", HOSTILE_CSV)
def test_hostile_csv_is_refused(name, tmp_path) -> None:
    path = tmp_path / "study.csv"
    path.write_bytes(HOSTILE_CSV[name])
    with pytest.raises(FormatError) as told:
        read("csv", path)
    assert str(told.value).count("Hint:") == 1


@pytest.mark.parametrize("is_coded", [True, False])
def test_a_small_parquet_file_that_unpacks_to_any_size_is_refused(
    is_coded, tmp_path
) -> None:
    path = tmp_path / "bomb.parquet"
    coded = pa.array(["y" * 2**20] * 2**9).dictionary_encode()
    table = pa.table(
        {
            "param:x": coded if is_coded else coded.dictionary_decode(),
            "metric:y": pa.array([1.0] * 2**9),
        }
    )
    pq.write_table(table, path, compression="zstd")
    assert path.stat().st_size < 2**20
    started = time.process_time()
    with pytest.raises(FormatError, match="larger than 200 MiB"):
        read("parquet", path)
    assert time.process_time() - started < 20


def test_names_and_cells_are_data_and_nothing_else(tmp_path) -> None:
    marker = tmp_path / "marker"
    code = f"__import__('os').system('touch {marker}')"
    path = tmp_path / "study.csv"
    path.write_text(
        f'param:x,metric:y,attribute:z\n"{code}",1,"{code}"\n=1+1,2,@SUM(1)\n'
    )
    found = read("csv", path)
    assert found.trials[0].params == {"x": code}
    assert found.trials[0].attributes == {"z": code}
    assert found.trials[1].params == {"x": "=1+1"}
    assert not marker.exists()


def test_importing_the_formats_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    source = (
        "import sys, hpbridge.formats\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'pyarrow', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_cell_of_many_digits_is_text(tmp_path) -> None:
    path = tmp_path / "study.csv"
    path.write_text(f"param:x,metric:y\n{'1' * 200_000},2\n")
    assert read("csv", path).trials[0].params == {"x": "1" * 200_000}
