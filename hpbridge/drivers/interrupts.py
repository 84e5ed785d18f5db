"""Ctrl-C and SIGTERM end a study; they never tear a trial's record.

While an optimizer thinks or an objective runs, the signal reaches it as
`KeyboardInterrupt`, as usual. While a result is on its way to disk, it waits.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType

    from hpbridge.learning.session import Session

INTERRUPTED = "interrupted"
"""The stop reason of a study that a signal ended."""


class Interrupts:
    """Hold signals back except inside `allowed`. A context manager.

    Does nothing outside the main thread, where Python delivers no signals.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._may_raise = False
        self._pending = False
        self._before: dict[int, object] = {}

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
        if error is None and self._pending:
            raise KeyboardInterrupt

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._session.stop(INTERRUPTED)
        self._pending = True
        if self._may_raise:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        """Let a signal through as `KeyboardInterrupt` while the body runs."""
        self._may_raise = True
        try:
            if self._pending:
                raise KeyboardInterrupt
            yield
        finally:
            self._may_raise = False
