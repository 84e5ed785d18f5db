"""Points in a host's words, compared with those of a space."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.space.parameters import Label
    from hpbridge.space.space import Space


def searched_part(space: Space, params: Mapping[str, object]) -> dict[str, object]:
    """Return what a space searches of what a host ran."""
    searched = space.searched
    return {name: value for name, value in params.items() if name in searched}


def agrees(
    space: Space, proposed: Mapping[str, Label], params: Mapping[str, object]
) -> bool:
    """Say whether nothing that ran is other than proposed; some may be missing."""
    return all(
        _plain(space, name, params[name]) == (value,)
        for name, value in proposed.items()
        if name in params
    )


def is_same(
    space: Space, proposed: Mapping[str, Label], params: Mapping[str, object]
) -> bool:
    """Say whether what ran is what was proposed, whole."""
    is_whole = all(name in params for name in proposed)
    return is_whole and agrees(space, proposed, params)


def is_wrong(space: Space, params: Mapping[str, object]) -> bool:
    """Say whether any value is none of its parameter's."""
    return any(_plain(space, name, value) is None for name, value in params.items())


def _plain(space: Space, name: str, value: object) -> tuple[Label] | None:
    """Return a value in plain form; None where it is none of the parameter's."""
    try:
        return (space[name].canonical(value),)
    except ValueError:
        return None
