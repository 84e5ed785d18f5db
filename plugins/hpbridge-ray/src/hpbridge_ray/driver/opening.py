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
    _look()
    from hpbridge_ray.driver.cluster import ensure_ray

    ensure_ray(settings.workers)


def open_actors(
    experiment: Experiment, settings: Settings
) -> AbstractContextManager[Executor]:
    """Start actors, and end them when the context ends.

    Raises:
        DriverError: If there is no Ray.
    """
    _look()
    from hpbridge_ray.driver import pool

    return pool.open_actors(experiment, settings)


def _look() -> None:
    """Look at the address that the environment names, where one is to be joined."""
    ray = sys.modules.get("ray")
    is_joined = ray is not None and ray.is_initialized()
    if not is_joined and address.given() != address.LOCAL:
        address.look(address.given())
