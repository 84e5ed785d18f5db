"""Numbers, durations and moments as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hpbridge.contract.resources import in_words
from hpbridge.errors import count

if TYPE_CHECKING:
    from collections.abc import Mapping

NONE = "\N{EN DASH}"
"""What stands where there is no value."""

_MINUTE, _HOUR = 60, 3600


def number(value: float | None) -> str:
    """Return a number in at most six digits.

    Example:
        >>> number(0.123456789), number(float("inf"))
        ('0.123457', 'inf')
    """
    return NONE if value is None else f"{value:.6g}"


def duration(seconds: float | None) -> str:
    """Return a duration in the unit that suits it.

    Example:
        >>> duration(0.00125), duration(12.34), duration(754), duration(8000)
        ('1.25 ms', '12.3 s', '12 min 34 s', '2 h 13 min')
    """
    if seconds is None:
        return NONE
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.3g} s"
    if seconds < 2 * _HOUR:
        return f"{int(seconds // _MINUTE)} min {int(seconds % _MINUTE)} s"
    return f"{int(seconds // _HOUR)} h {int(seconds % _HOUR // _MINUTE)} min"


def machine(found: Mapping[str, Any]) -> str:
    """Return what a study's record says of its machine, as a sentence's part.

    Example:
        >>> machine({"system": "Linux", "machine": "x86_64", "cores": 2})
        '2 cores, Linux on x86_64'
    """
    known = dict(found)
    cores, memory = known.pop("cores", None), known.pop("memory_bytes", None)
    kinds = filter(None, (known.pop("system", ""), known.pop("machine", "")))
    parts = [
        known.pop("processor", ""),
        count(cores, "core") if cores else "",
        f"{in_words(memory)} of memory" if memory else "",
        " on ".join(kinds),
        *(f"{name} {value}" for name, value in known.items()),
    ]
    return ", ".join(filter(None, parts))


def moment(unix: float) -> str:
    """Return a Unix time as a date and a time of day.

    Example:
        >>> moment(0)
        '1970-01-01 00:00 UTC'
    """
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M UTC")


def label(value: object) -> str:
    """Return a parameter's value in full; strings as they are.

    Example:
        >>> label("adam"), label(None), label(0.1)
        ('adam', 'None', '0.1')
    """
    return value if isinstance(value, str) else repr(value)
