"""What of Spark's own can be a driver: a `SparkSession`.

Spark is not imported to find out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import is_instance_of, lazy

if TYPE_CHECKING:
    from collections.abc import Callable

_open_session = lazy("hpbridge_spark.driver.opening:open_session")


def open_on(given: object) -> Callable[..., Any] | None:
    """Return what opens the driver on a session; None for any other object."""
    if not is_instance_of(given, "pyspark", "SparkSession"):
        return None
    return partial(_open_session, given)
