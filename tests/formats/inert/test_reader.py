from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import lzma
import os
import pickle
import pickletools
import random
import resource
import struct
import subprocess
import sys
import time
import zipfile
import zlib

import cloudpickle
import dill
import joblib
import numpy as np
import pytest

from hpbridge.formats import inert
from hpbridge.formats.inert.reader import InertError, Stub

PLAIN = {
    "float": 1.5,
    "numpy float": np.float64(2.5),
    "numpy int": np.int64(3),
    "numpy bool": np.bool_(True),
    "numpy text": np.str_("x"),
    "array": np.arange(6.0).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "texts": np.array(["ab", "c"]),
    "when": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    "set": {1, 2},
    "range": range(3),
    "nested": [{"a": (1, None, True)}, b"bytes", "ü"],
}
READ = {
    **PLAIN,
    "numpy float": 2.5,
    "numpy int": 3,
    "numpy bool": True,
    "numpy text": "x",
    "array": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
    "fortran": [[0, 1, 2], [3, 4, 5]],
    "texts": ["ab", "c"],
}


def read(path):
    return inert.plain(inert.load(path))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_data_comes_back_from_every_protocol(tmp_path, protocol):
    path = tmp_path / "data.pkl"
    path.write_bytes(pickle.dumps(PLAIN, protocol))
    assert read(path) == READ


@pytest.mark.parametrize("compress", [0, "zlib", "gzip", "bz2", "xz", "lzma"])
def test_data_comes_back_from_joblib(tmp_path, compress):
    path = tmp_path / "data.joblib"
    joblib.dump(PLAIN, path, compress=compress and (compress, 3))
    assert read(path) == READ


class Marks:
    """Would write a file if anybody let it."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return (os.system, (f"touch {self.marker}",))


class Nests(Marks):
    def __reduce__(self):
        return (map, (os.remove, [Marks(self.marker)]))


class UsesGetattr(Marks):
    def __reduce__(self):
        return (getattr, (Marks(self.marker), "marker"))


class Evaluates(Marks):
    def __reduce__(self):
        return (eval, (f"open({self.marker!r}, 'w').close()",))


@pytest.mark.parametrize("kind", [Marks, Nests, UsesGetattr, Evaluates])
@pytest.mark.parametrize("dump", [pickle.dump, joblib.dump])
def test_code_in_a_file_does_not_run(tmp_path, kind, dump):
    marker, path = tmp_path / "marker", tmp_path / "evil.pkl"
    with path.open("wb") as file:
        dump({"x": 1, "evil": kind(marker)}, file)
    data = inert.load(path)
    assert data["x"] == 1
    assert isinstance(data["evil"], Stub)
    assert not marker.exists()


def test_objects_of_unknown_classes_keep_what_they_were_given(tmp_path):
    path = tmp_path / "trial.pkl"
    path.write_bytes(
        pickle.dumps(pickletools.OpcodeInfo("X", "x", None, [], [], 0, "d"))
    )
    stub = inert.load(path)
    assert stub.path == "pickletools.OpcodeInfo"
    assert stub.get("code") == "x"
    assert stub.get("nothing", 7) == 7


@pytest.mark.parametrize("dump", [joblib.dump, pickle.dump, dill.dump])
def test_an_array_of_objects_is_a_list_of_what_is_inert(tmp_path, dump):
    marker, path = tmp_path / "marker", tmp_path / "array.pkl"
    objects = np.array([Marks(marker), {"a": 1}, None], dtype=object)
    masked = np.ma.masked_array([1.5, None, "x"], [False, True, False], dtype=object)
    whole = np.ma.masked_array([1, 2], [True, False])
    strange = [objects.reshape(3, 1), np.array(["2026-01-02"], "M8[s]"), objects[:0]]
    with path.open("wb") as file:
        dump([objects, masked, whole, *strange, np.array(7)], file)
    listed, values, numbers, table, times, nothing, last = read(path)
    assert isinstance(listed[0], Stub)
    assert listed[1:] == [{"a": 1}, None]
    assert values == [1.5, None, "x"]
    assert numbers == [None, 2]
    assert isinstance(table, Stub)
    assert isinstance(times, Stub)
    assert (nothing, last) == ([], 7)
    assert not marker.exists()


def counter():
    n = [0]

    class Counts:
        kept = (1, 2)

        def up(self):
            n[0] += 1
            return lambda: n

    return Counts()


@pytest.mark.parametrize(
    "dumps",
    [
        cloudpickle.dumps,
        dill.dumps,
        lambda data: dill.dumps(data, protocol=2, recurse=True),
    ],
)
def test_functions_and_classes_that_hold_their_code_are_stubs(tmp_path, dumps):
    path, marker = tmp_path / "data.pkl", tmp_path / "marker"
    data = {
        "f": lambda v: v,
        "object": counter(),
        "method": counter().up,
        "evil": Marks(marker),
        "set": {1, 2},
        "frozen": frozenset("a"),
        "x": [1.5, np.float64(2)],
    }
    path.write_bytes(dumps(data))
    found = read(path)
    kinds = {name for name, value in found.items() if isinstance(value, Stub)}
    assert kinds == {"f", "object", "method", "evil"}
    assert {name: found[name] for name in ("set", "frozen", "x")} == {
        "set": {1, 2},
        "frozen": frozenset("a"),
        "x": [1.5, 2.0],
    }
    assert not marker.exists()


def test_types_by_their_names_are_those_of_plain_data_alone(tmp_path):
    """Of dill under 0.3.6, which writes a set so."""
    named = b"cdill.dill\n_load_type\n(V%b\ntR"
    made = named % b"set" + b"((lI1\naI2\natR"
    path = tmp_path / "old.pkl"
    path.write_bytes(b"(l" + made + b"a" + named % b"object" + b"(tRa.")
    found = read(path)
    assert found[0] == {1, 2}
    assert isinstance(found[1], Stub)


def limited(source):
    """Run code in a process that may take a gigabyte and a minute."""

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))

    return subprocess.run(
        [sys.executable, "-c", source],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=limit,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )


LOAD = """
import pathlib, sys
from hpbridge.formats import inert
try:
    inert.plain(inert.load(pathlib.Path({path!r})))
