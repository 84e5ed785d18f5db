"""Where a script runs its own study, and how much of it is imported therefore.

A script whose study stands at its top level would run it while it is imported. It is
read up to there: what stands above is all that its objective would have seen.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from hpbridge.contract.script import Site
from hpbridge.contract.source import stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hpbridge.contract.script import Entry, ScriptReader
    from hpbridge.contract.source import Source

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def find_sites(source: Source, readers: Iterable[ScriptReader]) -> list[Site]:
    """Return the calls that run a study, in the order of the text."""
    here = [each for each in readers if each.library in source.libraries]
    found = [
        site
        for reader in here
        for call in source.calls()
        for entry in reader.entries
        if (site := _site(source.of(reader.library), reader, entry, call)) is not None
    ]
    return sorted(found, key=lambda site: site.call.lineno)


def _site(
    source: Source, reader: ScriptReader, entry: Entry, call: ast.Call
) -> Site | None:
    maker: ast.Call | None = None
    if not entry.of:
        if source.called(call) != entry.name:
            return None
    else:
        method = call.func
        if not isinstance(method, ast.Attribute) or method.attr != entry.name:
            return None
        made = source.seen(method.value)
        maker = made if isinstance(made, ast.Call) else None
        is_made = source.called(maker) in entry.of
        # Where its maker is not seen, its arguments must tell.
        if not is_made and (entry.by_maker or source.dotted(method)):
            return None
        maker = maker if is_made else None
    place, name = entry.objective
    holder = maker if entry.by_maker else call
    given = [] if holder is None else _argument(holder, place, name)
    if not given:
        return None
    return Site(reader, entry, call, maker, given[0])


def _argument(call: ast.Call, place: int, name: str) -> list[ast.expr]:
    named = [each.value for each in call.keywords if each.arg == name]
    return named or call.args[place : place + 1]


def names_in(source: Source, node: ast.expr | None) -> set[str]:
    """Return the names that an objective is made of, through those it was given."""
    found: set[str] = set()
    todo = [node]
    while todo:
        each = todo.pop()
        for inner in ast.walk(each) if each is not None else ():
            if isinstance(inner, ast.Name) and inner.id not in found:
                found.add(inner.id)
                todo.append(source.seen(inner) if source.seen(inner) != inner else None)
    return found


def of_objective(source: Source, sites: Sequence[Site], name: str) -> list[Site]:
    """Return the sites whose objective is, or calls, what has this name."""
    return [site for site in sites if name in names_in(source, site.objective)]


def up_to(source: Source, sites: Sequence[Site], name: str) -> tuple[ast.Module, int]:
    """Return a script without the study that its top level runs.

    Args:
        source: The script.
        sites: Where it runs studies.
        name: What is wanted of it; nothing for whatever it runs first.

    Returns:
        The tree up to the first study that stands below the definition of the name,
        without those above and what depends on them; and the line where it ends, 0
        where it is whole.
    """
    body = source.tree.body
    starting = _starting(source, sites)
    begins = [k for k, each in enumerate(body) if _starts(each, starting)]
    if not begins:
        return source.tree, 0
    defined = [k for k, each in enumerate(body) if name in _defined(each)]
    first = min(defined, default=-1)
    end = next((k for k in begins if k > first), len(body))
    kept: list[ast.stmt] = []
    tainted: set[str] = set()
    for k, each in enumerate(body[:end]):
        if isinstance(each, _DEFINITIONS):
            kept.append(each)
        elif k in begins or _loads(each) & tainted:
            tainted |= stored(each)
            tainted |= _receivers(each, starting)
        else:
            kept.append(each)
    line = body[end].lineno if end < len(body) else body[begins[0]].lineno
    return ast.Module(kept, source.tree.type_ignores), line


def _starting(source: Source, sites: Sequence[Site]) -> set[object]:
    """Return the calls that run a study, and the names of functions that do."""
    found: set[object] = {site.call for site in sites}
    functions = [n for n in source.tree.body if isinstance(n, _DEFINITIONS)]
    while True:
        more = {
            each.name
            for each in functions
            if each.name not in found and any(_runs(n, found) for n in ast.walk(each))
        }
        if not more:
            return found
        found |= more


def _runs(node: ast.AST, starting: set[object]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    is_named = isinstance(node.func, ast.Name) and node.func.id in starting
    return is_named or node in starting


def _starts(statement: ast.stmt, starting: set[object]) -> bool:
    return any(_runs(node, starting) for node in _executed(statement))


def _executed(statement: ast.AST) -> Iterator[ast.AST]:
    """Return what runs when a statement of the top level does, while it is imported."""
    if isinstance(statement, (*_DEFINITIONS, ast.Lambda)) or _is_main(statement):
        return
    yield statement
    for child in ast.iter_child_nodes(statement):
        yield from _executed(child)


def _is_main(node: ast.AST) -> bool:
    if not isinstance(node, ast.If):
        return False
    return {"__name__"} <= _loads(node.test) and "__main__" in ast.unparse(node.test)


def _receivers(statement: ast.stmt, starting: set[object]) -> set[str]:
    """Return the names of the objects whose methods run a study in a statement."""
    return {
        node.func.value.id
        for node in _executed(statement)
        if isinstance(node, ast.Call)
        and node in starting
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
    }


def _defined(statement: ast.stmt) -> set[str]:
    if isinstance(statement, _DEFINITIONS):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {a.asname or a.name.partition(".")[0] for a in statement.names}
    return stored(statement)


def _loads(node: ast.AST) -> set[str]:
    return {
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load)
    }
