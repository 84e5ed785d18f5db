"""Checks that an option reaches the library."""

from __future__ import annotations

import dataclasses
import typing
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import Problem
from hpbridge.contract.options import read_options
from hpbridge.errors import HpbridgeError
from hpbridge.testing.case import N_MAIN, play
from hpbridge.testing.checks import NotApplicable, check, require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.space.space import Space
    from hpbridge.testing.case import Case


def changed_options(case: Case, space: Space) -> dict[str, Any]:
    """Return a value for each option that is not the one the kit runs with.

    An option whose values cannot be told from its type, or that a space refuses, is
    left out.
    """
    cls, quick = case.algorithm.options, case.algorithm.quick
    hints = typing.get_type_hints(cls)
    found: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        now = getattr(read_options(case.optimizer, cls, quick), field.name)
        for value in _others(hints[field.name], now):
            is_other = type(value) is not type(now) or value != now
            if is_other and _is_taken(case, space, {**quick, field.name: value}):
                found[field.name] = value
                break
    return found


def _others(hint: Any, now: Any) -> Iterator[Any]:
    if isinstance(now, bool):
        yield not now
    elif isinstance(now, int):
        yield from (now + 1, now - 1)
    elif isinstance(now, float):
        yield from (now / 2, now * 1.5, 0.5, 0.1)
    for kind in (hint, *typing.get_args(hint)):
        if typing.get_origin(kind) is typing.Literal:
            yield from (each for each in typing.get_args(kind) if each != now)
    if now is None:
        kinds = typing.get_args(hint)
        yield from (each for each, kind in ((2, int), (0.5, float)) if kind in kinds)


def _is_taken(case: Case, space: Space, given: dict[str, Any]) -> bool:
    """Say whether an option can have a value: neither dataclass nor plugin refuses."""
    try:
        options = read_options(case.optimizer, case.algorithm.options, given)
        if case.algorithm.reasons_against(Problem(space), options):
            return False
        case.spec.create(Problem(space), case.algorithm, options, 1)
    except (HpbridgeError, ValueError):
        return False
    return True


@check(rule=2)
def check_options_matter(case: Case) -> None:
    """Each option changes the printed source, or what is proposed."""
    if not dataclasses.is_dataclass(case.algorithm.options):
        msg = "its options are no dataclass"
        raise NotApplicable(msg)
    idle: dict[str, Any] = {}
    known: set[str] = set()
    for space in (case.main, case.plain):
        changed = changed_options(case, space)
        open_ones = {n: v for n, v in changed.items() if n in idle or n not in known}
        known |= changed.keys()
        for name, value in open_ones.items():
            if _matters(case, space, changed, name):
                idle.pop(name, None)
            else:
                idle[name] = value
    if not known:
        msg = "it has no option whose values follow from its type"
        raise NotApplicable(msg)
    require(
        not idle,
        "another source, or other trials, with another value of each option",
        f"the same with {', '.join(f'{n}={v!r}' for n, v in idle.items())}",
        "hand the option to the library, in `create` and in `explain`, or leave it out",
    )


@check(rule=2)
def check_option_values(case: Case) -> None:
    """A value that an option may not have is refused before the first trial."""
    if not dataclasses.is_dataclass(case.algorithm.options):
        msg = "its options are no dataclass"
        raise NotApplicable(msg)
    quick = case.algorithm.quick
    defaults = read_options(case.optimizer, case.algorithm.options, quick)
    numbers = [
        field.name
        for field in dataclasses.fields(defaults)
        if type(getattr(defaults, field.name)) in {int, float}
    ]
    for name in numbers:
        for value in (-1, 0):
            given = {**quick, name: value}
            if _is_taken(case, case.plain, given):
                _require_run(case, given, f"{name}={value}")


def _require_run(case: Case, given: dict[str, Any], what: str) -> None:
    options = read_options(case.optimizer, case.algorithm.options, given)
    optimizer = case.spec.create(Problem(case.plain), case.algorithm, options, 1)
    try:
        play(optimizer, 1 if case.is_slow else 4)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        require(
            False,
            f"to run with {what}, which it took",
            error,
            "refuse it in `__post_init__` of the options: a ValueError that says why",
        )


def _matters(case: Case, space: Space, changed: dict[str, Any], name: str) -> bool:
    """Say whether an option does something, by itself or beside the others."""
    if name not in changed:
        return False
    others = {other: value for other, value in changed.items() if other != name}
    one = {name: changed[name]}
    return _differ(case, space, {}, one) or _differ(case, space, others, others | one)


def _differ(
    case: Case, space: Space, left: dict[str, Any], right: dict[str, Any]
) -> bool:
    quick, problem, explain = case.algorithm.quick, Problem(space), case.spec.explain
    if not all(_is_taken(case, space, {**quick, **given}) for given in (left, right)):
        return False
    one, two = (
        read_options(case.optimizer, case.algorithm.options, {**quick, **given})
        for given in (left, right)
    )
    if explain is not None:
        sources = [explain(problem, case.algorithm, o, 1) for o in (one, two)]
        return sources[0] != sources[1]
    runs = [
        play(case.spec.create(problem, case.algorithm, o, 1), N_MAIN * 2)
        for o in (one, two)
    ]
    return [s.params for s in runs[0]] != [s.params for s in runs[1]]
