"""The columns of ``cv_results_``, whatever they were kept in; measures as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.errors import FormatError
from hpbridge.formats import inert
from hpbridge.formats.any_table import read_table
from hpbridge.formats.cells import NONE_CHOICE
from hpbridge.formats.columns import Columns
from hpbridge.formats.recognizing import (
    are_results,
    is_frame,
    is_pickle,
    is_pickled_search,
    is_search,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORM = "sklearn"
_MEASURES = ("mean_", "std_", "split")

HINT = "`pandas.DataFrame(search.cv_results_).to_csv(FILE)` writes one that can be read"


def unreadable(
    source: object, problems: Sequence[str], hint: str = HINT
) -> FormatError:
    """Return the error for a search that cannot be read."""
    shown = source if isinstance(source, Path) else f"a {type(source).__name__}"
    return FormatError.unreadable(_FORM, shown, problems, hint)


class Results(Mapping[str, Sequence[Any]]):
    """``cv_results_`` by column: measures are numbers, where they are not NaN.

    Attributes:
        notes: How its numbers are written.

    Raises:
        FormatError: If it is none, or a measure is no number.
    """

    def __init__(self, source: Any) -> None:
        self._source = source
        given = _columns_of(source)
        # pandas's index has no name of its own.
        self._columns = {
            name: column
            for name, column in given.items()
            if isinstance(name, str) and name and not name.startswith("Unnamed:")
        }
        self._is_table = isinstance(source, Path) or is_frame(source)
        self._read = Columns(self._columns)
        measures = [name for name in self._columns if name.startswith(_MEASURES)]
        texts = [name for name in measures if _has_text(self._columns[name])]
        numbers = {name: self._read.numbers(name) for name in texts}
        self._check()
        self._columns.update({n: v for n, v in numbers.items() if v is not None})

    @property
    def notes(self) -> list[str]:
        """How its numbers are written, where that is unusual."""
        return self._read.notes

    def __getitem__(self, name: str) -> Sequence[Any]:
        return self._columns[name]

    def __iter__(self) -> Any:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def parameters(self) -> dict[str, list[Any]]:
        """Return the columns of the parameters; None where one was not there."""
        names = [name for name in self._columns if name.startswith("param_")]
        found = {n.removeprefix("param_"): self._parameter(n) for n in names}
        self._check()
        return found

    def _parameter(self, name: str) -> list[Any]:
        column = self._columns[name]
        if self._is_table:
            return self._read.parameter(name)
        cells = column.tolist() if hasattr(column, "tolist") else list(column)
        masked = getattr(column, "mask", None)
        if masked is None or getattr(masked, "ndim", 0) != 1:
            return cells
        return [
            NONE_CHOICE if cell is None and not is_out else cell
            for cell, is_out in zip(cells, masked.tolist(), strict=True)
        ]

    def _check(self) -> None:
        if self._read.problems:
            hint = "write numbers as Python does: 1234.5"
            raise unreadable(self._source, self._read.problems, hint)


def _has_text(column: Iterable[Any]) -> bool:
    return any(isinstance(cell, str) for cell in column)


def _columns_of(source: Any) -> Mapping[str, Sequence[Any]]:
    if isinstance(source, Path):
        return _unpickled(source) if is_pickle(source) else _table(source)
    if isinstance(source, Mapping):
        return source
    if is_frame(source):
        return _table(source)
    if not is_search(source):
        raise unreadable(source, ["it is no search of scikit-learn"])
    if not hasattr(source, "cv_results_"):
        raise unreadable(source, ["it is not fitted"], "`search.fit(X, y)` first")
    found: Mapping[str, Sequence[Any]] = source.cv_results_
    return found


def _table(source: Any) -> Mapping[str, Sequence[Any]]:
    return read_table(source, _FORM).columns


def _unpickled(path: Path) -> Mapping[str, Sequence[Any]]:
    if is_pickled_search(path):
        problem = "it is a pickled search, and reading it would run what is in it"
        raise unreadable(path, [problem], f"where you trust it: {HINT}")
    try:
        found = inert.plain(inert.load(path))
    except (inert.InertError, OSError) as error:
        raise unreadable(path, [str(error)]) from error
    if not isinstance(found, Mapping) or not are_results(list(found)):
        raise unreadable(path, ["it is no pickled cv_results_"])
    wrong = [name for name, column in found.items() if not isinstance(column, list)]
    if wrong:
        raise unreadable(path, [f"its column {wrong[0]!r:.80} cannot be read"])
    return found
