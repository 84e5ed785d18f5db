"""Files that somebody wrote to keep a reader busy, or to fill its memory."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import sqlite3
import struct
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"\x80\x05X\x1f\x00\x00\x00hyperopt Trials _dynamic_trials0"
"""Of a pickle, which several readers take for theirs."""
SMALL = 100_000
MODULUS = 2**61 - 1
"""Whole numbers that are so far apart have one hash."""
NUMPY = b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    data = pickle.encode_long(value)
    return b"\x8a" + bytes([len(data)]) + data


def array(shape: bytes, data: bytes, kind: str = "f8") -> bytes:
    made = b"cnumpy\ndtype\n" + text(kind) + b"\x85R"
    return NUMPY + b"(K\x01" + shape + made + b"\x89" + data + b"tb"


def trials(*docs: bytes) -> bytes:
    state = text("_dynamic_trials") + b"](" + b"".join(docs) + b"e"
    return b"\x80\x04chyperopt.base\nTrials\n)\x81}(" + state + b"ub."


def document(
    tid: bytes = b"K\x00", value: bytes = b"K\x01", more: bytes = b""
) -> bytes:
    vals = text("vals") + b"}" + text("x") + b"](" + value + b"es"
    result = b"}(" + text("loss") + value + text("status") + text("ok") + more + b"u"
    parts = text("tid") + tid + text("state") + b"K\x02" + text("result") + result
    return b"}(" + parts + text("misc") + b"}(" + vals + b"uu"


def doubled(depth: int, make: bytes = b"\x86") -> bytes:
    """A pair of one pair, of one pair, and so on."""
    return b")" + (b"2" + make) * depth


def lists(depth: int) -> bytes:
    """A list that has one list a hundred times, and so on."""
    found = b"]"
    for place in range(depth):
        found += b"q" + bytes([place]) + b"0](" + (b"h" + bytes([place])) * 100 + b"e"
    return found


FLOOD = [number(k * MODULUS) for k in range(1, 60_000)]

PICKLES = {
    "a key of pairs of pairs": b"}" + doubled(60) + b"Ns.",
    "a set of keys with one hash": b"cbuiltins\nset\n](" + b"".join(FLOOD) + b"e\x85R.",
    "keys with one hash": b"}(" + b"".join(k + b"N" for k in FLOOD) + b"u.",
    "one key after another": b"}" + b"".join(k + b"Ns" for k in FLOOD) + b".",
    "pairs with one hash": b"}" + b"".join(k + b"\x85Ns" for k in FLOOD) + b".",
    "pairs of pairs to be shown": doubled(60) + b"Q.",
    "lists of lists": lists(12) + b".",
    "lists of lists in an object": b"cm\nn\n" + lists(12) + b"\x85R.",
    "lists of lists in an array": b"]"
    + NUMPY
    + b"(K\x01K\x64\x85cnumpy\ndtype\n"
    + text("O")
    + b"\x85R\x89"
    + lists(12)
    + b"tba.",
    "a list within itself": b"]q\x00h\x00a.",
    "a dict within itself": b"}q\x00" + text("x") + b"h\x00s.",
    "bytes that are not there": b"\x96" + struct.pack("<Q", 16 * 2**30) + b".",
    "text that is not there": b"\x8d" + struct.pack("<Q", 2**62) + b".",
    "rows of nothing": b"]" + array(number(2**33) + b"K\x00\x86", b"C\x00") + b"a.",
    "texts of nothing": b"]" + array(number(2**33) + b"\x85", b"C\x00", "S0") + b"a.",
    "an array of a number": array(number(2**28) + b"\x85", number(2**31)) + b".",
    "an int of a million digits": b"\x8b"
    + struct.pack("<i", 400_000)
    + b"\x11" * 400_000,
    "a state of our own function": b"c_codecs\nencode\nN}"
    + text("__defaults__")
    + text("x")
    + b"\x85s\x86b.",
    "millions of marks": b"(" * 4_000_000 + b".",
    "millions of sets": b"(" + b"\x8f" * 3_000_000 + b"l.",
    "millions of objects": b"(cm\nn\nq\x00" + b"h\x00)\x81" * 1_000_000 + b"l.",
    "millions of nothing": b"(" + b"N" * 6_000_000 + b"l.",
    "a list copied": b"cbuiltins\nset\n0]("
    + b"N" * 1_000_000
    + b"eq\x000("
    + b"cdill._dill\n_load_type\n"
    + text("list")
    + b"\x85Rh\x00\x85R" * 1
    + (b"cdill._dill\n_load_type\n" + text("list") + b"\x85Rh\x00\x85R") * 500
    + b"l.",
    "a range": b"cdill._dill\n_eval_repr\n" + text("range(0, 99999999999)") + b"\x85R.",
}
TRIALS = {
    "ids with one hash": trials(*(document(tid) for tid in FLOOD[:30_000])),
    "values with one hash": trials(*(document(value=k) for k in FLOOD[:30_000])),
    "attributes of lists": trials(document(more=text("a") + lists(12))),
    "a loss beyond all floats": trials(document(value=number(10**400))),
    "an id beyond all floats": trials(document(tid=number(10**400))),
    "text that is none": trials(document(value=b"X\x03\x00\x00\x00\xed\xa0\x80")),
}


def _study_json(trials: str, space: str = '{"parameters": {}}') -> str:
    head = '{"schema": 1, "name": "n", "algorithm": "a", "backend": "b", '
    return (
        head
        + f'"metrics": {{"loss": "minimize"}}, "space": {space}, "trials": {trials}}}'
    )


def _journal(*operations: dict) -> bytes:
    lines = [{"op_code": 0, "worker_id": "w", "study_name": "s", "directions": [1]}]
    return "".join(json.dumps(each) + "\n" for each in [*lines, *operations]).encode()


def _studies(n: int) -> list[dict]:
    made = {"op_code": 0, "worker_id": "w", "directions": [1]}
    return [made | {"study_name": str(k)} for k in range(n)]


def packed(data: bytes) -> bytes:
    return gzip.compress(data, 1)


def _zip(data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", data)
    return target.getvalue()


TABLE = b"param:x,metric:loss\n"
TEXTS = {
    "deep.json": lambda: _study_json("[" * 90_000).encode(),
    "levels.csv": lambda: b"\"('a', '" + b"', '" * 20_000 + b'",b\n1,2\n',
}
LARGE_TEXTS = {
    "lists.json.gz": lambda: gzip.compress(_study_json("[],[" * 9_000_000).encode()),
    "dicts.json": lambda: _study_json("[" + "{}," * 5_000_000 + "{}]").encode(),
    "digits.json": lambda: _study_json("[" + "9" * 5_000_000 + "]").encode(),
    "lines.csv": lambda: TABLE + b"\n" * 9_000_000,
    "names.csv": lambda: b"a," * 200_000 + b"a\n" + b"1," * 200_000 + b"1\n",
    "columns.csv": lambda: (
        ",".join(map(str, range(1_000_000))).encode() + b"\n1\n" * 900
    ),
    "cells.csv.gz": lambda: gzip.compress(TABLE + b"1,2\n" * 20_000_000),
    "cells.csv.bz2": lambda: bz2.compress(TABLE + b"1,2\n" * 20_000_000),
    "cells.csv.xz": lambda: lzma.compress(TABLE + b"1,2\n" * 20_000_000),
    "cells.csv.zip": lambda: _zip(TABLE + b"1,2\n" * 60_000_000),
    "rows.csv": lambda: TABLE + b"1,2\n" * 2_000_000,
    "quote.csv": lambda: TABLE + b'"' + b"a\n" * 3_000_000,
    "spaces.csv": lambda: b" " * 5_000_000 + b"{",
    "studies.log": lambda: _journal(*_studies(60_000)),
    "lists.log": lambda: _journal() + b"[" * 2_000_000 + b"\n",
    "hash.log": lambda: _journal(
        {"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": None},
        {
            "op_code": 5,
            "worker_id": "w",
            "trial_id": 0,
            "param_name": "x",
            "param_value_internal": 0,
            "distribution": json.dumps(
                {
                    "name": "CategoricalDistribution",
                    "attributes": {"choices": [k * MODULUS for k in range(60_000)]},
                }
            ),
        },
    ),
    "states.json": lambda: (
        b'{"pbounds": {"x": [0, 1]}, "keys": ["x"], "params": ['
        + b"[0.5]," * 1_000_000
        + b"[1]],"
        + b'"target": ['
        + b"1," * 1_000_000
        + b"1]}"
    ),
    "logs.json": lambda: b'{"target": 1, "params": {"x": 0.5}}\n' * 250_000,
}


def _sqlite(path: Path, change: str) -> None:
    """Write a storage of Optuna's, but for what a statement makes of it."""
    import optuna

    study = optuna.create_study(storage=f"sqlite:///{path}")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), 2)
    study._storage.remove_session()
    with sqlite3.connect(path) as connection:
        connection.executescript(change)


