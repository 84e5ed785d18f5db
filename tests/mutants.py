"""Real files of every format, and what becomes of them on the way: mutants."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path

import cloudpickle
import dill
import joblib
import numpy as np

from hpbridge import import_study, load_study, read_study
from hpbridge.errors import HpbridgeError
from hpbridge.store import open_store

ROOT = Path(__file__).parents[1]
WRITTEN = ROOT / "tests" / "data" / "schema_2"
STORES = ("store.db", "store_schema1.db")
RAY = ROOT / "plugins" / "hpbridge-ray" / "tests" / "data" / "ray_2_44_1"

_LONGEST = 25_000

OPCODES = [bytes([code]) for code in range(256)]
PROGRAMS = [
    *(b"(", b")", b"]", b"}", b"0", b"2", b"1", b"N", b"u", b"s", b"e", b"a", b"R"),
    *(
        b"\x81",
        b"\x85",
        b"\x86",
        b"\x87",
        b"b",
        b"h\x00",
        b"h\x01",
        b"t",
        b".",
        b"\x94",
    ),
    *(b"\x8f", b"\x90", b"\x91", b"\x8a\x09" + bytes(8) + b"\x01", b"K\xff", b"Q"),
    *(b"cos\nsystem\n", b"cbuiltins\nset\n", b"\x96" + bytes(7) + b"\x7f", b"\x92"),
]
WORDS = [
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"\n", b"\\", b"\0", b"\xff", b"-"),
    *(b"null", b"NaN", b"Infinity", b"1e999", b"-1e-999", b"9" * 400, b"9" * 5000),
    *(b"\\ud800", b"\xed\xa0\x80", b"true", b"0.", b"''", b"{}", b"[[]]", b"1" * 20),
    *(b"0", b"-1", b"2", b"18446744073709551616", b"e9", b"\xef\xbb\xbf", b"None"),
]


@dataclass(frozen=True)
class Sample:
    """One file.

    Attributes:
        name: Of it; it ends as the file does.
        data: What is in it.
        folder: The folder in which it has to be, of a format of folders.
    """

    name: str
    data: bytes
    folder: Path | None = None

    @property
    def words(self) -> list[bytes]:
        """What may be inserted: what means something there."""
        is_program = self.name.endswith((".pkl", ".joblib", ".skopt.gz"))
        return PROGRAMS + OPCODES if is_program else WORDS


def samples() -> list[Sample]:
    """Return a store, and a file of every format that hpbridge and others write."""
    no_studies = {"expected.json", "experiment.py", "make.py"}
    names = {path.name for path in WRITTEN.iterdir() if path.is_file()} - no_studies
    written = [WRITTEN / name for name in sorted(names)]
    found = [Sample(path.name, path.read_bytes()) for path in written]
    found += [Sample(f"study{kind}", data) for kind, data in _pickles()]
    found += [Sample("results.csv", _table()), Sample("log.bayesopt.json", _log())]
    for path in sorted(p for p in RAY.rglob("*") if p.is_file()):
        name = str(path.relative_to(RAY))
        found.append(Sample(name, path.read_bytes(), RAY))
    return found


def _pickles() -> list[tuple[str, bytes]]:
    docs = [_document(number) for number in range(4)]
    degrees = np.ma.masked_array([2, 3, 0], [False, False, True], dtype=object)
    results = {
        "mean_test_score": np.array([0.1, 0.2, 0.3]),
        "std_test_score": np.array([0.0, 0.0, 0.1]),
        "param_C": np.ma.masked_array([1.0, 2.5, 4.0], [False] * 3, dtype=object),
        "param_degree": degrees,
        "params": [{"C": 1.0, "degree": 2}, {"C": 2.5, "degree": 3}, {"C": 4.0}],
    }
    return [
        (".dill.pkl", dill.dumps(docs)),
        (".cloud.pkl", cloudpickle.dumps(docs)),
        (".old.pkl", pickle.dumps(docs, 0)),
        (".joblib", _of_joblib(results)),
        (".packed.joblib", _of_joblib(results, 3)),
        (".results.pkl", pickle.dumps(results)),
        (".optuna.pkl", _of_joblib(_optuna_study())),
    ]


def _of_joblib(value: object, compress: int = 0) -> bytes:
    target = io.BytesIO()
    joblib.dump(value, target, compress=compress)
    return target.getvalue()


def _document(number: int) -> dict:
    return {
        "state": 2,
        "tid": number,
        "spec": None,
        "result": {"loss": np.float64(number) / 3, "status": "ok", "note": [1, "a"]},
        "misc": {
            "tid": number,
            "cmd": ("domain_attachment", "FMinIter_Domain"),
            "workdir": None,
            "idxs": {"x": [number], "c": [number]},
            "vals": {"x": [number / 7], "c": [number % 2]},
        },
        "exp_key": None,
        "owner": None,
        "version": 0,
        "book_time": None,
        "refresh_time": None,
    }


def _optuna_study() -> object:
    import optuna

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))

    def objective(trial):
        trial.set_user_attr("note", {"a": [1]})
        x = trial.suggest_float("x", 1e-3, 1, log=True)
        return (
            x
            + trial.suggest_int("n", 1, 9, step=2)
            + len(trial.suggest_categorical("c", ["a", "bb"]))
        )

    study.optimize(objective, 3)
    return study


def _table() -> bytes:
    rows = ["mean_test_score,param_C,param_kernel,params"]
    rows += [
        f"""0.{k},{k}.5,rbf,"{{'C': {k}.5, 'kernel': 'rbf'}}\"""" for k in range(4)
    ]
    return "\n".join(rows).encode()


