"""Large rows are in a file, mapped while they are read, and gone with their owner."""

from __future__ import annotations

import copy
import gc
import mmap
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.naive_bayes import GaussianNB
from waiting import wait_until

import hpbridge as hpb
from hpbridge.evaluation import kept as module
from hpbridge.evaluation.kept import KeepingError, Kept
from hpbridge.evaluation.rows import Rows

SMALL = np.arange(40.0).reshape(20, 2)
LARGE = np.arange(3_000_000.0).reshape(1000, 3000)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def rows_of(values) -> Rows:
    return Rows(values, np.arange(values.shape[0]) % 2)


def files(place: Path) -> list[Path]:
    return list(place.glob("hpbridge-data-*/rows*"))


def is_mapped(values) -> bool:
    while values is not None:
        if isinstance(values, mmap.mmap):
            return True
        values = getattr(values, "base", None)
    return False


def test_small_rows_stay_in_memory(place):
    kept = Kept(rows_of(SMALL))
    assert not kept.is_in_file
    assert files(place) == []
    assert np.array_equal(kept.rows().X, SMALL)


def test_small_rows_share_nothing_with_the_array_that_they_are_part_of():
    whole = np.zeros((40, 2))
    frame = pd.DataFrame(whole)
    for part in (whole[:20], frame.iloc[:20], sparse.csr_matrix(whole)[:20]):
        found = Kept(rows_of(part)).rows().X
        assert getattr(found, "base", None) is None
        assert not np.shares_memory(np.asarray(found), whole)


def test_large_rows_are_mapped_and_not_held(place):
    kept = Kept(rows_of(LARGE))
    assert kept.is_in_file
    assert len(files(place)) == 1
    found = kept.rows()
    assert np.array_equal(found.X, LARGE)
    assert is_mapped(found.X)
    assert not found.X.flags.writeable
    held = [each for each in gc.get_referents(vars(kept)) if isinstance(each, Rows)]
    assert held == []


CONTAINERS = {
    "pandas": (pd.DataFrame(LARGE), True),
    "sparse": (sparse.csr_matrix(LARGE), True),
    "polars": (pl.DataFrame(LARGE[:, :1300], orient="row"), False),
    "text of pandas": (pd.DataFrame({"a": ["x" * 2000] * 6000}), False),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_comes_back(name):
    values, is_mapped_there = CONTAINERS[name]
    kept = Kept(rows_of(values))
    found = kept.rows()
    assert kept.is_in_file
    assert found.fingerprint() == rows_of(values).fingerprint()
    arrays = {"pandas": lambda X: X.to_numpy(), "sparse": lambda X: X.data}
    if is_mapped_there:
        assert is_mapped(arrays[name](found.X))


def test_a_copy_for_another_process_is_a_name(place):
    kept = Kept(rows_of(LARGE))
    packed = pickle.dumps(kept)
    assert len(packed) < 1000
    other = pickle.loads(packed)
    assert np.array_equal(other.rows().X, LARGE)
    del other
    gc.collect()
    assert len(files(place)) == 1  # it is the first one's


def test_data_that_are_mapped_are_the_same_data(place):
    path = place / "x.npy"
    np.save(path, SMALL)
    mapped = rows_of(np.load(path, mmap_mode="r"))
    assert mapped.fingerprint() == rows_of(SMALL).fingerprint()


def test_the_file_goes_with_its_owner_and_not_with_copies(place):
    kept = Kept(rows_of(LARGE))
    other = copy.copy([kept])
    del kept
    gc.collect()
    assert len(files(place)) == 1
    del other
    gc.collect()
    assert list(place.iterdir()) == []


def test_a_whole_copy_needs_no_file():
    kept = Kept(rows_of(LARGE))
    packed = pickle.dumps(kept.whole())
    del kept
    gc.collect()
    assert np.array_equal(pickle.loads(packed).rows().X, LARGE)


def test_a_file_that_is_gone_is_a_sentence(place):
    kept = Kept(rows_of(LARGE))
    files(place)[0].unlink()
    with pytest.raises(KeepingError, match=r"cannot be read from their file .*No such"):
        kept.rows()


def test_a_full_disk_is_a_sentence(place, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.joblib, "dump", full)
    with pytest.raises(hpb.HpbridgeError) as caught:
        hpb.Evaluation(
            GaussianNB(),
            LARGE,
            np.arange(1000) % 2,
            space={"var_smoothing": hpb.Float(1e-9, 1)},
        )
    (problem,) = caught.value.problems
    assert "19 MB of data cannot be kept in a file in" in problem
    assert "No space left on device; TMPDIR names another" in problem
    assert list(place.iterdir()) == []


KEEPS = """
import sys
import numpy as np
from hpbridge.evaluation.kept import Kept
from hpbridge.evaluation.rows import Rows
kept = Kept(Rows(np.zeros((1000, 3000)), np.zeros(1000)))
print("ready", flush=True)
sys.stdin.readline()
"""


def keeper() -> subprocess.Popen:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", KEEPS], **pipes)
    assert process.stdout.readline() == b"ready\n"
    return process


def test_what_a_killed_process_left_is_removed_by_the_next(place):
    lives, dies = keeper(), keeper()
    assert len(files(place)) == 2
    dies.kill()
    dies.communicate()
    assert len(files(place)) == 2
    kept = Kept(rows_of(LARGE))
    assert len(files(place)) == 2  # its own, and that of the living one
    lives.communicate(b"\n")
    wait_until(lambda: len(files(place)) == 1)
    assert kept.rows() is not None


def test_a_fork_leaves_the_file_to_its_parent(place):
    kept = Kept(rows_of(LARGE))
    module._remove(files(place)[0].parent, 0, os.getpid() + 1)
    assert kept.rows() is not None
