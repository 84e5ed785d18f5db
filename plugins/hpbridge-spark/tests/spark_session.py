"""One small Spark for all tests: it takes seconds to start."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from hpbridge_spark import DRIVER
from hpbridge_spark.driver.opening import open_session
from hpbridge_spark.options import SparkOptions

_shared = contextlib.ExitStack()
_session = None


def session():
    """The session that all share: two cores of this machine."""
    global _session  # noqa: PLW0603 - one a process
    if _session is None:
        from pyspark.sql import SparkSession

        from hpbridge_spark.driver.session import joined

        _shared.enter_context(joined(SparkOptions(), 2))
        _session = SparkSession.getActiveSession()
    return _session


def leave():
    _shared.close()


@contextlib.contextmanager
def open_shared(experiment, settings):
    with open_session(session(), experiment, settings) as executor:
        yield executor


SHARED = replace(DRIVER, open=open_shared)
"""The driver in the session that is there."""
