"""Start Ray when it does not run, or join one, and keep it and Tune quiet.

Ray is started once and kept for the rest of the process, since it takes seconds and a
comparison has many studies. Ray itself ends it when the process exits.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import threading
import warnings
from typing import TYPE_CHECKING, Any

import ray

from hpbridge.plugin import DriverError, GlobalRandom, describe_error
from hpbridge_ray import _upstream
from hpbridge_ray.driver import address
from hpbridge_ray.driver.watch import Watch
from hpbridge_ray.driver.witness import witness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpbridge_ray.driver.address import Given

# Whether the Ray that runs is ours, to be restarted when it is too small.
_is_ours = False

# Where the Ray is that runs, if this module has joined it.
_joined = ""

# On a busy machine, Ray's own half minute for its start may not be enough.
_MOST_STARTS = 3

# Ray ends a process whose node dies before it has joined.
_ENDED = (
    "This process ended while it joined Ray; Ray ends it so when its node on this "
    "machine (the raylet) dies meanwhile. No trial has run.\nHint: run it again; "
    "/tmp/ray/session_latest/logs/raylet.err may say why the node died.\n"
)


def ensure_ray(n_cpus: int, place: Given | None = None) -> None:
    """Make sure that Ray runs, and has so many processors where it is ours.

    A Ray that the user has initialized is used as it is, unless another one is named.
    Otherwise one is joined, or a local one is started.

    Args:
        n_cpus: How many processors a local one has at least.
        place: Where it is; by default, what the environment says.

    Raises:
        DriverError: If there is none where there should be one, or it does not start.
    """
    global _is_ours, _joined  # noqa: PLW0603 - one Ray a process
    place = place or address.given()
    if ray.is_initialized():
        watch = Watch()
        is_there = watch.why() is None
        watch.close()
        if is_there and _is_meant(place) and (not _is_ours or _n_cpus() >= n_cpus):
            return
        leave_ray()
    _is_ours, _joined = place.place == address.LOCAL, ""
    if _is_ours:
        _start(max(n_cpus, os.cpu_count() or 1))
    else:
        address.check(place)
        _join(place)
        _joined = place.place


def _is_meant(place: Given) -> bool:
    """Say whether the Ray that runs is the one that is meant.

    Raises:
        DriverError: If it is another one, which the user has joined.
    """
    is_named = place.source == address.OPTION and place.place != address.AUTO
    if not is_named or place.place == _joined:
        return True
    if place.place == address.LOCAL:
        return not _joined
    its = ray.get_runtime_context().gcs_address
    if its == place.place:
        return True
    if _is_ours or _joined:
        return False
    headline = "This process has joined another Ray than it is to use"
    problem = f"it is at {its!r}, and address={place.place!r}"
    hint = "`ray.shutdown()` before, or leave out the address"
    raise DriverError(headline, [problem], hint)


def _n_cpus() -> float:
    return float(ray.cluster_resources().get("CPU", 0))


def leave_ray() -> None:
    """Leave the Ray that runs; end it if this process started it."""
    with quiet():
        ray.shutdown()


def _start(n_cpus: int) -> None:
    """Start a local Ray, again where it only took too long."""
    for attempt in range(1, _MOST_STARTS + 1):
        try:
            _init(address=address.LOCAL, num_cpus=n_cpus, include_dashboard=False)
        except BaseException as error:  # cleared away first
            clear_away(error)
            if not isinstance(error, Exception):
                raise
            if is_late(error) and attempt < _MOST_STARTS:
                continue
            times = f" in {attempt} attempts" if attempt > 1 else ""
            headline = f"Ray does not start on this machine{times}"
            hint = "`ray start --head` shows whether it starts at all; it wants memory"
            raise DriverError(headline, [describe_error(error)], hint) from error
        return


def is_late(error: BaseException) -> bool:
    """Say whether a start of Ray failed since it took too long."""
    return "timed out" in str(error).lower()


def clear_away(error: BaseException) -> None:
    """End the processes of a Ray whose start failed with this, and its folder."""
    with quiet():
        ray.shutdown()
        folder = _upstream.end_half_started(error)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _join(place: Given) -> None:
    try:
        _init(address=place.place)
    except Exception as error:  # Ray's errors are of many kinds
        clear_away(error)
        headline = f"The Ray at {place.source}={place.place!r} cannot be joined"
        hint = f"`ray status --address {place.place}` shows how it is"
        raise DriverError(headline, [describe_error(error)], hint) from error


def _init(**settings: Any) -> None:
    silence = quiet(RAY_USAGE_STATS_ENABLED="0", PYTHONBREAKPOINT=None)
    here = _upstream.same_environment() if _is_ours else contextlib.nullcontext()
    # Ray draws from the global generators.
    with GlobalRandom(), silence, here, witness(_ENDED):
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
