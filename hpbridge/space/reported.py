"""What a trial states while it runs, as Python's numbers; nothing is cut off."""

from __future__ import annotations

import math
from typing import Any

_REPORT, _TOOK = "Trial.report", "Trial.took"


def numbers_of(value: object, step: object) -> tuple[float, int]:
    """Return what is reported.

    Raises:
        ArgumentError: If the value is no number, or the step no whole one from 0.
    """
    from hpbridge.errors.experiments import ArgumentError
    from hpbridge.space.reals import NoNumberError, as_number, as_whole

    numbers: list[Any] = []
    problems: list[str] = []
    for name, given, kind, read in (
        ("value", value, "a number", as_number),
        ("step", step, "a whole number", as_whole),
    ):
        try:
            numbers.append(read(given))
        except NoNumberError as error:
            got = str(error).rstrip(",")
            problems.append(f"{name} must be {kind}, got {got}")
    if not problems and numbers[1] < 0:
        problems.append(f"step must be a whole number from 0, got {numbers[1]}")
    if problems:
        raise ArgumentError.given(_REPORT, problems)
    return numbers[0], numbers[1]


def seconds_of(given: object) -> float:
    """Return how long something took.

    Raises:
        ArgumentError: If it is no finite number from 0.

    Example:
        >>> seconds_of(2)
        2.0
    """
    from hpbridge.errors.experiments import ArgumentError
    from hpbridge.space.reals import NoNumberError, as_number

    try:
        seconds = as_number(given)
    except NoNumberError as error:
        problem = f"seconds must be a number, got {str(error).rstrip(',')}"
        raise ArgumentError.given(_TOOK, [problem]) from None
    if not 0 <= seconds < math.inf:
        problem = f"seconds must be a finite number from 0, got {seconds!r}"
        raise ArgumentError.given(_TOOK, [problem])
    return seconds
