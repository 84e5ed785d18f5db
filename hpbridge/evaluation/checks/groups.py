"""Rows of one group that are fitted on and scored on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from hpbridge.analysis.checks.finding import Finding
from hpbridge.evaluation.checks.alone import strength, together

if TYPE_CHECKING:
    from hpbridge.evaluation.checks.columns import Column
    from hpbridge.evaluation.checks.data import Data, Sample

CODE, TITLE = "HPB107", "a group is fitted on and scored on"

LEAST = 0.05
"""By how much models have to be worse for new groups, in strength."""

LEAST_CHANCE = 0.001
"""How seldom groups may differ in the target as they do, by chance."""

_DEVIATIONS = 3
_LEAST_GROUPS = 5
_MANY_GROUPS = 20
_MOST_ROWS_OF_MANY = 20
_MOST_CANDIDATES = 2
_FOLDS = 3
_NAMED = re.compile(
    r"(^|[_\W])(id|ids|group|subject|patient|person|user|customer|client|session|"
    r"household|batch|subj|participant|speaker|site|device|account)($|[_\W\d])|"
    r"[a-z]I[dD]$",
    re.IGNORECASE,
)


def check(data: Data) -> Finding:
    """Say whether groups, given or found in a column, are on both sides of a fold."""
    groups = data.seen.params.get("groups")
    if groups is not None:
        return _given(data, np.asarray(groups))
    sample = data.sample
    looking = [sample.column(k) for k in data.columns]
    chances = {
        column.name: (_by_chance(column.codes, _indicators(sample)), column)
        for column in looking
        if looks_like_groups(column)
    }
    candidates = sorted(
        (each for each in chances.values() if each[0] < LEAST_CHANCE),
        key=lambda each: each[0],
    )
    if not candidates:
        sentence = "No column looks like groups of rows that are alike in the target."
        return Finding(CODE, TITLE, False, sentence, 0.0)
    found = [(*_gap(data, sample, c), c.name) for _, c in candidates[:_MOST_CANDIDATES]]
    gap, known, new, deviations, name = max(found, key=lambda each: each[0])
    spoke = gap >= LEAST and gap >= _DEVIATIONS * deviations
    sentence = (
        f"A model predicts the target by {known:.2f} where rows of the same {name!r} "
        f"are fitted on, and by {new:.2f} for new ones, where 0 is a guess and 1 "
        "perfect."
    )
    hint = f"give groups=: the values of {name!r}, if new rows are of new ones"
    return Finding(CODE, TITLE, spoke, sentence, gap, hint if spoke else "")


def _indicators(sample: Sample) -> Any:
    """Return the target as numbers: a column for each class."""
    if not sample.target.is_single:
        return sample.y
    return sample.y[:, None] == np.arange(len(sample.target.counts))


def _given(data: Data, groups: Any) -> Finding:
    codes = np.unique(groups.astype(str), return_inverse=True)[1].ravel()
    n, total = 0, 0
    for fitted, scored in data.some_folds:
        is_fitted = np.zeros(int(codes.max()) + 1, dtype=bool)
        is_fitted[codes[fitted]] = True
        n += int(is_fitted[codes[scored]].sum())
        total += len(scored)
    spoke = n > 0
    sentence = (
        f"{n / total:.1%} of the rows scored on are of a group that is fitted on."
        if spoke
        else "No group is fitted on and scored on."
    )
    hint = "take KFold, HoldOut or LeaveOneOut, which keep groups together"
    return Finding(CODE, TITLE, spoke, sentence, n / total, hint if spoke else "")


def looks_like_groups(column: Column) -> bool:
    """Say whether values look like names of groups.

    Whole numbers or text, most of them several times: at least 20 values of 20 rows at
    most on average; or, if the column's name says so (``patient_id``), 5 values.
    """
    n, k = int((column.codes >= 0).sum()), column.n_distinct
    if column.kind == "time" or (column.kind == "number" and not column.is_whole):
        return False
    if not k or n < 1.5 * k:
        return False
    if _NAMED.search(column.name):
        return k >= _LEAST_GROUPS
    return k >= _MANY_GROUPS and n <= _MOST_ROWS_OF_MANY * k


def _by_chance(codes: Any, y: Any) -> float:
    """Return how likely groups would differ in the target as they do, by chance.

    Of several classes or numbers, the least chance times their number.
    """
    from scipy import stats

    values = np.asarray(y, dtype=float).reshape(len(y), -1)
    codes, n = codes + 1, len(y)
    counts = np.maximum(np.bincount(codes), 1)
    k = int(np.unique(codes).size)
    if not 1 < k < n:
        return 1.0
    means = np.stack([np.bincount(codes, v) / counts for v in values.T], axis=1)
    spread = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    inside = ((values - means[codes]) ** 2).sum(axis=0)
    ratio = (spread - inside) / (k - 1) / np.maximum(inside / (n - k), 1e-300)
    return float(min(stats.f.sf(ratio, k - 1, n - k).min() * len(ratio), 1.0))


def _gap(
    data: Data, sample: Sample, column: Column
) -> tuple[float, float, float, float]:
    """Return how much better models are for known groups: for new ones, and its error.

    By the same forest on folds that split the groups, and on folds that do not.
    """
    y, of_classes = sample.y, sample.target.is_single
    kind: Any = StratifiedGroupKFold if of_classes else GroupKFold
    splitter = kind(_FOLDS, shuffle=True, random_state=data.seed)
    whole = list(splitter.split(np.zeros((len(y), 1)), y, column.codes))
    order = np.random.default_rng(data.seed).permutation(len(y))
    place, split = 0, []
    for _, scored in whole:  # parts of the same sizes, drawn
        part = np.sort(order[place : place + len(scored)])
        split.append((np.setdiff1d(np.arange(len(y)), part), part))
        place += len(scored)
    numbers = data.columns
    found = []
    for folds in (split, whole):
        answers, truth = together(sample, numbers, folds)
        scores = [
            strength(truth[part], answers[part], of_classes=of_classes)
            for part in _parts(folds)
        ]
        found.append(
            (
                strength(truth, answers, of_classes=of_classes),
                float(np.std(scores, ddof=1) / np.sqrt(len(scores))),
            )
        )
    (known, error), (new, other) = found
    return known - new, known, new, float(np.hypot(error, other))


def _parts(folds: Any) -> list[Any]:
    """Return where the answers of each fold are among those of all."""
    ends = np.cumsum([len(scored) for _, scored in folds])
    return [
        np.arange(end - len(s), end) for end, (_, s) in zip(ends, folds, strict=True)
    ]
