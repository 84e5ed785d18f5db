"""Each worker's share of the machine: how many threads its libraries may start.

A library of linear algebra starts a thread for each core, in each process. Its number
is read from the environment when it is loaded, so that is where it is set.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from hpbridge.errors import count

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""What libraries read, PyTorch the first. Most of them read the first one too."""

_CGROUP_2 = "/sys/fs/cgroup/cpu.max"
_CGROUP_1 = "/sys/fs/cgroup/cpu/cpu.cfs_{}_us"


def n_cores() -> int:
    """Return how many cores this process may use, its container's limit included."""
    counts = [os.cpu_count() or 1]
    if hasattr(os, "sched_getaffinity"):
        counts.append(len(os.sched_getaffinity(0)))
    quota = _quota()
    if quota is not None:
        counts.append(math.ceil(quota))
    return max(min(counts), 1)


def _quota() -> float | None:
    """Return how many cores the container may use; None for any number.

    Source: docs.kernel.org, admin-guide/cgroup-v2 and scheduler/sched-bwc.
    """
    try:
        limits = Path(_CGROUP_2).read_text(encoding="ascii").split()
    except OSError:
        try:
            limits = [
                Path(_CGROUP_1.format(name)).read_text(encoding="ascii").strip()
                for name in ("quota", "period")
            ]
        except OSError:
            return None
    try:
        quota, period = map(int, limits)
    except ValueError:  # "max"
        return None
    return quota / period if quota > 0 and period > 0 else None


def threads_of(workers: int, given: int | None = None) -> int | None:
    """Return how many threads each worker's libraries start; None for their own rule.

    Args:
        workers: That share this machine's cores.
        given: What the user wants; None for an equal share.
    """
    if given is not None:
        return given
    return None if workers == 1 else max(n_cores() // workers, 1)


def limits_of(
    threads: int | None, given: int | None, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables that keep a process to so many threads.

    What the environment has already is left as it is, unless the number was given.

    Args:
        threads: As of `threads_of`.
        given: As there.
        environment: That the process would get.
    """
    if threads is None:
        return {}
    if given is not None:
        return dict.fromkeys(VARIABLES, str(threads))
    default = environment.get(VARIABLES[0], str(threads))
    return {name: default for name in VARIABLES if name not in environment}


def in_words(workers: int, given: int | None = None) -> list[str]:
    """Return how workers share this machine's cores, in sentences.

    Args:
        workers: As of `threads_of`.
        given: As there.
    """
    threads = threads_of(workers, given)
    if threads is None:
        return []
    limits = limits_of(threads, given, os.environ)
    own = sorted(name for name in VARIABLES if name not in limits)
    who, where = count(workers, "worker"), count(n_cores(), "core")
    what = f"BLAS, OpenMP, PyTorch and others start {count(threads, 'thread')} in each"
    said = [f"{who} on {where}: {what}."]
    if own:
        said.append(f"What the environment says counts more: {', '.join(own)}.")
    return said
