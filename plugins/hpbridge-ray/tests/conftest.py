from __future__ import annotations

import contextlib
import gc
import os
import warnings

import process_of_tests
import pytest

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TQDM": "0",
}

process_of_tests.prepare()

_running = contextlib.ExitStack()


@pytest.fixture(scope="session")
def cluster():
    """One small local Ray for all tests that ask for it: it takes seconds to start.

    The hooks start and stop it, so that the tests after them have no Ray beside them.
    """
    return _import_ray()


def pytest_itemcollected(item):
    """Let one worker of pytest-xdist run all tests that share the cluster."""
    if _needs_cluster(item):
        item.add_marker(pytest.mark.xdist_group("ray"))


def pytest_collection_modifyitems(items):
    """Run them in a row, and first: they take longest."""
    items.sort(key=lambda item: not _needs_cluster(item))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if _needs_cluster(item) and not _import_ray().is_initialized():
        _running.enter_context(_ray())


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem):
    if not _needs_cluster(nextitem):
        _running.close()


def _needs_cluster(item):
    return "cluster" in getattr(item, "fixturenames", ())


def _import_ray():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray.tune
    return ray


def _start(ray):
    """Start it, again where a busy machine took too long; nothing is left of that."""
    from hpbridge_ray.driver.cluster import clear_away, is_late

    for is_last in (False, False, True):
        try:
            ray.init(
                "local",
                num_cpus=2,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
            )
        except Exception as error:
            clear_away(error)
            if is_last or not is_late(error):
                raise
        else:
            return


@contextlib.contextmanager
def _ray():
    ray, before = _import_ray(), dict(os.environ)
    os.environ.update(_ENVIRONMENT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _start(ray)
    try:
        yield
    finally:
        with warnings.catch_warnings():
            # Ray 2.44 forgets its processes before it has waited for them.
            warnings.simplefilter("ignore", ResourceWarning)
            ray.shutdown()
            gc.collect()
        os.environ.clear()
        os.environ.update(before)
