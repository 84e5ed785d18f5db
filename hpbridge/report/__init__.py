"""Pages and pictures: of a comparison, of single studies, of a search.

The room is called as a function, too: ``hpbridge.report(study)`` is
`hpbridge.report.search.report`.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

from hpbridge.contract.lazy import lazy

if TYPE_CHECKING:
    from hpbridge.report.search import Report

_report = lazy("hpbridge.report.search:report")


class _Room(types.ModuleType):
    """The module of this room, which can be called."""

    def __call__(self, *given: Any, **named: Any) -> Report:
        found: Report = _report(*given, **named)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        # A function that is sent to a worker may have it among its modules, which
        # otherwise go by name.
        return importlib.import_module, (self.__name__,)


sys.modules[__name__].__class__ = _Room
