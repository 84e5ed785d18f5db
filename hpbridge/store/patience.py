"""Wait for a store that is away: its server restarts, its file is locked, say.

A study that runs waits so long as its patience lasts, tries again and again, and goes
on where it was. It says so when it begins to wait, and when the store is back.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, TypeVar

from hpbridge.errors import StoreAwayError

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 60.0
"""How long a study that runs waits for its store, unless it is said otherwise."""

# What takes so long to fail, a server that does not answer, would take as long for each
# word of a study's end.
_LONG_SECONDS = 2.0

# Between two tries; and how soon Ctrl-C is noticed.
_PAUSE_SECONDS = 0.25

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Patience:
    """How long calls of one study wait for its store.

    Args:
        seconds: That the store may be away, from the beginning of the first call that
            failed.

    Attributes:
        is_over: Whether nothing is to wait any more, since the study is to end; a
            signal's handler may set it.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.is_over = False
        self._since: float | None = None
        self._spent: StoreAwayError | None = None

    @property
    def is_spent(self) -> bool:
        """Whether the store is asked no more: it did not answer for too long."""
        return self._spent is not None

    def tried(self, call: Callable[[bool], _T]) -> _T:
        """Return what a call returns, made again so long as the store is away.

        Args:
            call: Gets whether it was made before: what it did then may be in the store.

        Raises:
            StoreAwayError: If the store is away for longer.
        """
        if self._spent is not None:
            raise self._spent
        is_again = False
        while True:
            began = time.monotonic()
            try:
                done = call(is_again)
            except StoreAwayError as error:
                self._wait(error, began)
                is_again = True
            else:
                if self._since is not None:
                    self._go_on()
                return done

    def _wait(self, error: StoreAwayError, began: float) -> None:
        now = time.monotonic()
        if self._since is None:
            self._since = began
            if self.seconds > now - began and not self.is_over:
                text = f"{error.headline}; waiting for it up to {self.seconds:g} s"
                _log.warning("%s", text)
        waited = now - self._since
        if self.is_over or waited >= self.seconds:
            if self.seconds == 0:
                raise error
            error = error.but(f"{error.headline}; waited for it {waited:.0f} s")
            self._spent = error if now - began > _LONG_SECONDS else None
            raise error
        time.sleep(min(_PAUSE_SECONDS, self.seconds - waited))

    def _go_on(self) -> None:
        waited = time.monotonic() - (self._since or 0.0)
        self._since = None
        _log.warning("the store is back after %.0f s, the study goes on", waited)
