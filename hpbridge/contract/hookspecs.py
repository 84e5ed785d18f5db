"""The hooks that a plugin may implement. They return records; nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.contract.backend import BackendSpec
    from hpbridge.contract.execution import DriverSpec, LoopSpec
    from hpbridge.contract.foreign import StudyFormat
    from hpbridge.contract.hosting import HostSpec
    from hpbridge.contract.pruning import PrunerSpec
    from hpbridge.contract.suites import SuiteSpec

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

            from hpbridge.contract.backend import BackendSpec
            from hpbridge.contract.hookspecs import hookimpl

            SPEC = BackendSpec(name="example", ...)

            @hookimpl
            def hpbridge_backends():
                return [SPEC]
    """


@hookspec
def hpbridge_drivers() -> Iterable[  # type: ignore[empty-body]
    DriverSpec | LoopSpec
]:
    """Return the drivers of a plugin: places to run trials, and loops of their own.

    Example:
        In the plugin module::

            from hpbridge.contract.execution import DriverSpec
            from hpbridge.contract.hookspecs import hookimpl

            @hookimpl
            def hpbridge_drivers():
                return [DriverSpec(name="cluster", summary="...", open=open_cluster)]
    """


@hookspec
def hpbridge_pruners() -> Iterable[PrunerSpec]:  # type: ignore[empty-body]
    """Return the pruners of a plugin: what decides whether running trials go on.

    Example:
        In the plugin module::

            from hpbridge.contract.hookspecs import hookimpl
            from hpbridge.contract.pruning import PrunerSpec
    from hpbridge.contract.suites import SuiteSpec

            @hookimpl
            def hpbridge_pruners():
                return [PrunerSpec(name="late", summary="...", make=make_late)]
    """


@hookspec
def hpbridge_study_formats() -> Iterable[StudyFormat]:  # type: ignore[empty-body]
    """Return the formats of existing studies that a plugin reads and writes.

    Must not import the library behind them.

    Example:
        In the plugin module::

            from hpbridge.contract.foreign import Part, StudyFormat
            from hpbridge.contract.hookspecs import hookimpl

            @hookimpl
            def hpbridge_study_formats():
                return [
                    StudyFormat(
                        name="example",
                        summary="Example's log of trials.",
                        looks_for="a .example file",
                        recognizes=is_example,
                        read=read_example,
                        write=write_example,
                        holds=frozenset({Part.FAILED}),
                    )
                ]
    """


@hookspec
def hpbridge_hosts() -> Iterable[HostSpec]:  # type: ignore[empty-body]
    """Return the hosts of a plugin: its library's APIs that take any optimizer.

    Example:
        In the plugin module::

            from hpbridge.contract.hosting import HostSpec
            from hpbridge.contract.hookspecs import hookimpl

            @hookimpl
            def hpbridge_hosts():
                return [
                    HostSpec(
                        name="example",
                        summary="a Strategy for example.search",
                        line='strategy=hpbridge_example.Bridge("{optimizer}")',
                    )
                ]
    """


@hookspec
def hpbridge_suites() -> Iterable[SuiteSpec]:  # type: ignore[empty-body]
    """Return the suites of benchmark problems of a plugin.

    Must not import the package behind them.

    Example:
        In the plugin module::

            from hpbridge.contract.hookspecs import hookimpl
            from hpbridge.contract.suites import BenchProblem, SuiteSpec

            def problems():
                return [BenchProblem(name="bowl", make=make_bowl, dimension=2)]

            @hookimpl
            def hpbridge_suites():
                return [SuiteSpec(name="bowls", summary="...", problems=problems)]
    """
