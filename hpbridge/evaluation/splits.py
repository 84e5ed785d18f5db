"""The split of data into what trials see, fold by fold, and the sealed test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import joblib  # type: ignore[import-untyped]
import numpy as np
from sklearn import model_selection as ms

from hpbridge.errors.foreign import describe_error
from hpbridge.evaluation.metrics import unknown_metrics
from hpbridge.evaluation.procedure import KFold, LeaveOneOut, Splits
from hpbridge.evaluation.reading import is_explicit, read_test
from hpbridge.evaluation.target import Target, read_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hpbridge.evaluation.procedure import Fold, Procedure
    from hpbridge.evaluation.rows import Rows

_STRATIFIED = (
    ms.StratifiedKFold,
    ms.StratifiedGroupKFold,
    ms.RepeatedStratifiedKFold,
)


class FoldNumbers(Sequence["Fold"]):
    """Folds as row numbers; of one that is fitted on all other rows, those scored on.

    Leave-one-out of n rows would hold n * n numbers otherwise.

    Args:
        folds: Pairs of row numbers, gone through once.
        n_rows: Of the rows that are split.
    """

    def __init__(self, folds: Iterable[Fold], n_rows: int) -> None:
        self._n_rows = n_rows
        self._kept: list[tuple[Any, Any]] = []
        for given in folds:
            fitted, scored = (np.asarray(numbers) for numbers in given)
            is_rest = np.array_equal(fitted, self._rest(scored))
            self._kept.append((None if is_rest else fitted, scored))

    def _rest(self, scored: Any) -> Any:
        if scored.dtype.kind not in "iu" or scored.ndim != 1:
            return None
        is_rest = np.ones(self._n_rows, dtype=bool)
        inside = scored[(scored >= 0) & (scored < self._n_rows)]
        is_rest[inside] = False
        return np.flatnonzero(is_rest)

    @overload
    def __getitem__(self, index: int) -> Fold: ...
    @overload
    def __getitem__(self, index: slice) -> list[Fold]: ...
    def __getitem__(self, index: int | slice) -> Fold | list[Fold]:
        if isinstance(index, slice):
            return [self[k] for k in range(len(self))[index]]
        fitted, scored = self._kept[index]
        return (self._rest(scored) if fitted is None else fitted), scored

    def __iter__(self) -> Iterator[Fold]:
        return (self[k] for k in range(len(self)))

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def sizes(self) -> list[list[int]]:
        """How many rows each is fitted on, and scored on."""
        return [
            [self._n_rows - len(scored) if fitted is None else len(fitted), len(scored)]
            for fitted, scored in self._kept
        ]

    def fingerprint(self) -> str:
        """Return 32 hex digits that differ where folds do."""
        return str(joblib.hash(self._kept))


def wrong_without_data(
    procedure: Procedure, test: object, metrics: object
) -> list[str]:
    """Say what is wrong with procedure, test and metrics, whatever the rows are."""
    return [*procedure.problems(), *wrong_share(test), *unknown_metrics(metrics)]


def wrong_share(test: object) -> list[str]:
    """Say what is wrong with a test, as far as that is seen without the rows."""
    if test is None or is_explicit(test):
        return []
    is_number = isinstance(test, (int, float)) and not isinstance(test, bool)
    if is_number and 0 <= test < 1:  # type: ignore[operator]
        return []
    return [
        f"test must be a share in (0, 1), an explicit (X, y) or None, got {test!r:.100}"
    ]


@dataclass(frozen=True)
class Split:
    """Which rows are for what.

    Attributes:
        seen: The rows that trials are fitted and scored on.
        test: Those that are sealed; None for none.
        folds: Of the rows that are seen.
        order: In which a trial goes through the folds.
    """

    seen: Rows
    test: Rows | None
    folds: FoldNumbers
    order: tuple[int, ...]


def make_split(
    rows: Rows,
    target: Target,
    procedure: Procedure,
    test: object,
    seed: int,
    problems: list[str],
) -> Split | None:
    """Split the rows once and for all; add what is wrong to a list.

    Args:
        rows: All of them.
        target: Of the rows.
        procedure: What makes the folds.
        test: The share that is sealed, in (0, 1); an explicit one, as of `read_test`;
            None or 0 for no test. A share is stratified by class; it is whole groups
            where groups are given, and the last rows where rows are in the order of
            time.
        seed: Of the test and the folds.
        problems: Gets a sentence each.
    """
    found = procedure.problems()
    if rows.params.get("groups") is not None and not procedure.heeds_groups:
        found.append(
            f"groups are given, and {procedure.text:.100} does not heed them: take one "
            "that does, as hpbridge.KFold or GroupKFold of scikit-learn"
        )
    problems += found
    sealed = _sealed(rows, target, procedure, test, seed, problems)
    if found or sealed is None:
        return None
    seen, kept = sealed
    seen_target = read_target(
        seen.y, is_of_classes=target.is_of_classes, problems=problems
    )
    if seen_target is None:
        return None
    too_few = _too_few(seen_target, procedure, has_test=kept is not None)
    if too_few:
        problems += too_few
        return None
    try:
        folds = FoldNumbers(procedure.folds(seen, seen_target, seed), len(seen))
    except Exception as error:  # noqa: BLE001 - a splitter of the user's own
        why = error if isinstance(error, ValueError) else describe_error(error)
        problems.append(
            f"{len(seen)} rows cannot be split by {procedure.text:.100}: {why}"
        )
        return None
    if not _are_folds(folds, len(seen), problems):
        return None
    drawn = np.random.default_rng(seed).permutation(len(folds))
    return Split(seen, kept, folds, tuple(int(k) for k in drawn))


def fingerprint_of(rows: Rows, split: Split) -> str:
    """Return 32 hex digits that differ where the data, the test or the folds do.

    Raises:
        UnhashableError: If the data hold what has no fixed form.
    """
    test = "" if split.test is None else split.test.fingerprint()
    return str(joblib.hash([rows.fingerprint(), test, split.folds.fingerprint()]))


def _sealed(
    rows: Rows,
    target: Target,
    procedure: Procedure,
    test: object,
    seed: int,
    problems: list[str],
) -> tuple[Rows, Rows | None] | None:
    """Return the rows that are seen and those that are not."""
    if test is None or (isinstance(test, (int, float)) and test == 0):
        return rows, None
    if is_explicit(test):
        given = read_test(test, problems)
        return None if given is None else _explicit(rows, target, given, problems)
    wrong = wrong_share(test)
    problems += wrong
    if wrong or not isinstance(test, (int, float)):
        return None
    try:
        seen, kept = _set_aside(rows, target, procedure, test, seed)
    except ValueError as error:
        problems.append(f"no share of {test!r} can be set aside for the test: {error}")
        return None
    lacking = _lacking(target, kept.y) if target.is_single else []
    if lacking:
        names = ", ".join(map(repr, lacking))
        problems.append(f"a test of {test:.0%} of the rows has none of class {names}")
        return None
    return seen, kept


def _set_aside(
    rows: Rows, target: Target, procedure: Procedure, share: float, seed: int
) -> tuple[Rows, Rows]:
    """Return the rows that are seen and a share that is not, each in their order."""
    n_rows = len(rows)
    groups = rows.params.get("groups")
    if procedure.is_of_time:
        first = n_rows - max(round(share * n_rows), 1)
        return rows.take(np.arange(first)), rows.take(np.arange(first, n_rows))
    if groups is not None:
        splitter: Any = ms.GroupShuffleSplit(1, test_size=share, random_state=seed)
    elif target.is_single:
        splitter = ms.StratifiedShuffleSplit(1, test_size=share, random_state=seed)
    else:
        splitter = ms.ShuffleSplit(1, test_size=share, random_state=seed)
    seen, kept = next(splitter.split(np.zeros((n_rows, 1)), target.y, groups))
    return rows.take(np.sort(seen)), rows.take(np.sort(kept))


def _explicit(
    rows: Rows, target: Target, test: Rows, problems: list[str]
) -> tuple[Rows, Rows] | None:
    found: list[str] = []
    of_classes = target.is_of_classes
    read = read_target(test.y, is_of_classes=of_classes, is_part=True, problems=found)
    columns = [_n_columns(each.X) for each in (rows, test)]
    if columns[0] != columns[1]:
        found.append(f"it has {columns[1]} columns, and X has {columns[0]}")
    if read is not None and target.is_single:
        new = sorted(set(np.asarray(test.y).tolist()) - set(target.counts), key=repr)
        if new:
            names = ", ".join(map(repr, new[:5]))
            found.append(f"it has classes that the data do not have: {names}")
    problems += [f"the test: {each}" for each in found]
    return None if found else (rows, test)


def _n_columns(X: Any) -> int | None:
    shape: tuple[int, ...] = getattr(X, "shape", ())
    return int(shape[1]) if len(shape) == 2 else None  # noqa: PLR2004 - of a table


def _lacking(target: Target, y: Any) -> list[Any]:
    there = set(np.asarray(y).tolist())
    return [label for label in target.counts if label not in there]


def _too_few(target: Target, procedure: Procedure, *, has_test: bool) -> list[str]:
    """Say which classes have too few rows for the folds."""
    if not target.is_single:
        return []
    where = " outside of the test" if has_test else ""
    if isinstance(procedure, LeaveOneOut):
        return [
            f"class {label!r} has 1 row{where}: where it is left out, nothing is known "
            "of its class"
            for label, n in target.counts.items()
            if n == 1
        ]
    n_splits = _stratified_splits(procedure)
    return [
        f"class {label!r} has {n} row{'s' * (n > 1)}{where}, fewer than the "
        f"{n_splits} folds"
        for label, n in target.counts.items()
        if n < n_splits
    ]


def _stratified_splits(procedure: Procedure) -> int:
    """Return over how many folds each class is spread; 0 where it need not be."""
    if isinstance(procedure, KFold):
        return procedure.n_splits
    splitter = procedure.splitter if isinstance(procedure, Splits) else None
    if not isinstance(splitter, _STRATIFIED):
        return 0
    of_each: Any = getattr(splitter, "cvargs", None) or vars(splitter)
    return int(of_each["n_splits"])


_MOST_SAID = 6
"""Of what is wrong with folds."""


def _are_folds(folds: FoldNumbers, n_rows: int, given: list[str]) -> bool:
    """Say whether folds are usable; a sentence for each that is not."""
    problems: list[str] = []
    if not folds:
        problems.append("the procedure makes no fold")
    for k, (fitted, scored) in enumerate(folds):
        parts = {"fit on": fitted, "score on": scored}
        for what, numbers in parts.items():
            if not len(numbers):
                problems.append(f"fold {k} has no row to {what}")
            elif numbers.dtype.kind not in "iu":
                problems.append(f"the rows of fold {k} to {what} are no row numbers")
            elif numbers.min() < 0 or numbers.max() >= n_rows:
                problems.append(
                    f"fold {k} has rows to {what} beyond the {n_rows} rows that are "
                    "not of the test"
                )
        shared = len(np.intersect1d(fitted, scored)) if len(scored) > 1 else 0
        if shared or (len(scored) == 1 and scored[0] in fitted):
            problems.append(
                f"fold {k} is fitted and scored on the same {shared or 1} rows"
            )
    more = len(problems) - _MOST_SAID
    given += problems[:_MOST_SAID]
    given += [f"{more} more of this kind"] if more > 0 else []
    return not problems
