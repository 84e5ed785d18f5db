"""A space as people write it in a file, read with every mistake at once, and back.

A table for each parameter, whatever the format of the file is::

    [lr]
    type = "float"
    low = 1e-5
    high = 1e-1
    log = true

    [momentum]
    type = "float"
    low = 0
    high = 0.99
    when = { solver = "sgd" }

``type`` is one of `FORMS`. A scalar in the place of a table is a constant. A list under
``forbid`` holds what no trial may have: ``forbid = [{ solver = "sgd", batch = 512 }]``.
A file may also hold what `Space.to_json` returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.errors import SpaceError, nearest
from hpbridge.space.categorical import Categorical
from hpbridge.space.constants import constant_of, constant_to_json, types_as_text
from hpbridge.space.kinds import (
    Constant,
    Parameter,
    freeze_when,
    when_of,
    with_also,
)
from hpbridge.space.parameters import Float, Int
from hpbridge.space.priors import LogNormal, Normal, ScipyPrior
from hpbridge.space.quantized import Quantized
from hpbridge.space.ranges import bound_of
from hpbridge.space.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable

FORBID = "forbid"
"""The key of what no trial may have."""

_DAMAGE = (LookupError, TypeError, AttributeError, ValueError, RecursionError)
_SCALARS = (str, int, float, bool, type(None))
_N_PARTS = 3  # of a prior in a record: word, two arguments


@dataclass(frozen=True)
class _Form:
    """What a table of one type holds."""

    needs: tuple[str, ...]
    takes: tuple[str, ...]
    make: Callable[..., Parameter]


def _make_categorical(choices: Any, **others: Any) -> Categorical:
    is_labelled = isinstance(choices, Mapping)
    return Categorical(constant_of(choices) if is_labelled else choices, **others)


def _make_constant(value: Any, **others: Any) -> Constant:
    return Constant(constant_of(value), **others)


FORMS: dict[str, _Form] = {
    "float": _Form(("low", "high"), ("log", "step", "prior"), Float),
    "int": _Form(("low", "high"), ("log", "step", "prior"), Int),
    "categorical": _Form(("choices",), ("ordered", "weights"), _make_categorical),
    "const": _Form(("value",), (), _make_constant),
    "quantized": _Form(("low", "high", "q"), ("log", "prior"), Quantized),
}
"""What each type of parameter needs and takes; all take ``when`` beside it."""

_ALWAYS = ("type", "when", "also")
_PRIORS: dict[str, Callable[..., Any]] = {"normal": Normal, "lognormal": LogNormal}


class _Unread(Parameter):
    """A parameter that could not be read: the space says why, with all the rest."""

    def __init__(self, problems: list[str], when: Any = ()) -> None:
        self._problems, self.when = problems, freeze_when(when)

    def problems(self) -> list[str]:
        return self._problems


def space_of(data: object) -> Space:
    """Return the space of what a file holds, in either form.

    Raises:
        SpaceError: With every mistake at once.
    """
    if not isinstance(data, Mapping):
        kind = type(data).__name__
        problem = f"it holds a {kind} where a table for each parameter is wanted"
        raise SpaceError.invalid([problem])
    if _is_record(data):
        return Space.from_json(data)
    tables = dict(data)
    forbid = _forbid_of(tables)
    return Space({n: _read(table) for n, table in tables.items()}, forbid=forbid)


def _is_record(data: Mapping[Any, Any]) -> bool:
    """Say whether it is what `Space.to_json` returns: no table has its version."""
    inner = data.get("parameters")
    is_table = isinstance(inner, Mapping) and isinstance(inner.get("type"), str)
    return "version" in data and isinstance(inner, Mapping) and not is_table


def _forbid_of(tables: dict[Any, Any]) -> Any:
    """Take what no trial may have out of the tables; a table is a parameter."""
    if isinstance(tables.get(FORBID, {}), Mapping):
        return ()
    clauses = tables.pop(FORBID)
    if not isinstance(clauses, list):
        return clauses  # the space says what is wrong
    return [_clause_of(clause) for clause in clauses]


def _clause_of(clause: Any) -> Any:
    try:
        return when_of(clause)
    except _DAMAGE:
        return clause


def _read(table: object) -> Parameter:
    if not isinstance(table, Mapping):
        if isinstance(table, _SCALARS):
            return Constant(table)
        kind = type(table).__name__
        return _Unread([f"it is a {kind}; write a table with type and choices"])
    word = table.get("type")
    form = FORMS.get(word) if isinstance(word, str) else None
    when = _clause_of(table.get("when"))
    if form is None:
        return _Unread([_no_type(table)], when)
    return _made(table, form, when)


def _no_type(table: Mapping[Any, Any]) -> str:
    if "type" in table:
        return f"type is {table['type']!r}; {nearest(str(table['type']), FORMS)}"
    close = [key for key in map(str, table) if nearest("type", [key])[:3] == "did"]
    meant = f"; is {close[0]!r} meant to be it?" if close else ""
    return f"it has no type{meant or '; ' + nearest('', FORMS)}"


def _of_keys(table: Mapping[Any, Any], form: _Form) -> list[str]:
    """Say which keys are missing, and which are there that say nothing."""
    known = [*form.needs, *form.takes, *_ALWAYS]
    open_keys = [key for key in known if key not in table and key != "also"]
    found = [
        f"unknown key {key!r}; {nearest(str(key), open_keys)}"
        for key in table
        if key not in known
    ]
    found += [f"it has no {key!r}" for key in form.needs if key not in table]
    return found + [
        f"{key} = {value!r} is text: write the number without quotes"
        for key in ("low", "high", "step", "q")
        if isinstance(value := table.get(key), str)
        and value not in {"inf", "-inf"}
        and _is_number(value)
    ]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _made(table: Mapping[Any, Any], form: _Form, when: Any) -> Parameter:
    fields = {key: value for key, value in table.items() if key not in _ALWAYS}
    problems = _of_keys(table, form)
    try:
        also = freeze_when(when_of(table.get("also")))
        if "prior" in fields:
            fields["prior"] = _prior_of(fields["prior"], problems)
        ends = [n for n in ("low", "high") if isinstance(fields.get(n), str)]
        fields |= {name: bound_of(fields[name]) for name in ends}
        if problems:
            return _Unread(problems, when)
        made = form.make(**fields, when=when)
    except _DAMAGE as error:
        return _Unread([*problems, f"it cannot be read: {error}"], when)
    return with_also(made, also) if also else made


def _prior_of(given: object, problems: list[str]) -> Any:
    """Return the prior of a table, or of the list that a record has for it."""
    if isinstance(given, list) and len(given) == _N_PARTS:
        word, first, second = given
        if word == "scipy" and isinstance(second, Mapping):
            return ScipyPrior(str(first), second)
        if isinstance(word, str) and word in _PRIORS:
            return _PRIORS[word](first, second)
    if not isinstance(given, Mapping) or not isinstance(given.get("type"), str):
        problems.append(
            f'prior = {given!r}; write {{type = "normal", mu = 0, sigma = 1}}, or the '
            "name of a distribution of scipy.stats with its arguments"
        )
        return None
    arguments = {str(key): value for key, value in given.items() if key != "type"}
    word = given["type"]
    if word not in _PRIORS:
        return ScipyPrior(word, arguments)
    wrong = [key for key in arguments if key not in {"mu", "sigma"}]
    problems += [
        f"prior: unknown key {k!r}; {nearest(k, ['mu', 'sigma'])}" for k in wrong
    ]
    missing = [key for key in ("mu", "sigma") if key not in arguments]
    problems += [f"prior: it has no {key!r}" for key in missing]
    return None if wrong or missing else _PRIORS[word](**arguments)


def data_of(space: Space) -> dict[str, Any]:
    """Return the tables that `space_of` reads; of functions in ``forbid=`` nothing.

    Raises:
        SpaceError: If a function forbids something: no file can hold it.
    """
    if space.functions:
        named = ", ".join(map(repr, space.functions))
        problem = f"forbid= has the functions {named}, which no file can hold"
        raise SpaceError.invalid([problem])
    clauses = space.to_json().get(FORBID, [])
    tables = {name: _table_of(parameter) for name, parameter in space.items()}
    if not clauses:
        return tables
    if FORBID not in tables:
        return {FORBID: clauses, **tables}
    # Both at one key: only the other form has room for them.
    return space.to_json()


def _table_of(parameter: Parameter) -> dict[str, Any]:
    data = parameter.to_json()
    if isinstance(parameter, Constant):
        data["type"] = "const"
    if isinstance(parameter, Categorical):
        data["choices"] = _choices_of(parameter)
    if "prior" in data:
        data["prior"] = _table_of_prior(data["prior"])
    return data


def _table_of_prior(data: list[Any]) -> dict[str, Any]:
    word, first, second = data
    if word == "scipy":
        return {"type": first, **second}
    return {"type": word, "mu": first, "sigma": second}


def _choices_of(parameter: Categorical) -> Any:
    """Return the choices, under their labels where those stand for other objects."""
    pairs = [*zip(parameter.labels, parameter.choices, strict=True)]
    stand_for_themselves = all(
        type(label) is type(choice) and label == choice for label, choice in pairs
    )
    if stand_for_themselves or not all(isinstance(label, str) for label, _ in pairs):
        return list(parameter.labels)
    if any(types_as_text(choice) for _, choice in pairs):
        return list(parameter.labels)  # as in a record
    return {str(label): constant_to_json(choice) for label, choice in pairs}
