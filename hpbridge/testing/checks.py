"""What a check of the conformance kit is, and the one list of them.

A check is a function of a `Case`. It returns when the plugin keeps the rule, raises
`CheckFailed` when not, and `NotApplicable` when the algorithm does not declare what
the check is about. Its docstring is the rule, in one sentence, and stands in the
failure's message.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpbridge.testing.case import Case

CheckFunction = Callable[["Case"], None]

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


def require(kept: bool, expected: str, seen: object) -> None:
    """Raise unless the rule was kept.

    Args:
        kept: Whether it was.
        expected: What should have been seen.
        seen: What was; its repr goes into the message unless it is text.

    Raises:
        CheckFailed: If it was not.
    """
    if not kept:
        what = seen if isinstance(seen, str) else repr(seen)
        msg = f"expected {expected}; saw {what}"
        raise CheckFailed(msg)


@dataclass(frozen=True)
class Check:
    """One rule of the contract as a function."""

    name: str
    function: CheckFunction
    rule: int
    """The number of the rule in `hpbridge.contract.backend`."""
    is_per_backend: bool
    """Whether it concerns the backend as a whole, not each of its algorithms."""

    @property
    def sentence(self) -> str:
        """The rule in one sentence."""
        return (self.function.__doc__ or "").strip().partition("\n")[0]


CHECKS: dict[str, Check] = {}
"""Every check by name, in the order of running."""


def check(
    rule: int, *, per_backend: bool = False
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a function ``check_<name>`` as the check ``<name>``."""

    def register(function: CheckFunction) -> CheckFunction:
        name = function.__name__.removeprefix("check_")
        CHECKS[name] = Check(name, function, rule, per_backend)
        return function

    return register


@dataclass(frozen=True)
class CheckResult:
    """What one check said of one algorithm."""

    check: str
    algorithm: str
    """Empty for a check of the whole backend."""
    passed: bool
    """Whether the rule was kept; True when the check was skipped."""
    skipped_reason: str
    """Why the check does not apply; empty when it was made."""
    message: str
    """Of a failure: the optimizer, what was expected and seen, and the rule."""
    seconds: float


def run_check(check: Check, case: Case) -> CheckResult:
    """Make one check; whatever it or the plugin raises becomes the result."""
    started = time.perf_counter()
    skipped = message = ""
    try:
        check.function(case)
    except NotApplicable as reason:
        skipped = str(reason)
    except CheckFailed as failure:
        message = str(failure)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        message = f"expected no exception; saw {type(error).__name__}: {error}"
    if message:
        rule = f"{check.sentence} (contract rule {check.rule}, {CONTRACT[check.rule]})"
        message = f"{case.optimizer}, {check.name}: {message}. Rule: {rule}"
    seconds = time.perf_counter() - started
    algorithm = "" if check.is_per_backend else case.name
    return CheckResult(check.name, algorithm, not message, skipped, message, seconds)
