"""Checks of what an optimizer does with what it is told."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.contract.backend import ExhaustedError, Outcome
from hpbridge.contract.capabilities import Feature
from hpbridge.space.parameters import Float, Int
from hpbridge.testing.case import (
    Step,
    answer,
    ask,
    complete,
    play_pending,
    require_inside,
)
from hpbridge.testing.checks import CheckFailed, NotApplicable, check, require
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

MAX_SLOPE_TRIALS = 80


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
    except Exception as error:
        seen = f"{type(error).__name__}: {error}"
        msg = f"expected to go on with {what}; saw {seen}"
        raise CheckFailed(msg) from error


@check(rule=3)
def check_pending(case: Case) -> None:
    """Asked again before a tell, it proposes another trial of the space."""
    for step in case.pending_run:
        require_inside(case.plain, step.params)


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
    if not case.algorithm.learns:
        msg = "it does not declare that it learns"
        raise NotApplicable(msg)
    parameter = Float(0, 1) if case.can(Feature.FLOAT) else Int(0, 1000)
    space = case.usable({"x": parameter, "y": parameter}, 2)
    down, up = case.create(space), case.create(space)
    to_low: list[float] = []
    to_high: list[float] = []
    # A learner is soon sure; asking goes on only for one that is not. Null: without
    # learning, or with the sign flipped, the two means differ by 0 or the wrong way.
    while len(to_low) < MAX_SLOPE_TRIALS:
        to_low.append(_climb(down, parameter, 1))
        to_high.append(_climb(up, parameter, -1))
        half = len(to_low) // 2
        gap = _mean(to_high[-half:]) - _mean(to_low[-half:]) if half >= 3 else 0.0
        if gap > 0.3:
            return
    require(
        False,
        f"suggestions near 0 when told x + y, near 1 when told -(x + y), at the latest "
        f"after {MAX_SLOPE_TRIALS} trials",
        f"means {_mean(to_low[-40:]):.2f} and {_mean(to_high[-40:]):.2f}",
    )


def _climb(optimizer: Optimizer, parameter: Float | Int, sign: int) -> float:
    """Run one trial of a slope and return where on it, in [0, 1], it was."""
    step = ask(optimizer)
    place = (step.params["x"] + step.params["y"]) / 2 / parameter.high
    answer(optimizer, step, complete(sign * place))
    return float(place)


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


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
