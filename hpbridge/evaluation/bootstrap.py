"""Bootstrap samples of a test: what a metric comes to on each.

A call of scikit-learn's for each sample takes seconds for each metric. Most metrics
depend on counts, sums or ranks that can be had for all samples at once; the others are
called sample by sample.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import get_scorer

from hpbridge.evaluation.metrics import RankedOneVsRest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hpbridge.evaluation.answers import Answers, Marking
    from hpbridge.evaluation.metrics import Scorer

    Kernel = Callable[[Any], Any]

SAMPLES = 1000
"""Bootstrap samples behind an interval."""

_MOST_NUMBERS = 2_000_000
"""Row numbers that are drawn at a time."""


def draws(n_rows: int, count: int, seed: int) -> Iterator[Any]:
    """Return the row numbers of samples, some samples at a time: a row a sample."""
    rng = np.random.default_rng(seed)
    step = max(_MOST_NUMBERS // n_rows, 1)
    for first in range(0, count, step):
        yield rng.integers(0, n_rows, (min(step, count - first), n_rows))


def resampled(
    metric: tuple[str, Scorer],
    answers: Mapping[str, Answers],
    marking: Marking,
    seed: int,
    *,
    few: int = SAMPLES,
) -> dict[str, Any]:
    """Return a metric of models on bootstrap samples of the same rows.

    Args:
        metric: Its name and its scorer.
        answers: Of each model, by its name.
        marking: The truth.
        seed: Of the samples.
        few: How many samples of a metric that is called for each of them.

    Returns:
        An array by name, a value a sample; NaN where a sample has none.
    """
    quick = {name: kernel_of(*metric, each, marking) for name, each in answers.items()}
    kernels = {
        name: kernel or one_by_one(metric[1], answers[name], marking)
        for name, kernel in quick.items()
    }
    count = SAMPLES if all(quick.values()) else min(few, SAMPLES)
    found: dict[str, list[Any]] = {name: [] for name in answers}
    for numbers in draws(marking.n_rows, count, seed):
        for name, kernel in kernels.items():
            found[name].append(kernel(numbers))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def one_by_one(scorer: Scorer, answers: Answers, marking: Marking) -> Kernel:
    """Return what calls a scorer for each sample."""

    def kernel(numbers: Any) -> Any:
        return np.array([_scored(each) for each in numbers])

    def _scored(numbers: Any) -> float:
        try:
            return marking.score(scorer, answers, numbers)
        except ValueError:  # a sample without one of the classes
            return math.nan

    return kernel


def kernel_of(
    name: str, scorer: Scorer, answers: Answers, marking: Marking
) -> Kernel | None:
    """Return what computes a metric on many samples at once; None where nothing does.

    Args:
        name: Of the metric; it counts where the scorer is scikit-learn's of this name.
        scorer: Of the metric.
        answers: Of a model.
        marking: The truth.
    """
    if marking.weights_of(scorer) or not _is_theirs(name, scorer):
        return None
    if np.ndim(marking.truth) != 1:
        return _labelling(name, answers, marking.truth)
    if name in _COUNTED:
        return _counting(_COUNTED[name], answers, marking.truth)
    if name == "neg_log_loss":
        return _losing(answers, marking.truth)
    if name in _SUMMED:
        return _summing(_SUMMED[name], answers, marking.truth)
    return _ranking(name, answers, marking.truth) if name in _RANKED else None


def _is_theirs(name: str, scorer: Scorer) -> bool:
    """Say whether a scorer is scikit-learn's of this name, as it comes."""
    if isinstance(scorer, RankedOneVsRest):
        return True
    try:
        return repr(scorer) == repr(get_scorer(name))
    except ValueError:  # of the user's own name
        return False


