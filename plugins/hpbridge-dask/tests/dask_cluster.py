"""One small Dask cluster for all tests: it takes seconds to start."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from waiting import PATIENCE

from hpbridge_dask import DRIVER
from hpbridge_dask.driver.opening import open_client
from hpbridge_dask.driver.own import OwnCluster

_shared = contextlib.ExitStack()
_client = None


def client():
    """The client of the cluster that all share: two workers with nannies."""
    global _client  # noqa: PLW0603 - one a process
    if _client is None:
        from distributed import Client

        own = _shared.enter_context(OwnCluster(2))
        _client = _shared.enter_context(
            Client(own.address(), set_as_default=False, timeout=60)
        )
    _client.wait_for_workers(2, timeout=PATIENCE)  # a test may have killed one
    return _client


def leave():
    _shared.close()


@contextlib.contextmanager
def open_shared(experiment, settings):
    with open_client(client(), experiment, settings) as executor:
        yield executor


SHARED = replace(DRIVER, open=open_shared)
"""The driver on the cluster that is there."""
