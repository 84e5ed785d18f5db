"""What a check of a conformance kit is, and the list of them that is a kit.

A check is a function of a case: of one algorithm of a backend, say, or of a format. It
returns when the plugin keeps the rule, raises `CheckFailed` when not, and
`NotApplicable` when the record does not declare what the check is about. Its docstring
is the rule, in one sentence, and stands in the failure's message.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType


class Tried(Protocol):
    """What a check is made on."""

    @property
    def title(self) -> str:
        """What it is called in a failure's message."""

    @property
    def name(self) -> str:
        """The algorithm; empty where there is none."""


F = TypeVar("F", bound=Callable[[Any], None])

CONTRACT = {
    1: "parity",
    2: "refuse or say so",
    3: "in the space, in plain Python",
    4: "bad outcomes are outcomes",
    5: "foreign history is welcome",
    6: "plain data",
    7: "quiet",
}
"""The rules of the contract (`hpbridge.contract.backend`) in a few words."""


class CheckFailed(AssertionError):  # noqa: N818 - a verdict, not an error
    """The plugin breaks the rule: what was expected, and what was seen."""


class NotApplicable(Exception):  # noqa: N818 - a verdict, not an error
    """The check says nothing of this algorithm; the message says why."""


def require(kept: bool, expected: str, seen: object, cure: str = "") -> None:
    """Raise unless the rule was kept.

    Args:
        kept: Whether it was.
        expected: What should have been seen.
        seen: What was: text, an exception, or an object whose repr is told.
        cure: What most likely has to be changed in the plugin, a sentence.

    Raises:
        CheckFailed: If it was not.
    """
    if not kept:
        cause = seen if isinstance(seen, Exception) else None
        what = seen if isinstance(seen, str) else repr(seen)
        what = what if cause is None else describe_raised(cause)
        remedy = f". Cure: {cure.removesuffix('.')}" if cure else ""
        msg = f"expected {expected}; saw {what}{remedy}"
        raise CheckFailed(msg) from cause


def describe_raised(error: BaseException) -> str:
    """Return an exception with the line that raised it."""
    place = _place_of(error)
    where = f" ({place[0]}, line {place[1]})" if place else ""
    return f"{type(error).__name__}: {error}{where}"


def _place_of(error: BaseException) -> tuple[str, int] | None:
    """Return file and line of the innermost line of Python that is no importer's."""
    frames = traceback.extract_tb(error.__traceback__)
    found = [f for f in frames if not f.filename.startswith("<frozen")]
    if not found:
        return None
    short = "/".join(found[-1].filename.replace("\\", "/").split("/")[-3:])
    return short, found[-1].lineno or 0


@dataclass(frozen=True)
class Check:
    """One rule as a function.

    Attributes:
        rule: The number of the rule in its kit.
        origin: Which rule of which document it is.
        is_per_backend: Whether it concerns the backend as a whole, not each of its
            algorithms.
    """

    name: str
    function: Callable[[Any], None]
    rule: int
    origin: str
    is_per_backend: bool

    @property
    def sentence(self) -> str:
        """The rule in one sentence."""
        return (self.function.__doc__ or "").strip().partition("\n")[0]


class Kit:
    """The checks that a kind of record is held to.

    Args:
        source: What its rules are rules of.
        rules: The rules in a few words, by number.

    Attributes:
        checks: Every check by name, in the order of running.
    """

    def __init__(self, source: str, rules: Mapping[int, str]) -> None:
        self._source, self._rules = source, rules
        self.checks: dict[str, Check] = {}

    def check(self, rule: int, *, per_backend: bool = False) -> Callable[[F], F]:
        """Register a function ``check_<name>`` as the check ``<name>``."""
        origin = f"{self._source} rule {rule}, {self._rules[rule]}"

        def register(function: F) -> F:
            name = function.__name__.removeprefix("check_")
            self.checks[name] = Check(name, function, rule, origin, per_backend)
            return function

        return register

    def arrange(self, modules: Iterable[ModuleType]) -> None:
        """Put the checks in the order of their modules, whoever imported one first."""
        ranks = {module.__name__: rank for rank, module in enumerate(modules)}
        found = sorted(
            self.checks.items(), key=lambda i: ranks[i[1].function.__module__]
        )
        self.checks.clear()
        self.checks.update(found)


BACKENDS = Kit("contract", CONTRACT)
CHECKS = BACKENDS.checks
"""Every check of a backend by name, in the order of running."""
check = BACKENDS.check


@dataclass(frozen=True)
class CheckResult:
    """What one check said of one algorithm."""

    check: str
    algorithm: str
    """Empty for a check of the whole backend, or of a record without algorithms."""
    passed: bool
    """Whether the rule was kept; True when the check was skipped."""
    skipped_reason: str
    """Why the check does not apply; empty when it was made."""
    message: str
    """Of a failure: the optimizer, what was expected and seen, and the rule."""
    seconds: float
    same_as: str = ""
    """The check that failed of the very same exception before it; mostly empty."""


class Causes:
    """The exceptions that ended checks of one plugin, and which check met each first.

    A library that cannot be imported ends nearly every check: it is told once.
    """

    def __init__(self) -> None:
        self._first: dict[tuple[object, ...], str] = {}

    def met_before(self, error: BaseException, check: str) -> str:
        """Return the check that met this cause first; empty if it is this one."""
        key = (type(error), str(error), _place_of(error))
        first = self._first.setdefault(key, check)
        return "" if first == check else first


def run_check(check: Check, case: Tried, causes: Causes | None = None) -> CheckResult:
    """Make one check; whatever it or the plugin raises becomes the result.

    Args:
        check: The check.
        case: What it is made on.
        causes: Of the checks before it; None where each stands alone.
    """
    started = time.perf_counter()
    skipped = message = same_as = ""
    algorithm = "" if check.is_per_backend else case.name
    cause: BaseException | None = None
    try:
        check.function(case)
    except NotApplicable as reason:
        skipped = str(reason)
    except CheckFailed as failure:
        message, cause = str(failure), failure.__cause__
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything
        message, cause = f"expected no exception; saw {describe_raised(error)}", error
    if message:
        rule = f"{check.sentence} ({check.origin})"
        message = f"{case.title}, {check.name}: {message}. Rule: {rule}"
    if cause is not None and causes is not None:
        place = f"{check.name} of {case.title}" if algorithm else check.name
        same_as = causes.met_before(cause, place)
    seconds = time.perf_counter() - started
    return CheckResult(
        check.name, algorithm, not message, skipped, message, seconds, same_as
    )


def judge(result: CheckResult, reason: str) -> None:
    """End a test of pytest as a check ended.

    Args:
        result: Of the check.
        reason: Why it is expected to fail; empty where it is not.
    """
    import pytest

    if result.skipped_reason:
        pytest.skip(result.skipped_reason)
    if reason and result.passed:
        pytest.fail(f"{result.check} passes, but is expected to fail: {reason}")
    if reason:
        pytest.xfail(f"{reason}; {result.message}")
    if result.same_as:
        pytest.fail(f"fails as {result.same_as} does", pytrace=False)
    if not result.passed:
        pytest.fail(result.message, pytrace=False)
