"""Checks of seeds, of replay, and of trials that the optimizer never proposed."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import Outcome, Suggestion
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

N_SEED_TRIALS = 3


@check(rule=1)
def check_seed(case: Case) -> None:
    """The same seed gives the same trials, another seed gives others."""
    case.need(Feature.SEEDING)
    # Turn by turn, so that state which two optimizers share shows too. The seeds are
    # the ends of what a run hands out.
    seeds = (0, 0, 2**32 - 1)
    optimizers = [case.create(case.main, seed) for seed in seeds]
    runs: list[list[Step]] = [[] for _ in seeds]
    for _ in range(N_SEED_TRIALS):
        for run, optimizer in zip(runs, optimizers, strict=True):
            run.extend(play(optimizer, 1))
    same, again, other = runs
    seen = _first_difference(same, again)
    require(not different(same, again), "the same trials from the same seed", seen)
    seen = f"the same {len(same)} trials, {_params(same)}"
    require(different(same, other), "other trials from another seed", seen)


def _params(steps: list[Step]) -> list[dict[str, Any]]:
    return [step.params for step in steps]


def _first_difference(left: list[Step], right: list[Step]) -> str:
    for number, (one, two) in enumerate(zip(left, right, strict=False)):
        if one.params != two.params:
            return f"{one.params} and {two.params} as trial {number}"
    return f"{len(left)} and {len(right)} trials"


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
    optimizer = case.create(case.plain)
    points = [case.plain.sample(random.Random(seed)) for seed in range(12)]
    if not case.can(Feature.FOREIGN_HISTORY):
        _require_refusal(optimizer, points[0])
        return
    for point in points:
        before = dict(point)
        optimizer.observe(point, complete(bowl(point)))
        require(point == before, f"the foreign trial left as it was, {before}", point)
    for outcome in (Outcome(State.FAILED), Outcome(State.PRUNED, (0.5,))):
        _observe_or_refuse(optimizer, points[0], outcome)
    taught = play(optimizer, 4)
    for step in taught:
        require_inside(case.plain, step.params)
    if case.algorithm.learns and case.can(Feature.SEEDING):
        alone = case.run(case.plain, len(taught))
        seen = f"the {len(taught)} trials of an optimizer that was shown nothing"
        require(different(taught, alone), "foreign history to have an effect", seen)


def _require_refusal(optimizer: Optimizer, point: dict[str, Any]) -> None:
    try:
        optimizer.observe(point, complete(0.0))
    except ForeignHistoryError:
        return
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        seen = f"{type(error).__name__}: {error}"
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