def _counting(measure: Any, answers: Answers, truth: Any) -> Kernel | None:
    """Return what counts who is taken for whom."""
    said = answers.kept["predict"]
    if said.ndim != 1:
        return None
    labels, codes = np.unique(np.concatenate([truth, said]), return_inverse=True)
    size = len(labels)
    pairs = codes[: len(truth)] * size + codes[len(truth) :]
    positive = np.flatnonzero(labels == 1)

    step = max(_MOST_NUMBERS // size**2, 1)  # of a thousand classes, there are many

    def part(numbers: Any) -> Any:
        places = pairs[numbers] + size**2 * np.arange(len(numbers))[:, None]
        counts = np.bincount(places.ravel(), minlength=len(numbers) * size**2)
        found = counts.reshape(len(numbers), size, size).astype(float)
        return measure(found, positive)

    def kernel(numbers: Any) -> Any:
        firsts = range(0, len(numbers), step)
        return np.concatenate([part(numbers[k : k + step]) for k in firsts])

    return kernel


def _rates(kind: str, counts: Any) -> tuple[Any, Any]:
    """Return precision, recall or F1 of each class, and the rows of each."""
    right = np.diagonal(counts, axis1=1, axis2=2)
    true, said = counts.sum(2), counts.sum(1)
    below = {"precision": said, "recall": true, "f1": (said + true) / 2}[kind]
    return _divided(right, below), true


def _accuracy(counts: Any, _: Any) -> Any:
    return np.trace(counts, axis1=1, axis2=2) / counts.sum((1, 2))


def _balanced(counts: Any, _: Any) -> Any:
    rates, true = _rates("recall", counts)
    return (rates * (true > 0)).sum(1) / (true > 0).sum(1)


def _macro(kind: str) -> Any:
    def measure(counts: Any, _: Any) -> Any:
        rates, true = _rates(kind, counts)
        is_there = (true + counts.sum(1)) > 0
        return (rates * is_there).sum(1) / is_there.sum(1)

    return measure


def _weighted(kind: str) -> Any:
    def measure(counts: Any, _: Any) -> Any:
        rates, true = _rates(kind, counts)
        return (rates * true).sum(1) / true.sum(1)

    return measure


def _of_positive(kind: str) -> Any:
    def measure(counts: Any, positive: Any) -> Any:
        if len(positive) != 1:
            return np.full(len(counts), np.nan)
        return _rates(kind, counts)[0][:, positive[0]]

    return measure


_COUNTED = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced,
    **{f"{k}_macro": _macro(k) for k in ("precision", "recall", "f1")},
    **{f"{k}_micro": _accuracy for k in ("precision", "recall", "f1")},
    **{f"{k}_weighted": _weighted(k) for k in ("precision", "recall", "f1")},
    **{k: _of_positive(k) for k in ("precision", "recall", "f1")},
}


def _summing(measure: Any, answers: Answers, truth: Any) -> Kernel | None:
    """Return what adds up what each row contributes."""
    said = answers.kept["predict"]
    if said.ndim != 1:
        return None
    errors = np.asarray(truth, dtype=float) - said
    return lambda numbers: measure(errors[numbers], truth[numbers])


def _r2(errors: Any, truth: Any) -> Any:
    rest = (errors**2).sum(1)
    whole = ((truth - truth.mean(1, keepdims=True)) ** 2).sum(1)
    # As scikit-learn has it where all rows are the same.
    constant = np.where(rest == 0, 1.0, 0.0)
    return np.where(whole > 0, 1 - rest / np.where(whole > 0, whole, 1), constant)


_SUMMED = {
    "neg_mean_absolute_error": lambda errors, _: -np.abs(errors).mean(1),
    "neg_mean_squared_error": lambda errors, _: -(errors**2).mean(1),
    "neg_root_mean_squared_error": lambda errors, _: -np.sqrt((errors**2).mean(1)),
    "r2": _r2,
}


