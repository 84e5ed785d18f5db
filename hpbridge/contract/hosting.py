"""What a plugin says of a host: a library's own API that takes any optimizer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class HostSpec:
    """A library's own API into which any optimizer plugs.

    What every host keeps are checks of the host kit (`hpbridge.testing.host_checks`):
    a guest proposes inside what it proposes alone; what cannot run is refused before
    the first trial; every proposal is told, once, bad outcomes included; an optimizer
    that has nothing left ends the loop.

    Attributes:
        line: The line of an existing script that changes, with ``{optimizer}`` where
            the user writes ``backend:algorithm``.
        more_lines: The same of the host's other objects.
        defaults: By ``backend:algorithm``, options that the host's own object has by
            default, where that differs from the library's one call that runs a search,
            which an algorithm's options are those of.
        upstream: As of `BackendSpec`, of what the host builds on; None where it is the
            backend's library, whose record says it.
    """

    name: str
    """Lower-case: a backend's name, or that of the library."""
    summary: str
    """The extension point, as in ``a BaseSampler for Study.optimize``."""
    line: str
    requires: tuple[str, ...] = ()
    more_lines: tuple[str, ...] = ()
    defaults: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    upstream: Callable[[], list[str]] | None = None

    def options(self, optimizer: str, given: Mapping[str, object]) -> dict[str, object]:
        """Return the options of an optimizer in this host: its defaults, and the given.

        Args:
            optimizer: ``backend:algorithm``, whole.
            given: By name, as the user has them.

        Example:
            >>> plain = {"acq": "hedge"}
            >>> host = HostSpec("a", "an Optimizer", "", defaults={"a:gp": plain})
            >>> host.options("a:gp", {"points": 3})
            {'acq': 'hedge', 'points': 3}
        """
        return {**self.defaults.get(optimizer, {}), **given}
