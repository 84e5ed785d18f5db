"""What every bridge needs towards its library: know its objects, keep it quiet."""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def class_names(value: object, module: str) -> list[str]:
    """Return the names of an object's classes that a library defines.

    Nothing is imported: where there is such an object, its library is there already.

    Args:
        value: Any object.
        module: Dotted name of the library, or of a part of it; what is inside counts.

    Returns:
        The nearest class first, then those that it extends; none for another library's.

    Example:
        >>> from fractions import Fraction
        >>> class_names(Fraction(1, 2), "numbers")
        ['Rational', 'Real', 'Complex', 'Number']
    """
    return [
        kind.__name__
        for kind in type(value).__mro__
        if f"{kind.__module__}.".startswith(f"{module}.")
    ]


def is_instance_of(value: object, module: str, name: str) -> bool:
    """Say whether an object is of a library's class, or of one that extends it.

    Example:
        >>> from pathlib import PosixPath
        >>> is_instance_of(PosixPath("."), "pathlib", "Path")
        True
        >>> is_instance_of("a text", "pathlib", "Path")
        False
    """
    return name in class_names(value, module)


@contextlib.contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """Drop the warnings, and what these loggers say in this thread.

    No level is touched, and other threads' records pass.

    Args:
        loggers: Names of those that a library logs to itself, not of their parents: a
            filter of a logger does not hold for what its children hand on.
    """
    thread = threading.get_ident()

    def is_foreign(record: logging.LogRecord) -> bool:
        return record.thread != thread

    found = [logging.getLogger(name) for name in loggers]
    for logger in found:
        logger.addFilter(is_foreign)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger in found:
            logger.removeFilter(is_foreign)
