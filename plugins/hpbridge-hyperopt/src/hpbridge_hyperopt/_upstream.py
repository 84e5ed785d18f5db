"""Hyperopt itself, imported without what it does to logging on the way."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# `hyperopt.utils._get_logger` sets these to INFO and gives them a handler to stderr.
_LOGGERS = ("hyperopt.utils", "hyperopt-spark")


@contextmanager
def _loggers_unchanged() -> Iterator[None]:
    """Put levels and handlers of Hyperopt's loggers back as they were before.

    Source:
        hyperopt 0.3.0, `utils._get_logger`, called when `hyperopt` is imported.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    try:
        yield
    finally:
        for logger, level, handlers in before:
            logger.setLevel(level)
            logger.handlers[:] = handlers


with _loggers_unchanged():
    import hyperopt

__all__ = ["hyperopt"]