SCHEMA = (
    "PRAGMA writable_schema = ON; "
    "UPDATE sqlite_master SET sql = {} WHERE name = 'trials';"
)
BUSY = "instr(zeroblob(30000000), zeroblob(15000000) || x''01'')"
DATABASES = {
    "computed.db": "ALTER TABLE trials ADD COLUMN busy AS (hex(zeroblob(30000000)));",
    "checked.db": SCHEMA.format(
        f"replace(sql, 'number INTEGER', 'number INTEGER CHECK ({BUSY} > -1)')"
    ),
    "view.db": "ALTER TABLE trials RENAME TO t2; CREATE VIEW trials AS WITH RECURSIVE "
    "c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c;",
    "rows.db": "WITH RECURSIVE c(n) AS (SELECT 9 UNION ALL SELECT n + 1 FROM c LIMIT "
    "150000) INSERT INTO trials SELECT n, n, 1, 'COMPLETE', NULL, NULL FROM c;",
    "text.db": "UPDATE trials SET state = CAST(x'ff' AS TEXT);",
    "number.db": "UPDATE trials SET number = 'x' || hex(zeroblob(10));",
    "distribution.db": "UPDATE trial_params SET distribution_json = '[[' ;",
    "steps.db": """UPDATE trial_params SET distribution_json = '{"name":
        "FloatDistribution", "attributes": {"low": 0, "high": 1e300, "step": 1e-300,
        "log": false}}';""",
    "ints.db": """UPDATE trial_params SET distribution_json = '{"name":
        "IntDistribution", "attributes": {"low": 0, "high": 1e308, "step": 1,
        "log": false}}';""",
}


