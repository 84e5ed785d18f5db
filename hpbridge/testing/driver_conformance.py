"""The kit for drivers: does each job run, and is it said once what became of it?

In a plugin's tests, inherit and run::

    class TestExample(DriverConformance):
        spec = DRIVER

or without pytest, `check_driver(spec)`. Both make the same checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hpbridge.testing import (
    driver_checks,
    driver_fault_checks,
    driver_promise_checks,
)
from hpbridge.testing.checks import Causes, CheckResult, judge, run_check
from hpbridge.testing.driver_case import DriverCase
from hpbridge.testing.driver_checks import DRIVERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.contract.execution import DriverSpec

DRIVERS.arrange([driver_checks, driver_fault_checks, driver_promise_checks])


def check_driver(
    spec: DriverSpec,
    *,
    on_result: Callable[[CheckResult], None] | None = None,
    causes: Causes | None = None,
    lose_node: Callable[[int], None] | None = None,
) -> list[CheckResult]:
    """Make every check on a driver and return what each one said.

    Args:
        spec: The driver, as its plugin registers it.
        on_result: Called after each check.
        causes: Of checks that were made before, of the same plugin.
        lose_node: As of `DriverCase`.
    """
    causes = causes or Causes()
    case = DriverCase(spec, lose_node)
    results: list[CheckResult] = []
    for name in DRIVERS.checks:
        results.append(_run(name, case, causes))
        if on_result is not None:
            on_result(results[-1])
    return results


def _run(name: str, case: DriverCase, causes: Causes) -> CheckResult:
    if case.missing:
        reason = "not installed: " + ", ".join(case.missing)
        return CheckResult(name, "", True, reason, "", 0.0)
    return run_check(DRIVERS.checks[name], case, causes)


class DriverConformance:
    """The kit as a test class: inherit, set `spec`, run pytest.

    Attributes:
        spec: The driver.
        lose_node: As of `DriverCase`: a static method, or None.
        end_seconds: As of `DriverCase`.
        marks: pytest's marks of checks, by name: of one that takes long, perhaps.
        expected_failures: Why a check is known to fail, by its name. A check that is
            expected to fail and passes is an error.
    """

    spec: ClassVar[DriverSpec]
    lose_node: ClassVar[Callable[[int], None] | None] = None
    end_seconds: ClassVar[float | None] = None
    marks: ClassVar[Mapping[str, Any]] = {}
    expected_failures: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        unknown = [name for name in cls.expected_failures if name not in DRIVERS.checks]
        if unknown:
            msg = f"expected_failures names no check: {unknown}"
            raise ValueError(msg)

    def pytest_generate_tests(self, metafunc: Any) -> None:
        import pytest

        marks = {name: self.marks.get(name, ()) for name in DRIVERS.checks}
        checks = [pytest.param(name, marks=given) for name, given in marks.items()]
        metafunc.parametrize("check", checks)

    def test_conforms(self, check: str) -> None:
        lose_node = type(self).lose_node
        case = DriverCase(self.spec, lose_node, self.end_seconds)
        result = _run(check, case, Causes())
        judge(result, self.expected_failures.get(check, ""))
