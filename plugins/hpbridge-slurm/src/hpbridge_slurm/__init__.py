"""Slurm as a place where trials run.

Everything that is declared is here; nothing here imports submitit.
"""

from __future__ import annotations

from hpbridge.plugin import DriverSpec, hookimpl, lazy
from hpbridge_slurm.options import SlurmOptions

DRIVER = DriverSpec(
    name="slurm",
    summary="Agents in jobs of Slurm, submitted by submitit.",
    open=lazy("hpbridge_slurm.driver.opening:open_slurm"),
    requires=("submitit>=1.5",),
    logs=True,
    limits=frozenset({"trials_per_worker", "memory_trial", "threads_per_worker"}),
    options=SlurmOptions,
    needs="Slurm's commands, and a folder that all nodes share",
    address="0.0.0.0:0",
)


@hookimpl
def hpbridge_drivers() -> list[DriverSpec]:
    return [DRIVER]
