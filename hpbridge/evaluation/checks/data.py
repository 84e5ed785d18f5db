"""What checks of the data know: rows, folds, the test; and small samples of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from hpbridge.evaluation.checks.copies import Copies
from hpbridge.evaluation.checks.table import Table, read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.evaluation.checks.columns import Column
    from hpbridge.evaluation.procedure import Fold, Procedure
    from hpbridge.evaluation.rows import Rows
    from hpbridge.evaluation.target import Target

MOST_ROWS = 3000
"""How many rows models of checks see, drawn by the evaluation's seed."""

MOST_COLUMNS = 100
"""How many columns are looked at one by one: evenly spaced ones, if there are more."""

MOST_CLASSES = 100
"""Beyond so many classes, a sample says nothing of each."""

_LEAST_SCORED = 30
_FOLDS = 3
_MOST_FITTED = 3_000_000


@dataclass(frozen=True)
class Data:
    """What an evaluation knows when it begins.

    Attributes:
        seen: The rows that trials see.
        test: Those that are sealed; None for none.
        target: Of the rows that are seen.
        procedure: What made the folds.
        folds: Of the rows that are seen.
        scorers: By name; the first is optimized.
        references: What the dummy came to, as recorded.
        seed: Of the samples.
    """

    seen: Rows
    test: Rows | None
    target: Target
    procedure: Procedure
    folds: Sequence[Fold]
    scorers: Mapping[str, Callable[..., float]]
    references: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    @cached_property
    def table(self) -> Table:
        """The features that are seen."""
        return read_table(self.seen.X)

    @cached_property
    def table_of_test(self) -> Table | None:
        """The features of the test; None for none."""
        return None if self.test is None else read_table(self.test.X)

    @cached_property
    def y(self) -> Any:
        """The target: a number a row, the class's code for classes; or several."""
        return self.coded(self.seen.y)

    def coded(self, y: Any) -> Any:
        """Return values of the target as those of `y`."""
        values = np.asarray(y)
        if values.ndim == 2 and values.shape[1] == 1:  # noqa: PLR2004 - a column
            values = values.ravel()
        if not self.target.is_single:
            return values.astype(float)
        labels = {label: code for code, label in enumerate(self.target.counts)}
        return np.array([labels[label] for label in values.tolist()], dtype=np.int64)

    @cached_property
    def copies(self) -> Copies:
        """Which rows are equal."""
        return Copies(self)

    @cached_property
    def some_folds(self) -> list[Fold]:
        """Folds, evenly spaced, as many as are quick to go through."""
        fitted = max(len(self.folds[0][0]), 1)
        most = max(_MOST_FITTED // fitted, 1)
        numbers = np.linspace(0, len(self.folds) - 1, min(len(self.folds), most))
        return [self.folds[int(k)] for k in np.unique(numbers.round())]

    @cached_property
    def columns(self) -> list[int]:
        """The numbers of the columns that are looked at one by one."""
        n = self.table.n_columns
        spaced = np.linspace(0, n - 1, min(n, MOST_COLUMNS)).round()
        return [int(k) for k in np.unique(spaced)]

    @cached_property
    def sample(self) -> Sample:
        """Some rows, for what takes a model."""
        rng = np.random.default_rng(self.seed)
        n = len(self.seen)
        rows = np.arange(n)
        if n > MOST_ROWS:
            rows = np.sort(rng.choice(n, MOST_ROWS, replace=False))
        y = self.y[rows]
        return Sample(
            rows, self.table.take(rows), y, self._folds_of(rows, y), self.target
        )

    def _folds_of(self, rows: Any, y: Any) -> list[Fold]:
        """Return the evaluation's folds of some rows, or others if those are small."""
        place = np.full(len(self.seen), -1)
        place[rows] = np.arange(len(rows))
        found = []
        for fitted, scored in self.folds[:_FOLDS]:
            parts = [place[np.asarray(part)] for part in (fitted, scored)]
            found.append(tuple(part[part >= 0] for part in parts))
        if min(len(scored) for _, scored in found) >= _LEAST_SCORED:
            return found
        n_splits = min(_FOLDS, len(rows))
        counts = np.bincount(y) if self.target.is_single else np.zeros(1)
        kind = StratifiedKFold if counts[counts > 0].min() >= n_splits else KFold
        splitter = kind(n_splits, shuffle=True, random_state=self.seed)
        return list(splitter.split(rows, y if kind is StratifiedKFold else None))


@dataclass(frozen=True)
class Sample:
    """Some rows, and folds of them.

    Attributes:
        rows: Their numbers among those that are seen.
        table: Their features.
        y: Their target, as of `Data.y`.
        folds: Of these rows.
        target: Of all.
    """

    rows: Any
    table: Table
    y: Any
    folds: Sequence[Fold]
    target: Target

    @cached_property
    def _read(self) -> dict[int, Column]:
        return {}

    def column(self, number: int) -> Column:
        """Return one column, read once."""
        if number not in self._read:
            self._read[number] = self.table.column(number)
        return self._read[number]

    def matrix(self, numbers: Sequence[int]) -> Any:
        """Return columns as trees want them: the codes of their values."""
        found = [self.column(number).codes for number in numbers]
        return np.column_stack(found).astype(np.float32)
