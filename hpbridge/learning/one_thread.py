"""The threads that an optimizer's linear algebra computes with.

On the small matrices of a Gaussian process, a second BLAS thread takes a core and
gives no time back. Where trials run beside the optimizer, it computes with one.
Results of one thread and of two differ in their last bits, so that the number is kept
with the study.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import Optimizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from hpbridge.contract.backend import Algorithm, Outcome, PastTrial, Suggestion
    from hpbridge.space.parameters import Label

THREADS = "optimizer_threads"
"""What a study's record of its machine calls the number."""

_NO_LIMIT = (
    "the optimizer computes with all BLAS threads beside the trials, since there is "
    "no threadpoolctl to limit them: pip install threadpoolctl"
)


def computes_alone(algorithm: Algorithm, workers: int) -> bool:
    """Say whether an algorithm is to compute with one thread."""
    return algorithm.linear_algebra and workers > 1


def blas_threads() -> int | None:
    """Return with how many threads BLAS computes here; None where nobody knows."""
    try:
        from threadpoolctl import (  # type: ignore[import-untyped]
            ThreadpoolController,
        )
    except ImportError:
        return None
    found = ThreadpoolController().select(user_api="blas").info()
    return max((library["num_threads"] for library in found), default=None)


def changed_threads(before: int | None, now: int | None) -> list[str]:
    """Return a note of another number than a record has, if it is another one."""
    if before is None or now is None or before == now:
        return []
    which = f"number of BLAS threads for the optimizer: {before} -> {now}"
    what = "what it proposes may differ in its last bits, and then altogether"
    return [f"resumed with another {which}; {what}"]


class OneThread(Optimizer):
    """An optimizer that computes with one thread of BLAS and OpenMP.

    What other threads of this process compute meanwhile does too.
    """

    def __init__(self, inner: Optimizer) -> None:
        self._inner = inner
        self._controller: Any = None
        self._n_modules = 0
        try:
            import threadpoolctl
        except ImportError:
            self._library = None
        else:
            self._library = threadpoolctl

    @property
    def notes(self) -> Sequence[str]:  # type: ignore[override]
        """What the optimizer says of itself."""
        said = self._inner.notes
        return said if self._library is not None else [*said, _NO_LIMIT]

    def _limited(self) -> AbstractContextManager[Any]:
        if self._library is None:
            from contextlib import nullcontext

            return nullcontext()
        # A library that was loaded since is not known to the controller.
        if len(sys.modules) != self._n_modules:
            self._controller = self._library.ThreadpoolController()
            self._n_modules = len(sys.modules)
        limited: AbstractContextManager[Any] = self._controller.limit(limits=1)
        return limited

    def ask(self) -> Suggestion:
        """Propose a point."""
        with self._limited():
            return self._inner.ask()

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Learn what became of a suggestion."""
        with self._limited():
            self._inner.tell(suggestion, outcome)

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """Learn from a trial that it never proposed."""
        with self._limited():
            self._inner.observe(params, outcome)

    def restore(self, trials: Sequence[PastTrial], native: Mapping[str, Any]) -> bool:
        """Go on with a study as the library itself would."""
        with self._limited():
            return self._inner.restore(trials, native)
