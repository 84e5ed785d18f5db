"""One error for several that end a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.errors import StoreError

if TYPE_CHECKING:
    from hpbridge.errors import HpbridgeError


def joined(errors: list[HpbridgeError]) -> HpbridgeError | None:
    """Return one error for several; each trial that could not be saved is in it."""
    unsaved = [error for error in errors if isinstance(error, StoreError)]
    if len(unsaved) > 1:
        first = unsaved[0]
        problems = [p for error in unsaved for p in error.problems]
        heads = [e.brief for e in unsaved if e.headline != first.headline]
        joined = first.but(problems=list(dict.fromkeys([*problems, *heads])))
        joined.__cause__ = first
        return joined
    return (unsaved or errors or [None])[0]
