"""Metrics that no fold has: computed from the answers of all folds together.

Where a fold is scored on one row, a metric has a value there only if it is a mean of
scores of rows, as accuracy is; F1 or the area under a ROC curve is not. Such a metric
is computed once, from the answers that each row got from the model that did not see it.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import check_scoring

from hpbridge.evaluation.answers import METHODS, Answers, answers_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.evaluation.metrics import Scorer
    from hpbridge.evaluation.procedure import Fold
    from hpbridge.evaluation.target import Target

_ROWS_TRIED = 15
"""Of a target, to see whether a metric is a mean over rows."""

_DRAWS = 3


def need_pooling(
    scorers: Mapping[str, Scorer], target: Target, folds: Sequence[Fold]
) -> tuple[str, ...]:
    """Return the metrics that have no value of their own in folds of one row."""
    if all(len(folds[k][1]) > 1 for k in range(len(folds))):
        return ()
    return tuple(n for n, s in scorers.items() if not is_mean_of_rows(s, target))


def is_mean_of_rows(scorer: Scorer, target: Target) -> bool:
    """Say whether a metric is the mean of its values on single rows.

    It is tried on random answers. One that needs more of a model than its answers is
    taken at its word.
    """
    rng = np.random.default_rng(0)
    y = np.asarray(target.y)
    for _ in range(_DRAWS):
        chosen = np.sort(rng.choice(len(y), min(len(y), _ROWS_TRIED), replace=False))
        # The last row twice, so that classes are hardly ever of the same size.
        truth = y[np.append(chosen, chosen[-1])]
        answers = _random_answers(target, truth, rng)
        rows = np.arange(len(truth)).reshape(-1, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                whole = scorer(answers, rows, truth)
                single = [scorer(answers, r, truth[r[0]]) for r in rows[:, None]]
            except ValueError:
                return False
            except Exception:  # noqa: BLE001 - a user's own
                return True
        if not np.isclose(np.mean(single), whole, rtol=1e-9, atol=1e-12):
            return False
    return True


def _random_answers(target: Target, truth: Any, rng: Any) -> Answers:
    n_rows = len(truth)
    if not target.is_of_classes:
        said = np.abs(truth) * rng.uniform(0.5, 2, truth.shape) + 0.1
        return answers_from({"predict": said}, is_of_classes=False)
    if not target.is_single:
        return answers_from(
            {"predict": rng.integers(0, 2, truth.shape)}, is_of_classes=True
        )
    classes = np.unique(np.asarray(target.y))
    chances = rng.dirichlet(np.ones(len(classes)), n_rows)
    is_binary = len(classes) == 2  # noqa: PLR2004 - the second one is the positive one
    kept = {
        "predict": rng.choice(classes, n_rows),
        "predict_proba": chances,
        "decision_function": chances[:, 1] - 0.5 if is_binary else chances,
    }
    return answers_from(kept, classes, is_of_classes=True)


class Pool:
    """The answers of folds, gathered.

    Args:
        scorers: That are to be computed from them, by name.
        y: The target of all rows.
    """

    def __init__(self, scorers: Mapping[str, Scorer], y: Any) -> None:
        self._scorers, self._y = dict(scorers), y
        self._parts: list[tuple[Any, dict[str, Any], Any]] = []
        self._params: list[Mapping[str, Any]] = []

    def __contains__(self, name: object) -> bool:
        return name in self._scorers

    def add(self, model: Any, X: Any, numbers: Any, params: Mapping[str, Any]) -> None:
        """Let a fitted model answer to the rows of these numbers."""
        if not self._scorers:
            return
        said = {
            name: np.asarray(getattr(model, name)(X))
            for name in METHODS
            if hasattr(model, name)
        }
        # Of labels, some models give a list with the chances of each.
        by_row = {name: v for name, v in said.items() if len(v) == len(numbers)}
        self._parts.append((numbers, by_row, getattr(model, "classes_", None)))
        self._params.append(params)

    def scores(self) -> dict[str, float]:
        """Return the metrics of all answers."""
        if not self._scorers:
            return {}
        numbers = np.concatenate([part[0] for part in self._parts])
        truth = np.asarray(self._y)[numbers]
        classes = [part[2] for part in self._parts]
        is_of_classes = all(each is not None for each in classes)
        every = np.unique(np.asarray(self._y)) if is_of_classes else None
        shared = set.intersection(*(set(part[1]) for part in self._parts))
        kept = {
            name: np.concatenate(
                [_placed(part[1][name], name, part[2], every) for part in self._parts]
            )
            for name in METHODS
            if name in shared
        }
        answers = answers_from(kept, every, is_of_classes=is_of_classes)
        params = {
            name: np.concatenate([np.asarray(each[name]) for each in self._params])
            for name in self._params[0]
        }
        places = np.arange(len(truth)).reshape(-1, 1)
        found = check_scoring(scoring=self._scorers)(answers, places, truth, **params)
        return {name: float(value) for name, value in found.items()}


def _placed(said: Any, method: str, own: Any, every: Any) -> Any:
    """Return answers with a column for each class, also for those not fitted on."""
    if method == "predict" or every is None or said.ndim != 2:  # noqa: PLR2004
        return said
    if said.shape[1] != len(own) or len(own) == len(every):
        return said
    least = 0.0 if method == "predict_proba" else np.finfo(said.dtype).min
    found = np.full((len(said), len(every)), least, dtype=said.dtype)
    found[:, np.searchsorted(every, own)] = said
    return found
