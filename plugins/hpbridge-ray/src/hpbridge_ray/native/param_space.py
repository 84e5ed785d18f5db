"""Between a ``param_space``, which is nested, and names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import SpaceError

if TYPE_CHECKING:
    from hpbridge.plugin import Label, Space

Path = tuple[str, ...]


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
            *parents, last = self.paths[name]
            inner = config
            for key in parents:
                inner = inner.setdefault(key, {})
            inner[last] = value
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
