"""How a space is checked and put in order when it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hpbridge.errors import SpaceError, nearest
from hpbridge.space.kinds import (
    Constant,
    Parameter,
    Searched,
    When,
    freeze_when,
    with_when,
)
from hpbridge.space.plain import is_equal

Clause = tuple[tuple[str, tuple[object, ...]], ...]


def build(
    parameters: object, forbid: Iterable[object]
) -> tuple[dict[str, Parameter], list[Clause], list[Callable[..., object]]]:
    """Check everything and return parameters in order, clauses and predicates.

    Raises:
        SpaceError: With every mistake at once.
    """
    if not isinstance(parameters, Mapping):
        problem = f"a space is a dict of parameters by name, got {parameters!r}"
        raise SpaceError.invalid([problem])
    problems: list[str] = []
    named: dict[str, Parameter] = {}
    for name, given in parameters.items():
        if not isinstance(name, str) or not name:
            problems.append(f"parameter name {name!r} is not a string of text")
            continue
        named[name] = given if isinstance(given, Parameter) else Constant(given)
    if not parameters:
        problems.append("it has no parameters")
    unsound = _check_each(named, problems)
    resolved = {n: _resolve(n, named, unsound, problems) for n in named}
    ordered = _put_parents_first(resolved, problems)
    _find_impossible(ordered, problems)
    sound = {n: p for n, p in ordered.items() if n not in unsound}
    clauses, predicates = _read_forbid(named, sound, forbid, problems)
    if problems:
        raise SpaceError.invalid(problems)
    return ordered, clauses, predicates


def _check_each(named: dict[str, Parameter], problems: list[str]) -> set[str]:
    """Add what is wrong with each parameter alone; return the names of those."""
    unsound = set()
    for name, parameter in named.items():
        found = parameter.problems()
        if not _is_condition(parameter.when):
            found.append(f"when= is a dict {{parent: value}}, got {parameter.when!r}")
            named[name] = with_when(parameter, ())
        problems += [f"{name!r}: {text}" for text in found]
        if found:
            unsound.add(name)
    return unsound


def _is_condition(when: object) -> bool:
    """Say whether it is what `freeze_when` makes of a dict."""
    if not isinstance(when, tuple):
        return False
    kinds = [tuple(map(type, entry)) for entry in when if isinstance(entry, tuple)]
    return len(kinds) == len(when) and all(kind[1:] == (tuple,) for kind in kinds)


def _resolve(
    name: str, named: dict[str, Parameter], unsound: set[str], problems: list[str]
) -> Parameter:
    """Return the parameter with its condition in plain values.

    A parent that is unknown, or wrong itself, is left out.
    """
    parameter = named[name]
    when: list[tuple[str, tuple[object, ...]]] = []
    for parent, values in parameter.when:
        if parent == name:
            problems.append(f"{name!r}: it cannot be its own parent")
        elif parent not in named:
            known = nearest(str(parent), [n for n in named if n != name])
            problems.append(f"{name!r}: unknown parent {parent!r}; {known}")
        elif parent not in unsound:
            where = f"{name!r}: parent {parent!r}"
            when.append((parent, _plain(named[parent], values, where, problems)))
    return with_when(parameter, tuple(when)) if parameter.when else parameter


def _plain(
    parent: Parameter, values: tuple[object, ...], where: str, problems: list[str]
) -> tuple[object, ...]:
    """Return the values of a condition or a clause as plain values."""
    if isinstance(parent, Constant):
        return values
    if not (isinstance(parent, Searched) and parent.can_be_parent):
        kind = type(parent).__name__
        problems.append(f"{where} is a {kind}; name a Categorical or an Int")
        return values
    if not values:
        problems.append(f"{where} is given no value")
    plain: list[object] = []
    for value in values:
        try:
            plain.append(parent.canonical(value))
        except ValueError as error:
            nested = _plain_tuple(parent, value)
            if nested is None:
                problems.append(f"{where} {error}")
            else:
                plain += nested
    return tuple(plain)


def _plain_tuple(parent: Searched, value: object) -> list[object] | None:
    """Read a tuple that is not itself a choice as several choices."""
    if not isinstance(value, tuple) or not value:
        return None
    try:
        return [parent.canonical(each) for each in value]
    except ValueError:
        return None


def _put_parents_first(
    named: dict[str, Parameter], problems: list[str]
) -> dict[str, Parameter]:
    """Sort stably, so that a parent comes before its children."""
    ordered: dict[str, Parameter] = {}
    waiting = dict(named)
    while waiting:
        ready = next(
            (n for n, p in waiting.items() if all(q in ordered for q in p.parents)),
            None,
        )
        if ready is None:
            names = ", ".join(repr(name) for name in waiting)
            problems.append(
                f"the conditions of {names} depend on each other in a cycle"
            )
            return named
        ordered[ready] = waiting.pop(ready)
    return ordered


def _find_impossible(named: dict[str, Parameter], problems: list[str]) -> None:
    """Find children whose conditions can never hold together.

    Conditions that are wrong already, or in a cycle, are not looked at.
    """
    if problems:
        return
    for name, parameter in named.items():
        needs: dict[str, list[object]] = {}
        todo: list[When] = [parameter.when]
        while todo:
            for parent, values in todo.pop():
                allowed = needs.get(parent, _possible(named[parent], values))
                needs[parent] = [
                    a for a in allowed if any(is_equal(a, v) for v in values)
                ]
                todo.append(named[parent].when)
        problems += [
            f"{name!r} can never be active: {parent!r} forbids it"
            for parent, allowed in needs.items()
            if not allowed
        ]


def _possible(parent: Parameter, values: tuple[object, ...]) -> list[object]:
    return [parent.value] if isinstance(parent, Constant) else list(values)


def _read_forbid(
    named: Mapping[str, Parameter],
    sound: Mapping[str, Parameter],
    forbid: object,
    problems: list[str],
) -> tuple[list[Clause], list[Callable[..., object]]]:
    clauses: list[Clause] = []
    predicates: list[Callable[..., object]] = []
    is_list = not isinstance(forbid, (Mapping, str, bytes))
    if not (is_list and isinstance(forbid, Iterable)):
        problems.append(f"forbid= is a list of dicts or functions, got {forbid!r}")
        return clauses, predicates
    for entry in forbid:
        if isinstance(entry, Mapping) and entry:
            clauses.append(_read_clause(named, sound, entry, problems))
        elif callable(entry):
            predicates.append(entry)
        else:
            problems.append(f"forbid= takes dicts and functions, got {entry!r}")
    return clauses, predicates


def _read_clause(
    named: Mapping[str, Parameter],
    sound: Mapping[str, Parameter],
    entry: Mapping[Any, object],
    problems: list[str],
) -> Clause:
    clause: list[tuple[str, tuple[object, ...]]] = []
    for name, value in entry.items():
        if name not in named:
            known = nearest(str(name), named)
            problems.append(f"forbid= names the unknown parameter {name!r}; {known}")
            continue
        if name in sound:
            where = f"forbid={dict(entry)!r}: {name!r}"
            values = freeze_when({name: value})[0][1]
            clause.append((name, _plain(sound[name], values, where, problems)))
    return tuple(clause)
