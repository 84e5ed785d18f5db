"""The private names of a library that a plugin builds on: looked up, and looked after.

What a library does not promise may be gone with its next version, or mean another
thing. A plugin names all of it in one module, ``_upstream.py``, so that it is known
what is at stake, so that what is gone is told in a sentence, and so that
``hpbridge doctor`` can tell it before a study does.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.errors import HpbridgeError

if TYPE_CHECKING:
    from collections.abc import Callable


class Upstream:
    """What a plugin uses of a library though nobody promises it.

    Args:
        library: The distribution, as in ``"ray"``.
        tested: What installs a version that is known to have it all, as in
            ``"ray[tune]==2.60.0"``.

    Example:
        >>> threads = Upstream("threading", "python")
        >>> wait = threads.private("threading:Condition._is_owned", "nobody can wait")
        >>> wait.get()
        <function Condition._is_owned at ...>
        >>> gone = threads.private("threading:Condition._gone", "nobody can wait")
        >>> threads.problems()
        ['threading has no threading.Condition._gone: nobody can wait']
    """

    def __init__(self, library: str, tested: str) -> None:
        self._library, self.tested = library, tested
        self._names: list[Private] = []

    def private(
        self,
        path: str,
        cost: str,
        holds: Callable[[Any], object] | None = None,
        *,
        example: Callable[[], object] | None = None,
    ) -> Private:
        """Name something private.

        Args:
            path: ``"module:name"`` or ``"module:name.name"``.
            cost: What no longer works where it is gone, as the end of a sentence.
            holds: Says of what is found whether it is still what the plugin takes it
                for; for what would fail without an error. May raise.
            example: Makes an object to look for it in, where the class itself lacks
                what each of its objects has; read it with `Private.of`.
        """
        name = Private(self, path, cost, holds, example)
        self._names.append(name)
        return name

    def problems(self) -> list[str]:
        """Return one sentence for each name that is gone, or is not what it was.

        Imports the library.
        """
        found = [name.problem() for name in self._names]
        return [problem for problem in found if problem]

    @property
    def called(self) -> str:
        """The library with its version, as it is installed."""
        try:
            return f"{self._library} {importlib.metadata.version(self._library)}"
        except importlib.metadata.PackageNotFoundError:
            return self._library


@dataclass(frozen=True, eq=False)
class Private:
    """One private name; see `Upstream.private`."""

    _upstream: Upstream
    _path: str
    _cost: str
    _holds: Callable[[Any], object] | None = None
    _example: Callable[[], object] | None = None

    def get(self) -> Any:
        """Return what the name stands for now.

        Raises:
            HpbridgeError: If the installed library has no such name.
        """
        try:
            return self._find()
        except (ImportError, AttributeError) as error:
            raise self._error(self._sentence("has no")) from error

    def check(self) -> None:
        """Do nothing where all is well; for what would fail without an error.

        Raises:
            HpbridgeError: If the name is gone, or is not what it was.
        """
        if problem := self.problem():
            raise self._error(problem)

    def of(self, owner: object) -> Any:
        """Return what an object has under the name.

        Raises:
            HpbridgeError: If it has no such name.
        """
        try:
            return getattr(owner, self._path.rpartition(".")[2])
        except AttributeError as error:
            raise self._error(self._sentence("has no")) from error

    @property
    def is_there(self) -> bool:
        """Whether the installed library has the name."""
        try:
            self._find()
        except (ImportError, AttributeError):
            return False
        return True

    def problem(self) -> str:
        """Return what is wrong with the name; nothing where all is well."""
        try:
            value = self._find()
        except (ImportError, AttributeError):
            return self._sentence("has no")
        except Exception:  # noqa: BLE001 - whatever no longer makes an example
            return self._sentence("has changed")
        try:
            is_same = self._holds is None or self._holds(value)
        except Exception:  # noqa: BLE001 - another shape, whatever it raises
            is_same = False
        return "" if is_same else self._sentence("has changed")

    def _find(self) -> Any:
        if self._example is not None:
            return getattr(self._example(), self._path.rpartition(".")[2])
        module, _, names = self._path.partition(":")
        found: Any = importlib.import_module(module)
        for name in names.split("."):
            found = getattr(found, name)
        return found

    def _error(self, sentence: str) -> HpbridgeError:
        return HpbridgeError(sentence, hint=f"pip install '{self._upstream.tested}'")

    def _sentence(self, verb: str) -> str:
        name = self._path.replace(":", ".")
        return f"{self._upstream.called} {verb} {name}: {self._cost}"
