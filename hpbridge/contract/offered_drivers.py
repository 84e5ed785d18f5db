"""Options of the drivers that the core offers: declarations only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


def devices_in(text: str | None) -> tuple[str, ...]:
    """Return the names of devices, as in "0,1".

    Example:
        >>> devices_in("0, 1"), devices_in(None)
        (('0', '1'), ())
    """
    return () if text is None else tuple(name.strip() for name in text.split(","))


@dataclass(frozen=True)
class Local:
    """Options of `local` and `processes`."""

    gpus: str | None = None
    """Devices that the workers share, as ``CUDA_VISIBLE_DEVICES`` names them (``0,1``
    or ``GPU-`` and more): each worker sees one, as many workers each device."""

    def __post_init__(self) -> None:
        names = devices_in(self.gpus)
        odd = [
            n for n in names if not (n.isdecimal() or n.startswith(("GPU-", "MIG-")))
        ]
        problems = [f"{n!r} is no number and no UUID of a device" for n in odd]
        twice = [n for k, n in enumerate(names) if n in names[:k] and n not in odd]
        problems += [f"{n!r} is there twice" for n in dict.fromkeys(twice)]
        if problems:
            wanted = "'gpus' must be devices with commas between, as 0,1"
            msg = f"{wanted}, got {self.gpus!r}: {', '.join(problems)}"
            raise ValueError(msg)


@dataclass(frozen=True)
class Simulated:
    """Options of `simulated`."""

    optimizer_time: Literal["counted", "free"] = "counted"
    """Whether the real seconds that the study's own process spends between trials (its
    asks, tells and record) are added to virtual time."""
    replay: str | None = None
    """A recorded study, by name or file, whose trials are taken in place of running
    the objective: metrics, reports, and how long they ran."""
    replay_store: str | None = None
    """The store of that study; the default one where it is not given."""
    match: Literal["params", "number"] = "params"
    """Which recorded trial is taken: that with the same parameters (and budget), or
    that with the same number, whatever its parameters were."""


@dataclass(frozen=True)
class Http:
    """Options of `http`."""

    listen: str = "127.0.0.1:8765"
    """``HOST:PORT`` to which workers come; host ``0.0.0.0`` for all of this machine."""
    token_file: str | None = None
    """File with the token that workers must have, a line of text; by default the
    environment variable ``HPBRIDGE_TOKEN``. It may be left out where only this machine
    can come: then one is made, and kept for the user's own workers."""
    certfile: str | None = None
    """Certificate for TLS, in PEM, with those that certify it; then workers come to
    ``https://``."""
    keyfile: str | None = None
    """Its key, where that is not in the same file."""
    patience: float = 600.0
    """Seconds in which workers wait for a study that is away: killed and resumed."""

    def __post_init__(self) -> None:
        problems = []
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isdecimal():
            problems.append(f"listen must be HOST:PORT, got {self.listen!r}")
        if self.keyfile is not None and self.certfile is None:
            problems.append("keyfile needs certfile")
        if not 0 <= self.patience < float("inf"):
            problems.append(f"patience must be seconds from 0, got {self.patience!r}")
        if problems:
            raise ValueError("; ".join(problems))
