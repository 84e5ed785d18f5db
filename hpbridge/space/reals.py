"""Real numbers of any library, as floats: what an objective returned or reported."""

from __future__ import annotations

import math
import numbers
import types
from decimal import Decimal
from typing import Any

from hpbridge.errors.foreign import describe_error, shown


class NoNumberError(TypeError):
    """A value is no real number; the message describes it."""


def as_number(value: Any) -> float:
    """Return a returned value as a float.

    Raises:
        NoNumberError: If it is no real number; the message describes it.
    """
    if type(value) is float:
        return value
    value = _element(value)
    is_real = isinstance(value, (numbers.Real, Decimal))
    if isinstance(value, bool) or not (is_real or hasattr(type(value), "__float__")):
        if isinstance(value, types.CoroutineType):
            value.close()  # or Python says that nobody awaited it
        kind = "" if value is None else f"the {type(value).__name__} "
        raise NoNumberError(kind + " ".join(shown(value).split()))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # its own, and it may be any
        why = describe_error(error)
        msg = f"the {type(value).__name__}, which is no number: {why}"
        raise NoNumberError(msg) from error
    if is_real and math.isinf(number) and value not in {math.inf, -math.inf}:
        msg = f"the {type(value).__name__} {shown(value)}, too large for a float,"
        raise NoNumberError(msg)
    return number


def _element(value: Any) -> Any:
    """Return the one element of an array, or of a library's scalar; others as they are.

    Raises:
        NoNumberError: If it has several, or it is masked, or a time.
    """
    if not hasattr(value, "item") or not hasattr(value, "shape"):
        return value
    shape = tuple(value.shape)
    if math.prod(shape) != 1:
        msg = f"an array of shape {shape}"
        raise NoNumberError(msg)
    mask: Any = getattr(value, "mask", None)
    if hasattr(mask, "any") and mask.any():
        msg = "a masked value"
        raise NoNumberError(msg)
    if getattr(getattr(value, "dtype", None), "kind", "") in {"m", "M"}:
        return str(value)  # an item of nanoseconds is a number by chance
    return value.item()


def as_whole(value: Any) -> int:
    """Return a whole number as an int; nothing is cut off.

    Example:
        >>> as_whole(3.0)
        3

    Raises:
        NoNumberError: If it is none; the message describes it.
    """
    if type(value) is int:
        return value
    number = as_number(value)
    if not number.is_integer():
        raise NoNumberError(repr(number))
    item = _element(value)
    return item if isinstance(item, int) else int(item)
