"""How ranks are used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MpiOptions:
    """How ranks are used.

    Attributes:
        listen: Where agents come to; port 0 is any that is free. On this machine alone
            where None and all ranks are here.
    """

    listen: str | None = None