def _parquet(path: Path, column: pa.Array, **how: object) -> None:
    pq.write_table(pa.table({"param:x": column, "metric:loss": column}), path, **how)


def write_small(folder: Path) -> list[Path]:
    """Write those that are small into a folder; return where each is."""
    known = {**PICKLES, **TRIALS}
    for name, program in known.items():
        if len(program) < SMALL:
            head = HEAD if name in PICKLES else b""
            (folder / f"{name}.pkl").write_bytes(head + program)
    for name, make in TEXTS.items():
        (folder / name).write_bytes(make())
    for name in DATABASES.keys() - {"rows.db"}:
        _sqlite(folder / name, DATABASES[name])
    zeros = pa.array([0.0]).take(pa.array([0] * 6_000_000))
    _parquet(folder / "zeros.parquet", zeros)
    os.mkfifo(folder / "pipe.pkl")
    return sorted(folder.iterdir())


def write_large(folder: Path) -> Iterator[Path]:
    """Write the others, one after another; yield where each is."""
    for name, program in {**PICKLES, **TRIALS}.items():
        if len(program) >= SMALL:
            path = folder / f"{name}.pkl"
            path.write_bytes((HEAD if name in PICKLES else b"") + program)
            yield path
    for name, make in LARGE_TEXTS.items():
        (folder / name).write_bytes(make())
        yield folder / name
    _sqlite(folder / "rows.db", DATABASES["rows.db"])
    yield folder / "rows.db"
    texts = pa.array(["x" * 5_000_000])
    long = pa.DictionaryArray.from_arrays([0] * 300, texts)
    _parquet(folder / "long.parquet", long)
    yield folder / "long.parquet"
    many = pa.table({str(k): pa.array([1.0]) for k in range(2_000)})
    pq.write_table(many, folder / "columns.parquet")
    yield folder / "columns.parquet"
