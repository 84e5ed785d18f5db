"""Checks of replay, and of trials that the optimizer never proposed."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import Outcome, PastTrial, Suggestion
from hpbridge.contract.capabilities import Feature
from hpbridge.errors import ForeignHistoryError
from hpbridge.testing.case import (
    Step,
    answer,
    ask,
    complete,
    different,
    play,
    require_inside,
)
from hpbridge.testing.checks import check, require
from hpbridge.testing.parity import bowl
from hpbridge.trial import State

if TYPE_CHECKING:
    from hpbridge.contract.backend import Optimizer
    from hpbridge.testing.case import Case


@check(rule=1)
def check_replay(case: Case) -> None:
    """Asked and told the same, a fresh optimizer proposes the same."""
    case.need(Feature.REPLAY)
    record = _record(case)
    optimizer = case.create(case.main)
    for number, (step, told) in enumerate(record):
        suggestion = optimizer.ask()
        require(
            dict(suggestion.params) == step.params,
            f"trial {number} to be {step.params} again",
            f"{dict(suggestion.params)}",
        )
        for earlier in told:
            # As it comes out of a store: another object, of the same plain data.
            params = copy.deepcopy(earlier.params)
            assert earlier.outcome is not None
            optimizer.tell(Suggestion(earlier.suggestion.id, params), earlier.outcome)


def _record(case: Case) -> list[tuple[Step, list[Step]]]:
    """Run and return each step with the steps told before the next one was asked."""
    optimizer = case.create(case.main)
    mixed = case.can(Feature.PENDING) and case.can(Feature.OUT_OF_ORDER)
    record: list[tuple[Step, list[Step]]] = []
    if mixed:  # two at once, the later one told first
        first, second = ask(optimizer), ask(optimizer)
        done = [
            answer(optimizer, step, complete(bowl(step.params)))
            for step in (second, first)
        ]
        record += [(first, []), (second, done)]
    failed = Outcome(State.FAILED)
    for number in range(2 if case.is_slow else 4):
        step = ask(optimizer)
        outcome = failed if number == 0 else complete(bowl(step.params))
        record.append((step, [answer(optimizer, step, outcome)]))
    return record


@check(rule=5)
def check_foreign_history(case: Case) -> None:
    """Foreign trials are taken, and change what comes; or are refused by name."""
    points = [case.plain.sample(random.Random(seed)) for seed in range(12)]
    if not case.can(Feature.FOREIGN_HISTORY):
        _require_refusal(case.create(case.plain), points[0])
        return
    taught = _taught(case, points, 1)
    for step in taught:
        require_inside(case.plain, step.params)
    if case.algorithm.learns and case.can(Feature.SEEDING):
        seen = "the trials after another history, of the same points with other values"
        cure = (
            "hand each foreign trial to the library, with its value, beside the others"
        )
        other = _taught(case, points, -1)
        expected = "the values of foreign trials to have an effect"
        require(different(taught, other), expected, seen, cure)
    optimizer = case.create(case.main)
    for seed in range(8):  # of every branch
        point = case.main.sample(random.Random(seed))
        _observe_or_refuse(optimizer, point, complete(bowl(point)))
    require_inside(case.main, ask(optimizer).params)


def _taught(case: Case, points: list[dict[str, Any]], sign: int) -> list[Step]:
    """Run after a history whose first half has values of this sign."""
    optimizer = case.create(case.plain)
    for number, point in enumerate(points):
        before = dict(point)
        value = bowl(point) * (sign if number < len(points) / 2 else 1)
        optimizer.observe(point, complete(value))
        require(point == before, f"the foreign trial left as it was, {before}", point)
    for outcome in (Outcome(State.FAILED), Outcome(State.PRUNED, (0.5,))):
        _observe_or_refuse(optimizer, points[0], outcome)
    return play(optimizer, 4)


@check(rule=5)
def check_restore(case: Case) -> None:
    """A study that it goes on with decides what comes; else nothing changes."""
    points = [case.plain.sample(random.Random(seed)) for seed in range(12)]
    trials = [PastTrial(point, complete(bowl(point))) for point in points]
    other = [PastTrial(point, complete(-bowl(point))) for point in points]
    restored = [case.create(case.plain) for _ in range(3)]
    goes_on = [
        optimizer.restore(history, {})
        for optimizer, history in zip(restored, (trials, trials, other), strict=True)
    ]
    require(
        len(set(goes_on)) == 1 and type(goes_on[0]) is bool,
        "True or False from `restore`, the same each time",
        goes_on,
    )
    case.need(Feature.SEEDING)
    one, two, different_one = (play(optimizer, 4) for optimizer in restored)
    seen = f"{[s.params for s in one]} and {[s.params for s in two]}"
    require(not different(one, two), "the same trials after the same study", seen)
    if not goes_on[0]:
        require(
            not different(one, case.run(case.plain, len(one))),
            "an optimizer as it was where `restore` returns False",
            "other trials than those of a fresh one",
            "change nothing before it is certain that the study can be gone on with",
        )
    elif case.algorithm.learns and case.can(Feature.FOREIGN_HISTORY):
        has_parted = different(one, different_one)
        for _ in range(8):  # some begin at random again
            if has_parted:
                break
            has_parted = different(play(restored[0], 1), play(restored[2], 1))
        require(
            has_parted,
            "other trials after a study with other values",
            "the same",
            "hand the trials to the library, or leave `restore` out",
        )


def _require_refusal(optimizer: Optimizer, point: dict[str, Any]) -> None:
    try:
        optimizer.observe(point, complete(0.0))
    except ForeignHistoryError:
        return
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        seen: object = error
    else:
        seen = "it accepted"
    require(False, "ForeignHistoryError, as foreign history is not declared", seen)


def _observe_or_refuse(
    optimizer: Optimizer, point: dict[str, Any], outcome: Outcome
) -> None:
    """Show a trial of a kind that a library may refuse by name."""
    try:
        optimizer.observe(point, outcome)
    except ForeignHistoryError:
        return
