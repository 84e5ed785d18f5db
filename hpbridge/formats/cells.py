"""The cells of a table as values: numbers, bools, text, and nothing where empty."""

from __future__ import annotations

import datetime as dt
import math
import numbers
import re
from typing import TYPE_CHECKING, Any

from hpbridge.space.parameters import plain_number
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.space.categorical import Categorical

# Not 007, which is text: a number would lose the zeros.
_WHOLE = re.compile(r"[+-]?(0|[1-9]\d*)\Z")
_LONGEST_NUMBER = 400
_BOOLS = {"true": True, "false": False}
_NONE = frozenset({"", "nan", "na", "n/a", "<na>", "null", "none"})

_STATES = {
    State.COMPLETE: "complete completed ok success succeeded done finished terminated",
    State.FAILED: "failed fail failure error errored crashed invalid",
    State.PRUNED: "pruned stopped early_stopped",
}
_WORDS = {word: state for state, text in _STATES.items() for word in text.split()}
_UNFINISHED = frozenset({"running", "waiting", "pending", "queued", "paused"})


def parse_column(cells: Sequence[Any]) -> list[Any]:
    """Return the values of a column of parameters; None where a cell is empty.

    Text is read as whole numbers, numbers or bools where all of the column is that;
    a column of numbers may have cells that say there is none, ``nan`` say.

    Example:
        >>> parse_column(["1", "", "2"]), parse_column(["1", "0.5"])
        ([1, None, 2], [1.0, 0.5])
        >>> parse_column(["True", "False"]), parse_column(["1", "one"])
        ([True, False], ['1', 'one'])
    """
    if any(cell is not None and not isinstance(cell, str) for cell in cells):
        return [plain_cell(cell) for cell in cells]
    given = [cell.strip() for cell in cells if cell is not None]
    told = [text for text in given if text.lower() not in _NONE]
    for read in (_whole, _real, _bool):
        values = [read(text) for text in told]
        if told and None not in values:
            by_text = dict(zip(told, values, strict=True))
            return [None if c is None else by_text.get(c.strip()) for c in cells]
    return [cell or None for cell in cells]


def _whole(text: str) -> int | None:
    if len(text) > _LONGEST_NUMBER or not _WHOLE.match(text):
        return None
    return int(text)


def _real(text: str) -> float | None:
    if len(text) > 1 and text[0] == "0" and text[1].isdigit():
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    is_too_large = math.isinf(number) and "inf" not in text.lower()
    return None if is_too_large else number


def _bool(text: str) -> bool | None:
    return _BOOLS.get(text.lower())


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
    if cell is None or (isinstance(cell, str) and not cell.strip()):
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
