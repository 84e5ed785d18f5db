"""Files that were written to do harm: each is read or refused, in bounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import hostile_files
import pytest

from hpbridge import read_study
from hpbridge.contract.bounds import MIB, MIB_A_MIB, SECONDS, SECONDS_A_MIB, TRUST_HINT
from hpbridge.errors import FormatError

READ = """
import json, pathlib, resource, sys, time
import hpbridge
from hpbridge.errors import HpbridgeError

def seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

def most():  # of this process: ru_maxrss has that of its parent too
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

for path in sys.argv[1:]:
    begin = seconds()
    try:
        end = f"{len(hpbridge.read_study(path).trials)} trials"
    except HpbridgeError as error:
        end = str(error)
    except BaseException as error:
        end = f"uncaught {type(error).__name__}: {error}"
    print(json.dumps([path, end, seconds() - begin, most()]), flush=True)
"""


def read_in_a_process(paths):
    """Return how each file ended, with seconds of the processor and MiB of memory."""
    done = subprocess.run(
        [sys.executable, "-c", READ, *map(str, paths)],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(paths), (paths[len(found)], done.stderr[-500:])
    return found


def check(paths):
    for path, (_, end, seconds, most) in zip(
        paths, read_in_a_process(paths), strict=True
    ):
        mib = path.stat().st_size / 2**20
        assert not end.startswith("uncaught"), (path.name, end)
        assert "Hint: " in end or end.endswith(" trials"), (path.name, end)
        assert seconds <= max(SECONDS, SECONDS_A_MIB * mib), (path.name, seconds, end)
        assert most <= max(MIB, MIB_A_MIB * mib), (path.name, most, end)


def test_small_files_do_no_harm(tmp_path):
    check(hostile_files.write_small(tmp_path))


@pytest.mark.slow
def test_large_files_do_no_harm(tmp_path):
    for path in hostile_files.write_large(tmp_path):
        check([path])  # in a process of its own, whose memory is counted
        path.unlink()


def test_the_refusal_says_how_a_file_is_trusted_and_that_reads_it(tmp_path):
    path = tmp_path / "cells.csv.gz"
    path.write_bytes(hostile_files.packed(b"param:x,metric:loss\n" + b"1,2\n" * 3))
    assert len(read_study(path).trials) == 3
    path.write_bytes(hostile_files.packed(b"param:x,metric:loss\n1,2\n" + bytes(2**28)))
    with pytest.raises(FormatError, match="larger than 200 MiB") as refused:
        read_study(path)
    assert refused.value.hint == TRUST_HINT
    with pytest.raises(FormatError, match="null bytes"):
        read_study(path, trust_size=True)
