"""The kit for drivers: does each job run, and is it said once what became of it?

In a plugin's tests, inherit and run::

    class TestExample(DriverConformance):
        spec = DRIVER

or without pytest, `check_driver(spec)`. Both make the same checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hpbridge.testing import driver_checks, driver_promise_checks
from hpbridge.testing.checks import Causes, CheckResult, judge, run_check
from hpbridge.testing.driver_case import DriverCase
from hpbridge.testing.driver_checks import DRIVERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.contract.execution import DriverSpec

DRIVERS.arrange([driver_checks, driver_promise_checks])


def check_driver(
    spec: DriverSpec,
    *,
    on_result: Callable[[CheckResult], None] | None = None,
    causes: Causes | None = None,
) -> list[CheckResult]:
    """Make every check on a driver and return what each one said.

    Args:
        spec: The driver, as its plugin registers it.
        on_result: Called after each check.
        causes: Of checks that were made before, of the same plugin.
    """
    causes = causes or Causes()
    case = DriverCase(spec)
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
        expected_failures: Why a check is known to fail, by its name. A check that is
            expected to fail and passes is an error.
    """

    spec: ClassVar[DriverSpec]
    expected_failures: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        unknown = [name for name in cls.expected_failures if name not in DRIVERS.checks]
        if unknown:
            msg = f"expected_failures names no check: {unknown}"
            raise ValueError(msg)

    def pytest_generate_tests(self, metafunc: Any) -> None:
        metafunc.parametrize("check", list(DRIVERS.checks))

    def test_conforms(self, check: str) -> None:
        result = _run(check, DriverCase(self.spec), Causes())
        judge(result, self.expected_failures.get(check, ""))
