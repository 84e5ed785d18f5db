"""Suites of benchmark problems, and what runs them.

The room is called as a function, too: ``hpbridge.bench(suite)`` is
`hpbridge.bench.running.bench`.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

from hpbridge.contract.lazy import lazy

if TYPE_CHECKING:
    from hpbridge.engine.compare import Comparison

_bench = lazy("hpbridge.bench.running:bench")


class _Room(types.ModuleType):
    """The module of this room, which can be called."""

    def __call__(self, *given: Any, **named: Any) -> Comparison:
        found: Comparison = _bench(*given, **named)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        # A function that is sent to a worker may have it among its modules, which
        # otherwise go by name.
        return importlib.import_module, (self.__name__,)


sys.modules[__name__].__class__ = _Room
