"""What a check found: a code, a sentence, a number and a hint."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


REMARK = re.compile(r"HPB2\d\d: ")
"""How a note begins that says what a check of the search found at its end."""


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        code: ``HPB1nn`` of the data, ``HPB2nn`` of the search; stable, and what
            silences it.
        title: The mistake in a few words.
        spoke: Whether the mistake was found; None where the check cannot be made, for
            the reason that is its sentence.
        sentence: What was found, with its number.
        number: What the check measured; None where it cannot be made.
        hint: What to do about it; empty where it was silent.
    """

    code: str
    title: str
    spoke: bool | None
    sentence: str
    number: float | None = None
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """Return what `to_json` was made of."""
        return cls(**{n: data[n] for n in cls.__dataclass_fields__ if n in data})


def cannot(code: str, title: str, why: str) -> Finding:
    """Return that a check cannot be made, and why."""
    return Finding(code, title, None, why)
