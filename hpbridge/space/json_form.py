"""A space as JSON data, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# The kinds that a space may hold are those whose modules were imported.
import hpbridge.space.categorical  # noqa: F401
import hpbridge.space.parameters  # noqa: F401
import hpbridge.space.quantized  # noqa: F401
from hpbridge.errors import SpaceError
from hpbridge.space.kinds import Parameter
from hpbridge.space.plain import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SPACE_SCHEMA = 1
"""Version of the JSON form of a space."""


def space_to_json(
    parameters: Mapping[str, Parameter],
    clauses: list[Any],
    predicates: list[Callable[..., object]],
) -> dict[str, Any]:
    """Return what `Space.to_json` documents."""
    data: dict[str, Any] = {
        "version": SPACE_SCHEMA,
        "parameters": {name: p.to_json() for name, p in parameters.items()},
    }
    if clauses:
        data["forbid"] = [
            {n: [*map(to_json, values)] for n, values in clause} for clause in clauses
        ]
    if predicates:
        data["predicates"] = [_predicate_name(p) for p in predicates]
    return data


def _predicate_name(predicate: Callable[..., object]) -> str:
    return getattr(predicate, "__qualname__", type(predicate).__qualname__)


def parts_from_json(data: Mapping[str, Any]) -> tuple[dict[str, Parameter], list[Any]]:
    """Return the parameters, and what is forbidden, of what `Space.to_json` wrote.

    Raises:
        SpaceError: As of `Space.from_json`.
    """
    try:
        version = data["version"]
        if not isinstance(version, int) or version > SPACE_SCHEMA:
            problem = f"its version is {version!r}; this hpbridge knows {SPACE_SCHEMA}"
            raise SpaceError.invalid([problem])
        parameters = {
            name: Parameter.from_json(parameter)
            for name, parameter in (data["parameters"] or {}).items()
        }
        forbid: list[Any] = list(data.get("forbid", []))
        forbid += [_lost_predicate(name) for name in data.get("predicates", [])]
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        problem = f"it is not a space written by hpbridge: {error!r}"
        raise SpaceError.invalid([problem]) from error
    return parameters, forbid


def _lost_predicate(name: str) -> Callable[..., object]:
    def predicate(_params: Mapping[str, Any]) -> object:
        msg = f"the function {name!r} was not stored; load the experiment's own space"
        raise RuntimeError(msg)

    predicate.__qualname__ = name
    return predicate
