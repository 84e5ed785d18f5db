"""What a field of a record is: its name, its column, and its form outside Python."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from hpbridge.contract.numbers import dump_number
from hpbridge.contract.stage import plain_budget
from hpbridge.space.plain_data import of_standard, to_standard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Kind(Enum):
    """What a column holds."""

    INTEGER = "a whole number of 32 bits"
    DIGITS = "a whole number of any size, as text"
    REAL = "a float"
    NAME = "text of at most so many characters"
    TEXT = "text of any length"
    JSON = "JSON text"


_CELL_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.INTEGER: (int,),
    Kind.REAL: (float, int),
}


_LONGEST_NAME = 10_000
"""Characters; SQLite does not keep to the length of a column."""


@dataclass(frozen=True)
class Form:
    """How a value stands in JSON data, and how it is read from there.

    Attributes:
        dump: None where it stands there as it is.
        load: None where it is taken as it is.
    """

    dump: Callable[[Any], Any] | None = None
    load: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Field:
    """One field of a record.

    Attributes:
        length: Of a name: the most characters that its column takes.
        most: Of a name: the most characters that are kept; 0 is all.
        form: In JSON data; a column of plain values holds the same.
        is_optional: Whether its column may be empty: None, or JSON data that is empty.
        is_shown: Whether it is a column of results, or a key of exported studies.
        may_lack: Whether JSON data may lack it, since there are files without.
        is_seldom: Whether results have it only where a trial does.
        since: The version of the store's schema that added it.
        of: ``of(trial)``, for a column that repeats what others say, so that SQL can
            use it. It is written and never read.
    """

    name: str
    kind: Kind
    length: int = 0
    most: int = 0
    form: Form = Form()
    is_optional: bool = False
    is_shown: bool = False
    may_lack: bool = False
    is_seldom: bool = False
    since: int = 1
    of: Callable[[Any], Any] | None = None

    @property
    def cell_types(self) -> tuple[type, ...]:
        """The types of what its column can have been given."""
        types = _CELL_TYPES.get(self.kind, (str,))
        return (*types, type(None)) if self.is_optional or self.since > 1 else types

    @property
    def longest_cell(self) -> int:
        """The most characters that a name in its column can have; 0 is any number."""
        return _LONGEST_NAME if self.kind in {Kind.NAME, Kind.DIGITS} else 0

    @property
    def to_cell(self) -> Callable[[Any], Any] | None:
        """What makes a column's value of the field's; None where it is the same."""
        if self.kind is Kind.JSON:
            return _json_writer(self.form.dump, is_optional=self.is_optional)
        if self.kind is Kind.DIGITS:
            return _digits
        if self.kind is Kind.TEXT:
            return _text_cell
        return _name_writer(self.most) if self.most else self.form.dump

    @property
    def of_cell(self) -> Callable[[Any], Any] | None:
        """What makes the field's value of a column's; None where it is the same."""
        if self.kind is Kind.JSON:
            return _json_reader(self.form.load or _same, is_optional=self.is_optional)
        if self.kind is Kind.TEXT:
            return _of_text_cell
        return _of_digits if self.kind is Kind.DIGITS else self.form.load

    def to_json(self, value: Any) -> Any:
        """Return the field's value as JSON data."""
        return value if self.form.dump is None else self.form.dump(value)

    def of_json(self, data: Any) -> Any:
        """Return the field's value that stands in JSON data.

        Raises:
            TypeError: If it cannot be that; also ValueError and AttributeError.
        """
        return data if self.form.load is None else self.form.load(data)


def writable(text: str) -> str:
    r"""Return text that every database takes: no NUL, no half of a surrogate pair.

    Words of a command line that are no text in its encoding have such halves.

    Example:
        >>> writable("caf\udce9")
        'caf\\udce9'
    """
    if text.isascii() and "\0" not in text:
        return text
    plain = text.replace("\0", "\\x00")
    return plain.encode("utf-8", "backslashreplace").decode("utf-8")


def _name_writer(most: int) -> Callable[[str], str]:
    return lambda text: writable(text)[:most]


