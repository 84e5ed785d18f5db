"""Functions and names that are imported when they are first used.

A plugin's ``__init__`` declares records and imports nothing but the contract: it names
the functions of its records with `lazy`, and its public classes with `lazy_names`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Lazy:
    """A function by its name; the first call imports it.

    Args:
        reference: ``"module:function"``.

    Example:
        >>> Lazy("math:hypot")(3, 4)
        5.0
    """

    __slots__ = ("_found", "reference")

    def __init__(self, reference: str) -> None:
        module, colon, name = reference.partition(":")
        if not (colon and module and name.isidentifier()):
            msg = f"a function is named as 'module:function', got {reference!r}"
            raise ValueError(msg)
        self.reference = reference
        self._found: Callable[..., Any] | None = None

    def resolve(self) -> Callable[..., Any]:
        """Return the function itself.

        Raises:
            ImportError: If its module cannot be imported or lacks it.
        """
        if self._found is None:
            module, _, name = self.reference.partition(":")
            try:
                self._found = getattr(importlib.import_module(module), name)
            except AttributeError as error:
                msg = f"{module} has no {name!r}"
                raise ImportError(msg, name=module) from error
        return self._found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.resolve()(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lazy) and self.reference == other.reference

    def __hash__(self) -> int:
        return hash(self.reference)

    def __reduce__(self) -> tuple[Any, ...]:
        return Lazy, (self.reference,)

    def __repr__(self) -> str:
        return f"lazy({self.reference!r})"


def lazy(reference: str) -> Any:
    """Return a function by its name, which the first call imports.

    Args:
        reference: ``"module:function"``, as in ``"hpbridge_random.backend:create"``.

    Returns:
        A callable; `Any`, so that it stands wherever a record wants a function.

    Raises:
        ValueError: If the reference is written otherwise.
    """
    return Lazy(reference)


def lazy_names(
    module: str, homes: Mapping[str, str], hint: str = ""
) -> Callable[[str], Any]:
    """Return a module's ``__getattr__`` that imports these names when they are used.

    Args:
        module: The module's own ``__name__``.
        homes: The module that defines each name.
        hint: The command that installs what the names need, for the error.

    Example:
        ``__getattr__ = lazy_names(__name__, {"Bridge": "hpbridge_x.host.plug"})``
    """

    def look_up(name: str) -> Any:
        if name not in homes:
            msg = f"module {module!r} has no attribute {name!r}"
            raise AttributeError(msg)
        try:
            return getattr(importlib.import_module(homes[name]), name)
        except ModuleNotFoundError as error:
            if not hint:
                raise
            from hpbridge.errors import LibraryNotInstalledError

            headline = f"{name} needs {error.name}, which is not installed"
            raise LibraryNotInstalledError(headline, hint=hint) from error

    return look_up
