"""Between a ``param_space``, which is nested, and names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import SpaceError

if TYPE_CHECKING:
    from hpbridge.plugin import Label, Space

Path = tuple[str, ...]


_MOST_DEPTH = 50


class TooDeepError(ValueError):
    """Nobody nests data so deep; the message is one phrase."""


@dataclass(frozen=True)
class ParamSpace:
    """A ``param_space``, read.

    Attributes:
        space: The same in our words; nested names are joined with a slash, as Ray
            itself names them.
        paths: The keys that lead to each parameter.
    """

    space: Space
    paths: Mapping[str, Path]

    def config(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a trainable gets for these values by name, nested."""
        config: dict[str, Any] = {}
        for name, value in values.items():
            put(config, self.paths[name], value)
        return config

    def _follow(self, config: Any, name: str) -> Any:
        for key in self.paths[name]:
            if not isinstance(config, Mapping):
                raise KeyError(key)
            config = config[key]
        return config

    def params(self, config: Mapping[str, Any]) -> dict[str, Label]:
        """Return the plain values of the active parameters in a config, nested or flat.

        Raises:
            SpaceError: If one is missing, or outside its range.
        """
        found: dict[str, Label] = {}
        problems: list[str] = []
        for name, parameter in self.space.searched.items():
            if not self.space.is_active(name, found):
                continue
            try:
                value = config[name] if name in config else self._follow(config, name)
                found[name] = parameter.canonical(value)
            except KeyError:
                problems.append(f"{name!r} is missing")
            except ValueError as error:
                problems.append(f"{name!r} {error}")
        if problems:
            point = f"The point {dict(config)!r:.200}"
            raise SpaceError.foreign(point, problems)
        return found


def flatten(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested data by names with slashes, as Ray names it.

    Raises:
        TooDeepError: If it is nested too deep.
    """
    flat: dict[str, Any] = {}

    def walk(inner: Mapping[str, Any], prefix: str, depth: int) -> None:
        if depth > _MOST_DEPTH:
            msg = f"{prefix[:80]!r} is nested too deep"
            raise TooDeepError(msg)
        for key, value in inner.items():
            if isinstance(value, dict) and value and "_type" not in value:
                walk(value, f"{prefix}{key}/", depth + 1)
            else:
                flat[f"{prefix}{key}"] = value

    walk(tree, "", 0)
    return flat


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return data by names with slashes as it is nested."""
    found: dict[str, Any] = {}
    for name, value in flat.items():
        put(found, tuple(name.split("/")), value)
    return found


def put(tree: dict[str, Any], path: Path, value: Any) -> None:
    """Put a value into nested dicts, where the keys of its path lead."""
    *parents, last = path
    for key in parents:
        tree = tree.setdefault(key, {})
    tree[last] = value
