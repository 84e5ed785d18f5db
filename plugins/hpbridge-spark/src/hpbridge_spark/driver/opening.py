"""The driver's doors: whether there can be a Spark is seen before it is imported."""

from __future__ import annotations

import contextlib
import importlib.util
import re
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import DriverError, driver_options, knock, masked
from hpbridge_spark.options import SparkOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.plugin import Executor, Experiment, Settings

_MASTERS = re.compile(
    r"spark://(?P<masters>[^:/\s,]+:\d{1,5}(?:,[^:/\s,]+:\d{1,5})*)"
    r"|local(?:-cluster)?(?:\[[^\]]+\])?|yarn|k8s://\S+"
)


@contextlib.contextmanager
def open_spark(experiment: Experiment, settings: Settings) -> Iterator[Executor]:
    """Run trials at a master, in the session that is there, or in one of our own.

    Raises:
        DriverError: If there is none, or it cannot run them, or pyspark is missing.
    """
    options = driver_options(SparkOptions, settings)
    if options.address is not None:
        _look(options.address)
    # By import, since the pyspark of a SPARK_HOME has no distribution to be asked for.
    if importlib.util.find_spec("pyspark") is None:
        headline = "The driver spark needs pyspark, which is not installed"
        hint = "`pip install pyspark`, of the version of your cluster"
        raise DriverError(headline, hint=hint)
    from hpbridge_spark.driver import session

    n_workers = min(settings.workers, settings.n_trials)
    with (
        session.joined(options, n_workers) as context,
        session.agents(context, experiment, settings) as executor,
    ):
        yield executor


def _look(address: str) -> None:
    """See that an address is one of Spark's, and that something is there.

    Raises:
        DriverError: If it is not.
    """
    found = _MASTERS.fullmatch(address)
    problems = ["it must be spark://HOST:PORT, local[N], yarn or k8s://..."]
    if found is not None:
        places = (found["masters"] or "").split(",")
        problems = [problem for place in places if (problem := _knock(place))]
        if len(problems) < len(places):  # any of several masters will do
            return
    headline = f"No Spark runs trials at {masked(address)!r}"
    hint = "give what the master printed, or nothing for a Spark that starts here"
    raise DriverError(headline, problems, hint)


def _knock(place: str) -> str | None:
    host, _, port = place.rpartition(":")
    if not host:
        return None
    problem = knock(host, int(port))
    return None if problem is None else f"{place}: {problem}"


@contextlib.contextmanager
def open_session(
    given: Any, experiment: Experiment, settings: Settings
) -> Iterator[Executor]:
    """Run trials in the caller's session.

    Raises:
        DriverError: If it has stopped, or is of Spark Connect.
    """
    from hpbridge_spark.driver import session

    context = session.context_of(given)
    with session.agents(context, experiment, settings) as executor:
        yield executor
