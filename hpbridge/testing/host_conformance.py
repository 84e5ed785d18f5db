"""The kit for hosts: is a guest itself inside, and does it hear of everything?

In a plugin's tests, say how an experiment runs in the host (`hpbridge.testing.hosted`),
inherit and run::

    class TestExampleHost(HostConformance):
        hosted = HOSTED

or without pytest, `check_host(hosted)`. Both make the same checks: those of the host
with a spy inside, and parity with every installed optimizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hpbridge.testing.checks import CheckResult, judge, run_check
from hpbridge.testing.host_case import HostCase, optimizers_for
from hpbridge.testing.host_checks import HOSTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hpbridge.testing.hosted import Hosted


def check_host(
    hosted: Hosted,
    *,
    optimizers: Iterable[str] | None = None,
    on_result: Callable[[CheckResult], None] | None = None,
) -> list[CheckResult]:
    """Make every check on a host and return what each one said.

    Args:
        hosted: How an experiment runs in the host.
        optimizers: Tried for parity; by default every installed one, or of a slow host
            those that are a backend's default.
        on_result: Called after each check.
    """
    results: list[CheckResult] = []
    for check, optimizer in pairs(hosted, optimizers):
        results.append(run_host_check(check, HostCase(hosted, optimizer)))
        if on_result is not None:
            on_result(results[-1])
    return results


def pairs(
    hosted: Hosted, optimizers: Iterable[str] | None = None
) -> list[tuple[str, str]]:
    """Return (check, optimizer) in the order of running; "" for the whole host."""
    tried = optimizers_for(hosted) if optimizers is None else list(optimizers)
    return [
        (name, optimizer)
        for name, check in HOSTS.checks.items()
        for optimizer in ([""] if check.is_per_backend else tried)
    ]


def run_host_check(check: str, case: HostCase) -> CheckResult:
    """Make one check, unless something that it needs is not installed."""
    if case.missing:
        reason = "not installed: " + ", ".join(case.missing)
        return CheckResult(check, case.name, True, reason, "", 0.0)
    return run_check(HOSTS.checks[check], case)


class HostConformance:
    """The kit as a test class: inherit, set `hosted`, run pytest.

    Attributes:
        hosted: How an experiment runs in the host.
        expected_failures: Why a check is known to fail, by its name or by
            (name, optimizer). A check that is expected to fail and passes is an error.
    """

    hosted: ClassVar[Hosted]
    expected_failures: ClassVar[Mapping[str | tuple[str, str], str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        unknown = [
            key
            for key in cls.expected_failures
            if (key if isinstance(key, str) else key[0]) not in HOSTS.checks
        ]
        if unknown:
            msg = f"expected_failures names no check: {unknown}"
            raise ValueError(msg)

    def pytest_generate_tests(self, metafunc: Any) -> None:
        found = pairs(self.hosted)
        ids = [f"{check}-{optimizer or 'all'}" for check, optimizer in found]
        metafunc.parametrize(("check", "optimizer"), found, ids=ids)

    def test_conforms(self, check: str, optimizer: str) -> None:
        expected = self.expected_failures
        reason = expected.get((check, optimizer), expected.get(check, ""))
        judge(run_host_check(check, HostCase(self.hosted, optimizer)), reason)
