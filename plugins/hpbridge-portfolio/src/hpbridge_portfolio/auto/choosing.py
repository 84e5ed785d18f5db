"""Choose an optimizer by the first rule that holds, and say why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.plugin import BackendError, Resolved
from hpbridge_portfolio.auto.evidence import sentence_of
from hpbridge_portfolio.auto.rules import LAST, OTHERWISE, RULES
from hpbridge_portfolio.auto.traits import Traits

if TYPE_CHECKING:
    from hpbridge.plugin import Occasion, Optimizer, Problem, Standing


def resolve(occasion: Occasion) -> Resolved:
    """Return the optimizer for an occasion.

    Raises:
        BackendError: If nothing that could run it is installed.
    """
    traits = Traits.of(occasion)
    rule = next(each for each in RULES if each.applies(traits))
    passed: dict[str, Standing] = {}
    for name in dict.fromkeys((*rule.candidates, *OTHERWISE, *LAST)):
        standing = occasion.standing(name)
        if not standing.why_not:
            break
        passed[name] = standing
    else:
        raise _nothing(traits, passed)
    reasons = [f"auto chose {name} for {traits}"]
    if name in rule.candidates:
        reasons.append(f"{name}: {rule.because}{sentence_of(rule.name, name)}")
    elif name in LAST:
        reasons.append(f"{name} learns nothing: nothing that does can run here")
    else:
        reasons.append(f"{name} is the first of those that can run here")
    reasons += [
        f"{better} would come before it: {_said(standing)}"
        for better, standing in passed.items()
        if better in rule.candidates
    ]
    return Resolved(optimizer=name, reasons=tuple(reasons))


def create(problem: Problem, *_: object) -> Optimizer:
    """Refuse: nothing proposes by this name.

    Raises:
        BackendError: Always.
    """
    headline = f"auto is no optimizer of {problem.name or 'a problem'}: it chooses one"
    raise BackendError(headline, hint="`hpbridge.run` and the like ask it for which")


def _said(standing: Standing) -> str:
    if standing.command:
        return f"{standing.why_not}; `{standing.command}`"
    return standing.why_not


def _nothing(traits: Traits, passed: dict[str, Standing]) -> BackendError:
    """Return the error that says what to install, or why nothing would help."""
    problems = [f"{name}: {each.why_not}" for name, each in passed.items()]
    installs = passed[OTHERWISE[0]].command
    hint = f"`{installs}`" if installs else "choose an optimizer by its name"
    return BackendError(f"auto found no optimizer for {traits}", problems, hint)
