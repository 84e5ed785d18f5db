"""The conformance kit: does a plugin keep the contract?

In a plugin's tests, inherit and run::

    class TestExample(BackendConformance):
        spec = SPEC

or without pytest, `check_backend(spec)`, which is what ``hpbridge check-backend``
does. Both make the same checks, on every algorithm of the backend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hpbridge.testing import (  # each registers its checks
    declaration_checks,
    history_checks,
    learning_checks,
    marginal_checks,
    option_checks,
    outcome_checks,
    process_checks,
    quiet_checks,
    refusal_checks,
    suggestion_checks,
)
from hpbridge.testing.case import Case, cases_of
from hpbridge.testing.checks import (
    BACKENDS,
    CHECKS,
    Causes,
    CheckResult,
    judge,
    run_check,
)
from hpbridge.testing.joined import joined

if TYPE_CHECKING:
    from hpbridge.contract.backend import BackendSpec

Expected = Mapping["str | tuple[str, str]", str]

BACKENDS.arrange(
    (
        declaration_checks,
        history_checks,
        process_checks,
        learning_checks,
        option_checks,
        marginal_checks,
        outcome_checks,
        quiet_checks,
        refusal_checks,
        suggestion_checks,
    )
)


def check_backend(
    spec: BackendSpec,
    *,
    algorithms: Iterable[str] | None = None,
    on_result: Callable[[CheckResult], None] | None = None,
    causes: Causes | None = None,
) -> list[CheckResult]:
    """Make every check on a backend and return what each one said.

    Args:
        spec: The backend, as its plugin registers it.
        algorithms: Names; all of them by default. One whose requirements are not
            installed is skipped with the reason. Of a backend that takes members, with
            the members, as in ``optuna:tpe+skopt:gp``.
        on_result: Called after each check.
        causes: Of checks that were made before, of the same plugin.
    """
    names = tuple(algorithms or ())
    whole = joined(spec, *names)
    is_named = names and whole is spec
    cases = cases_of(whole, names if is_named else whole.algorithms)
    causes = causes or Causes()
    results: list[CheckResult] = []
    for check, algorithm in _pairs(cases):
        result = _run(check, algorithm, cases, causes)
        results.append(result)
        if on_result is not None:
            on_result(result)
    return results


def _pairs(algorithms: Iterable[str]) -> list[tuple[str, str]]:
    """Return (check, algorithm) in the order of running; "" for the whole backend."""
    whole = [(name, "") for name, check in CHECKS.items() if check.is_per_backend]
    each = [name for name, check in CHECKS.items() if not check.is_per_backend]
    return whole + [(name, algorithm) for algorithm in algorithms for name in each]


def _run(
    check: str, algorithm: str, cases: Mapping[str, Case], causes: Causes
) -> CheckResult:
    case = cases[algorithm] if algorithm else next(iter(cases.values()))
    if algorithm and case.missing:
        reason = "not installed: " + ", ".join(case.missing)
        return CheckResult(check, algorithm, True, reason, "", 0.0)
    return run_check(CHECKS[check], case, causes)


class BackendConformance:
    """The kit as a test class: inherit, set `spec`, run pytest.

    Attributes:
        spec: The backend.
        expected_failures: Why a check is known to fail, by its name or by
            (name, algorithm). A check that is expected to fail and passes is an error.
    """

    spec: ClassVar[BackendSpec]
    expected_failures: ClassVar[Expected] = {}
    _cases: ClassVar[dict[str, Case]]
    _causes: ClassVar[Causes]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._cases = cases_of(cls.spec, cls.spec.algorithms)
        cls._causes = Causes()
        known = {*_pairs(cls._cases), *CHECKS}
        unknown = [key for key in cls.expected_failures if key not in known]
        if unknown:
            msg = f"expected_failures names no check: {unknown}"
            raise ValueError(msg)

    def pytest_generate_tests(self, metafunc: Any) -> None:
        pairs = _pairs(self._cases)
        ids = [f"{check}-{algorithm or 'all'}" for check, algorithm in pairs]
        metafunc.parametrize(("check", "algorithm"), pairs, ids=ids)

    def test_conforms(self, check: str, algorithm: str) -> None:
        expected = self.expected_failures
        reason = expected.get((check, algorithm), expected.get(check, ""))
        judge(_run(check, algorithm, self._cases, self._causes), reason)
