"""Scores that are no numbers: what is masked is NaN, not the number under its mask.

scikit-learn takes the `item` of a score, which is the number under the mask (0.0 of
`numpy.ma.masked`): a scorer that had nothing to average would win a search of losses.

Source:
    scikit-learn 1.9.1, `sklearn.model_selection._validation._score`.
"""

from __future__ import annotations

import copy
import functools
import math
from typing import TYPE_CHECKING, Any

from hpbridge.hosts.sklearn.upstream import fit_and_score, multimetric_scorer

if TYPE_CHECKING:
    from collections.abc import Callable

_Multimetric: Any = multimetric_scorer.get()
_fit_and_score = fit_and_score.get()


class _Scorers(_Multimetric):  # type: ignore[misc]  # it has no types
    """Scorers of several metrics; scikit-learn asks for their class."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _unmasked(super().__call__(*args, **kwargs))


def fit_and_score_unmasked(*args: Any, scorer: Any, **kwargs: Any) -> Any:
    """Fit and score as scikit-learn does; scores that are masked are NaN."""
    return _fit_and_score(*args, scorer=_watched(scorer), **kwargs)


def _watched(scorer: Any) -> Any:
    if isinstance(scorer, _Multimetric):
        watched = copy.copy(scorer)
        watched.__class__ = _Scorers
        return watched
    return functools.partial(_score, scorer)


def _score(scorer: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return _unmasked(scorer(*args, **kwargs))


def _unmasked(scores: Any) -> Any:
    """Return a score, or scores by name, with NaN for what is masked."""
    if isinstance(scores, dict):
        return {name: _unmasked(score) for name, score in scores.items()}
    is_array = hasattr(scores, "item") and hasattr(scores, "mask")
    is_masked = is_array and hasattr(scores.mask, "any") and scores.mask.any()
    return math.nan if is_masked and scores.size == 1 else scores