def _log() -> bytes:
    when = {"datetime": "2025-01-01 00:00:00", "elapsed": 0.5, "delta": 0.1}
    rows = [
        {"target": k / 3, "params": {"x": k / 7, "n": float(k)}, "datetime": when}
        for k in range(5)
    ]
    return "\n".join(map(json.dumps, rows)).encode()


def mutant(sample: Sample, rng: random.Random, others: list[Sample]) -> bytes:
    """Return what becomes of a file: in a packed one, often of what is in it."""
    if sample.name.endswith(".gz") and rng.random() < 0.7:
        changed = _changed(gzip.decompress(sample.data), sample, rng, others)
        return gzip.compress(changed, 1)
    return _changed(sample.data, sample, rng, others)


def _changed(
    data: bytes, sample: Sample, rng: random.Random, others: list[Sample]
) -> bytes:
    found = bytearray(data)
    kind = rng.choice(("flip", "flip", "insert", "insert", "cut", "splice", "number"))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        place = rng.randrange(len(found) or 1)
        length = rng.choice((1, 2, 4, 16, 64, 256, 4096))
        if kind == "flip" and found:
            found[place] ^= 1 << rng.randrange(8)
        elif kind == "insert":
            found[place:place] = rng.choice(sample.words)
        elif kind == "number" and found:
            found[place : place + 1] = bytes([rng.choice((0, 1, 0x7F, 0x80, 0xFF))])
        elif kind == "splice":
            other = rng.choice(others).data if rng.random() < 0.3 else data
            begin = rng.randrange(len(other))
            keep = rng.choice((0, length))
            found[place : place + keep] = other[begin : begin + length]
    if kind == "cut":
        del found[rng.randrange(len(found)) :]
        if rng.random() < 0.3 and found:
            del found[: rng.randrange(len(found))]
    return bytes(found)


def placed(sample: Sample, data: bytes, folder: Path) -> Path:
    """Put a mutant where a reader finds it; return what is to be read."""
    if sample.folder is None:
        path = folder / sample.name
        for beside in folder.glob(f"{sample.name}*"):  # a log of it, or a copy
            beside.unlink()
        path.write_bytes(data)
        return path
    whole = folder / "ray"
    shutil.copytree(sample.folder, whole, dirs_exist_ok=True)
    (whole / sample.name).write_bytes(data)
    return whole


def is_read(path: Path) -> bool:
    """Read a mutant, and put it into a store unless it is one.

    Returns:
        Whether it was not refused.

    Raises:
        Exception: Whatever is no refusal in a sentence, with a hint.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if path.name in STORES:
                for record in open_store(path).studies():
                    load_study(record.name, path)
            else:
                import_study(read_study(path), ":memory:")
    except HpbridgeError as error:
        if not error.hint or len(str(error)) > _LONGEST:
            raise
        return False
    return True
