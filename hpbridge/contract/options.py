"""Options of an algorithm: a frozen dataclass, read from text or from keywords."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import json
import types
import typing
from typing import Any

from hpbridge.errors import OptionError, nearest

if typing.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NO_OPTION = "there is no option"


def read_options(optimizer: str, cls: type, given: Mapping[str, object]) -> Any:
    """Return an instance of an algorithm's options.

    Args:
        optimizer: ``backend:algorithm``, for the error.
        cls: The algorithm's dataclass. One with a class method ``gathered(given,
            optimizer)`` first sorts what is given by itself.
        given: Values by name. A string is read as the field's type; ``none`` as None.

    Raises:
        OptionError: With every unknown name and every value of a wrong type.
    """
    gathered = getattr(cls, "gathered", None)
    if gathered is not None:
        given = gathered(given, optimizer)
    hints = typing.get_type_hints(cls)
    fields = [f.name for f in dataclasses.fields(cls)]
    problems = [
        f"{f.name!r} must be given, {describe_type(hints[f.name])}"
        for f in dataclasses.fields(cls)
        if f.name not in given and is_needed(f)
    ]
    values: dict[str, Any] = {}
    for name, value in given.items():
        if not isinstance(name, str):
            problems.append(f"options are named by text, got {name!r}")
            continue
        if name not in fields:
            known = nearest(name, fields)
            problems.append(f"{_NO_OPTION} {name!r}; {known}")
            continue
        try:
            values[name] = _read(value, hints[name])
        except ValueError:
            kind = describe_type(hints[name])
            problems.append(f"{name!r} must be {kind}, got {value!r}")
    if problems:
        raise OptionError.invalid(optimizer, problems)
    try:
        return cls(**values)
    except ValueError as error:  # a dataclass may check itself
        raise OptionError.invalid(optimizer, [str(error)]) from error


def told_apart(problems: Iterable[str]) -> list[str]:
    """Return problems one by one: a dataclass tells all that is wrong in one text."""
    return [
        each
        for text in problems
        for each in ([text] if text.startswith(_NO_OPTION) else text.split("; "))
    ]


def is_needed(field: dataclasses.Field[Any]) -> bool:
    """Say whether an option has no default."""
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _read(value: object, kind: Any) -> object:
    for option in _alternatives(kind):
        try:
            return _read_one(value, option)
        except (ValueError, TypeError):
            continue
    raise ValueError(value)


def _alternatives(kind: Any) -> list[Any]:
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        # str last: it takes any text.
        options = list(typing.get_args(kind))
        return sorted(options, key=lambda option: option is str)
    return [kind]


def _read_one(value: object, kind: Any) -> object:
    if kind in {Any, object}:
        return value
    if kind in {None, type(None)}:
        return _as_none(value)
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        return _as_literal(value, typing.get_args(kind))
    if origin is tuple:
        return _as_tuple(value, typing.get_args(kind))
    if origin is dict:
        read = json.loads(value) if isinstance(value, str) else value
        if not isinstance(read, dict):
            raise ValueError(value)
        return read
    return _as_scalar(value, kind)


def _as_none(value: object) -> object:
    if value is None or (isinstance(value, str) and value.lower() in {"none", "null"}):
        return None
    raise ValueError(value)


def _as_literal(value: object, allowed: tuple[object, ...]) -> object:
    for option in allowed:
        if value == option or (isinstance(value, str) and value == str(option)):
            return option
    raise ValueError(value)


def _as_tuple(value: object, kinds: tuple[Any, ...]) -> tuple[object, ...]:
    items = json.loads(value) if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)):
        raise ValueError(value)
    if kinds[1:] == (Ellipsis,):
        return tuple(_read(item, kinds[0]) for item in items)
    if len(items) != len(kinds):
        raise ValueError(value)
    return tuple(_read(item, kind) for item, kind in zip(items, kinds, strict=True))


def _as_scalar(value: object, kind: Any) -> object:
    if kind is bool:
        words = {"true": True, "false": False, "1": True, "0": False}
        if isinstance(value, bool):
            return value
        word = value.lower() if isinstance(value, str) else ""
        return words[word] if word in words else _refuse(value)
    if isinstance(value, bool):
        raise ValueError(value)
    if kind is float and isinstance(value, (int, float, str)):
        return float(value)
    if kind is int and isinstance(value, (int, str)):
        return int(value)
    if isinstance(value, kind):
        return value
    raise ValueError(value)


def _refuse(value: object) -> typing.NoReturn:
    raise ValueError(value)


def changed_options(options: Any) -> dict[str, Any]:
    """Return those of an algorithm's options that differ from their defaults.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Options:
        ...     depth: int = 3
        ...     width: int = 9
        >>> changed_options(Options(width=5))
        {'width': 5}
    """
    return {
        field.name: value
        for field in dataclasses.fields(options)
        if (value := getattr(options, field.name)) != _default_of(field)
    }


def describe_type(kind: Any) -> str:
    """Return a type as a user reads it, as in ``int or None``."""
    names = []
    for option in _alternatives(kind):
        if typing.get_origin(option) is typing.Literal:
            names.append(" or ".join(repr(a) for a in typing.get_args(option)))
        elif option in {None, type(None)}:
            names.append("None")
        else:
            is_class = isinstance(option, type)
            text = option.__name__ if is_class else str(option)
            names.append(text.replace("typing.", ""))
    return " or ".join(names)


@dataclasses.dataclass(frozen=True)
class OptionDoc:
    """One option as documentation shows it."""

    name: str
    kind: str
    default: str
    text: str


def document_options(cls: type) -> list[OptionDoc]:
    """Return name, type, default and docstring of each option, in order.

    Source:
        The docstrings are the string literals below the fields (PEP 257, attribute
        docstrings), read from the class's source.
    """
    hints = typing.get_type_hints(cls)
    texts = _field_texts(cls)
    return [
        OptionDoc(
            field.name,
            describe_type(hints[field.name]),
            repr(_default_of(field)),
            texts.get(field.name, ""),
        )
        for field in dataclasses.fields(cls)
    ]


def _default_of(field: dataclasses.Field[Any]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _field_texts(cls: type) -> dict[str, str]:
    texts: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        if not vars(base).get("__annotations__"):
            continue  # it may have no source
        tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(base)))
        body = typing.cast("ast.ClassDef", tree.body[0]).body
        for statement, below in itertools.pairwise(body):
            if not isinstance(statement, ast.AnnAssign):
                continue
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                name = typing.cast("ast.Name", statement.target).id
                texts[name] = " ".join(str(below.value.value).split())
    return texts
