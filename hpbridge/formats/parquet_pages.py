"""What the pages of a Parquet file say of themselves, before any of them is unpacked.

The file's own summary says how large its columns become, and pyarrow allocates and
unpacks what the pages say, in one step that nobody can end. So the pages are counted,
whose headers are structs of Thrift's compact protocol.

Source: parquet-format 2.11, `parquet.thrift` (PageHeader); how pyarrow 26 finds pages,
`SerializedPageReader` and `RowGroupReader::GetColumnPageReader`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNPACKED, _PACKED = 2, 3
_DATA, _DICTIONARY, _DATA_2 = 5, 7, 8
"""Fields of a page's header; the latter are structs, of whose fields the first counts
values."""
_ENCODING = {_DATA: 2, _DATA_2: 4}
_COUNTS_ITSELF = {6, 7}
"""DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY: pyarrow makes room for as many values
as the packed bytes say."""

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, 7, 8, 12
_INTEGERS = {4, 5, 6}
_DEEPEST = 8


@dataclass(frozen=True)
class Pages:
    """What the pages of a column, in a part of the rows, say.

    Attributes:
        n_bytes: Of all of them, unpacked.
        counts_itself: Whether they are encoded so that only their bytes say how many
            values they hold.
    """

    n_bytes: int
    counts_itself: bool


def pages_of(file: BinaryIO, metadata: Any) -> Iterator[Pages]:
    """Yield the pages of each column in each part of the rows.

    Args:
        file: The Parquet file.
        metadata: As pyarrow reads it.

    Raises:
        ValueError: If a header cannot be, with one phrase.
    """
    size = file.seek(0, os.SEEK_END)
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            start = column.data_page_offset
            if column.has_dictionary_page and 0 < column.dictionary_page_offset < start:
                start = column.dictionary_page_offset
            file.seek(start)
            data = file.read(min(size, max(0, column.total_compressed_size)))
            yield _pages(data, column.num_values)


def _pages(data: bytes, n_values: int) -> Pages:
    place = seen = n_bytes = 0
    counts_itself = False
    while seen < n_values and place < len(data):
        try:
            header, place = _struct(data, place, 0)
        except IndexError:
            break  # cut off: pyarrow refuses it
        unpacked, packed = header.get(_UNPACKED, 0), header.get(_PACKED, 0)
        if unpacked < 0 or packed < 0:
            msg = f"a page of {unpacked} bytes, {packed} when packed"
            raise ValueError(msg)
        n_bytes += unpacked
        place += packed
        words = header.get(_DICTIONARY)
        if isinstance(words, dict) and words.get(1, 0) > unpacked:
            msg = f"a page of {unpacked} bytes that are {words[1]} words"
            raise ValueError(msg)
        for kind, encoding in _ENCODING.items():
            page = header.get(kind)
            if isinstance(page, dict):
                seen += max(0, page.get(1, 0))
                counts_itself |= page.get(encoding) in _COUNTS_ITSELF
    return Pages(n_bytes, counts_itself)


def _struct(data: bytes, place: int, depth: int) -> tuple[dict[int, Any], int]:
    """Return the fields of a struct that are numbers or structs, and where it ends."""
    if depth > _DEEPEST:
        msg = "the header of a page is nested too deep"
        raise ValueError(msg)
    found: dict[int, Any] = {}
    field = 0
    while kind := data[place]:
        place += 1
        if kind >> 4:
            field += kind >> 4
        else:
            field, place = _signed(data, place)
        found[field], place = _value(data, place, kind & 15, depth)
    return found, place + 1


def _value(data: bytes, place: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in {_TRUE, _FALSE}:
        return None, place
    if kind in _INTEGERS:
        return _signed(data, place)
    if kind in {_BYTE, _DOUBLE}:
        return None, place + (1 if kind == _BYTE else 8)
    if kind == _BINARY:
        length, place = _varint(data, place)
        return None, place + length
    if kind == _STRUCT:
        return _struct(data, place, depth + 1)
    # Lists, sets and maps: no header has any.
    msg = f"the header of a page has a field of kind {kind}"
    raise ValueError(msg)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        byte = data[place]
        found |= (byte & 0x7F) << shift
        place += 1
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            return found, place
        if shift > 63:  # noqa: PLR2004 - no number is longer
            msg = "the header of a page has a number that is none"
            raise ValueError(msg)


def _signed(data: bytes, place: int) -> tuple[int, int]:
    found, place = _varint(data, place)
    return (found >> 1) ^ -(found & 1), place
