"""What the core itself registers, through the same hooks and entry point as a plugin.

Declarations only: their functions are imported when they are first called.
"""

from __future__ import annotations

from hpbridge.contract.backend import HostSpec
from hpbridge.contract.execution import DriverSpec
from hpbridge.contract.foreign import Part, StudyFormat
from hpbridge.contract.hookspecs import hookimpl
from hpbridge.contract.lazy import lazy

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
        Part.NON_FINITE,
        Part.TIMES,
        Part.ATTRIBUTES,
    }
)

DRIVERS = (
    DriverSpec(
        name=DEFAULT_DRIVER,
        summary="In process, or workers.",
        open=lazy("hpbridge.drivers.local:open_local"),
        logs=True,
        limits=frozenset({"trials_per_worker", "memory_trial"}),
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
def hpbridge_drivers() -> list[DriverSpec]:
    """Return the core's drivers."""
    return list(DRIVERS)


@hookimpl
def hpbridge_study_formats() -> list[StudyFormat]:
    """Return the core's formats."""
    return list(FORMATS)


@hookimpl
def hpbridge_hosts() -> list[HostSpec]:
    """Return the core's host."""
    return list(HOSTS)
