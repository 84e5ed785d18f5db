"""A space as JSON data, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# The kinds that a space may hold are those whose modules were imported.
import hpbridge.space.categorical  # noqa: F401
import hpbridge.space.parameters  # noqa: F401
import hpbridge.space.quantized  # noqa: F401
from hpbridge.errors import SpaceError
from hpbridge.space.kinds import Parameter, when_of, when_to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DAMAGE = (LookupError, TypeError, AttributeError, ValueError, RecursionError)
SPACE_SCHEMA = 1
"""Version of the JSON form of a space."""


def space_to_json(
    parameters: Mapping[str, Parameter],
    clauses: list[Any],
    predicates: list[Callable[..., object]],
    lost: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return what `Space.to_json` documents."""
    data: dict[str, Any] = {
        "version": SPACE_SCHEMA,
        "parameters": {name: p.to_json() for name, p in parameters.items()},
    }
    if clauses:
        data["forbid"] = [*map(when_to_json, clauses)]
    names = [*lost, *map(name_of_predicate, predicates)]
    if names:
        data["predicates"] = names
    return data


def name_of_predicate(predicate: Callable[..., object]) -> str:
    """Return the name that stands for a function of ``forbid=`` in a record."""
    return getattr(predicate, "__qualname__", type(predicate).__qualname__)


def notes_of_lost(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return a sentence for each function of ``forbid=`` that was not kept."""
    return tuple(
        f"the space was read without the function {name!r} of forbid=: what it forbids "
        "is allowed"
        for name in names
    )


def parts_from_json(
    data: Mapping[str, Any],
) -> tuple[dict[str, Parameter], list[Any], tuple[str, ...]]:
    """Return the parts of what `Space.to_json` wrote.

    They are the parameters, the clauses of ``forbid=``, and the names of its functions,
    which cannot be written.

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
        clauses = [*map(when_of, data.get("forbid", []))]
        lost = tuple(map(str, data.get("predicates", [])))
    except SpaceError:
        raise
    except (
        LookupError,
        TypeError,
        AttributeError,
        ValueError,
        RecursionError,
    ) as error:
        problem = f"it is not a space written by hpbridge: {error!r:.200}"
        raise SpaceError.invalid([problem]) from error
    return parameters, clauses, lost
