"""The core's own formats of studies: tables, JSON, scikit-learn's results.

Their modules are imported when a study is read or written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.foreign import Part, StudyFormat

if TYPE_CHECKING:
    from hpbridge.foreign import ForeignStudy, Hints
    from hpbridge.study import Study

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
    }
)


def _is_csv(source: object) -> bool:
    from hpbridge.formats.recognizing import is_csv

    return is_csv(source)


def _is_frame(source: object) -> bool:
    from hpbridge.formats.recognizing import is_frame, is_search

    return is_frame(source) and not is_search(source)


def _is_json(source: object) -> bool:
    from hpbridge.formats.recognizing import is_json

    return is_json(source)


def _is_parquet(source: object) -> bool:
    from hpbridge.formats.recognizing import is_parquet

    return is_parquet(source)


def _is_search(source: object) -> bool:
    from hpbridge.formats.recognizing import is_search

    return is_search(source)


def _read_csv(source: Any, hints: Hints) -> ForeignStudy:
    from hpbridge.formats.csv_files import read_csv

    return read_csv(source, hints)


def _read_frame(source: Any, hints: Hints) -> ForeignStudy:
    from hpbridge.formats.frames import read_frame

    return read_frame(source, hints)


def _read_json(source: Any, hints: Hints) -> ForeignStudy:
    from hpbridge.formats.json_files import read_json

    return read_json(source, hints)


def _read_parquet(source: Any, hints: Hints) -> ForeignStudy:
    from hpbridge.formats.parquet_files import read_parquet

    return read_parquet(source, hints)


def _read_search(source: Any, hints: Hints) -> ForeignStudy:
    from hpbridge.formats.read_searches import read_search

    return read_search(source, hints)


def _write_csv(study: Study, target: str) -> tuple[str, ...]:
    from hpbridge.formats.writers import write_csv

    return write_csv(study, target)


def _write_json(study: Study, target: str) -> tuple[str, ...]:
    from hpbridge.formats.writers import write

    return write("json", study, target)


def _write_parquet(study: Study, target: str) -> tuple[str, ...]:
    from hpbridge.formats.writers import write

    return write("parquet", study, target)


FORMATS: tuple[StudyFormat, ...] = (
    StudyFormat(
        name="csv",
        summary="A table of trials as text: our own, or any with named columns.",
        looks_for="a text file whose first line names columns, split by , ; or tab",
        recognizes=_is_csv,
        read=_read_csv,
        write=_write_csv,
        holds=_OF_A_TABLE,
    ),
    StudyFormat(
        name="parquet",
        summary="A table of trials: our own, or any with named columns.",
        looks_for="a file that begins with PAR1",
        recognizes=_is_parquet,
        read=_read_parquet,
        write=_write_parquet,
        holds=frozenset(Part),
        requires=_PANDAS,
    ),
    StudyFormat(
        name="json",
        summary="Everything that hpbridge knows of a study.",
        looks_for="a JSON object whose first key is schema, as hpbridge writes it",
        recognizes=_is_json,
        read=_read_json,
        write=_write_json,
        holds=frozenset(Part),
    ),
    StudyFormat(
        name="pandas",
        summary="A DataFrame of trials, with named columns.",
        looks_for="a pandas DataFrame",
        recognizes=_is_frame,
        read=_read_frame,
    ),
    StudyFormat(
        name="sklearn",
        summary="What a search of scikit-learn found: its cv_results_.",
        looks_for=(
            "a fitted *SearchCV, or its cv_results_ as a dict, a DataFrame or a CSV"
        ),
        recognizes=_is_search,
        read=_read_search,
    ),
)
"""Every format of the core."""