def _same(value: Any) -> Any:
    return value


def _json_writer(
    dump: Callable[[Any], Any] | None, *, is_optional: bool
) -> Callable[[Any], str | None]:
    to_text = json.dumps if dump is None else lambda value: json.dumps(dump(value))
    if is_optional:
        return lambda value: to_text(value) if value else None
    return to_text


def _json_reader(
    load: Callable[[Any], Any], *, is_optional: bool
) -> Callable[[str | None], Any]:
    empty: Any = {} if is_optional else None
    return lambda text: load(_of_json_text(text) if text else empty)


_DEEPEST = 300
"""Levels of JSON data; what follows the reading calls itself a few times for each."""


def _of_json_text(text: str) -> Any:
    if text.count("[") + text.count("{") > _DEEPEST:
        level = deepest = 0
        for bracket in re.findall(r"[][{}]", _NO_TEXT.sub("", text)):
            level += 1 if bracket in "[{" else -1
            deepest = max(deepest, level)
        if deepest > _DEEPEST:
            msg = f"its JSON has {deepest} levels"
            raise ValueError(msg)
    return json.loads(text)


_NO_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


_NOT_IN_DATABASES = re.compile("[\0\ud800-\udfff]")
_JSON = "hpbridge:json:"
"""Before text as JSON, which a column of text cannot hold as it is."""


def _text_cell(text: str | None) -> str | None:
    if text is None:
        return None
    is_bare = not (_NOT_IN_DATABASES.search(text) or text.startswith(_JSON))
    return text if is_bare else _JSON + json.dumps(text)


def _of_text_cell(cell: str | None) -> str | None:
    if cell is None or not cell.startswith(_JSON):
        return cell
    try:
        return str(json.loads(cell.removeprefix(_JSON)))
    except ValueError:  # somebody else's
        return cell


def _digits(number: int | None) -> str:
    return "" if number is None else str(number)


def _of_digits(text: str) -> int | None:
    return int(text) if text else None


# Forms that several fields have.


def one_of(kind: Callable[[Any], Any]) -> Form:
    """Return the form of a word of an enumeration."""
    return Form(str, kind)


def _dump_metrics(metrics: Mapping[str, float]) -> dict[str, float | str]:
    return {name: dump_number(value) for name, value in metrics.items()}


def _load_metrics(data: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in data.items()}


def _dump_reports(reports: Any) -> list[list[Any]]:
    return [[step, dump_number(value)] for step, value in reports]


def _load_reports(data: Any) -> tuple[tuple[int, float], ...]:
    return tuple((int(step), float(value)) for step, value in data)


def _text(data: Any) -> str | None:
    return None if data is None else str(data)


def _seconds(data: Any) -> float | None:
    return None if data is None else float(data)


def _budget(data: Any) -> float | None:
    return None if data is None else plain_budget(data)


def _count(data: Any) -> int | None:
    if data is None or type(data) is int:
        return data
    msg = f"it cannot be {data!r:.40}"
    raise ValueError(msg)


_BYTES = "%bytes:"


def _dump_path(path: str) -> str:
    """Return a path, or a text with one, as text: in figures where it is none."""
    if path == writable(path) and not path.startswith(_BYTES):
        return path
    return f"{_BYTES}{path.encode('utf-8', 'surrogatepass').hex()}"


def _load_path(text: str) -> str:
    if not text.startswith(_BYTES):
        return text
    return bytes.fromhex(text.removeprefix(_BYTES)).decode("utf-8", "surrogatepass")


PATH = Form(_dump_path, _load_path)
"""What names a file, whose name may be no text."""
METRICS = Form(_dump_metrics, _load_metrics)
REPORTS = Form(_dump_reports, _load_reports)
TEXT = Form(None, _text)
SECONDS = Form(None, _seconds)
BUDGET = Form(None, _budget)
COUNT = Form(None, _count)
DATA = Form(dict, dict)
"""A dict of JSON data, copied both ways."""
NOTED = Form(to_standard, of_standard)
"""A dict of plain data, in which there may be numbers that JSON lacks."""
