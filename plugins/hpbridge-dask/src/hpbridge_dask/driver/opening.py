"""The driver's doors: whether there can be a Dask is seen before it is imported."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import DriverError, driver_options
from hpbridge_dask.driver import address
from hpbridge_dask.driver.own import OwnCluster
from hpbridge_dask.options import DaskOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.plugin import Executor, Experiment, Settings


@contextlib.contextmanager
def open_dask(experiment: Experiment, settings: Settings) -> Iterator[Executor]:
    """Run trials on the cluster at an address, or on one of its own.

    Raises:
        DriverError: If there is none, or it cannot run them.
    """
    options = driver_options(DaskOptions, settings)
    place = address.given(options)
    if place is not None:
        address.look(place)
        from hpbridge_dask.driver import cluster

        with cluster.joined(place) as client:
            cluster.check(client, options, settings.workers)
            with cluster.agents(client, experiment, settings) as executor:
                yield executor
        return
    if options.wanted():
        headline = "A Dask cluster that is started here has no resources to share out"
        raise DriverError(headline, hint="leave 'resources' out, or give an address")
    with OwnCluster(min(settings.workers, settings.n_trials)) as own:
        from hpbridge_dask.driver import cluster

        with (
            cluster.joined(own.address()) as client,
            cluster.agents(client, experiment, settings, own=own) as executor,
        ):
            yield executor


@contextlib.contextmanager
def open_client(
    given: Any, experiment: Experiment, settings: Settings
) -> Iterator[Executor]:
    """Run trials on the cluster of the caller's client, or of its executor.

    Raises:
        DriverError: If it is not connected, or the cluster cannot run them.
    """
    from hpbridge_dask.driver import cluster

    client, words = cluster.client_of(given)
    options = driver_options(DaskOptions, settings)
    cluster.check(client, options, settings.workers, words)
    with cluster.agents(client, experiment, settings, words=words) as executor:
        yield executor
