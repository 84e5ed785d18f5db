"""What a search of scikit-learn found: the rows of its ``cv_results_``.

Every search has one column a thing, one row a candidate (`mean_test_score`, `params`
and so on), whatever searched: a grid, random draws, successive halving, an optimizer.

Source:
    scikit-learn 1.9.1, `sklearn.model_selection._search.BaseSearchCV._format_results`:
    the names of the columns; a score is better when it is greater, NaN when any of the
    candidate's fits failed.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from hpbridge.space.plain_data import plain_data

if TYPE_CHECKING:
    from collections.abc import Mapping

SCORE = "mean_test_"
"""Before the name of a scorer: what is optimized."""

_FOLD = re.compile(r"split(\d+)_(test|train)_(.+)\Z")
_DERIVED = ("rank_test_", "param_")
_KEPT_MEASURES = ("mean_", "std_test_")


def scorers_of(results: Mapping[str, Any]) -> list[str]:
    """Return the names of the scorers: ``score``, unless there are several."""
    return [name.removeprefix(SCORE) for name in results if name.startswith(SCORE)]


def metrics_of(
    results: Mapping[str, Any], row: int, first: str | None = None
) -> dict[str, float]:
    """Return the measures of one candidate.

    Args:
        results: ``cv_results_``, or the columns of a table of it.
        row: The candidate's.
        first: The scorer that comes first.

    Returns:
        The mean test scores by the scorers' names; the mean times in seconds, the
        mean training scores and the deviations of test scores by their columns' names.
    """
    scorers = scorers_of(results)
    if first in scorers:
        scorers = [first, *(name for name in scorers if name != first)]
    columns = {name: f"{SCORE}{name}" for name in scorers}
    columns |= {
        name: name
        for name in results
        if name.startswith(_KEPT_MEASURES) and not name.startswith(SCORE)
    }
    return {name: _number(results[column][row]) for name, column in columns.items()}


def attributes_of(results: Mapping[str, Any], row: int) -> dict[str, Any]:
    """Return what else the columns say of one candidate, as JSON data.

    The scores of the folds come in lists, as ``split_test_score``; ``iter`` and
    ``n_resources`` of successive halving, and other deviations, by their names.
    """
    found: dict[str, Any] = {}
    folds: dict[str, dict[int, float]] = {}
    for name, values in results.items():
        fold = _FOLD.match(name)
        if fold is not None:
            number, kind, scorer = fold.groups()
            scores = folds.setdefault(f"split_{kind}_{scorer}", {})
            scores[int(number)] = _number(values[row])
        elif name != "params" and not name.startswith((*_DERIVED, *_KEPT_MEASURES)):
            found[name] = _json(values[row])
    for name, scores in folds.items():
        found[name] = [_json(scores[number]) for number in sorted(scores)]
    return {name: value for name, value in found.items() if value is not None}


def seconds_of(results: Mapping[str, Any], row: int) -> float | None:
    """Return how long all fits of a candidate took, one after the other."""
    means = [results.get(f"mean_{what}_time") for what in ("fit", "score")]
    n_folds = len({m[1] for name in results if (m := _FOLD.match(name))})
    if any(mean is None for mean in means) or not n_folds:
        return None
    seconds = n_folds * sum(_number(mean[row]) for mean in means if mean is not None)
    return seconds if math.isfinite(seconds) else None


def _number(value: Any) -> float:
    """Return a cell as a float; what is no number as NaN."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _json(value: Any) -> Any:
    """Return a cell as plain data, an empty cell as None."""
    found = plain_data(value).value
    is_empty = isinstance(found, float) and math.isnan(found)
    return None if is_empty else found
