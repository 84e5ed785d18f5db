"""Read a Parquet file in a process of its own, which the operating system bounds.

What a page says of itself can be counted; what is packed in it can not, and pyarrow
makes room for it in one step. Where a page is so encoded, this process reads the file.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from hpbridge.contract.bounds import bounds, too_large

if TYPE_CHECKING:
    from pathlib import Path

_READ = """
import contextlib, pickle, sys
import pyarrow.parquet as pq
path, seconds, n_bytes, n_rows, *names = sys.argv[1:]
with contextlib.suppress(ImportError):
    import resource
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + float(seconds)) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    pages = open("/proc/self/statm").read().split()[0] if sys.platform == "linux" else 0
    most = int(pages) * resource.getpagesize() + int(float(n_bytes))
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
columns = {name: [] for name in names}
try:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(int(n_rows), columns=names, use_threads=False):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                columns[name] += column.to_pylist()
    data = pickle.dumps(columns)
except MemoryError:
    sys.exit(3)
except Exception as error:  # damaged bytes may raise anything
    if "alloc" in str(error) or "realloc" in str(error):
        sys.exit(3)
    sys.exit(f"{type(error).__name__}: {error}"[:500])
sys.stdout.buffer.write(data)
"""
_NO_MEMORY = 3
_UNBOUNDED = 2**62
# Threads and arenas reserve room that they never use.
_SPARING = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "ARROW_IO_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def columns_apart(path: Path, names: list[str], n_rows: int) -> dict[str, list[Any]]:
    """Return columns of a file.

    Args:
        path: Where it is.
        names: Of the columns.
        n_rows: That are unpacked at a time.

    Raises:
        TooLargeError: If it takes more than the file may.
        ValueError: If pyarrow cannot read it, with what it says.
    """
    held = bounds()
    seconds, n_bytes = min(held.seconds, 1e6), min(held.n_bytes, _UNBOUNDED)
    done = subprocess.run(
        [
            *(sys.executable, "-c", _READ, str(path.resolve())),
            *(str(seconds), str(n_bytes), str(n_rows), *names),
        ],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **_SPARING, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if done.returncode == 0:
        with contextlib.suppress(Exception):  # cut short: told below
            return dict(pickle.loads(done.stdout))
    if done.returncode < 0 or done.returncode == _NO_MEMORY:
        bound = held.seconds_said if done.returncode < 0 else held.memory_said
        kind = "" if done.returncode < 0 else " of memory"
        msg = f"it takes more than {bound}{kind} to read"
        raise too_large(msg)
    text = " ".join(done.stderr.decode(errors="replace").split())
    msg = f"pyarrow cannot read it: {text[-200:]}"
    raise ValueError(msg)
