"""Rows that are equal: copies of each other, or equal by chance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hpbridge.evaluation.checks.data import Data
    from hpbridge.evaluation.checks.table import Table

_FIRST, _FEW = 12, 2
_HALVES = 6
_MOST_NEAR = 0.1
_MOSTLY = 0.5
_MODELS = 500
_ROWS = 20_000
_MOST_OF_CHANCE = 0.2


@dataclass(frozen=True)
class Copies:
    """Which rows of what is seen, and of the test behind them, are equal.

    Attributes:
        data: Whose rows these are.
    """

    data: Data

    @cached_property
    def tables(self) -> list[Table]:
        """The features that are seen, and those of the test if there is one."""
        test = self.data.table_of_test
        return [self.data.table] + ([] if test is None else [test])

    @property
    def n_seen(self) -> int:
        """How many rows are seen; those of the test follow."""
        return self.tables[0].n_rows

    @cached_property
    def features(self) -> Any:
        """A code for each row, the same where all features are equal."""
        n, quick = self.tables[0].n_columns, self.tables[0].numeric
        quick = quick if len(quick) > _FEW else list(range(n))
        spaced = np.linspace(0, len(quick) - 1, min(len(quick), _FIRST))
        few = np.array(quick, dtype=int)[np.unique(spaced.round().astype(int))]
        codes = _codes(self._hashes(few))
        if len(few) == n:
            return codes
        # Only rows that are equal in some columns can be so in all.
        again = np.flatnonzero(np.bincount(codes)[codes] > 1)
        if len(again):
            rest = _codes(self._hashes(None, again)) + len(codes)
            codes[again] = rest
            codes = _codes(codes)
        return codes

    @cached_property
    def rows(self) -> Any:
        """The same for features and target."""
        return _codes(self.features * 2**32 + self.targets)

    @cached_property
    def targets(self) -> Any:
        """A code for each value of the target."""
        test, y = self.data.test, self.data.y
        if test is not None:
            y = np.concatenate([y, self.data.coded(test.y)])
        return np.unique(y, axis=0, return_inverse=True)[1].ravel()

    def _hashes(self, columns: Any, rows: Any = None) -> Any:
        """Return hashes of some columns: of all rows, or of some in their order."""
        if rows is None:
            return np.concatenate([table.hashes(columns) for table in self.tables])
        return np.concatenate([table.hashes(columns) for table in self._taken(rows)])

    def share(self, codes: Any, *, with_target: bool) -> float:
        """Return which share of the rows that have equals are copies, beyond chance.

        Two rows that agree on half of the columns by chance mostly differ on the
        others; a copy agrees on those as well. So: a row's equals are copies unless a
        tenth as many rows agree with it on a random half of the columns and differ
        elsewhere, where a column that has a value of its own for most rows is in every
        half; or unless a fifth as many were equal to it if columns were independent.

        Args:
            codes: Of `features` or `rows`.
            with_target: Whether the codes are of rows with their target.
        """
        n_columns = self.data.table.n_columns
        rng = np.random.default_rng(self.data.seed)
        rows = np.arange(len(codes))
        if len(rows) > _ROWS:
            rows = np.sort(rng.choice(len(rows), _ROWS, replace=False))
        own = _codes(codes[rows])
        models = _models(own, rng)
        if not len(models) or not n_columns:
            return 0.0
        copies = np.bincount(own)[own[models]] - 1
        expected, always = self._by_chance(rows, own, models, with_target=with_target)
        others = np.setdiff1d(np.arange(n_columns), always)
        near = []
        for _ in range(_HALVES if len(others) > 1 else 1):
            half = rng.permutation(others)[: (len(others) + 1) // 2]
            agreeing = _codes(self._hashes(np.append(half, always), rows))
            near.append(np.bincount(agreeing)[agreeing[models]] - copies - 1)
        almost = np.mean(near, axis=0)
        are = (almost <= _MOST_NEAR * copies) & (expected <= _MOST_OF_CHANCE * copies)
        return float(np.average(are, weights=copies + 1))

    def _by_chance(
        self, rows: Any, own: Any, models: Any, *, with_target: bool
    ) -> tuple[Any, Any]:
        """Return how many equals each model had if columns were independent.

        And the column by which most rows that are no equals differ, if there is one.
        """
        part = self._taken(rows)
        chances, single = np.full(len(models), float(len(rows) - 1)), []
        columns = self.data.columns
        distinct = np.unique(own, return_index=True)[1]
        for number in columns:
            codes = _codes(np.concatenate([t.column(number).bits for t in part]))
            chances *= _shares(codes)[codes[models]]
            single.append(np.mean(np.bincount(codes[distinct])[codes[distinct]] == 1))
        if with_target and not self.data.target.is_of_classes:
            codes = _codes(self.targets[rows])
            chances *= _shares(codes)[codes[models]]
        most = int(np.argmax(single))
        return chances, np.array(columns)[[most] if single[most] >= _MOSTLY else []]

    def _taken(self, rows: Any) -> list[Table]:
        found, first = [], 0
        for table in self.tables:
            own = rows[(rows >= first) & (rows < first + table.n_rows)] - first
            first += table.n_rows
            if len(own):
                found.append(table.take(own))
        return found


def _codes(values: Any) -> Any:
    """Return a code for each value, the same where values are."""
    return np.unique(values, return_inverse=True)[1].ravel()


def _shares(codes: Any) -> Any:
    return np.bincount(codes) / len(codes)


def _models(codes: Any, rng: Any) -> Any:
    """Return one row of each set of equal rows, some if there are many."""
    first, sizes = np.unique(codes, return_index=True, return_counts=True)[1:]
    models = first[sizes > 1]
    return models if len(models) <= _MODELS else rng.choice(models, _MODELS, False)
