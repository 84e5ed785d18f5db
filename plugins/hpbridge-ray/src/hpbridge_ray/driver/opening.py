"""The drivers' doors: whether there can be a Ray is seen before it is imported."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hpbridge_ray.driver import address

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from hpbridge.plugin import Executor, Experiment, Settings


def prepare(settings: Settings) -> None:
    """Make sure that there is a Ray for a Tuner.

    Raises:
        DriverError: If there is none.
    """
    _look(settings)
    from hpbridge_ray.driver.tuner import prepared

    prepared(settings)


def open_actors(
    experiment: Experiment, settings: Settings
) -> AbstractContextManager[Executor]:
    """Start actors, and end them when the context ends.

    Raises:
        DriverError: If there is no Ray.
    """
    _look(settings)
    from hpbridge_ray.driver import pool

    return pool.open_actors(experiment, settings)


def _look(settings: Settings) -> None:
    """Look at the address that is named, where one is to be joined."""
    ray = sys.modules.get("ray")
    is_joined = ray is not None and ray.is_initialized()
    place = address.given((settings.driver_options or {}).get(address.OPTION))
    if not is_joined and place.place != address.LOCAL:
        address.look(place)
