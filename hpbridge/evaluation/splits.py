"""The split of data into what trials see, fold by fold, and the sealed test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import model_selection as ms

from hpbridge.evaluation.procedure import LeaveOneOut, Splits, TimeOrder
from hpbridge.evaluation.rows import Rows, as_features, as_target, count_of
from hpbridge.evaluation.target import Target, read_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.evaluation.procedure import Fold, Procedure


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
    folds: tuple[Fold, ...]
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
        test: The share that is sealed, in (0, 1); an explicit ``(X, y)``; None or 0 for
            no test. A share is stratified by class; it is whole groups where groups
            are given, and the last rows where rows are in the order of time.
        seed: Of the test and the folds.
        problems: Gets a sentence each.
    """
    found = procedure.problems()
    groups = rows.params.get("groups")
    if (
        groups is not None
        and isinstance(procedure, Splits)
        and not procedure.heeds_groups
    ):
        found.append(
            f"groups are given, and the splitter {procedure.text:.100} does not heed "
            "them: take one that does, as hpbridge.KFold or GroupKFold of scikit-learn"
        )
    if groups is not None and isinstance(procedure, TimeOrder):
        found.append("groups are given, and TimeOrder does not heed them")
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
    _check_counts(seen_target, procedure, problems)
    if problems:
        return None
    try:
        folds = procedure.folds(seen, seen_target, seed)
    except (ValueError, TypeError, IndexError) as error:
        problems.append(f"the rows cannot be split by {procedure.text}: {error}")
        return None
    if not _are_folds(folds, len(seen), problems):
        return None
    drawn = np.random.default_rng(seed).permutation(len(folds))
    return Split(seen, kept, tuple(folds), tuple(int(k) for k in drawn))


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
    if isinstance(test, (tuple, list)) and len(test) == 2:  # noqa: PLR2004 - X and y
        return _explicit(rows, target, test, problems)
    if not isinstance(test, (int, float)) or isinstance(test, bool) or not 0 < test < 1:
        problems.append(
            f"test must be a share in (0, 1), an explicit (X, y) or None, "
            f"got {test!r:.100}"
        )
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
    if isinstance(procedure, TimeOrder):
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
    rows: Rows, target: Target, test: Sequence[Any], problems: list[str]
) -> tuple[Rows, Rows] | None:
    X, y = as_features(test[0]), as_target(test[1])
    n_x, n_y = count_of(X), count_of(y)
    if n_x != n_y or not n_y:
        problems.append(f"the test has {n_x} rows of X and {n_y} of y")
        return None
    problems_of_test: list[str] = []
    if read_target(y, is_of_classes=False, problems=problems_of_test) is None:
        problems += [f"the test: {each}" for each in problems_of_test]
        return None
    if target.is_single:
        new = sorted(set(np.asarray(y).tolist()) - set(target.counts), key=repr)
        if new:
            names = ", ".join(map(repr, new[:5]))
            problems.append(f"the test has classes that the data do not have: {names}")
            return None
    return rows, Rows(X, y)


def _lacking(target: Target, y: Any) -> list[Any]:
    there = set(np.asarray(y).tolist())
    return [label for label in target.counts if label not in there]


def _check_counts(target: Target, procedure: Procedure, problems: list[str]) -> None:
    """Refuse folds for which a class has too few rows."""
    n_splits = getattr(procedure, "n_splits", None)
    if n_splits is None and isinstance(procedure, Splits):
        n_splits = getattr(procedure.splitter, "n_splits", None)
    if isinstance(procedure, (LeaveOneOut, TimeOrder)) or not target.is_single:
        return
    if not isinstance(n_splits, int):
        return
    few = {label: n for label, n in target.counts.items() if n < n_splits}
    problems += [
        f"class {label!r} has {n} row{'s' * (n > 1)} outside of the test, fewer than "
        f"the {n_splits} folds"
        for label, n in few.items()
    ]


def _are_folds(folds: Sequence[Fold], n_rows: int, problems: list[str]) -> bool:
    """Say whether folds are usable; a sentence for each that is not."""
    before = len(problems)
    if not folds:
        problems.append("the procedure makes no fold")
    for k, (fitted, scored) in enumerate(folds):
        parts = {"fit on": np.asarray(fitted), "score on": np.asarray(scored)}
        for what, numbers in parts.items():
            if not len(numbers):
                problems.append(f"fold {k} has no row to {what}")
            elif numbers.dtype.kind not in "iu":
                problems.append(f"the rows of fold {k} to {what} are no row numbers")
            elif numbers.min() < 0 or numbers.max() >= n_rows:
                problems.append(f"fold {k} has rows to {what} beyond the {n_rows} rows")
        shared = np.intersect1d(fitted, scored)
        if len(shared):
            problems.append(
                f"fold {k} is fitted and scored on the same {len(shared)} rows"
            )
    return len(problems) == before
