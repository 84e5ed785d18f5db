"""The text of a script, as far as it can be understood without running it.

Most scripts say what they want where no import sees it: in a function, or below
``if __name__ == "__main__"``. What stands there as plain data, as names that are
defined in sight, or as calls of a library's own constructors is read here.
"""

from __future__ import annotations

import ast
import builtins
import importlib
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Scope: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | None"
"""The function around a node; None for the module."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DEEPEST = 20
_HARMLESS = {"dict", "list", "tuple", "set", "range", "int", "float", "str", "len"}
_PURE = {"numpy", "math", "functools", "datetime"}


class UnsaidError(Exception):
    """What an expression comes to is known only to the script while it runs."""


class Source:
    r"""A script's syntax tree, and what its names stand for.

    Args:
        text: The script.
        library: The module whose calls may be evaluated, with those of numpy.

    Attributes:
        tree: The syntax tree.
        module: What the names of the script's top level stand for, once it is imported.

    Raises:
        SyntaxError: If it does not parse.

    Example:
        >>> source = Source("import optuna as o\nn = 10\no.run(n * 2)")
        >>> call = source.tree.body[-1].value
        >>> source.dotted(call.func), source.value(call.args[0])
        ('optuna.run', 20)
    """

    def __init__(self, text: str | bytes, library: str = "") -> None:
        self.tree = ast.parse(text)
        self.module: Mapping[str, Any] = {}
        self._library = library
        self._imports: dict[str, str] = {}
        self._starred: list[str] = []
        self._around: dict[ast.AST, Scope] = {}
        self._bound: dict[Scope, dict[str, list[ast.expr | None]]] = {None: {}}
        self._walk(self.tree, None)

    def of(self, library: str) -> Source:
        """Return the same source, for evaluating calls of another library."""
        other = object.__new__(Source)
        other.__dict__.update(self.__dict__)
        other._library = library
        return other

    def _walk(self, node: ast.AST, scope: Scope) -> None:
        for child in ast.iter_child_nodes(node):
            self._around[child] = scope
            self._note(child, scope)
            inner = scope
            if isinstance(child, _FUNCTIONS):
                inner = child
                self._bound[child] = dict(_parameters(child))
            self._walk(child, inner)

    def _note(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                name = alias.name if alias.asname else root
                self._imports[alias.asname or root] = name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if alias.name == "*":
                    self._starred.append(node.module)
                else:
                    whole = f"{node.module}.{alias.name}"
                    self._imports[alias.asname or alias.name] = whole
        for name, value in _bindings(node):
            self._bound[scope].setdefault(name, []).append(value)

    @property
    def libraries(self) -> set[str]:
        """The top-level packages that it imports, at whatever place."""
        names = [*self._imports.values(), *self._starred]
        return {name.partition(".")[0] for name in names}

    def calls(self) -> Iterator[ast.Call]:
        """Return all calls, in the order of the text."""
        found = [node for node in self._around if isinstance(node, ast.Call)]
        return iter(sorted(found, key=lambda call: (call.lineno, call.col_offset)))

    def scope_of(self, node: ast.AST) -> Scope:
        """Return the function that a node stands in."""
        return self._around.get(node)

    def dotted(self, node: ast.AST) -> str:
        """Return the full name of what was imported, as in ``optuna.create_study``.

        Empty where it is not seen to be imported.
        """
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return f"{base}.{node.attr}" if base else ""
        if not isinstance(node, ast.Name):
            return ""
        if node.id in self._imports:
            return self._imports[node.id]
        is_known = hasattr(builtins, node.id) or self._binding(node) is not None
        of_library = [m for m in self._starred if m.startswith(self._library)]
        return f"{of_library[0]}.{node.id}" if of_library and not is_known else ""

    def called(self, node: ast.AST | None) -> str:
        """Return the last name of what a call of the library calls; else nothing."""
        if not isinstance(node, ast.Call):
            return ""
        name = self.dotted(node.func)
        is_ours = name.startswith(f"{self._library}.")
        return name.rpartition(".")[2] if is_ours else ""

    def seen(self, node: ast.expr | None) -> ast.expr | None:
        """Return the expression that a name was last given; others as they are."""
        for _ in range(_DEEPEST):
            if not isinstance(node, ast.Name):
                break
            found = self._binding(node)
            if found is None:
                break
            node = found
        return node

    def _binding(self, name: ast.Name) -> ast.expr | None:
        scope: Scope = self._around.get(name)
        own = scope
        while True:
            given = self._bound[scope].get(name.id)
            if given:
                if scope is own:
                    line = name.lineno
                    given = [v for v in given if v is None or v.lineno <= line] or given
                return given[-1]
            if scope is None:
                return None
            scope = self._around.get(scope)

    def is_local(self, name: ast.Name) -> bool:
        """Say whether a name belongs to a function."""
        scope = self._around.get(name)
        while scope is not None:
            if name.id in self._bound[scope]:
                return True
            scope = self._around.get(scope)
        return False

    def arguments(self, call: ast.Call, names: Sequence[str]) -> dict[str, ast.expr]:
        """Return a call's arguments by name.

        Args:
            call: Of a function whose positional parameters have these names.
            names: In order. What cannot be told by name is under ``*`` and ``**``.
        """
        found: dict[str, ast.expr] = {}
        for place, each in enumerate(call.args):
            if isinstance(each, ast.Starred) or place >= len(names):
                found["*"] = each
                break
            found[names[place]] = each
        for keyword in call.keywords:
            if keyword.arg is not None:
                found[keyword.arg] = keyword.value
                continue
            inside = self.seen(keyword.value)
            found.update(_items(inside))
            if not isinstance(inside, ast.Dict):
                found["**"] = keyword.value
        return found

    def value(self, node: ast.expr) -> Any:
        """Return what an expression comes to, without running the script.

        Raises:
            UnsaidError: If it is not plain data, made of names that are known, or a
                call of the library's.
        """
        return self._value(node, 0)

    def _value(self, node: ast.expr, depth: int) -> Any:
        if depth > _DEEPEST:
            raise UnsaidError
        own = {p for n in ast.walk(node) for p in _own_names(n)}
        names: dict[str, Any] = {}
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and not self._is_harmless(inner.func):
                raise UnsaidError
            if isinstance(inner, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
                raise UnsaidError
            if isinstance(inner, ast.Name) and inner.id not in own:
                names[inner.id] = self._named(inner, depth)
        return self._evaluate(node, names)

    def _is_harmless(self, function: ast.expr) -> bool:
        if isinstance(function, ast.Name) and function.id in _HARMLESS:
            return True
        root = self.dotted(function).partition(".")[0]
        return bool(root) and root in {self._library, *_PURE}

    def _named(self, name: ast.Name, depth: int) -> Any:
        if not self.is_local(name) and name.id in self.module:
            return self.module[name.id]
        if name.id in self._imports:
            return _imported(self._imports[name.id])
        if hasattr(builtins, name.id) and self._binding(name) is None:
            return getattr(builtins, name.id)
        found = self._binding(name)
        if found is None or found is name:
            starred = self.dotted(name)
            if starred:
                return _imported(starred)
            raise UnsaidError
        return self._value(found, depth + 1)

    def evaluated(self, node: ast.expr) -> Any:
        """Return what an expression comes to, whatever it calls: an objective, say.

        Raises:
            UnsaidError: If it has a name that the module does not have.
        """
        own = {p for n in ast.walk(node) for p in _own_names(n)}
        names = {
            inner.id: self._named(inner, 0)
            for inner in ast.walk(node)
            if isinstance(inner, ast.Name) and inner.id not in own
        }
        return self._evaluate(node, names)

    def _evaluate(self, node: ast.expr, names: Mapping[str, Any]) -> Any:
        expression = ast.fix_missing_locations(ast.Expression(node))
        try:
            code = compile(expression, "<script>", "eval")
            return eval(code, {**self.module, **names})
        except Exception as error:  # what a script's own code raises
            raise UnsaidError from error


def _imported(name: str) -> Any:
    module, _, rest = name.partition(".")
    try:
        found = importlib.import_module(module)
        for part in rest.split(".") if rest else ():
            if not hasattr(found, part):
                importlib.import_module(f"{found.__name__}.{part}")
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise UnsaidError from error
    return found


def _parameters(function: ast.AST) -> Iterator[tuple[str, list[ast.expr | None]]]:
    """Return the names of a function's parameters, each with its default."""
    given = function.args  # type: ignore[attr-defined]
    plain = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(plain) - len(given.defaults)) + list(given.defaults)
    pairs = [*zip(plain, defaults, strict=True)]
    pairs += [*zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    pairs += [(each, None) for each in (given.vararg, given.kwarg) if each is not None]
    for parameter, default in pairs:
        yield parameter.arg, [default]


def _bindings(node: ast.AST) -> Iterable[tuple[str, ast.expr | None]]:
    """Return the names that a statement gives, each with what it gives."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
            else:
                yield from ((name, None) for name in stored(target))
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        if isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value
    elif isinstance(node, (ast.For, ast.AsyncFor, ast.AugAssign)):
        yield from ((name, None) for name in stored(node.target))
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield from ((name, None) for name in stored(node.optional_vars))


def stored(node: ast.AST) -> set[str]:
    """Return the plain names that a statement or a target gives."""
    return {
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load)
    }


def _own_names(node: ast.AST) -> set[str]:
    """Return the names that an expression gives itself: those of its loops."""
    if isinstance(node, ast.comprehension):
        return stored(node.target)
    return {name for name, _ in _parameters(node)} if _is_lambda(node) else set()


def _is_lambda(node: ast.AST) -> bool:
    return isinstance(node, ast.Lambda)


def _items(node: ast.expr | None) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
