"""Equal rows: scored on what was fitted on, and of different classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpbridge.analysis.checks.finding import Finding, cannot

if TYPE_CHECKING:
    from hpbridge.evaluation.checks.data import Data

CODE, TITLE = "HPB102", "the same rows are fitted on and scored on"

CONFLICT, CONFLICT_TITLE = "HPB103", "equal rows of different classes"

LEAST_SHARE = 0.01
"""The share of the rows scored on from which on copies are told."""

LEAST_ROWS = 3
"""How many there must be at least."""


def check(data: Data) -> Finding:
    """Say whether rows are scored on that were fitted on as well."""
    copies = data.copies
    codes = copies.rows
    n_seen = copies.n_seen
    counts = {"are": _across_folds(data, codes[:n_seen])}
    if data.test is not None:
        is_known = np.isin(codes[n_seen:], codes[:n_seen])
        counts["the test is"] = int(is_known.sum()), len(is_known)
    shares = {where: n / max(total, 1) for where, (n, total) in counts.items()}
    number = max(shares.values())
    if not any(_is_told(*each) for each in counts.values()):
        sentence = f"{number:.2%} of the rows scored on are equal to one fitted on."
        return Finding(CODE, TITLE, False, sentence, number)
    beyond = copies.share(codes, with_target=True)
    told = [w for w, (n, total) in counts.items() if _is_told(n * beyond, total)]
    if not told:
        sentence = (
            f"{number:.1%} of the rows scored on are equal to one fitted on, as is "
            "expected of few columns with few values."
        )
        return Finding(CODE, TITLE, False, sentence, number)
    parts = [f"{shares[w]:.1%} of the rows that {w} scored on" for w in told]
    sentence = f"Copies of {' and '.join(parts)} are among those fitted on."
    hint = (
        "drop the copies before the evaluation, or give groups= with one group for "
        "each set of equal rows"
    )
    return Finding(CODE, TITLE, True, sentence, number, hint)


def _is_told(n: float, total: int) -> bool:
    return n >= LEAST_ROWS and n >= LEAST_SHARE * total


def _across_folds(data: Data, codes: np.ndarray) -> tuple[int, int]:
    """Return how many rows that folds score on are fitted on, and of how many."""
    n, total = 0, 0
    for fitted, scored in data.some_folds:
        is_fitted = np.zeros(int(codes.max()) + 1, dtype=bool)
        is_fitted[codes[fitted]] = True
        n += int(is_fitted[codes[scored]].sum())
        total += len(scored)
    return n, total


def check_conflicts(data: Data) -> Finding:
    """Say whether copies are of different classes."""
    code, title = CONFLICT, CONFLICT_TITLE
    if not data.target.is_single:
        return cannot(
            code, title, f"it is for classes, and there is {data.target.text}"
        )
    copies = data.copies
    n_seen = copies.n_seen
    codes, y = copies.features[:n_seen], data.y
    kinds = np.unique(np.column_stack([codes, y]), axis=0)[:, 0].astype(np.int64)
    several = np.bincount(kinds) > 1
    n = int(several[codes].sum())
    share = n / n_seen
    spoke = _is_told(n, n_seen)
    if spoke:
        beyond = copies.share(copies.features, with_target=False)
        spoke = _is_told(n * beyond, n_seen)
    sentence = f"{n} of {n_seen} rows ({share:.1%}) equal one of another class."
    hint = (
        "look at how the classes came about, and at what tells such rows apart: no "
        "model can be right about them"
    )
    return Finding(code, title, spoke, sentence, share, hint if spoke else "")
