"""All kits over one plugin: whatever its distribution registers is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.contract.execution import LoopSpec
from hpbridge.contract.registry import registry
from hpbridge.testing.checks import Causes, CheckResult
from hpbridge.testing.conformance import check_backend
from hpbridge.testing.driver_conformance import check_driver
from hpbridge.testing.format_conformance import check_format
from hpbridge.testing.pruner_conformance import check_pruner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True)
class Verdict:
    """What one check said of one record.

    Attributes:
        kind: Of the record, as in ``driver``.
        name: Of the record; of a backend with its algorithm.
    """

    kind: str
    name: str
    result: CheckResult

    @property
    def title(self) -> str:
        """The record as a table names it."""
        return self.name if self.kind == "backend" else f"{self.kind} {self.name}"


def records_of(name: str) -> list[tuple[str, str]]:
    """Return (kind, name) of all that comes with a record of this name.

    Args:
        name: Of a backend, or else of a driver, format, host or pruner.

    Raises:
        BackendLoadError: If its plugin fails to load, or two claim the name.
        BackendNotFoundError: If no plugin has a record of this name.
    """
    plugins = registry()
    kinds = [kind for kind in plugins.records if name in plugins.records[kind]]
    if not kinds:
        plugins.backend(name)  # raises, and says why
    distribution = plugins.distributions[kinds[0], name]
    return [
        key for key, whose in plugins.distributions.items() if whose == distribution
    ]


def check_plugin(
    name: str,
    *,
    algorithms: Iterable[str] | None = None,
    on_verdict: Callable[[Verdict], None] | None = None,
) -> list[Verdict]:
    """Make every check on every record of a plugin.

    Args:
        name: As of `records_of`.
        algorithms: Of its backend: check these alone, and no other record.
        on_verdict: Called after each check.

    Raises:
        BackendError: As of `records_of`, or if there is no such algorithm.
    """
    found: list[Verdict] = []
    causes = Causes()
    records = [("backend", name)] if algorithms else records_of(name)
    for kind, each in records:

        def tell(result: CheckResult, kind: str = kind, each: str = each) -> None:
            shown = f"{each}:{result.algorithm}" if kind == "backend" else each
            found.append(Verdict(kind, shown, result))
            if on_verdict is not None:
                on_verdict(found[-1])

        _check((kind, each), algorithms, tell, causes)
    return found


def _check(
    key: tuple[str, str],
    algorithms: Iterable[str] | None,
    tell: Callable[[CheckResult], None],
    causes: Causes,
) -> None:
    kind, name = key
    record: Any = registry().records[kind][name]
    if kind == "backend" and record.resolve is not None:
        tell(_untried("what it stands for is checked by its own name"))
    elif kind == "backend":
        check_backend(record, algorithms=algorithms, on_result=tell, causes=causes)
    elif kind == "format":
        check_format(record, on_result=tell, causes=causes)
    elif kind == "pruner":
        check_pruner(record, on_result=tell, causes=causes)
    elif kind == "driver" and not isinstance(record, LoopSpec):
        check_driver(record, on_result=tell, causes=causes)
    elif kind == "driver":
        tell(_untried("it owns the loop: a kit cannot be in its place"))
    else:
        why = "how an experiment runs in it is for its own tests: HostConformance"
        tell(_untried(why))


def _untried(why: str) -> CheckResult:
    return CheckResult("all", "", True, why, "", 0.0)