def _losing(answers: Answers, truth: Any) -> Kernel | None:
    """Return what computes the loss of chances: a mean over rows.

    Source:
        scikit-learn 1.9.1, `sklearn.metrics.log_loss`: chances are held off 0 and 1 by
        the least step of their type; there is no loss where a class is missing.
    """
    chances, classes = answers.kept.get("predict_proba"), answers.classes_
    places = np.searchsorted(classes, truth)
    if not isinstance(chances, np.ndarray) or chances.dtype != np.float64:
        return None
    least = np.finfo(chances.dtype).eps
    if (classes[np.minimum(places, len(classes) - 1)] != truth).any():
        return None
    sums = chances.sum(1, keepdims=True)
    if not np.allclose(sums, 1, rtol=math.sqrt(least)):
        return None
    kept = np.clip(chances, least, 1 - least)[np.arange(len(truth)), places]
    losses = -np.log(kept)

    def kernel(numbers: Any) -> Any:
        drawn = np.sort(places[numbers], axis=1)
        n_there = 1 + (np.diff(drawn, axis=1) != 0).sum(1)
        return np.where(n_there == len(classes), -losses[numbers].mean(1), math.nan)

    return kernel


def _labelling(name: str, answers: Answers, truth: Any) -> Kernel | None:
    """Return what computes metrics of rows with several labels each."""
    said = answers.kept["predict"]
    is_known = hasattr(answers, "classes_") and said.shape == truth.shape
    if not is_known or name not in {"accuracy", "f1_samples", "f1_macro"}:
        return None
    right, either = truth * said, (truth + said) / 2
    if name == "f1_macro":

        def by_label(numbers: Any) -> Any:
            times = _times(numbers, len(truth))
            return _divided(times @ right, times @ either).mean(1)

        return by_label
    if name == "accuracy":
        by_row = (truth == said).all(1).astype(float)
    else:
        by_row = _divided(right.sum(1), either.sum(1))
    return lambda numbers: by_row[numbers].mean(1)


def _divided(above: Any, below: Any) -> Any:
    """Return a rate, 0 where there is nothing to divide by, as scikit-learn has it."""
    above = np.asarray(above, dtype=float)
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _times(numbers: Any, n_rows: int) -> Any:
    """Return how often each row is in each sample."""
    places = numbers + n_rows * np.arange(len(numbers))[:, None]
    found = np.bincount(places.ravel(), minlength=len(numbers) * n_rows)
    return found.reshape(len(numbers), n_rows).astype(float)


def _ranking(name: str, answers: Answers, truth: Any) -> Kernel | None:
    """Return what computes areas under ROC curves, of each class against the rest."""
    classes = getattr(answers, "classes_", None)
    known = [answers.kept[each] for each in _RANKED[name] if each in answers.kept]
    said = known[0] if known and not isinstance(known[0], list) else None
    if classes is None or said is None:
        return None
    if len(classes) == 2:  # noqa: PLR2004 - the second one is the positive one
        columns = {classes[1]: said if said.ndim == 1 else said[:, -1]}
    else:
        columns = {label: said[:, k] for k, label in enumerate(classes)}
    areas = [_area(scores, truth == label) for label, scores in columns.items()]

    def kernel(numbers: Any) -> Any:
        times = _times(numbers, len(truth))
        return np.mean([area(times) for area in areas], axis=0)

    return kernel


def _area(scores: Any, is_class: Any) -> Any:
    """Return what computes the area of one class from how often each row is there."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    # Rows of the same score are one step of the curve.
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    is_class = np.asarray(is_class)[order]

    def area(times: Any) -> Any:
        ordered = times[:, order]
        inside = np.add.reduceat(ordered * is_class, starts, axis=1)
        outside = np.add.reduceat(ordered * ~is_class, starts, axis=1)
        below = np.cumsum(outside, axis=1) - outside / 2
        n_in, n_out = inside.sum(1), outside.sum(1)
        is_known = (n_in > 0) & (n_out > 0)
        whole = np.where(is_known, n_in * n_out, np.nan)
        return (inside * below).sum(1) / whole

    return area


_RANKED = {
    "roc_auc": ("decision_function", "predict_proba"),
    "roc_auc_ovr": ("predict_proba", "decision_function"),
}
"""Which answers scikit-learn ranks by: the first that there are."""
