"""A call of a library's class or function: to be made, or to be printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Call:
    """What is made in a library's own words, said once for making and for printing.

    Attributes:
        name: As the library's documentation writes it, dotted if it does.
        args: Plain values, or calls.
        kwargs: The same by name.

    Example:
        >>> Call("Real", (0.1, 1.0), {"prior": "log-uniform"}).source()
        "Real(0.1, 1.0, prior='log-uniform')"
        >>> Call("max", (Call("abs", (-3,)), 2)).make({"max": max, "abs": abs})
        3
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def make(self, names: Mapping[str, Any]) -> Any:
        """Return what the call returns, of the callable of this name among `names`."""
        kwargs = {key: _made(value, names) for key, value in self.kwargs.items()}
        return names[self.name](*(_made(arg, names) for arg in self.args), **kwargs)

    def source(self) -> str:
        """Return the call as Python source."""
        parts = [_shown(arg) for arg in self.args]
        parts += [f"{name}={_shown(value)}" for name, value in self.kwargs.items()]
        return f"{self.name}({', '.join(parts)})"


def _made(value: Any, names: Mapping[str, Any]) -> Any:
    return value.make(names) if isinstance(value, Call) else value


def _shown(value: Any) -> str:
    return value.source() if isinstance(value, Call) else repr(value)
