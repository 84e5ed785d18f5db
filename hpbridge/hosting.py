"""The hosts that are installed: the plugins', and scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.registry import registry

if TYPE_CHECKING:
    from hpbridge.backend import HostSpec


def hosts() -> dict[str, HostSpec]:
    """Return every host by name: the plugins', and the core's own last."""
    from hpbridge.sklearn import HOST

    return {**registry().hosts, HOST.name: HOST}