except inert.InertError as error:
    print("refused:", error)
"""


def zeros(n_mib):
    return bytes(2**20 * n_mib)


BOMBS = {
    "gzip": lambda: gzip.compress(zeros(260), 1),
    "zlib": lambda: zlib.compress(zeros(260), 1),
    "bz2": lambda: bz2.compress(zeros(260), 1),
    "xz": lambda: lzma.compress(zeros(260), preset=0),
    "a huge bytes object": lambda: b"\x80\x04\x8e" + struct.pack("<Q", 2**50) + b".",
    "many lists": lambda: b"\x80\x04" + b"]" * 7_000_000 + b".",
    "many classes": lambda: (
        b"\x80\x02(" + b"".join(b"cm\nn%d\n" % k for k in range(20_000)) + b"t."
    ),
    "a range": lambda: pickle.dumps(range(10**15)),
    "a set of a range": lambda: (
        b"\x80\x02c__builtin__\nset\n(" + pickle.dumps(range(10**7), 2)[2:-1] + b"tR."
    ),
}


def doubled():
    data: object = "x"
    for _ in range(60):
        data = [data, data]
    return pickle.dumps(data)


BOMBS["a list doubled sixty times"] = doubled


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory_and_time(tmp_path, name):
    path = tmp_path / "bomb.pkl"
    path.write_bytes(BOMBS[name]())
    done = limited(LOAD.format(path=str(path)))
    assert done.stdout.startswith("refused: it "), done.stderr[-500:]


def test_an_array_of_a_huge_shape_is_refused(tmp_path):
    path = tmp_path / "huge.pkl"
    reconstruct = (
        b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01bt"
    )
    dtype = b"cnumpy\ndtype\n(X\x02\x00\x00\x00f8\x89\x88tR"
    state = b"(K\x01(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft" + dtype + b"\x89C\x00tb."
    path.write_bytes(b"\x80\x03" + reconstruct + b"R" + state)
    with pytest.raises(InertError, match="larger than 200 MiB"):
        inert.load(path)


def test_a_zip_is_refused(tmp_path):
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("data.pkl", pickle.dumps(1))
    with pytest.raises(InertError, match="zip or lz4"):
        inert.load(path)


def test_what_is_outside_the_file_is_refused(tmp_path):
    path = tmp_path / "outside.pkl"
    path.write_bytes(b"\x80\x02X\x01\x00\x00\x00xQ.")
    with pytest.raises(InertError, match="outside the file"):
        inert.load(path)


def test_a_damaged_file_is_refused_or_read_and_does_nothing(tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "damaged.pkl"
    target = io.BytesIO()
    joblib.dump({**PLAIN, "evil": Marks(marker)}, target)
    whole, rng = target.getvalue(), random.Random(0)
    started = time.process_time()
    refusals = []
    for k in range(400):
        data = bytearray(whole)
        if k % 2:
            del data[rng.randrange(len(data)) :]
        else:
            for _ in range(1 + k % 5):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        try:
            read(path)
        except InertError as error:
            refusals.append(str(error))
    assert len(refusals) > 200
    assert all(text.startswith("it ") for text in refusals)
    assert not marker.exists()
    assert time.process_time() - started < 60


def test_keys_that_take_for_ever_to_hash_are_refused(tmp_path):
    nested = b")" + b"2\x86" * 60  # a pair of a pair of ..., each the same twice
    key = tmp_path / "key.pkl"
    pairs = (b"}" + nested + b"Ns.", b"}(" + nested + b"Nu.", b"(" + nested + b"Nd.")
    sets = (b"\x8f(" + nested + b"\x90.", b"(" + nested + b"\x91.")
    called = b"c__builtin__\nset\n](" + nested + b"e\x85R."
    for program in (*pairs, *sets, called):
        key.write_bytes(b"\x80\x04" + program)
        with pytest.raises(InertError, match="a key of more than 1000 values"):
            inert.load(key)


class Node:
    """Holds what holds it."""


def test_what_is_there_twice_is_read(tmp_path):
    path = tmp_path / "shared.pkl"
    doc, node = {"x": [1.5]}, Node()
    node.held = {"again": [node], "doc": doc}
    path.write_bytes(pickle.dumps([[doc] * 1000, doc, node]))
    found = read(path)
    assert found[:2] == [[doc] * 1000, doc]
    assert found[2].get("held")["again"][0] is found[2]


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (b"]q\x00h\x00a.", "a list that is within itself"),
        (
            b"c_codecs\nencode\nN}X\x01\x00\x00\x00aNs\x86b.",
            "sets a state on <func",
        ),
        (b"\x8b\xff\xff\x00\x00" + b"\x11" * 65_535 + b".", "more than 4300 digits"),
        (b"\x96\x00\x00\x00\x00\x04\x00\x00\x00.", "it is cut off"),
    ],
)
def test_what_would_take_long_in_one_step_is_refused_before(program, reason):
    with pytest.raises(InertError, match=reason):
        inert.loads(b"\x80\x05" + program)


def test_lists_of_lists_are_refused_by_what_they_unfold_to():
    data: object = 0
    for _ in range(12):
        data = [data] * 100
    held = Node()
    held.data = data
    for value in (data, {"a": data}, (data,), held):
        with pytest.raises(InertError, match="more than 4194304 values"):
            inert.loads(pickle.dumps(value))


def test_keys_with_one_hash_are_refused():
    numbers = [k * (2**61 - 1) for k in range(1, 100)]
    for value in (set(numbers), dict.fromkeys(numbers), {(n,): 0 for n in numbers}):
        with pytest.raises(InertError, match="more than 16 keys that have one hash"):
            inert.loads(pickle.dumps(value))
    fine = {k / 7: k for k in range(10_000)}
    assert inert.loads(pickle.dumps(fine)) == fine
