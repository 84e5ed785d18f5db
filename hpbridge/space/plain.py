"""Plain values: what stands for a user's object in a record."""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Any, TypeAlias

from hpbridge.errors.arguments import is_flag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Label: TypeAlias = "str | int | float | bool | None"
"""A plain value: what crosses the contract and what the store holds."""


def plain_number(value: object) -> Any:
    """Return a plain number for any real number, anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value)


def plain_flag(value: object) -> Any:
    """Return a plain bool for NumPy's, anything else as it is."""
    return bool(value) if is_flag(value) else value


def flag_problems(name: str, value: object) -> list[str]:
    """Return what is wrong with a flag; any text is true to Python, "no" too."""
    if isinstance(value, bool):
        return []
    return [f"{name} must be True or False, got {value!r}"]


def is_number(value: object) -> bool:
    """Say whether it is an int or a float, and no bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def label_of(choice: object) -> Label:  # noqa: PLR0911 - one a kind
    """Return the JSON scalar that stands for a choice in a record.

    Args:
        choice: Any object. JSON scalars stand for themselves, numpy scalars for the
            Python scalar they hold, functions and classes for their name.

    Raises:
        ValueError: If nothing stable names the object, with one sentence.
    """
    if choice is None or isinstance(choice, bool):
        return choice
    if isinstance(choice, str):
        return str.__str__(choice)  # of a subclass, such as an enum's, the bare text
    if isinstance(choice, int):
        return int(choice)
    if isinstance(choice, float):
        return float(choice) if math.isfinite(choice) else repr(float(choice))
    if isinstance(choice, numbers.Real):
        return label_of(plain_number(choice))
    if _is_masked(choice):
        msg = f"choice {choice!r} is masked, and no value"
        raise ValueError(msg)
    item = getattr(choice, "item", None)
    if callable(item) and getattr(choice, "ndim", None) == 0:
        return label_of(item())
    name = getattr(choice, "__qualname__", None)
    text = name if isinstance(name, str) and "<" not in name else repr(choice)
    if " at 0x" in text:
        msg = (
            f"choice {choice!r} has no stable name; give it a label: {{'name': choice}}"
        )
        raise ValueError(msg)
    return text


def _is_masked(value: Any) -> bool:
    """Say whether a scalar of NumPy's is masked: its item is a number by chance."""
    is_of_masked = type(value).__module__.startswith("numpy.ma")
    return is_of_masked and value.ndim == 0 and bool(value.mask)


def text_of(choice: object) -> str | None:
    """Return the label of a choice as text; None where nothing stable names it."""
    try:
        return str(label_of(choice))
    except ValueError:
        return None


def labelled(
    choices: Sequence[object],
    place: str,
    text: Callable[[Any], str | None] | None = None,
    *,
    is_mixed: bool = False,
) -> dict[str, object]:
    """Return choices that do not name themselves by labels, for a `Categorical`.

    Args:
        choices: In their order.
        place: The label of a choice by its position, with ``{}`` for that.
        text: Returns the label of a choice, or None; without it, all go by place.
        is_mixed: Only those without a text go by place; otherwise all do as soon as
            one has none. Where two texts are the same, all go by place.

    Example:
        >>> labelled([(1,), (2,)], "choice {}", text_of)
        {'(1,)': (1,), '(2,)': (2,)}
    """
    places = [place.format(k) for k in range(len(choices))]
    texts = [None if text is None else text(choice) for choice in choices]
    pairs = zip(texts, places, strict=True)
    labels = [at if named is None else named for named, at in pairs]
    if len(set(labels)) < len(labels) or (None in texts and not is_mixed):
        labels = places
    return dict(zip(labels, choices, strict=True))


def is_equal(left: object, right: object) -> bool:
    """Say whether two objects of a user are equal; never raises."""
    try:
        return bool(left == right)
    except Exception:  # noqa: BLE001 - a user's object may define any __eq__
        return False


def to_json(value: object) -> Any:
    """Return the JSON scalar for any object; for one without a name, its type."""
    try:
        return label_of(value)
    except ValueError:
        return f"<{type(value).__qualname__}>"
