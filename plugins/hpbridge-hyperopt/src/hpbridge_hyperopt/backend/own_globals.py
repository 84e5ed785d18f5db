"""Global random state that is an optimizer's own."""

from __future__ import annotations

import logging
import random
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

GLOBAL_SEEDS = 2**32
"""How many seeds `numpy.random.seed` takes."""


class OwnGlobals:
    """A global state of `random` and `numpy.random` that is an optimizer's own.

    While it is entered, the global generators are in this state; on leaving, what they
    did is kept for the next time and the process's state is put back. Warnings, and
    what TPE logs within, are silenced meanwhile.
    """

    def __init__(self, seed: int) -> None:
        import numpy as np

        self._numpy = np.random
        self._state = (
            random.Random(seed).getstate(),
            np.random.RandomState(seed).get_state(),
        )

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Run the body in this state."""
        before = (random.getstate(), self._numpy.get_state())
        logger = logging.getLogger("hyperopt.tpe")
        was_disabled = logger.disabled
        random.setstate(self._state[0])
        self._numpy.set_state(self._state[1])
        logger.disabled = True
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
            self._state = (random.getstate(), self._numpy.get_state())
        finally:
            logger.disabled = was_disabled
            random.setstate(before[0])
            self._numpy.set_state(before[1])
