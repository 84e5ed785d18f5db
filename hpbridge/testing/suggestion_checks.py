"""Checks of what is proposed: in the space, in plain Python, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, cast

from hpbridge.contract.backend import ExhaustedError, Outcome
from hpbridge.contract.capabilities import Feature, Support
from hpbridge.contract.defining import DefiningOptimizer
from hpbridge.errors import UnsupportedFeatureError
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.space import Space
from hpbridge.testing.case import (
    N_MAIN,
    PLAIN,
    answer,
    ask,
    complete,
    play,
    require_inside,
    within,
)
from hpbridge.testing.checks import NotApplicable, check, require
from hpbridge.testing.parity import bowl
from hpbridge.trial import State

if TYPE_CHECKING:
    from hpbridge.space.kinds import Searched
    from hpbridge.testing.case import Case

# Hundreds of floats wide: exp(log(bound)) misses a bound by a few of them.
_NARROW = {
    "lr": Float(1e-5, 1e-5 * (1 + 4e-13), log=True),
    "tenth": Float(0.1, 0.1 * (1 + 4e-13), log=True),
    "x": Float(0.1, 0.1 * (1 + 4e-13)),
    "digits": Float(0.123456789012345, 0.123456789012345 * (1 + 4e-13)),
}
_SMALL: dict[str, Searched] = {"n": Int(1, 6), "c": Categorical(["a", "b"])}
_N_FINITE = 7
_BIG = Int(2**53 + 1, 2**53 + 9)
_NAMES = ("class", "a b", "x.y", "self", "1st", "x", "x/y")
_FINITE: dict[str, Searched] = {"n": Int(0, 1), "c": Categorical(["a", "b"])}


@check(rule=3)
def check_types(case: Case) -> None:
    """Every value is exactly a float, an int, or the user's own label."""
    for space, point in case.points:
        for name, value in point.items():
            parameter = space.searched[name]
            require(
                parameter.is_typed(value),
                f"{name!r} to be {_describe(parameter)}",
                f"{value!r} of type {type(value).__qualname__}",
            )


def _describe(parameter: Searched) -> str:
    if isinstance(parameter, Categorical):
        return f"one of {list(parameter.labels)!r}, of the label's own type"
    return f"a Python {type(parameter.at(0)).__name__}"


@check(rule=3)
def check_bounds(case: Case) -> None:
    """Numbers lie in the closed range, to the last bit, and on the grid."""
    for space, point in case.points:
        require_inside(space, point)
    try:
        narrow = case.usable(_NARROW)
    except NotApplicable:
        return
    for point in case.draws(narrow, 200, seconds=0.5):
        require_inside(narrow, point)
    for step in case.run(narrow, 6):
        require_inside(narrow, step.params)


@check(rule=3)
def check_big_ints(case: Case) -> None:
    """An int beyond 2**53, which no float holds, is exact, or refused by name."""
    space = case.usable({"big": _BIG})
    try:
        points = case.draws(space, 60, seconds=0.5)
    except UnsupportedFeatureError:
        return
    for point in points:
        require_inside(space, point)
    n_odd = sum(point["big"] % 2 for point in points)
    require(
        n_odd > 0 or len(points) < 20,
        f"odd ints too among {len(points)} draws of {_BIG!r}",
        "even ones alone",
        "do not pass ints through floats; refuse by `refine` what the library cannot",
    )


@check(rule=3)
def check_any_name(case: Case) -> None:
    """A parameter may be called anything: no identifier, a keyword, with a dot."""
    kind = Float(0, 1) if case.can(Feature.FLOAT) else Int(0, 5)
    ranges = enumerate(_NAMES)
    space = case.usable(
        {n: type(kind)(10 * k, 10 * k + 5) for k, n in ranges}  # none fits another
    )
    try:
        steps = case.run(space, 3)
    except UnsupportedFeatureError:
        return
    for step in steps:
        seen = sorted(step.params)
        require(seen == sorted(_NAMES), f"values for {sorted(_NAMES)}", seen)
        require_inside(space, step.params)


@check(rule=3)
def check_active(case: Case) -> None:
    """A suggestion has the active parameters, all of them and no others."""
    for space, point in case.points:
        expected = space.active(point)
        require(
            sorted(point) == sorted(expected),
            f"the active parameters {sorted(expected)}",
            f"{sorted(point)} at {point!r}",
        )


@check(rule=6)
def check_json(case: Case) -> None:
    """A suggestion survives being written as JSON and read again."""
    for _, point in case.points:
        text = json.dumps(point, allow_nan=False)
        require(json.loads(text) == point, f"{point!r}", text)


