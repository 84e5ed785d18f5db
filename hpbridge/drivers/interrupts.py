"""Ctrl-C and SIGTERM end a study; they never tear a trial's record.

While an optimizer thinks or an objective runs, the signal reaches it as
`KeyboardInterrupt`, as usual. While a result is on its way to disk, it waits.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from hpbridge.learning.session import Session

INTERRUPTED = "interrupted"
"""The stop reason of a study that a signal ended."""


class _Allowed:
    """Lets a signal through while the body runs; made once, entered for every trial."""

    __slots__ = ("_interrupts",)

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts

    def __enter__(self) -> None:
        interrupts = self._interrupts
        interrupts.may_raise = True
        if interrupts.is_pending:
            interrupts.may_raise = False
            raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None:
        self._interrupts.may_raise = False


class Interrupts:
    """Hold signals back except inside `allowed`. A context manager.

    Does nothing outside the main thread, where Python delivers no signals.

    Args:
        sessions: That a signal stops.

    Attributes:
        is_pending: Whether a signal came.
    """

    def __init__(self, *sessions: Session) -> None:
        self._sessions = list(sessions)
        self.may_raise = False
        self.is_pending = False
        self._before: dict[int, object] = {}
        self._allowed = _Allowed(self)

    def add(self, session: Session) -> None:
        """Stop this session too when a signal comes."""
        self._sessions.append(session)

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        if error is None and self.is_pending:
            raise KeyboardInterrupt

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        for session in self._sessions:
            session.interrupt(INTERRUPTED)
        self.is_pending = True
        if self.may_raise:
            raise KeyboardInterrupt

    def allowed(self) -> _Allowed:
        """Let a signal through as `KeyboardInterrupt` while the body runs."""
        return self._allowed
