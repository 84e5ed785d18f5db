"""Parts of a space: alternatives with spaces of their own, one for each point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.space.plain import Label
    from hpbridge.space.space import Params, Space


@dataclass(frozen=True)
class Part:
    """A part of a space: where one parameter has one value.

    Attributes:
        parameter: The name of that parameter.
        name: Its value.
        share: Of the trials, in (0, 1]; those of all parts are 1 together.
        space: The rest of the part, by names of its own: those of the whole space
            without ``NAME__`` before them.
    """

    parameter: str
    name: str
    share: float
    space: Space

    def holds(self, params: Mapping[str, Label]) -> bool:
        """Say whether a point of the whole space is in the part."""
        return params[self.parameter] == self.name

    def whole(self, own: Mapping[str, Label]) -> Params:
        """Return the point of the whole space for one of the part's own."""
        prefix = f"{self.name}__"
        return {
            self.parameter: self.name,
            **{f"{prefix}{name}": value for name, value in own.items()},
        }

    def own(self, params: Mapping[str, Label]) -> Params:
        """Return the part's own point for one of the whole space that it holds."""
        prefix = f"{self.name}__"
        return {
            name.removeprefix(prefix): value
            for name, value in params.items()
            if name.startswith(prefix)
        }
