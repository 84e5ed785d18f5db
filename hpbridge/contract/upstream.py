"""The private names of a library that a plugin builds on: looked up, and looked after.

What a library does not promise may be gone with its next version, or mean another
thing. A plugin names all of it in one module, ``_upstream.py``, so that it is known
what is at stake, so that what is gone is told in a sentence, and so that
``hpbridge doctor`` can tell it before a study does.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.errors import HpbridgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
        is_needed: Callable[[], object] | None = None,
    ) -> Private:
        """Name something private.

        Args:
            path: ``"module:name"`` or ``"module:name.name"``.
            cost: What no longer works where it is gone, as the end of a sentence.
            holds: Says of what is found whether it is still what the plugin takes it
                for; for what would fail without an error. May raise.
            example: Makes an object to look for it in, where the class itself lacks
                what each of its objects has; read it with `Private.of`.
            is_needed: Says whether the installed version has what makes the name
                necessary, where older ones lack both. May raise, which is no.
        """
        name = Private(self, path, cost, holds, example, is_needed)
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
    _is_needed: Callable[[], object] | None = None

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

    @contextlib.contextmanager
    def replaced(self, value: Any) -> Iterator[None]:
        """Let the name stand for something else while the body runs.

        Raises:
            HpbridgeError: If the installed library has no such name.
        """
        before = self.get()
        holder, name = self._place()
        setattr(holder, name, value)
        try:
            yield
        finally:
            setattr(holder, name, before)

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
            is_needed = self._is_needed is None or _says_yes(self._is_needed)
            return self._sentence("has no") if is_needed else ""
        except Exception:  # noqa: BLE001 - whatever no longer makes an example
            return self._sentence("has changed")
        if self._holds is None or _says_yes(self._holds, value):
            return ""
        return self._sentence("has changed")

    def _find(self) -> Any:
        holder, name = self._place()
        return getattr(holder if self._example is None else self._example(), name)

    def _place(self) -> tuple[Any, str]:
        """Return what has the name, and the last part of the name."""
        module, _, names = self._path.partition(":")
        *parents, name = names.split(".")
        holder: Any = importlib.import_module(module)
        for parent in parents:
            holder = getattr(holder, parent)
        return holder, name

    def _error(self, sentence: str) -> HpbridgeError:
        return HpbridgeError(sentence, hint=f"pip install '{self._upstream.tested}'")

    def _sentence(self, verb: str) -> str:
        name = self._path.replace(":", ".")
        return f"{self._upstream.called} {verb} {name}: {self._cost}"


def _says_yes(question: Callable[..., object], *args: Any) -> bool:
    try:
        return bool(question(*args))
    except Exception:  # noqa: BLE001 - another shape, whatever it raises
        return False
