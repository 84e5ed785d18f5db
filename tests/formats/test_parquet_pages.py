"""Parquet files whose pages do not hold what the file says."""

from __future__ import annotations

import datetime as dt
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hpbridge import read_study
from hpbridge.errors import FormatError
from hpbridge.formats.parquet_pages import pages_of

TEXT = "abcdefghijkl"
DELTAS = ["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]


def varint(number):
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])


def write(path, columns, **how):
    pq.write_table(pa.table(columns), path, **how)


def found_in(path):
    with path.open("rb") as file:
        return list(pages_of(file, pq.ParquetFile(path).metadata))


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("packed", ["none", "snappy", "gzip", "zstd"])
@pytest.mark.parametrize("is_coded", [True, False])
def test_pages_are_as_large_as_the_file_says(version, packed, is_coded, tmp_path):
    columns = {
        "number": list(range(5000)),
        "text": [f"text {k % 70}" for k in range(5000)],
        "gaps": [None if k % 3 else k / 7 for k in range(5000)],
        "when": [dt.datetime(2025, 1, 1, tzinfo=dt.UTC)] * 5000,
    }
    path = tmp_path / "a.parquet"
    how = {"compression": packed, "use_dictionary": is_coded, "data_page_size": 2000}
    write(path, columns, data_page_version=version, row_group_size=2000, **how)
    metadata = pq.ParquetFile(path).metadata
    chunks = [metadata.row_group(g).column(c) for g in range(3) for c in range(4)]
    most = [chunk.total_uncompressed_size for chunk in chunks]  # with the headers
    found = found_in(path)
    assert all(a.n_bytes < b for a, b in zip(found, most, strict=True))
    assert sum(each.n_bytes for each in found) > 0.7 * sum(most)
    assert not any(each.counts_itself for each in found)


@pytest.mark.parametrize("encoding", DELTAS)
def test_text_that_counts_itself_is_read_in_a_process_of_its_own(encoding, tmp_path):
    path = tmp_path / "a.parquet"
    columns = {"metric:loss": [1.5, float("nan")], "param:x": ["a", "b"]}
    columns["attr:when"] = [dt.datetime(2025, 1, 1, tzinfo=dt.UTC), None]
    encodings = {"param:x": encoding, "metric:loss": "PLAIN", "attr:when": "PLAIN"}
    write(path, columns, use_dictionary=False, column_encoding=encodings)
    assert [each.counts_itself for each in found_in(path)] == [False, True, False]
    write(tmp_path / "b.parquet", columns)
    one, other = (read_study(tmp_path / f"{k}.parquet") for k in "ab")
    assert [t.params for t in one.trials] == [{"x": "a"}, {"x": "b"}]
    assert [t.attributes for t in one.trials] == [t.attributes for t in other.trials]
    assert [t.state for t in one.trials] == [t.state for t in other.trials]


def test_a_page_that_packs_more_values_than_it_says_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    encodings = {"param:x": DELTAS[0], "metric:loss": "PLAIN"}
    how = {"compression": "none", "use_dictionary": False}
    columns = {"metric:loss": [1.0] * 7, "param:x": [TEXT] * 7}
    write(path, columns, column_encoding=encodings, write_statistics=False, **how)
    data = path.read_bytes()
    # Blocks of 128 values in 4 parts, 7 values; then of all values in one part.
    begin = data.index(b"\x80\x01\x04\x07")
    claimed = varint(2**31 - 128) + b"\x01" + varint(1_000_000_000) + b"\x06\0\0"
    end = data.rindex(TEXT.encode()) + len(TEXT)
    rest = data[begin + 10 : end - len(claimed) + 10]
    path.write_bytes(data[:begin] + claimed + rest + data[end:])
    assert path.stat().st_size == len(data)
    with pytest.raises(FormatError, match="more than 512 MiB of memory"):
        read_study(path)


def test_a_page_that_is_larger_than_the_file_says_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    how = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}
    write(path, {"metric:loss": [1.0], "param:x": ["x" * 300_000_000]}, **how)
    size = pq.ParquetFile(path).metadata.row_group(0).column(1).total_uncompressed_size
    data = path.read_bytes()
    honest, small = varint(2 * size), varint(2 * 1000)
    small = small[:-1] + bytes([small[-1] | 0x80]) + b"\x80" * 10
    small = small[: len(honest) - 1] + b"\0"
    place = data.rindex(honest)
    path.write_bytes(data[:place] + small + data[place + len(honest) :])
    metadata = pq.ParquetFile(path).metadata
    assert metadata.row_group(0).column(1).total_uncompressed_size == 1000
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    with pytest.raises(FormatError, match="larger than 200 MiB when unpacked"):
        read_study(path)
    assert pa.total_allocated_bytes() - before < 1_000_000
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
