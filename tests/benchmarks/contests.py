"""Measure the statistics and the page of a large bench, straight from its store.

    uv run python tests/benchmarks/contests.py [PROBLEMS OPTIMIZERS SEEDS TRIALS]

The store holds copies of the rows of one study, with values that nobody found: by
default 100 problems, 10 optimizers, 20 seeds and 200 trials, 4 million in all, which
take 1.2 GB of disk. The bar at that size: verdict and page, from the opening of the
store on, in under 60 s of processor time and under 2 GB.
"""

from __future__ import annotations

import json
import math
import random
import resource
import sqlite3
import sys
import tempfile
import time
import zlib
from contextlib import closing
from pathlib import Path

import hpbridge as hpb
from hpbridge.engine.compare import load_comparison
from hpbridge.store import open_store
from hpbridge.store.record import ComparisonRecord

SHAPE = (100, 10, 20, 200)
MOST_SECONDS = 60
MOST_BYTES = 2e9


def make(path: Path, shape: tuple[int, ...]) -> None:
    """Make a store with a bench of this shape."""
    n_problems, n_optimizers, n_seeds, n_trials = shape
    tuned = hpb.Experiment(
        objective=lambda trial: trial["x"] ** 2,
        space={"x": hpb.Float(-5, 5)},
        name="template",
    )
    store = open_store(path)
    hpb.run(tuned, "random", n_trials=1, seed=0, store=store)
    bench = ComparisonRecord(
        name="bench", experiment="suite", created_at=time.time(), settings="{}"
    )
    key, _ = store.add_comparison(bench)
    rng = random.Random(0)
    with closing(sqlite3.connect(path)) as db:
        trial, study = _taken(db, "trials"), _taken(db, "studies")
        settings = {**json.loads(study["settings"]), "n_trials": n_trials}
        common = {"comparison_id": key, "n_ended": n_trials, "backend": "lib"}
        study |= {**common, "settings": json.dumps(settings)}
        number = 0
        for p in range(n_problems):
            facts = {"suite": "suite", "dimension": 1 + p % 3, "optimum": 0.0}
            study["attributes"] = json.dumps({"problem": facts})
            for s, o in ((s, o) for s in range(n_seeds) for o in range(n_optimizers)):
                number += 1
                study |= {"id": number, "name": f"study{number}", "seed": str(s)}
                study |= {"experiment": f"p{p}"}
                study["algorithm"] = f"alg{o}" if o else "random"
                _insert(db, "studies", [study])
                _insert(db, "trials", _trials(trial, number, n_trials, o, rng))
        db.commit()


def _taken(db: sqlite3.Connection, table: str) -> dict[str, object]:
    cursor = db.execute(f"SELECT * FROM hpbridge_{table}")
    names = [column[0] for column in cursor.description]
    found = dict(zip(names, cursor.fetchone(), strict=True))
    db.execute(f"DELETE FROM hpbridge_{table}")
    return found


def _insert(db: sqlite3.Connection, table: str, rows: list[dict[str, object]]) -> None:
    names = [*rows[0]]
    marks = ", ".join("?" * len(names))
    query = f"INSERT INTO hpbridge_{table} ({', '.join(names)}) VALUES ({marks})"
    db.executemany(query, [[row[name] for name in names] for row in rows])


def _trials(
    trial: dict[str, object], study: int, n_trials: int, merit: int, rng: random.Random
) -> list[dict[str, object]]:
    rows = []
    for k in range(n_trials):
        value = math.exp(rng.gauss(0, 1)) / (1 + merit * k / 100)
        metrics = json.dumps({"loss": value})
        changed = {
            "study_id": study,
            "number": k,
            "told": k,
            "tells_before": k,
            "seed": str(k),
            "metrics": metrics,
            "value": value,
            "asked_at": float(k),
            "started_at": float(k),
            "checksum": zlib.crc32(f"{trial['params']}{metrics}".encode()) - 2**31,
        }
        rows.append(trial | changed)
    return rows


def main() -> None:
    """Print what it takes, and whether the bar holds."""
    shape = tuple(map(int, sys.argv[1:])) or SHAPE
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        make(path, shape)
        began, spent = time.perf_counter(), time.process_time()
        comparison = load_comparison("bench", path)
        comparison.report(Path(folder) / "page.html")
        spent = time.process_time() - spent
        waited = time.perf_counter() - began
        size = (Path(folder) / "page.html").stat().st_size
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    holds = spent < MOST_SECONDS and most < MOST_BYTES
    sys.stdout.write(
        f"{math.prod(shape):,} trials: {spent:.1f} s of processor time, {waited:.1f} s "
        f"of wall-clock time, {most / 1e9:.2f} GB, a page of {size / 1e6:.1f} MB: "
        f"{'holds' if holds else 'MISSES'}\n"
    )
    sys.exit(not holds)


if __name__ == "__main__":
    main()
