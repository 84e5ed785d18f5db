"""The kit for study formats: does what is written come back, or is its loss said?

In a plugin's tests, inherit and run::

    class TestExample(FormatConformance):
        spec = FORMAT

or without pytest, `check_format(spec)`. Both make the same checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hpbridge.testing.checks import Causes, CheckResult, judge, run_check
from hpbridge.testing.format_case import FormatCase
from hpbridge.testing.format_checks import FORMATS

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from hpbridge.contract.foreign import StudyFormat


def check_format(
    spec: StudyFormat,
    *,
    samples: Iterable[str | os.PathLike[str]] = (),
    on_result: Callable[[CheckResult], None] | None = None,
    causes: Causes | None = None,
) -> list[CheckResult]:
    """Make every check on a study format and return what each one said.

    Args:
        spec: The format, as its plugin registers it.
        samples: Files or folders that the format's library wrote. They are copied
            before they are damaged.
        on_result: Called after each check.
        causes: Of checks that were made before, of the same plugin.
    """
    causes = causes or Causes()
    case = FormatCase(spec, samples)
    results: list[CheckResult] = []
    for name in FORMATS.checks:
        results.append(_run(name, case, causes))
        if on_result is not None:
            on_result(results[-1])
    return results


def _run(name: str, case: FormatCase, causes: Causes) -> CheckResult:
    if case.missing:
        reason = "not installed: " + ", ".join(case.missing)
        return CheckResult(name, "", True, reason, "", 0.0)
    return run_check(FORMATS.checks[name], case, causes)


class FormatConformance:
    """The kit as a test class: inherit, set `spec`, run pytest.

    Attributes:
        spec: The format.
        samples: As of `check_format`.
        expected_failures: Why a check is known to fail, by its name. A check that is
            expected to fail and passes is an error.
    """

    spec: ClassVar[StudyFormat]
    samples: ClassVar[Iterable[str | os.PathLike[str]]] = ()
    expected_failures: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        unknown = [name for name in cls.expected_failures if name not in FORMATS.checks]
        if unknown:
            msg = f"expected_failures names no check: {unknown}"
            raise ValueError(msg)

    def pytest_generate_tests(self, metafunc: Any) -> None:
        metafunc.parametrize("check", list(FORMATS.checks))

    def test_conforms(self, check: str) -> None:
        result = _run(check, FormatCase(self.spec, self.samples), Causes())
        judge(result, self.expected_failures.get(check, ""))
