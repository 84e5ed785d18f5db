"""Make the data of this folder: stores and files as one version writes them.

    python make.py FOLDER     # makes everything; FOLDER holds none of it yet

Later versions must read all of it as `expected.json` says, which is what `read_all`
returned when the data was made. With the same libraries (their versions are there too)
the study that was interrupted must go on as the one that was not.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import math
import shutil
import sqlite3
import sys
import tempfile
import types
import warnings
from pathlib import Path

import hpbridge as hpb

SEED = 3
# Small, so that few trials get beyond the first random ones.
TPE_OF_HYPEROPT, TPE_OF_OPTUNA = {"n_startup_jobs": 5}, {"n_startup_trials": 5}
NSGA2 = {"population_size": 3}
LIBRARIES = ("hyperopt", "optuna", "scikit-optimize", "numpy", "scipy", "pandas")

# STUDY.FORMAT.ENDING: the ending tells Optuna's writer which storage to write, and
# skopt's to pack it.
RICH = ("json", "optuna.log", "bayesopt.json", "hyperopt.pkl", "skopt.gz")
FILES = [f"bounded.{kind}" for kind in ("csv", "parquet", *RICH, "optuna.db")]
FILES += [f"two.{kind}" for kind in RICH] + [f"imported.{kind}" for kind in RICH[:2]]
STORES = ("store.db", "store_schema1.db")

STUDY_FIELDS = (
    *("name", "experiment", "reference", "optimizer", "seed", "options", "settings"),
    *("status", "stop_reason", "notes", "comparison_id", "attributes", "native"),
)
TRIAL_FIELDS = (
    *("number", "state", "params", "metrics", "origin", "reports", "error", "told"),
    *("traceback", "tells_before", "seed", "worker", "attempts", "asked_at", "native"),
    *("started_at", "ask_seconds", "run_seconds", "tell_seconds", "attributes"),
)


def plain(value):
    """Return JSON data: no tuples, and NaN and infinities as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if hasattr(value, "items"):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, str) else value  # a state is an enum, too


def described(thing, names):
    """Return these attributes, but for those that are None."""
    found = {name: plain(getattr(thing, name)) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def describe(study):
    """Return everything that a study is known by."""
    return {
        **described(study, STUDY_FIELDS),
        "metrics": [list(item) for item in study.metrics.items()],  # their order counts
        "space": plain(study.space.to_json()),
        "trials": [described(trial, TRIAL_FIELDS) for trial in study.trials],
    }


def opened(path):
    """Open a database for plain SQL."""
    return contextlib.closing(sqlite3.connect(path, isolation_level=None))


def read_store(store):
    """Return what the installed version reads from a store, by the study's name."""
    with opened(store) as db:
        rows = db.execute("SELECT name FROM hpbridge_studies ORDER BY id").fetchall()
    return {name: describe(hpb.load_study(name, store)) for (name,) in rows}


def read_all(folder, space):
    """Return what the installed version reads from a folder's stores and files."""
    # From copies, named without a folder: a store is brought up to date when it is
    # opened, and a study that is read tells its source.
    with tempfile.TemporaryDirectory() as copies:
        for name in (*STORES, *FILES):
            shutil.copy(folder / name, copies)
        with contextlib.chdir(copies):
            stores = {store: read_store(store) for store in STORES}
            files = {file: describe(hpb.read_study(file)) for file in FILES}
            known = {"space": space, "direction": {"accuracy": "maximize"}}
            read = hpb.read_study("bounded.csv", **known)
            files["bounded.csv with its space"] = describe(read)
    return {"stores": stores, "files": files}


def interrupt(_session, trial):
    """Stop a study after eight trials, as Ctrl-C does."""
    if trial.number == 7:
        raise KeyboardInterrupt


def make_store(e, store):
    """Run the studies of the store; return the trials of one as if uninterrupted."""
    same = {"seed": SEED, "store": store}
    tpe = {"backend": "optuna:tpe", "options": TPE_OF_OPTUNA, **same}
    hpb.run(e.free, "random", n_trials=10, name="drawn", **same)
    hpb.run(e.bounded, n_trials=10, name="bounded", **tpe)
    hpb.run(e.two, n_trials=7, name="two", **tpe)
    long = {"backend": "hyperopt:tpe", "n_trials": 15, "options": TPE_OF_HYPEROPT}
    long |= {"seed": SEED, "name": "interrupted"}
    free = e.free.at("experiment.py:free")
    with contextlib.suppress(KeyboardInterrupt):
        hpb.run(free, store=store, callbacks=[interrupt], **long)
    pairs = {"repeats": 2, "shared_start": 2, **same}
    gp = {"skopt": {"n_initial_points": 3}}
    hpb.compare(e.free, ["random", "skopt"], n_trials=5, options=gp, **pairs)
    hpb.import_study(e.study_of_optuna(NSGA2, SEED), store, save_as="imported")
    # In the library that ran it, from its own state; and in another one.
    nsga2 = {"backend": "optuna:nsga2", "options": NSGA2, **same}
    hpb.run(e.plain, n_trials=4, history="imported", name="own-history", **nsga2)
    hpb.run(e.plain, "skopt", n_trials=3, history="imported", name="history", **same)
    return hpb.run(free, store=":memory:", **long).trials


def make_schema_1(store):
    """Bring a store back to the first schema, which lacks some columns, no more."""
    # Imported studies, and those that go on from one, came with the columns; the
    # comparison goes too, to save space.
    gone = "FROM hpbridge_studies WHERE comparison_id IS NOT NULL OR name IN "
    gone += "('imported', 'own-history', 'history')"
    with opened(store) as db:
        db.execute(f"DELETE FROM hpbridge_trials WHERE study_id IN (SELECT id {gone})")
        db.execute(f"DELETE {gone}")
        db.execute("DELETE FROM hpbridge_comparisons")
        for table in ("hpbridge_studies", "hpbridge_trials"):
            for column in ("attributes", "native"):
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("UPDATE hpbridge_meta SET value = '1' WHERE key = 'schema'")


def make_whole(path, page_size=4096):
    """Bring a database's log into its one file, and make that small."""
    with opened(path) as db:
        (mode,) = db.execute("PRAGMA journal_mode").fetchone()
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute(f"PRAGMA page_size = {page_size}")
        db.execute("VACUUM")
        db.execute(f"PRAGMA journal_mode = {mode}")


def load_experiments():
    """Import `experiment.py` so that its tracebacks name no folder of a machine."""
    module = sys.modules["experiment"] = types.ModuleType("experiment")
    source = Path(__file__).with_name("experiment.py").read_text(encoding="utf-8")
    exec(compile(source, "experiment.py", "exec"), vars(module))
    return module


def make(folder):
    """Make everything."""
    e = load_experiments()
    store, old = (folder / name for name in STORES)
    whole = make_store(e, store)
    make_whole(store)
    make_schema_1(shutil.copy(store, old))
    make_whole(old)
    said = {}
    for file in FILES:
        name, form = file.split(".")[:2]
        study = hpb.load_study(name, store)
        said[file] = hpb.write_study(study, folder / file, form)
    make_whole(folder / "bounded.optuna.db", page_size=1024)
    expected = {
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "said when written": plain(said),
        "uninterrupted": [described(trial, TRIAL_FIELDS[:5]) for trial in whole],
        **read_all(folder, e.SPACE),
    }
    text = json.dumps(expected, allow_nan=False, separators=(",", ":"))
    lines = text.replace('{"number"', '\n{"number"').replace('"trials"', '\n"trials"')
    (folder / "expected.json").write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    make(Path(sys.argv[1]))
