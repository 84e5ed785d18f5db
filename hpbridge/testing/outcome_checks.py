"""Checks of what an optimizer does with what it is told."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

from hpbridge.contract.backend import ExhaustedError, Outcome
from hpbridge.contract.capabilities import Feature
from hpbridge.testing.case import (
    Step,
    answer,
    ask,
    complete,
    play_pending,
    require_inside,
)
from hpbridge.testing.checks import CheckFailed, NotApplicable, check, require
from hpbridge.testing.learning_checks import (
    MAX_SLOPE_TRIALS,
    descent,
    learns_despite_failures,
    need_learner,
    part,
    place,
    slope_space,
)
from hpbridge.testing.parity import bowl
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.contract.backend import Optimizer
    from hpbridge.testing.case import Case

BAD_OUTCOMES = {
    "failed": Outcome(State.FAILED),
    "failed with NaN": Outcome(State.FAILED, (math.nan,)),
    "pruned before a report": Outcome(State.PRUNED),
    "pruned": Outcome(State.PRUNED, (0.5,), reports=((1, 0.7), (2, 0.5))),
    "complete with inf": complete(math.inf),
    "complete with -inf": complete(-math.inf),
    "complete with 1e308": complete(1e308),
    "complete with -1e308": complete(-1e308),
}
"""The state of a trial and its values, as a run tells them."""

CONSTRAINTS = [(1, -1), (), (-1, -1), (0, 0.5), (-1, 0), (1, 1)]
"""Values of two constraints, <= 0 where they are kept; none of a failed trial."""


@check(rule=4)
def check_bad_outcomes(case: Case) -> None:
    """A failed, pruned, NaN, infinite or huge trial does not stop it from asking."""
    optimizer = case.create(case.plain)
    for name, outcome in BAD_OUTCOMES.items():
        _go_on(optimizer, case, [outcome], f"a trial that {name}")
    _go_on(optimizer, case, [complete(0.5)] * 3, "all of " + ", ".join(BAD_OUTCOMES))


def _go_on(
    optimizer: Optimizer, case: Case, outcomes: Iterable[Outcome], what: str
) -> None:
    try:
        for outcome in outcomes:
            step = ask(optimizer)
            require_inside(case.plain, step.params)
            answer(optimizer, step, outcome)
    except (CheckFailed, ExhaustedError):
        raise
    except Exception as error:  # a plugin may raise anything
        seen = f"{type(error).__name__}: {error}"
        msg = f"expected to go on with {what}; saw {seen}"
        raise CheckFailed(msg) from error


@check(rule=3)
def check_pending(case: Case) -> None:
    """Asked again before a tell, it proposes another trial of the space."""
    run = case.pending_run
    for step in run:
        require_inside(case.plain, step.params)
    pending = [step.params for step in run[3:6]]
    require(
        case.plain.size is not None or any(p != pending[0] for p in pending),
        "another proposal while one is pending",
        f"{len(pending)} times {pending[0]}",
        "draw anew, or tell the library that the point is taken",
    )


@check(rule=4)
def check_out_of_order(case: Case) -> None:
    """Results may arrive in another order than the proposals."""
    case.need(Feature.PENDING)
    case.need(Feature.OUT_OF_ORDER)
    for step in play_pending(case.create(case.plain), is_reversed=True):
        require_inside(case.plain, step.params)


@check(rule=1)
def check_direction(case: Case) -> None:
    """Told smaller values on one side, an algorithm that learns moves to that side."""
    need_learner(case)
    if learns_despite_failures(case)[0]:  # the harder of the two
        _require_sign(case)
        return
    has_learnt, seen = case.once("clean", lambda: descent(case, with_failures=False))
    require(
        has_learnt,
        "suggestions near 0 when told x - y, near 1 when told y - x, at the latest "
        f"after {MAX_SLOPE_TRIALS} trials",
        seen,
        "everything is minimized: hand the values over with their sign, and negate "
        "them where the library maximizes; hand x over as x, y as y",
    )


def _require_sign(case: Case) -> None:
    """Require that a value and its negative are two things."""
    space = slope_space(case)

    def tell(twin: Optimizer, steps: list[Step], sign: int) -> None:
        answer(twin, steps[0], complete(sign * (1 + place(space, steps[0]))))

    with contextlib.suppress(NotApplicable):  # without seeds, twins are no twins
        require(
            part(
                case,
                space,
                1,
                (lambda o, s: tell(o, s, 1), lambda o, s: tell(o, s, -1)),
            ),
            "other proposals when all values have the other sign",
            "the same",
            "hand the values over with their sign: a negative one may be the best",
        )


@check(rule=2)
def check_several_metrics(case: Case) -> None:
    """With several metrics it takes one value for each, and goes on."""
    case.need(Feature.MULTI_OBJECTIVE)
    optimizer = case.create(case.plain, n_objectives=2)
    steps: list[Step] = []
    for k in range(6):
        step = ask(optimizer)
        value = bowl(step.params)
        outcome = Outcome(State.COMPLETE, (value, -value))
        failed = Outcome(State.FAILED)
        steps.append(answer(optimizer, step, failed if k == 2 else outcome))
    for step in steps:
        require_inside(case.plain, step.params)


@check(rule=2)
def check_constraints(case: Case) -> None:
    """With constraints it takes trials that keep them, violate them, or fail."""
    case.need(Feature.CONSTRAINTS)
    optimizer = case.create(case.plain, n_constraints=2)
    steps: list[Step] = []
    for constraints in CONSTRAINTS:
        step = ask(optimizer)
        outcome = Outcome(State.COMPLETE, (bowl(step.params),), constraints)
        failed = Outcome(State.FAILED)
        steps.append(answer(optimizer, step, outcome if constraints else failed))
    for step in steps:
        require_inside(case.plain, step.params)
