"""The hooks that a plugin may implement. They return records; nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.backend import BackendSpec, DriverSpec

hookspec = pluggy.HookspecMarker("hpbridge")
hookimpl = pluggy.HookimplMarker("hpbridge")
"""Mark a plugin's function as the implementation of a hook."""


@hookspec
def hpbridge_backends() -> Iterable[BackendSpec]:  # type: ignore[empty-body]
    """Return the backends of a plugin.

    Must not import the library behind them.

    Example:
        A complete plugin module, found by the entry point
        ``[project.entry-points.hpbridge]``, ``example = "hpbridge_example"``::

            from hpbridge.backend import BackendSpec
            from hpbridge.hookspecs import hookimpl

            SPEC = BackendSpec(name="example", ...)

            @hookimpl
            def hpbridge_backends():
                return [SPEC]
    """


@hookspec
def hpbridge_drivers() -> Iterable[DriverSpec]:  # type: ignore[empty-body]
    """Return the drivers of a plugin: other loops that can run the trials.

    Example:
        In the plugin module::

            from hpbridge.backend import DriverSpec
            from hpbridge.hookspecs import hookimpl

            @hookimpl
            def hpbridge_drivers():
                return [DriverSpec(name="cluster", summary="...", run=run_on_cluster)]
    """
