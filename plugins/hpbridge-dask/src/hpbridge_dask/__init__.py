"""Dask clusters as a place to run trials."""

from __future__ import annotations

from hpbridge.plugin import DriverSpec, hookimpl, lazy
from hpbridge_dask.options import DaskOptions
from hpbridge_dask.taking import open_on

DRIVER = DriverSpec(
    name="dask",
    summary="Long-lived tasks on a Dask cluster, each with a process for trials.",
    open=lazy("hpbridge_dask.driver.opening:open_dask"),
    requires=("distributed>=2026.8",),
    logs=True,
    limits=frozenset({"trials_per_worker", "memory_trial", "threads_per_worker"}),
    options=DaskOptions,
    needs="a scheduler whose workers have hpbridge-dask; starts its own without one",
    address="tcp://10.0.0.1:8786",
    open_on=open_on,
)


@hookimpl
def hpbridge_drivers() -> list[DriverSpec]:
    return [DRIVER]
