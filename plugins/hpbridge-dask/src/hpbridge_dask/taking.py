"""What of Dask's own can be a driver: a `Client`, and what its `get_executor` gives.

Dask is not imported to find out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import is_instance_of, lazy

if TYPE_CHECKING:
    from collections.abc import Callable

_open_client = lazy("hpbridge_dask.driver.opening:open_client")


def open_on(given: object) -> Callable[..., Any] | None:
    """Return what opens the driver on an object of Dask's; None for any other."""
    is_client = is_instance_of(given, "distributed", "Client")
    if not is_client and not is_instance_of(given, "distributed", "ClientExecutor"):
        return None
    return partial(_open_client, given)
