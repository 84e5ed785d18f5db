"""Start Ray when it does not run, and keep it and Tune quiet.

Ray is started once and kept for the rest of the process, since it takes seconds and a
comparison has many studies. Ray itself ends it when the process exits.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import warnings
from typing import TYPE_CHECKING, Any

import ray

from hpbridge.plugin import GlobalRandom
from hpbridge_ray import _upstream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Whether the Ray that runs is ours, to be restarted when it is too small.
_is_ours = False


def ensure_ray(workers: int) -> None:
    """Make sure that Ray runs and that so many actors fit on it.

    A Ray that the user has initialized is used as it is. Otherwise ``RAY_ADDRESS``
    says where it is, or a local one is started, with a processor for every worker.
    """
    global _is_ours  # noqa: PLW0603 - one Ray a process
    if ray.is_initialized():
        if not _is_ours or ray.cluster_resources().get("CPU", 0) >= workers:
            return
        ray.shutdown()
    settings: dict[str, Any] = {"address": None}
    _is_ours = not os.environ.get("RAY_ADDRESS")
    if _is_ours:
        n_cpus = max(workers, os.cpu_count() or 1)
        settings = {"address": "local", "num_cpus": n_cpus, "include_dashboard": False}
    silence = quiet(RAY_USAGE_STATS_ENABLED="0", PYTHONBREAKPOINT=None)
    here = _upstream.same_environment() if _is_ours else contextlib.nullcontext()
    with GlobalRandom(), silence, here:  # Ray draws from the global generators
        ray.init(**settings, log_to_driver=False, configure_logging=False)


@contextlib.contextmanager
def quiet(**environment: str | None) -> Iterator[None]:
    """Silence Ray's logging and warnings while the body runs.

    Args:
        environment: Variables to set meanwhile; None for one that Ray itself sets and
            that is only put back.

    Source:
        ray 2.60.0: all its loggers hand on to the logger ``ray``; `ray.init` sets
        ``PYTHONBREAKPOINT`` to its own debugger, and, for its later processes,
        ``RAY_AUTH_MODE``.
    """
    logger = logging.getLogger("ray")
    level, before = logger.level, {name: os.environ.get(name) for name in environment}
    logger.setLevel(logging.CRITICAL + 1)
    _set_environment({n: v for n, v in environment.items() if v is not None})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        _set_environment(before)


def _set_environment(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def muted() -> contextlib.AbstractContextManager[None]:
    """Keep back what our own Ray prints on stdout when a worker process dies.

    The trial's record says it.
    """
    return _upstream.muted() if _is_ours else contextlib.nullcontext()


@contextlib.contextmanager
def restored_sigusr1() -> Iterator[None]:
    """Put back the handler of SIGUSR1, which `Tuner.fit` replaces for good."""
    is_possible = threading.current_thread() is threading.main_thread()
    if not is_possible or not hasattr(signal, "SIGUSR1"):
        yield
        return
    before = signal.getsignal(signal.SIGUSR1)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)
