"""Why a trial's worker died, where memory may be the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpbridge.contract.resources import in_words
from hpbridge.drivers.memory import MemoryWatch, is_of_memory, n_ended_by_kernel

if TYPE_CHECKING:
    from hpbridge.drivers.memory import Use
    from hpbridge.trial import Result


class Deaths:
    """Watches what trials use, and says why their processes died.

    Args:
        limit: Bytes that a trial may use; None for any number, which nobody watches.
    """

    def __init__(self, limit: int | None) -> None:
        self._watch = None if limit is None else MemoryWatch(limit)
        self._n_before = n_ended_by_kernel()

    def begin(self, pid: int, before: int | None = None) -> None:
        """Take note that a trial begins in a process, which holds so many bytes."""
        if self._watch is not None:
            self._watch.begin(pid, before)

    def end(self, pid: int) -> Use | None:
        """Return what a trial has used, where that is watched."""
        return None if self._watch is None else self._watch.end(pid)

    def why(self, how: str, use: Use | None) -> str:
        """Return why a process died.

        Args:
            how: Its exit code or signal, in words.
            use: What its trial has used.
        """
        if use is not None and use.is_over and self._watch is not None:
            limit = in_words(self._watch.limit)
            whose = " with its children" if use.has_children else ""
            used = f"used {in_words(use.most)} of memory{whose}"
            return f"{used}, more than {limit}; ended"
        n_before, self._n_before = self._n_before, n_ended_by_kernel()
        if how == "signal 9" and self._n_before > n_before:
            grown = "" if use is None else f", which had grown by {in_words(use.most)}"
            return f"the kernel ran out of memory and ended the worker process{grown}"
        return f"the worker process died ({how})"

    def close(self) -> None:
        """Watch no more."""
        if self._watch is not None:
            self._watch.close()


def with_memory(result: Result, use: Use | None) -> Result:
    """Return a result whose error says what was used, where memory was its reason."""
    if use is None or not is_of_memory(result.error):
        return result
    grown = in_words(use.most)
    error = f"no memory was left when the trial had used {grown}: {result.error}"
    return replace(result, error=error)
