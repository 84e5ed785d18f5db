"""The kit for pruners: do they decide by the record alone, whatever it holds?

In a plugin's tests, inherit and run::

    class TestExample(PrunerConformance):
        spec = PRUNER

or without pytest, `check_pruner(spec)`. Both make the same checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hpbridge.testing.checks import Causes, CheckResult, judge, run_check
from hpbridge.testing.pruner_case import PrunerCase
from hpbridge.testing.pruner_checks import PRUNERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.contract.pruning import PrunerSpec


def check_pruner(
    spec: PrunerSpec,
    *,
    options: Mapping[str, object] = {},
    on_result: Callable[[CheckResult], None] | None = None,
    causes: Causes | None = None,
) -> list[CheckResult]:
    """Make every check on a pruner and return what each one said.

    Args:
        spec: The pruner, as its plugin registers it.
        options: Those that have no default, and others that it is to be tried with.
        on_result: Called after each check.
        causes: Of checks that were made before, of the same plugin.
    """
    causes = causes or Causes()
    case = PrunerCase(spec, options)
    results: list[CheckResult] = []
    for name in PRUNERS.checks:
        results.append(_run(name, case, causes))
        if on_result is not None:
            on_result(results[-1])
    return results


def _run(name: str, case: PrunerCase, causes: Causes) -> CheckResult:
    if case.why_none:
        return CheckResult(name, "", True, case.why_none, "", 0.0)
    return run_check(PRUNERS.checks[name], case, causes)


class PrunerConformance:
    """The kit as a test class: inherit, set `spec`, run pytest.

    Attributes:
        spec: The pruner.
        options: As of `check_pruner`.
        expected_failures: Why a check is known to fail, by its name. A check that is
            expected to fail and passes is an error.
    """

    spec: ClassVar[PrunerSpec]
    options: ClassVar[Mapping[str, object]] = {}
    expected_failures: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        unknown = [name for name in cls.expected_failures if name not in PRUNERS.checks]
        if unknown:
            msg = f"expected_failures names no check: {unknown}"
            raise ValueError(msg)

    def pytest_generate_tests(self, metafunc: Any) -> None:
        metafunc.parametrize("check", list(PRUNERS.checks))

    def test_conforms(self, check: str) -> None:
        result = _run(check, PrunerCase(self.spec, self.options), Causes())
        judge(result, self.expected_failures.get(check, ""))
