"""What a script that is written for a library says beside its objective.

A plugin declares by which calls the scripts of its library run a study, and reads one
such call into a `Script`. Nothing of the script is run for it but its imports and its
definitions.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.contract.native import NativeSpace
    from hpbridge.contract.source import Source


@dataclass(frozen=True)
class Entry:
    """A call by which a script begins its study.

    Attributes:
        name: Of a function of the library, or of a method.
        objective: Place and name of the argument that is the objective.
        of: For a method: the names of what makes the object that has it.
        by_maker: Whether the objective is handed to what makes the object.
    """

    name: str
    objective: tuple[int, str]
    of: tuple[str, ...] = ()
    by_maker: bool = False


@dataclass(frozen=True)
class ScriptReader:
    """How the scripts of a library are read.

    Attributes:
        library: The name that scripts import.
        entries: The calls that run a study.
        read: ``read(source, site) -> Script``. It may import the library: the script
            has.
    """

    library: str
    entries: tuple[Entry, ...]
    read: Callable[[Source, Site], Script]


@dataclass(frozen=True)
class Site:
    """A place in a script where it runs a study.

    Attributes:
        call: What begins it.
        maker: What made the object whose method is called; None for a function, or
            where that is not seen.
        objective: The expression that is the objective, if it is seen.
    """

    reader: ScriptReader
    entry: Entry
    call: ast.Call
    maker: ast.Call | None
    objective: ast.expr | None


@dataclass(frozen=True)
class Script:
    """What one call of a script says of its study, and what made its objects.

    Attributes:
        directions: Pairs of a metric and ``minimize`` or ``maximize``, the first one
            first; the name is empty where the script gives none.
        n_trials: How many it runs.
        timeout: Seconds after which it starts no trial.
        target: Value of its metric at which it ends.
        seed: Of its optimizer.
        optimizer: The algorithm of ours that it uses, as ``backend:algorithm``; empty
            where it says none that we have.
        options: Of that algorithm.
        pruner: The pruner of ours that decides as its own does, and its options; None
            where there is none.
        points: Parameters that it tries first, as its objective gets them.
        space: Its space, in the library's words; None where it has none.
        native: The same, read.
        not_taken: What it says and we do not take, a phrase each.
    """

    directions: tuple[tuple[str, str], ...] = ()
    n_trials: int | None = None
    timeout: float | None = None
    target: float | None = None
    seed: int | None = None
    optimizer: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    pruner: tuple[str, Mapping[str, Any]] | None = None
    points: tuple[Mapping[str, Any], ...] = ()
    space: object = None
    native: NativeSpace | None = None
    not_taken: tuple[str, ...] = ()


class Reading:
    """Takes arguments of calls one by one, and keeps what could not be taken.

    Args:
        source: Of the script, imported.
        arguments: Expressions by name, as of `Source.arguments`.

    Attributes:
        not_taken: As of `Script`.
    """

    def __init__(self, source: Source, arguments: Mapping[str, ast.expr]) -> None:
        self.source = source
        self._left = dict(arguments)
        self.not_taken: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def expression(self, name: str) -> ast.expr | None:
        """Return an argument's expression, and what its name stands for."""
        return self.source.seen(self._left.pop(name, None))

    def drop(self, *names: str) -> None:
        """Leave arguments aside without a word: they change nothing here."""
        for name in names:
            self._left.pop(name, None)

    def value(self, name: str, default: Any = None) -> Any:
        """Return what an argument comes to; note one that cannot be told."""
        from hpbridge.contract.source import UnsaidError

        node = self._left.pop(name, None)
        if node is None:
            return default
        try:
            return self.source.value(node)
        except UnsaidError:
            self.not_taken.append(f"{name}={shown(node)}")
            return default

    def peek(self, name: str) -> ast.expr | None:
        """Return an argument's expression, and leave it there."""
        return self.source.seen(self._left.get(name))

    def known(self, node: ast.expr | None) -> Any:
        """Return what an expression comes to; None where that cannot be told."""
        from hpbridge.contract.source import UnsaidError

        try:
            return None if node is None else self.source.value(node)
        except UnsaidError:
            return None

    def named(self, name: str, node: ast.expr | None) -> str:
        """Return an argument as a phrase of what is not taken."""
        return name if node is None else f"{name}={shown(node)}"

    def number(self, name: str, kind: type = int) -> Any:
        """Return a number of a kind; a whole one may be written as a float."""
        node = self._left.get(name)
        given = self.value(name)
        if given is None:
            return None
        try:
            read = kind(given)
        except (TypeError, ValueError, OverflowError):
            read = None
        if node is not None and (read is None or read != given):
            self.not_taken.append(f"{name}={shown(node)}")
            return None
        return read

    def options(self, kind: type) -> dict[str, Any]:
        """Return the arguments that are fields of an algorithm's options."""
        import dataclasses

        names = [field.name for field in dataclasses.fields(kind)]
        given = {name: self.value(name) for name in names if name in self}
        return {name: value for name, value in given.items() if value is not None}

    def seed(self, name: str) -> int | None:
        """Return a seed: a whole number, or what a generator of numpy was made of."""
        node = self.source.seen(self._left.get(name))
        if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
            maker = self.source.dotted(node.func).rpartition(".")[2]
            if maker in {"RandomState", "default_rng"}:
                self._left[name] = node.args[0]
        return cast("int | None", self.number(name))

    def rest(self, *, unsaid: tuple[str, ...] = ()) -> None:
        """Note every argument that is left, but for those that are None.

        Args:
            unsaid: Names of those that say nothing: progress bars and the like.
        """
        self.drop(*unsaid)
        for name, node in self._left.items():
            if isinstance(node, ast.Constant) and node.value is None:
                continue
            self.not_taken.append(f"{name}={shown(node)}".lstrip("*="))
        self._left = {}


_MOST = 40


def shown(node: ast.AST) -> str:
    """Return an expression as its script has it, in short."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _MOST else f"{text[: _MOST - 3]}..."
