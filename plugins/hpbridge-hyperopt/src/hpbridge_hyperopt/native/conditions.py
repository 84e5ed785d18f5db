"""When a label is drawn: the ways that lead to it, as one condition on one choice."""

from __future__ import annotations

from typing import TypeAlias

Path: TypeAlias = tuple[tuple[str, int], ...]
"""The draws of choices, outermost first, as (label, value), that lead to a node."""


def condition_of(
    label: str, paths: dict[str, list[Path]], sizes: dict[str, int]
) -> dict[str, list[int]] | None:
    """Return under which values of which choice a label is drawn.

    The choice's own condition is implied.

    Args:
        label: Whose condition is asked for.
        paths: All ways that lead to each label.
        sizes: How many options each choice has.

    Returns:
        Nothing for one that is always drawn; None where no one choice decides.
    """
    found = _without_implied(paths[label])
    while (condition := _on_one_choice(found, paths)) is None:
        # All options of a choice are no condition on it.
        shorter = _without_full_choices(found, sizes)
        if shorter == found:
            return None
        found = _without_implied(shorter)
    return condition


def further_places(
    paths: list[Path], condition: dict[str, list[int]]
) -> dict[str, list[int]]:
    """Return where a label is drawn that its condition does not name.

    Args:
        paths: All ways that lead to the label.
        condition: As of `condition_of`, which implies them.
    """
    found: dict[str, list[int]] = {}
    for path in filter(None, paths):
        parent, value = path[-1]
        if value not in [*condition.get(parent, ()), *found.get(parent, ())]:
            found.setdefault(parent, []).append(value)
    return {parent: sorted(values) for parent, values in found.items()}


def _without_implied(paths: list[Path]) -> list[Path]:
    """Leave out the ways that go on from where another one ends."""
    unique = list(dict.fromkeys(paths))
    return [
        path
        for path in unique
        if not any(set(other) < set(path) for other in unique if other != path)
    ]


def _on_one_choice(
    found: list[Path], paths: dict[str, list[Path]]
) -> dict[str, list[int]] | None:
    if () in found:
        return {}
    parents = {path[-1][0] for path in found}
    if len(parents) != 1:
        return None
    (parent,) = parents
    ways: dict[int, set[Path]] = {}
    for *before, (_, value) in found:
        ways.setdefault(value, set()).add(tuple(before))
    # However the choice is reached, the value must lead here.
    reached = set(_without_implied(paths[parent]))
    if any(before != reached for before in ways.values()):
        return None
    return {parent: sorted(ways)}


def _without_full_choices(found: list[Path], sizes: dict[str, int]) -> list[Path]:
    values: dict[tuple[Path, str], set[int]] = {}
    for *before, (parent, value) in found:
        values.setdefault((tuple(before), parent), set()).add(value)
    return [
        tuple(before)
        if len(values[tuple(before), parent]) == sizes.get(parent)
        else (*before, (parent, value))
        for *before, (parent, value) in found
    ]
