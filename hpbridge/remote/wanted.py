"""Whether an engine still wants what it runs in a thread, which nobody can end."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ASK_SECONDS = 0.5


@contextlib.contextmanager
def asking(
    is_over: Callable[[], bool] | None, stop: Callable[[str], None]
) -> Iterator[None]:
    """Ask now and then whether it is over, and stop what runs meanwhile.

    Args:
        is_over: Called in a thread of its own; None where nobody is to be asked.
        stop: ``stop(why)``, called there once.
    """
    has_left = threading.Event()

    def ask() -> None:
        while is_over is not None and not has_left.wait(_ASK_SECONDS):
            if is_over():
                stop("its engine ended it")
                return

    if is_over is not None:
        threading.Thread(target=ask, daemon=True).start()
    try:
        yield
    finally:
        has_left.set()