@check(rule=6)
def check_ids(case: Case) -> None:
    """The id of a suggestion is an int, unique within the optimizer."""
    for _, run in case.runs:
        ids = [step.suggestion.id for step in run]
        require(all(type(i) is int for i in ids), "ids that are ints", ids)
        twice = [i for i, n in Counter(ids).items() if n > 1]
        require(not twice, "unique ids", f"{twice} more than once")


@check(rule=6)
def check_nothing_is_mutated(case: Case) -> None:
    """What the optimizer is given, and what it handed out, it never changes."""
    before = case.main.to_json()
    for step in [step for _, run in case.runs for step in run]:
        now = dict(step.suggestion.params)
        require(now == step.params, f"the suggestion as it was, {step.params!r}", now)
    require(case.main.to_json() == before, f"the space {before}", case.main.to_json())


@check(rule=3)
def check_single_values(case: Case) -> None:
    """A range of one value is that value, also when nothing else is searched."""
    fixed = {"one": Int(3, 3), "same": Float(0.5, 0.5), "only": Categorical(["c"])}
    expected = {"one": 3, "same": 0.5, "only": "c"}
    for space in (Space({**fixed, **case.main}), Space(fixed)):
        step = ask(case.create(space))
        seen = {name: step.params.get(name, "nothing") for name in fixed}
        require(seen == expected, f"{expected}", seen)


@check(rule=4)
def check_exhaustion(case: Case) -> None:
    """In a finite space it ends with `ExhaustedError` or goes on; it never hangs."""
    space = case.usable(_FINITE)
    steps = within(60.0, lambda: play(case.create(space), _N_FINITE))
    require(bool(steps), "at least one suggestion", "none")
    for step in steps:
        require_inside(space, step.params)
    tried = {tuple(sorted(step.params.items())) for step in steps}
    require(
        len(steps) == _N_FINITE or len(tried) == space.size,
        f"`ExhaustedError` after all of the {space.size} points",
        f"it after {len(tried)}",
        "raise it only when there is nothing left to propose",
    )
    n_steps, n_wanted = len(case.main_run), N_MAIN
    is_endless = case.main.size is None
    require(
        n_steps == n_wanted or not is_endless,
        f"{n_wanted} proposals of a space that has no end",
        f"`ExhaustedError` after {n_steps}",
        "raise it only when there is nothing left to propose",
    )


@check(rule=4)
def check_forbidden(case: Case) -> None:
    """It proposes allowed points, even if each forbidden one is told as failed."""
    case.need(Feature.FORBIDDEN)
    free = case.usable(_SMALL)
    clause: dict[str, object] = {"n": [1, 2, 3]} if "n" in free else {"c": "a"}
    space = Space(dict(free), forbid=[clause])
    optimizer = case.create(space)
    n_allowed = n_asked = 0
    while n_allowed < 5 and n_asked < 60:
        try:
            step = ask(optimizer)
        except ExhaustedError:
            break
        is_forbidden = space.forbids(step.params)
        failed = Outcome(State.FAILED)
        answer(optimizer, step, failed if is_forbidden else complete(bowl(step.params)))
        n_allowed += not is_forbidden
        n_asked += 1
    require(n_allowed > 0, "an allowed point: half of them are", f"0 of {n_asked}")


@check(rule=1)
def check_define_by_run(case: Case) -> None:
    """Asked while a trial runs, it answers as for a space that it was given."""
    can = case.capabilities[Feature.DEFINE_BY_RUN]
    if can.support is not Support.NATIVE:
        msg = f"{Feature.DEFINE_BY_RUN.value}: {can.note or can.support.value}"
        raise NotApplicable(msg)
    space = case.usable({**PLAIN, **_SMALL})
    given, asked = case.create(space), case.create(Space.unknown())
    require(
        isinstance(asked, DefiningOptimizer),
        "a DefiningOptimizer for a space that is not known",
        type(asked).__qualname__,
    )
    asked = cast("DefiningOptimizer", asked)
    for number in range(2 if case.is_slow else 4):
        step, suggestion = ask(given), asked.ask()
        require(not suggestion.params, "an empty suggestion", dict(suggestion.params))
        answers = {
            name: asked.suggest(suggestion, name, parameter)
            for name, parameter in space.searched.items()
        }
        require(
            answers == step.params, f"{step.params} as trial {number}", f"{answers}"
        )
        outcome = complete(bowl(answers))
        answer(given, step, outcome)
        asked.tell(suggestion, outcome)
