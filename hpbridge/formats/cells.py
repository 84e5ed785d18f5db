"""The cells of a table as values: numbers, bools, text, and nothing where empty."""

from __future__ import annotations

import datetime as dt
import math
import numbers
import re
from typing import TYPE_CHECKING, Any

from hpbridge.formats.numerals import (
    MISSING,
    NANS,
    PLAIN,
    WORDS_OF_NOTHING,
    Numerals,
    clean,
)
from hpbridge.formats.quoting import unquoted
from hpbridge.space.parameters import is_number, plain_number
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.space.categorical import Categorical

# Not 007, which is text: a number would lose the zeros.
_ZEROS = re.compile(r"[+-]?0\d", re.A)
_BOOLS = {"true": True, "false": False}

_STATES = {
    State.COMPLETE: "complete completed ok success succeeded done finished terminated",
    State.FAILED: "failed fail failure error errored crashed invalid",
    State.PRUNED: "pruned stopped early_stopped",
}
_WORDS = {word: state for state, text in _STATES.items() for word in text.split()}
_UNFINISHED = frozenset({"running", "waiting", "pending", "queued", "paused"})


class _NoneChoice:
    """A cell that names the choice None: not one that is empty."""

    def __repr__(self) -> str:
        return "None"


NONE_CHOICE = _NoneChoice()


def parse_column(
    cells: Sequence[Any],
    numerals: Numerals | None = None,
    *,
    is_decimal_comma: bool = False,
) -> list[Any]:
    """Return the values of a column of parameters; None where a cell is empty.

    Text is read as whole numbers, numbers or bools where all of the column is that;
    a column of numbers may have cells that say there is none, ``nan`` say. In one of
    text, ``None`` is the choice of that name.

    Args:
        cells: The column's.
        numerals: Its numbers, where they are known.
        is_decimal_comma: Whether other columns of the table have such.

    Raises:
        NumeralsError: If its cells are numbers, and not in one way.

    Example:
        >>> parse_column(["1", "", "2"]), parse_column(["1", "0.5"])
        ([1, None, 2], [1.0, 0.5])
        >>> parse_column(["True", "False"]), parse_column(["1", "one"])
        ([True, False], ['1', 'one'])
    """
    numerals = numerals or Numerals.of(cells)
    if any(cell is not None and not isinstance(cell, str) for cell in cells):
        return _mixed(cells, numerals)
    way = numerals.way(is_decimal_comma=is_decimal_comma)
    is_pair = numerals.could_be_pairs and not is_decimal_comma
    if way is not None and numerals.texts and not is_pair:
        known = numerals.readings[way]
        if not any(map(_ZEROS.match, numerals.texts)):
            kind = int if all(type(n) is int for n in known.values()) else float
            by_text = {text: kind(number) for text, number in known.items()}
            return [None if c is None else by_text.get(clean(c)) for c in cells]
    bools = {text: _BOOLS.get(text.lower()) for text in numerals.texts}
    if bools and None not in bools.values():
        return [None if cell is None else bools.get(clean(cell)) for cell in cells]
    return [_text(cell, has_text=bool(numerals.texts)) for cell in cells]


def _mixed(cells: Sequence[Any], numerals: Numerals) -> list[Any]:
    """Return the values of a column of any types; text as a number where all is one."""
    values = [plain_cell(cell) for cell in cells]
    others = [v for v in values if v is not None and not isinstance(v, str)]
    if not numerals.texts or not all(map(is_number, others)):
        return values
    way = numerals.way()
    if way is None or numerals.unusual(way) is None:
        return values  # 1 and "2" are choices that somebody told apart
    known = numerals.readings[way]
    return [known.get(clean(v)) if isinstance(v, str) else v for v in values]


def _text(cell: str | None, *, has_text: bool) -> Any:
    text = "" if cell is None else cell.strip()
    if text == "None":
        return NONE_CHOICE
    if cell is None or not text or (has_text and text in WORDS_OF_NOTHING):
        return None
    return unquoted(cell)


def plain_cell(cell: Any) -> Any:
    """Return a cell of a typed table as Python's own; None where there is nothing."""
    if isinstance(cell, numbers.Real):
        if isinstance(cell, bool):
            return cell
        number = plain_number(cell)
        return None if isinstance(number, float) and math.isnan(number) else number
    if hasattr(cell, "item") and getattr(cell, "ndim", None) == 0:
        return plain_cell(cell.item())
    return cell


def number_of(cell: Any) -> float | None:
    """Return a cell of a metric; None where it is empty, NaN where it says so.

    Raises:
        ValueError: If it is no number.
    """
    if isinstance(cell, str):
        return _number_of_text(clean(cell))
    if cell is None or type(cell).__name__ in {"NAType", "NaTType"}:
        return None
    if hasattr(cell, "total_seconds"):
        return float(cell.total_seconds())
    if isinstance(cell, bool):
        msg = "a bool"
        raise ValueError(msg)
    try:
        return float(cell)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _number_of_text(text: str) -> float | None:
    if text.lower() in MISSING:
        return None
    number = math.nan if text.lower() in NANS else PLAIN.read(text)
    if number is None:
        raise ValueError(text)
    return float(number)


def duration_of(cell: Any) -> float | None:
    """Return a number of seconds; None where there is none.

    Raises:
        ValueError: If it is no number.
    """
    seconds = number_of(cell)
    return None if seconds is None or not math.isfinite(seconds) else seconds


def seconds_of(cell: Any) -> float | None:
    """Return a moment in Unix time, from a number, a time, or text of either.

    Raises:
        ValueError: If it is none.
    """
    try:
        value = number_of(cell)
    except ValueError:
        value = cell.timestamp() if hasattr(cell, "timestamp") else None
        if value is None:
            value = dt.datetime.fromisoformat(str(cell)).timestamp()
    return None if value is None or math.isnan(value) else float(value)


def state_of(cell: Any) -> State | str | None:
    """Return what a cell says of a trial; ``"running"`` where it has not ended.

    None where it says nothing.

    Raises:
        ValueError: If no word that we know is in it.
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, bool):
        return State.COMPLETE if cell else State.FAILED
    word = str(getattr(cell, "name", cell)).strip().lower().rpartition(".")[2]
    if not word:
        return None
    if word in _UNFINISHED:
        return "running"
    if word not in _WORDS:
        raise ValueError(word)
    return _WORDS[word]


def label_of_cell(cell: Any, parameter: Categorical) -> Any:
    """Return the label that a cell names; the cell as it is where none is."""
    if any(cell == label and type(cell) is type(label) for label in parameter.labels):
        return cell
    text = str(cell).strip()
    named = [label for label in parameter.labels if str(label) == text]
    if not named:
        try:
            number = float(text)
        except ValueError:
            return cell
        named = [
            label
            for label in parameter.labels
            if isinstance(label, (int, float))
            and not isinstance(label, bool)
            and label == number
        ]
    return named[0] if len(named) == 1 else cell
