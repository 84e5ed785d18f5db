"""What every bridge needs towards its library.

Know its objects, keep it quiet, let it draw from global generators of its own.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import warnings
from typing import TYPE_CHECKING, Any

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


class GlobalRandom:
    """A state of the global generators of Python and NumPy that is somebody's own.

    Libraries draw from them whatever seed they are given. While it is entered, the
    generators are in this state; on leaving, what became of it is kept for the next
    time, and the state of the process is put back.

    Args:
        seed: Of both generators, from 0 to `N_SEEDS` - 1. By default it starts where
            the process is, which will not notice what is drawn within.

    Example:
        >>> own = GlobalRandom(7)
        >>> with own:
        ...     first = random.random()
        >>> random.random() == random.Random(7).random()
        False
        >>> with own:
        ...     second = random.random()
        >>> generator = random.Random(7)
        >>> [first, second] == [generator.random(), generator.random()]
        True
    """

    N_SEEDS = 2**32
    """How many seeds `numpy.random.seed` takes."""

    def __init__(self, seed: int | None = None) -> None:
        import numpy as np

        self._generator = np.random
        if seed is None:
            self._own = self._state()
        else:
            numpys = np.random.RandomState(seed).get_state()
            self._own = (random.Random(seed).getstate(), numpys)

    def __enter__(self) -> None:
        self._of_process = self._state()
        self._set(self._own)

    def __exit__(self, *_error: object) -> None:
        self._own = self._state()
        self._set(self._of_process)

    def _state(self) -> tuple[Any, Any]:
        return random.getstate(), self._generator.get_state()

    def _set(self, state: tuple[Any, Any]) -> None:
        random.setstate(state[0])
        self._generator.set_state(state[1])
