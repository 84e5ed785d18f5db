"""How large data is when everything that is there twice is counted twice.

A few bytes make a list of a list of a list, each there twice: comparing, showing or
writing it takes for ever, in one step of Python's that nothing can end.
"""

from __future__ import annotations

from typing import Any

from hpbridge.contract.bounds import limit_values
from hpbridge.formats.inert.data import Array, Stub
from hpbridge.formats.inert.keys import InertError

CONTAINERS = frozenset({list, tuple, dict, set, frozenset})

_MOST_TIMES = 4
"""As much larger as this, data may always become."""
_OPEN = 0


def limit_unfolded(root: Any) -> None:
    """Refuse data that is far larger than what was read, or that is within itself.

    What is in an inert object is counted by itself, since nothing looks through one.

    Raises:
        InertError: If there is such data.
    """
    sizes: dict[int, int] = {}
    objects: dict[int, Any] = {}
    roots = [root]
    while roots:
        _measure(roots.pop(), sizes, objects, roots)


def _measure(
    root: Any, sizes: dict[int, int], objects: dict[int, Any], roots: list[Any]
) -> None:
    """Find the size of all plain data up to inert objects, whose parts are roots."""
    todo = [(root, False)]
    while todo:
        item, is_left = todo.pop()
        if is_left:
            sizes[id(item)] = _size(item, sizes)
        elif type(item) not in CONTAINERS:
            if id(item) not in objects:
                objects[id(item)] = item
                roots += _parts(item)
        elif id(item) not in sizes:
            sizes[id(item)] = _OPEN
            todo.append((item, True))
            todo += [(each, False) for each in _parts(item) if _is_looked_at(each)]
        elif sizes[id(item)] == _OPEN:
            msg = "it holds a list that is within itself"
            raise InertError(msg)


def _is_looked_at(item: Any) -> bool:
    return type(item) in CONTAINERS or isinstance(item, (Stub, Array))


def _parts(item: Any) -> list[Any]:
    if isinstance(item, Stub):
        return [item.args, item.state, item.items, item.listed]
    if isinstance(item, Array):
        return [item.array]
    if type(item) not in CONTAINERS:
        return []
    return [*item.keys(), *item.values()] if isinstance(item, dict) else list(item)


def _size(item: Any, sizes: dict[int, int]) -> int:
    """Return how many values are in it, all of whose parts are known."""
    total = 1
    for each in _parts(item):
        total += sizes.get(id(each), 1) if type(each) in CONTAINERS else 1
    if total > _MOST_TIMES * len(sizes):
        limit_values(total)
    return total
