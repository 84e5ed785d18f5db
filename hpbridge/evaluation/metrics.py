"""Metrics: scikit-learn's scorers by name, tried on the target before any fit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names, roc_auc_score
from sklearn.preprocessing import label_binarize

from hpbridge.errors import nearest

if TYPE_CHECKING:
    from hpbridge.evaluation.target import Target

Scorer = Callable[..., float]

OF_CLASSES = ("f1_macro", "accuracy", "balanced_accuracy")
OF_LABELS = ("f1_samples", "f1_macro", "accuracy")
OF_NUMBERS = ("r2", "neg_mean_absolute_error", "neg_root_mean_squared_error")

_RANKED = {"roc_auc_ovr": "macro", "roc_auc_ovr_weighted": "weighted"}
"""Metrics of one class against the rest, which depend on the order of scores alone."""

# Rows on which a metric is tried: enough for every class, and quick.
_ROWS_TRIED = 200


def default_metrics(target: Target) -> tuple[str, ...]:
    """Return the metrics of a target for which none are named; the first counts."""
    if not target.is_of_classes:
        return OF_NUMBERS
    return OF_LABELS if target.kind == "multilabel-indicator" else OF_CLASSES


def read_metrics(
    given: object, estimators: Sequence[Any], target: Target, problems: list[str]
) -> dict[str, Scorer]:
    """Return scorers by name, in order; add what is wrong to a list.

    Args:
        given: A name, a scorer, a list of such, or a dict of such by name; None for
            those that suit the target.
        estimators: What is scored: all of them have to have what a metric needs.
        target: Against which each is tried, with a dummy predictor's answers.
        problems: Gets a sentence each.
    """
    found: dict[str, Scorer] = {}
    misfits: list[str] = []
    for name, metric in _named(given, target, problems).items():
        scorer = _scorer(name, metric, estimators, problems)
        if scorer is None:
            continue
        reason = misfit(scorer, target)
        if reason is None:
            found[name] = scorer
        else:
            reason += _of_one_class(scorer, reason, target)
            misfits.append(f"the metric {name!r} does not fit {target.text}: {reason}")
    if misfits:
        misfits[-1] += f"; those that do: {', '.join(fitting_metrics(target))}"
    problems += misfits
    return found


def _of_one_class(scorer: Any, reason: str, target: Target) -> str:
    """Return how a metric of the positive class is told which class that is."""
    function = getattr(getattr(scorer, "_score_func", None), "__name__", "")
    if "pos_label" not in reason or len(target.counts) != 2 or not function:  # noqa: PLR2004
        return ""
    response = getattr(scorer, "_response_method", "predict")
    words: dict[str, Any] = {"pos_label": max(target.counts, key=repr)}
    if response != "predict":
        words["response_method"] = response
    if getattr(scorer, "_sign", 1) < 0:
        words["greater_is_better"] = False
    made = ", ".join([function, *(f"{n}={v!r}" for n, v in words.items())])
    return f" (sklearn.metrics.make_scorer({made}) says which class counts)"


def unknown_metrics(given: object) -> list[str]:
    """Return a sentence for each name that is no metric's, whatever the target."""
    named = [given] if isinstance(given, str) else given
    if not isinstance(named, Sequence):
        return []
    names, known = [n for n in named if isinstance(n, str)], get_scorer_names()
    return [_unknown(name) for name in names if name not in known]


def _unknown(name: str) -> str:
    return f"there is no metric {name!r}; {nearest(name, get_scorer_names())}"


def unknown_constraints(given: object, metrics: Sequence[str]) -> list[str]:
    """Return a sentence for each constraint on what no trial has."""
    seconds = ("mean_fit_time", "mean_score_time")
    known = [*metrics, *(f"mean_train_{name}" for name in metrics), *seconds]
    if not isinstance(given, Mapping) or not metrics:
        return []
    return [
        f"no trial has the metric {name!r} of constraints=; {nearest(str(name), known)}"
        for name in given
        if name not in known
    ]


def _named(given: object, target: Target, problems: list[str]) -> dict[str, Any]:
    if given is None:
        return {name: name for name in default_metrics(target)}
    if isinstance(given, Mapping) and given:
        return {str(name): metric for name, metric in given.items()}
    listed = [given] if isinstance(given, str) or callable(given) else given
    if not isinstance(listed, Sequence) or not listed:
        problems.append(f"metrics must be names or scorers, got {given!r:.200}")
        return {}
    named: dict[str, Any] = {}
    for metric in listed:
        name = metric if isinstance(metric, str) else _name_of(metric)
        if name in named:
            problems.append(f"the metric {name!r} is named twice")
        named[name] = metric
    return named


def _name_of(metric: Any) -> str:
    function = getattr(metric, "_score_func", metric)
    return str(getattr(function, "__name__", type(metric).__name__)).strip("<>")


