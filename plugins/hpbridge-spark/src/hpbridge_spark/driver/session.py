"""A Spark session: the one that is there, or one of our own, and agents in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import DriverError, describe_error, driver_options, open_hands
from hpbridge_spark._upstream import end_java
from hpbridge_spark.driver.crew import SparkCrew
from hpbridge_spark.options import SparkOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark import SparkContext

    from hpbridge.plugin import Executor, Experiment, Settings

_PYTHON = "PYSPARK_PYTHON"
_QUIET = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
_LOOPBACK = "127.0.0.1"
_HERE = {"spark.driver.host": _LOOPBACK, "spark.driver.bindAddress": _LOOPBACK}


def context_of(session: Any) -> SparkContext:
    """Return the context of a caller's session.

    Raises:
        DriverError: If it has none that runs.
    """
    try:
        context: SparkContext = session.sparkContext
        is_stopped = context._jsc is None
    except Exception as error:  # of Spark Connect, it raises one of pyspark's own
        headline = "driver= takes no session of Spark Connect, which starts no tasks"
        hint = "give the address of the master, spark://HOST:PORT"
        raise DriverError(headline, [describe_error(error)], hint) from error
    if is_stopped:
        headline = "The SparkSession has stopped"
        raise DriverError(headline, hint="make a new one")
    return context


@contextlib.contextmanager
def joined(options: SparkOptions, workers: int) -> Iterator[SparkContext]:
    """Give the context of the session that runs, or of one that is made meanwhile.

    Raises:
        DriverError: If the one that runs is of another master, or none starts.
    """
    with _muted():
        from pyspark.sql import SparkSession

        active = SparkSession.getActiveSession()
    if active is not None:
        context = context_of(active)
        if options.address not in {None, context.master}:
            headline = (
                f"This process has a Spark session at {context.master!r} already, not "
                f"at {options.address!r}, and can have one only"
            )
            raise DriverError(headline, hint="stop that session, or give no address")
        yield context
        return
    session = _start(options, workers)
    try:
        yield session.sparkContext
    finally:
        with contextlib.suppress(Exception):  # its Java may be gone
            session.stop()
        end_java()


@contextlib.contextmanager
def _muted() -> Iterator[None]:
    with warnings.catch_warnings():
        # pyspark 4.3 warns of pandas 3, which nothing here gives it.
        warnings.simplefilter("ignore")
        yield


def _start(options: SparkOptions, workers: int) -> Any:
    """Start a session; this process is to stay as it was."""
    from pyspark.sql import SparkSession

    has_java = os.environ.get("JAVA_HOME") or shutil.which("java")
    if not has_java:
        headline = "Spark does not start: there is no Java on this machine"
        raise DriverError(headline, hint="install Java 17 or newer, or set JAVA_HOME")
    master = options.address or f"local[{workers}]"
    is_here = master.startswith("local")
    conf = {**_QUIET, **(_HERE if is_here else {}), **options.conf}
    builder = SparkSession.builder.master(master).appName("hpbridge")
    for name, value in conf.items():
        builder = builder.config(name, value)
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    try:
        with _muted(), _same_python() if is_here else contextlib.nullcontext():
            session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF" if is_here else "ERROR")
    except Exception as error:  # py4j's are of many kinds
        end_java()
        headline = f"Spark does not start at {master!r}"
        hint = f"`pyspark --master {master}` shows whether it starts at all"
        raise DriverError(headline, [describe_error(error)], hint) from error
    finally:
        if is_main:  # Spark's own would cancel every job before it interrupts
            signal.signal(signal.SIGINT, handler)
    return session


@contextlib.contextmanager
def _same_python() -> Iterator[None]:
    """Let executors of this machine run this Python; a context notes it as it starts.

    Source:
        pyspark 4.3.0, `SparkContext._do_init`.
    """
    if _PYTHON in os.environ:
        yield
        return
    os.environ[_PYTHON] = sys.executable
    try:
        yield
    finally:
        del os.environ[_PYTHON]


@contextlib.contextmanager
def agents(
    context: SparkContext, experiment: Experiment, settings: Settings
) -> Iterator[Executor]:
    """Start agents on the executors, and end them when the context ends.

    Raises:
        ExperimentError: If the experiment cannot be sent.
        DriverError: If no agent comes.
    """
    options = driver_options(SparkOptions, settings)
    conf = context.getConf()
    n_slots = context.defaultParallelism // int(conf.get("spark.task.cpus", "1") or 1)
    # Of a cluster, executors may still come.
    if context.master.startswith("local[") and n_slots < settings.workers:
        warnings.warn(
            f"Spark at {context.master} runs {n_slots} trials at the same time, not "
            f"{settings.workers}",
            stacklevel=2,
        )
    host = conf.get("spark.driver.host", _LOOPBACK) or _LOOPBACK
    at = f"{host}:0"
    if options.listen is not None:
        has_port = options.listen.rpartition("]")[2].count(":") == 1
        at = options.listen if has_port else f"{options.listen}:0"
    crew = SparkCrew(context)
    with open_hands(
        experiment, settings, crew, at=at, patience=options.patience
    ) as executor:
        yield executor
