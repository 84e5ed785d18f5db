"""Read what is given as data: everything that is wrong with it, before any fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from hpbridge.errors.arguments import is_whole
from hpbridge.evaluation.rows import Rows, as_features, as_target, count_of
from hpbridge.evaluation.target import n_missing

_PARTS = ("sample_weight", "groups")


def read_rows(
    X: Any,
    y: Any,
    params: object,
    parts: Mapping[str, Any],
    problems: list[str],
    notes: list[str],
) -> Rows | None:
    """Return what is given as rows; add what is wrong to a list.

    Args:
        X: Features.
        y: Target. A single column is taken for its values; sparse labels as an array.
        params: Further values by name, for each row or for all.
        parts: The weights and the groups by their names; None for none.
        problems: Gets a sentence each.
        notes: Gets a sentence for each thing that is taken for another.
    """
    before = len(problems)
    if hasattr(y, "toarray"):
        notes.append("y is sparse, and taken as an array")
    y = target_of(y)
    n_x, n_y = _rows_in(X, "X", problems), _rows_in(y, "y", problems)
    named = {name: v for name, v in parts.items() if v is not None}
    if params is not None and not isinstance(params, Mapping):
        problems.append(f"params must be a dict by name, got {params!r:.100}")
        params = None
    if n_x is not None and n_y is not None:
        if n_x != n_y:
            problems.append(f"X has {n_x:,} rows and y has {n_y:,}")
        elif n_x == 0:
            problems.append("X and y have no rows")
    problems += [] if n_x is None else [*_ragged(X), *_wrong_columns(X)]
    more = dict(params or {})
    twice = [name for name in named if name in more]
    problems += [f"{name} is given twice: {name}= and in params" for name in twice]
    every = {**more, **named}
    for name in every:
        if not isinstance(name, str):
            problems.append(f"params must be a dict by name, got the key {name!r:.100}")
    for name in _PARTS:
        if every.get(name) is not None and n_y is not None:
            problems += _wrong_part(name, every[name], n_y)
    return None if len(problems) > before else Rows(as_features(X), y, every)


def read_seed(seed: Any, problems: list[str]) -> int:
    """Return the seed of an evaluation; add what is wrong with it to a list."""
    if is_whole(seed, 0) and seed < 2**32:
        return int(seed)
    problems.append(f"seed must be a whole number in [0, 2**32), got {seed!r}")
    return 0


def is_explicit(test: object) -> bool:
    """Say whether a test is given as rows, and not as a share."""
    return isinstance(test, (tuple, list)) and len(test) in {2, 3}


def read_test(given: Any, problems: list[str]) -> Rows | None:
    """Return an explicit test, ``(X, y)`` or ``(X, y, params)``, as rows.

    The params are those of its rows: ``{"sample_weight": ..., "groups": ...}``.
    """
    found: list[str] = []
    X, y, *more = given
    rows = read_rows(X, y, more[0] if more else None, {}, found, [])
    problems += [f"the test: {each}" for each in found]
    return rows


def target_of(y: Any) -> Any:
    """Return a target as scikit-learn takes it: no column, and not sparse."""
    return as_target(y.toarray() if hasattr(y, "toarray") else y)


def _rows_in(values: Any, name: str, problems: list[str]) -> int | None:
    """Return how many rows there are; add why there are none to a list."""
    is_text = isinstance(values, (str, bytes))
    is_indexed = hasattr(values, "__getitem__") and not isinstance(values, Mapping)
    found = None if is_text or not is_indexed else count_of(values)
    if found is None:
        what = f"{type(values).__module__}.{type(values).__qualname__}"
        kind = what.removeprefix("builtins.")
        hint = ": collect() it first" if hasattr(values, "collect") else ""
        problems.append(f"{name} must have rows, as an array has; got {kind}{hint}")
    return found


def _ragged(X: Any) -> list[str]:
    """Say which rows of a list of lists have another length than the first."""
    if not isinstance(X, (list, tuple)) or not X:
        return []
    if not all(isinstance(row, (list, tuple)) for row in X):
        return []
    lengths = [len(row) for row in X]
    other = [k for k, length in enumerate(lengths) if length != lengths[0]]
    if not other:
        return []
    text = (
        f"the rows of X differ in length: row 0 has {lengths[0]} values, row "
        f"{other[0]} has {lengths[other[0]]} ({len(other)} of {len(X)} rows differ)"
    )
    return [text]


def _wrong_columns(X: Any) -> list[str]:
    """Say which columns have one name, and that numbers have no columns."""
    shape = getattr(X, "shape", ())
    if len(shape) == 1 and np.asarray(X).dtype.kind in "biuf":
        return ["X has one dimension: X.reshape(-1, 1) makes it one column"]
    names = Counter(map(repr, getattr(X, "columns", ())))
    return [
        f"X has {n} columns that are called {name}"
        for name, n in names.items()
        if n > 1
    ]


def _wrong_part(name: str, values: Any, n_rows: int) -> list[str]:
    """Say what is wrong with the weights or the groups."""
    count = count_of(values)
    if count != n_rows:
        return [f"{name} has {count} values for the {n_rows} rows of y"]
    missing = n_missing(values)
    if missing:
        return [f"{missing} of the {n_rows} values of {name} are missing (NaN)"]
    if name == "groups":
        return []
    try:
        weights = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        return [f"{name} must be numbers, got {np.asarray(values).dtype} values"]
    found = []
    if weights.ndim != 1:
        found.append(f"{name} must be one number a row, has the shape {weights.shape}")
    if not np.isfinite(weights).all():
        found.append(f"{name} has values that are infinite")
    if (weights < 0).any():
        n_negative = int((weights < 0).sum())
        found.append(f"{n_negative} of the {n_rows} values of {name} are below 0")
    elif not weights.any():
        found.append(f"{name} is 0 for every row: nothing is fitted on")
    return found