def _scorer(
    name: str, metric: Any, estimators: Sequence[Any], problems: list[str]
) -> Scorer | None:
    if callable(metric):
        return _own_scorer(name, metric, problems)
    if not isinstance(metric, str):
        problems.append(
            f"the metric {name!r} must be a name or a scorer, got {metric!r}"
        )
        return None
    if metric not in get_scorer_names():
        problems.append(_unknown(metric))
        return None
    scorer: Any = get_scorer(metric)
    needed = getattr(scorer, "_response_method", "predict")
    methods = [needed] if isinstance(needed, str) else list(needed)
    lacking = [
        type(e).__name__ for e in estimators if not any(hasattr(e, m) for m in methods)
    ]
    if not lacking:
        return scorer  # type: ignore[no-any-return]
    if metric in _RANKED and all(hasattr(e, "decision_function") for e in estimators):
        return RankedOneVsRest(_RANKED[metric])
    who = " and ".join(dict.fromkeys(lacking))
    problems.append(
        f"the metric {metric!r} needs {' or '.join(methods)}, which {who} does not "
        "have; scikit-learn's CalibratedClassifierCV adds predict_proba to a classifier"
    )
    return None


def _own_scorer(name: str, metric: Any, problems: list[str]) -> Scorer | None:
    try:
        return check_scoring(scoring=metric)  # type: ignore[no-any-return]
    except ValueError:
        problems.append(
            f"the metric {name!r} is a function of targets and answers: "
            f"sklearn.metrics.make_scorer({name}) makes a scorer of it"
        )
        return None


class RankedOneVsRest:
    """The area under ROC curves, one class against the rest, from decisions alone.

    scikit-learn's ``roc_auc_ovr`` asks for probabilities, but the area depends on
    nothing but the order of scores of each class.

    Args:
        average: ``"macro"``, or ``"weighted"`` by the rows of each class.

    Source:
        scikit-learn 1.9.1, `sklearn.metrics.roc_auc_score` with ``multi_class="ovr"``:
        the mean of the areas of each class.
    """

    def __init__(self, average: str) -> None:
        self.average = average

    def __call__(self, estimator: Any, X: Any, y: Any, **weights: Any) -> float:
        """Return the area; `weights` may be ``sample_weight``."""
        has_chances = hasattr(estimator, "predict_proba")
        answer = estimator.predict_proba if has_chances else estimator.decision_function
        scores = np.asarray(answer(X))
        if scores.ndim == 1 or scores.shape[1] <= 2:  # noqa: PLR2004 - of two classes
            of_second = scores if scores.ndim == 1 else scores[:, -1]
            return float(roc_auc_score(y, of_second, **weights))
        is_of_class = label_binarize(y, classes=estimator.classes_)
        return float(
            roc_auc_score(is_of_class, scores, average=self.average, **weights)
        )


def misfit(scorer: Scorer, target: Target) -> str | None:
    """Return why a metric cannot be computed on a target; None if it can.

    It is tried on the answers of a dummy predictor, which is quick.
    """
    y = target.some_rows(_ROWS_TRIED)
    nothing = np.zeros((len(y), 1))
    dummy = (
        DummyClassifier(strategy="prior") if target.is_of_classes else DummyRegressor()
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            scorer(dummy.fit(nothing, y), nothing, y)
        except (ValueError, TypeError, IndexError) as error:
            return str(error).splitlines()[0].rstrip(".")
        except Exception:  # noqa: BLE001 - a user's own, which may need the real model
            return None
    return None


_OF_NUMBERS = ("neg_mean_", "neg_median_", "neg_root_", "neg_max_", "d2_absolute_")
"""What the names of scikit-learn's metrics of numbers begin with, but for the first."""

_CLUSTERING = {
    "adjusted_mutual_info_score",
    "adjusted_rand_score",
    "completeness_score",
    "fowlkes_mallows_score",
    "homogeneity_score",
    "mutual_info_score",
    "normalized_mutual_info_score",
    "rand_score",
    "v_measure_score",
}


def fitting_metrics(target: Target) -> list[str]:
    """Return scikit-learn's metrics that can be computed on a target.

    Those of errors can be computed on classes that are numbers, too, and mean nothing.
    """
    names = [
        name
        for name in get_scorer_names()
        if name not in _CLUSTERING and _is_of_numbers(name) != target.is_of_classes
    ]
    return [name for name in names if misfit(get_scorer(name), target) is None]


def _is_of_numbers(name: str) -> bool:
    return name in {"r2", "explained_variance"} or name.startswith(_OF_NUMBERS)


def is_of_classifier(estimator: Any) -> bool:
    """Say whether an estimator, or the last step of a pipeline, is a classifier."""
    return bool(is_classifier(estimator))
