"""MPI's ranks as a place where trials run.

Everything that is declared is here; nothing here imports mpi4py.
"""

from __future__ import annotations

from hpbridge.plugin import DriverSpec, hookimpl, lazy
from hpbridge_mpi.options import MpiOptions

DRIVER = DriverSpec(
    name="mpi",
    summary="Agents in the ranks of an MPI job but the first, which coordinates.",
    open=lazy("hpbridge_mpi.driver.opening:open_ranks"),
    attend=lazy("hpbridge_mpi.driver.opening:attend"),
    requires=("mpi4py>=4.0",),
    logs=True,
    limits=frozenset({"trials_per_worker", "memory_trial", "threads_per_worker"}),
    options=MpiOptions,
    needs="mpiexec -n 9 hpbridge run ...",
    address="0.0.0.0:0",
)


@hookimpl
def hpbridge_drivers() -> list[DriverSpec]:
    return [DRIVER]
