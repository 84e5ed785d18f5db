"""The text of a file: unpacked where it is packed, in an encoding that it names."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import sys
import threading
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

from hpbridge.contract.bounds import TooLargeError, bounds, limit_bytes
from hpbridge.formats import inert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DELIMITERS = ",;\t"
_OURS = "study,backend,algorithm,number,"
_SEP_LINE = re.compile(r"sep=(.)\r?\n", re.I)
"""The first line of a table that was written for Excel."""
_ENCODINGS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_ZIP = b"PK\x03\x04"

ENCODING_HINT = "save it in the encoding UTF-8 (Excel calls that 'CSV UTF-8')"


class TextError(ValueError):
    """It is no text that can be read; the message is one phrase."""


def head_of(path: Path, size: int) -> str:
    """Return the first bytes of a file as text, however it is encoded; none if binary.

    What is no UTF-8 is read as Latin-1, which is enough to tell what it is.
    """
    try:
        head = _read_zip(path, size) if is_zip(path) else inert.head(path, size)
    except (OSError, TextError):
        return ""
    encoding = _encoding_of(head)
    if encoding != "utf-16" and _CONTROL.search(head):
        return ""
    if encoding == "utf-16":
        return head[: len(head) // 2 * 2].decode(encoding, "ignore")
    for cut in range(4 if len(head) == size else 1):  # it may end within a character
        try:
            return head[: len(head) - cut].decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
    return head.decode("latin-1")


def text_of(path: Path) -> str:
    """Return a file's text.

    Raises:
        TextError: If it is none, or in an encoding that it does not name.
        OSError: If it cannot be read.
    """
    data = _zipped(path) if is_zip(path) else _unpacked(path)
    encoding = _encoding_of(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-16" if encoding == "utf-16" else "UTF-8"
        msg = f"it is no text in {name} (byte {error.start})"
        raise TextError(msg) from error
    if "\0" in text:
        msg = "it is no text: it holds null bytes"
        raise TextError(msg)
    return text


_LIMIT = threading.Lock()


def all_rows_of(text: str) -> list[list[str]]:
    """Return the rows of a table that are not empty; of cells of any length."""
    with _LIMIT:  # which is one for the whole process
        before = csv.field_size_limit(max(len(text), csv.field_size_limit()))
        try:
            return [row for row in rows_of(text) if row]
        finally:
            csv.field_size_limit(before)


def rows_of(text: str) -> Iterator[list[str]]:
    """Yield the rows of a table, the header first."""
    told = _SEP_LINE.match(text)
    body = text[told.end() :] if told else text
    first = body.lstrip("\r\n").partition("\n")[0]
    delimiter = told[1] if told else delimiter_of(first)
    rows = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    first_two = list(itertools.islice(rows, 2))
    yield from _one_header(*first_two) if len(first_two) > 1 else first_two
    # Python hears of no bound that is exceeded while it is in a `yield from`.
    for row in rows:  # noqa: UP028
        yield row


def _one_header(first: list[str], second: list[str]) -> list[list[str]]:
    """Return the header of columns with two levels as one, as pandas would join them.

    It has a name twice in the first row, and in the second a name for just these.
    """
    several = {name for name, n in Counter(first).items() if n > 1} - {""}
    if not several or len(first) != len(second):
        return [first, second]
    named = [bool(b) for a, b in zip(first, second, strict=True) if a in several]
    alone = [not b for a, b in zip(first, second, strict=True) if a not in several]
    # A row of data has no such gaps.
    if not all(named) or not any(alone) or 2 * sum(alone) < len(alone):
        return [first, second]
    pairs = zip(first, second, strict=True)
    return [["_".join(filter(None, pair)) for pair in pairs]]


def delimiter_of(line: str) -> str:
    """Return what splits the names in a header: the most frequent of ``, ; tab``.

    In a table of ours it is a comma, whatever the names are.
    """
    return "," if line.startswith(_OURS) else max(DELIMITERS, key=line.count)


def is_zip(path: Path) -> bool:
    """Say whether it is a zip archive."""
    with path.open("rb") as file:
        return file.read(4) == _ZIP


def _encoding_of(data: bytes) -> str:
    return _ENCODINGS.get(data[:2], "utf-8-sig")


def _unpacked(path: Path) -> bytes:
    try:
        return inert.unpacked(path)
    except inert.InertError as error:
        raise TextError(str(error)) from error


def _member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    files = [each for each in archive.infolist() if not each.is_dir()]
    if len(files) != 1:
        msg = f"it is a zip of {len(files)} files, not of one"
        raise TextError(msg)
    if files[0].flag_bits & 1:
        msg = "it is a zip with a password"
        raise TextError(msg)
    return files[0]


def _zipped(path: Path) -> bytes:
    data = _read_zip(path, int(min(bounds().n_bytes / 2 + 1, sys.maxsize / 2)))
    limit_bytes(len(data))
    return data


def _read_zip(path: Path, size: int) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            member = _member(archive)
            limit_bytes(min(member.file_size, size))  # no more of it is read
            with archive.open(member) as file:
                return file.read(size)
    except (OSError, TextError, TooLargeError):
        raise
    except Exception as error:  # so may an unpacker of damaged data
        msg = f"it is a damaged zip ({' '.join(str(error).split()):.80})"
        raise TextError(msg) from error
