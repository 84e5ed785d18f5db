"""What the core itself registers, through the same hooks and entry point as a plugin.

Declarations only: their functions are imported when they are first called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.execution import DriverSpec
from hpbridge.contract.foreign import Part, StudyFormat
from hpbridge.contract.hookspecs import hookimpl
from hpbridge.contract.hosting import HostSpec
from hpbridge.contract.lazy import lazy
from hpbridge.contract.offered_backends import BACKENDS
from hpbridge.contract.offered_drivers import Http, Local, Simulated
from hpbridge.contract.offered_pruners import PRUNERS
from hpbridge.contract.offered_suites import SUITES

if TYPE_CHECKING:
    from hpbridge.contract.backend import BackendSpec
    from hpbridge.contract.pruning import PrunerSpec
    from hpbridge.contract.suites import SuiteSpec

DEFAULT_DRIVER = "local"
"""The driver of a backend that does not name another."""

_PANDAS = ("pandas>=2.2", "pyarrow>=15")

_OF_A_TABLE = frozenset(
    {
        Part.LABELS,
        Part.FURTHER,
        Part.FAILED,
        Part.ERRORS,
        Part.PRUNED,
        Part.STAGES,
        Part.NON_FINITE,
        Part.TIMES,
        Part.ATTRIBUTES,
    }
)

DRIVERS = (
    DriverSpec(
        name=DEFAULT_DRIVER,
        summary="This process, or worker processes where trials run side by side.",
        open=lazy("hpbridge.drivers.local:open_local"),
        logs=True,
        limits=frozenset({"trials_per_worker", "memory_trial", "threads_per_worker"}),
        options=Local,
        needs="nothing",
    ),
    DriverSpec(
        name="processes",
        summary="Worker processes of this machine, also for one trial at a time.",
        open=lazy("hpbridge.drivers.workers:open_workers"),
        logs=True,
        limits=frozenset({"trials_per_worker", "memory_trial", "threads_per_worker"}),
        options=Local,
        needs="nothing",
    ),
    DriverSpec(
        name="threads",
        summary="Threads of this process, for objectives that wait or release the GIL.",
        open=lazy("hpbridge.drivers.local:open_threads"),
        isolates=False,
        needs="nothing",
    ),
    DriverSpec(
        name="simulated",
        summary="Virtual time: trials take as long as they state, and nobody waits.",
        open=lazy("hpbridge.engine.simulating:open_simulated"),
        isolates=False,
        options=Simulated,
        needs="nothing",
    ),
    DriverSpec(
        name="http",
        summary="Workers of any machine that join and leave: `hpbridge work`.",
        open=lazy("hpbridge.remote.http:open_http"),
        requires=("httptools>=0.6", "starlette>=0.40", "uvicorn>=0.30"),
        logs=True,
        limits=frozenset({"trials_per_worker", "memory_trial", "threads_per_worker"}),
        options=Http,
        needs="workers that come, and a token beyond this machine",
        address="0.0.0.0:8765",
    ),
)

FORMATS = (
    StudyFormat(
        name="csv",
        summary="A table of trials as text: our own, or any with named columns.",
        looks_for=(
            "a text file, packed or not, whose first line names columns, split by "
            ", ; or tab"
        ),
        recognizes=lazy("hpbridge.formats.recognizing:is_csv"),
        read=lazy("hpbridge.formats.csv_files:read_csv"),
        write=lazy("hpbridge.formats.writers:write_csv"),
        holds=_OF_A_TABLE,
        is_general=True,
    ),
    StudyFormat(
        name="parquet",
        summary="A table of trials: our own, or any with named columns.",
        looks_for="a file that begins with PAR1",
        recognizes=lazy("hpbridge.formats.recognizing:is_parquet"),
        read=lazy("hpbridge.formats.parquet_files:read_parquet"),
        write=lazy("hpbridge.formats.writers:write_parquet"),
        holds=frozenset(Part),
        requires=_PANDAS,
        is_general=True,
    ),
    StudyFormat(
        name="json",
        summary="Everything that hpbridge knows of a study.",
        looks_for="a JSON object whose first key is schema, as hpbridge writes it",
        recognizes=lazy("hpbridge.formats.recognizing:is_json"),
        read=lazy("hpbridge.formats.json_files:read_json"),
        write=lazy("hpbridge.formats.writers:write_json"),
        holds=frozenset(Part),
    ),
    StudyFormat(
        name="pandas",
        summary="A data frame of trials, with named columns.",
        looks_for="a DataFrame of pandas or polars, or an Arrow table",
        recognizes=lazy("hpbridge.formats.recognizing:is_frame"),
        read=lazy("hpbridge.formats.frames:read_frame"),
        is_general=True,
    ),
    StudyFormat(
        name="sklearn",
        summary="What a search of scikit-learn found: its cv_results_.",
        looks_for=(
            "a fitted *SearchCV, or its cv_results_: a dict, also pickled, or a table"
        ),
        recognizes=lazy("hpbridge.formats.recognizing:is_search"),
        read=lazy("hpbridge.formats.read_searches:read_search"),
    ),
)

HOSTS = (
    HostSpec(
        name="sklearn",
        summary="a BaseSearchCV, for any estimator and everything that takes a search",
        line='search = BridgeSearchCV(estimator, space, backend="{optimizer}")',
        requires=("scikit-learn>=1.5",),
        upstream=lazy("hpbridge.hosts.sklearn.upstream:problems"),
    ),
)


@hookimpl
def hpbridge_backends() -> list[BackendSpec]:
    """Return the core's backends."""
    return list(BACKENDS)


@hookimpl
def hpbridge_drivers() -> list[DriverSpec]:
    """Return the core's drivers."""
    return list(DRIVERS)


@hookimpl
def hpbridge_pruners() -> list[PrunerSpec]:
    """Return the core's pruners."""
    return list(PRUNERS)


@hookimpl
def hpbridge_study_formats() -> list[StudyFormat]:
    """Return the core's formats."""
    return list(FORMATS)


@hookimpl
def hpbridge_hosts() -> list[HostSpec]:
    """Return the core's host."""
    return list(HOSTS)


@hookimpl
def hpbridge_suites() -> list[SuiteSpec]:
    """Return the core's suites of benchmark problems."""
    return list(SUITES)
