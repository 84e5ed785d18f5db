"""The threshold from which on the positive class is predicted, chosen without the test.

Each row that trials see is answered by a model that was not fitted on it; all these
answers together are what a threshold is chosen on. It is chosen for being the best on
them, so that its score there is a little too good: the sealed test says what it is
worth.

Source:
    scikit-learn 1.9.1, `sklearn.model_selection.TunedThresholdClassifierCV`: it scores
    each fold by itself, at 100 evenly spaced thresholds, and takes the threshold with
    the best mean. Here the answers of all folds are scored together, halfway between
    any two of them (or at 300 quantiles): a fold with few rows of a class has no F1 or
    recall worth a mean. With one fold, or a metric that is a mean over rows and folds
    of one size, the two are the same at the same thresholds. Of equal ones, the lowest
    is taken, there and here.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import FixedThresholdClassifier

from hpbridge.analysis.further import THRESHOLDS
from hpbridge.errors import ExperimentError
from hpbridge.errors.foreign import describe_error
from hpbridge.evaluation.answers import answers_from
from hpbridge.evaluation.metrics import read_metrics
from hpbridge.evaluation.opening import fresh, learnt
from hpbridge.evaluation.routed import params_of_score
from hpbridge.evaluation.within import problems_of_study
from hpbridge.experiment import read_constraints
from hpbridge.space.plain_data import plain_data
from hpbridge.store.appending import append

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.metrics import Scorer
    from hpbridge.evaluation.rows import Rows
    from hpbridge.experiment import Constraint
    from hpbridge.study import Study

THRESHOLD = "threshold"
"""The word of an opening of the test for the threshold that it was opened with."""

_CHANCES, _DECISIONS = "predict_proba", "decision_function"
_MOST_TRIED = 300
_CONSTRAINT = re.compile(r"\s*(\w+)\s*([<>]=.*)\Z")


@dataclass(frozen=True)
class Threshold:
    """A threshold that was chosen on out-of-fold answers.

    Attributes:
        value: From which on the positive class is predicted.
        default: From which on it is without: 0.5 of chances, 0 of decisions.
        response: What is compared: ``predict_proba`` or ``decision_function``.
        classes: The negative one and the positive one.
        trial: Number of the trial whose model it is for.
        metric: What it was chosen for.
        score: The metric at the threshold, on the out-of-fold answers.
        default_score: The same at the default threshold.
        constraint: That it keeps, as in ``"recall >= 0.95"``; None for none.
        constrained: The constraint's metric at the threshold.
        default_constrained: The same at the default threshold.
        n_answers: That it was chosen on.
        tried: The thresholds that were compared, in order.
        scores: The metric at each of them.
    """

    value: float
    default: float
    response: str
    classes: tuple[Any, Any]
    trial: int
    metric: str
    score: float
    default_score: float
    constraint: str | None
    constrained: float | None
    default_constrained: float | None
    n_answers: int
    tried: tuple[float, ...]
    scores: tuple[float, ...]

    def applied(self, model: Any) -> Any:
        """Return a fitted model with this threshold, as scikit-learn's own.

        Args:
            model: A fitted binary classifier; not fitted again.
        """
        return FixedThresholdClassifier(
            model,
            threshold=self.value,
            pos_label=self.classes[1],
            response_method=self.response,
        )

    @property
    def sentence(self) -> str:
        """What was chosen, and for what."""
        said = (
            f"from {self.value:.4g} on, {self.classes[1]!r} is predicted, and "
            f"{self.metric} is {self.score:.4g} on {self.n_answers} out-of-fold "
            f"answers; from {self.default:g} on, {self.default_score:.4g}"
        )
        if self.constraint is not None:
            said += (
                f" ({self.constraint}: {self.constrained:.4g}, and at the default "
                f"{self.default_constrained:.4g})"
            )
        return said

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        data = {**asdict(self), "sentence": self.sentence}
        found: dict[str, Any] = plain_data(data).value
        return found

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Threshold:
        """Return the threshold that `to_json` wrote."""
        lists = {n: tuple(data[n]) for n in ("classes", "tried", "scores")}
        own = {each.name: data[each.name] for each in fields(cls)}
        return cls(**{**own, **lists})


def choose_threshold(
    evaluation: Evaluation, study: Study, metric: object, constraint: str | None
) -> Threshold:
    """Return a threshold for a study's best; see `hpbridge.Evaluation.threshold`."""
    problems = problems_of_study(evaluation, study)
    aim = read_aim(evaluation, metric, constraint, problems)
    best = study.best_trial
    estimator = fresh(evaluation, best)
    response = _CHANCES if hasattr(estimator, _CHANCES) else _DECISIONS
    if not hasattr(estimator, response):
        kind = type(estimator).__name__
        problem = f"{kind} has neither {_CHANCES} nor {_DECISIONS}: it has no threshold"
        raise ExperimentError.invalid(evaluation.name, [problem])
    answers = _out_of_fold(evaluation, estimator, response)
    default = 0.5 if response == _CHANCES else 0.0
    found = _chosen(evaluation, aim, answers, default)
    threshold = Threshold(
        default=default,
        response=response,
        classes=answers.classes,
        trial=best.number,
        metric=aim.metric,
        constraint=aim.text,
        n_answers=len(answers.scores),
        **found,
    )
    if study.home is not None:
        append(study.home, study.id, THRESHOLDS, threshold.to_json())
    return threshold


def threshold_of(study: Study, trial: int) -> Threshold | None:
    """Return the threshold that was chosen last for a trial's model, if one was."""
    noted = study.attributes.get(THRESHOLDS, ())
    of_trial = [each for each in noted if each.get("trial") == trial]
    return Threshold.from_json(of_trial[-1]) if of_trial else None


@dataclass(frozen=True)
class Aim:
    """What a threshold is chosen for."""

    metric: str
    scorer: Scorer
    bound: Constraint | None = None
    bounded: Scorer | None = None
    text: str | None = None


def read_aim(
    evaluation: Evaluation,
    metric: object,
    constraint: str | None = None,
    problems: Iterable[str] = (),
) -> Aim:
    """Return what a threshold is to be chosen for.

    Args:
        evaluation: Of the models.
        metric: As of `hpbridge.Evaluation.threshold`.
        constraint: As there.
        problems: What is wrong besides.

    Raises:
        ExperimentError: With everything that is wrong, before the first fit.
    """
    problems = list(problems)
    if evaluation.target.kind != "binary" or not evaluation.target.is_of_classes:
        problems.append(
            f"a threshold is of two classes, and it has {evaluation.target.text}"
        )
        raise ExperimentError.invalid(evaluation.name, problems)
    if isinstance(metric, str) and constraint is None and _CONSTRAINT.match(metric):
        metric, constraint = None, metric
    bound, bounded = _read_bound(evaluation, constraint, problems)
    besides = "" if bound is None else bound.metric
    if metric is None:
        known = {n: s for n, s in evaluation.scorers.items() if _is_of_predictions(s)}
        metric = {n: s for n, s in known.items() if n != besides}
        if not metric:
            names = ", ".join(map(repr, evaluation.scorers))
            problems.append(
                f"name the metric: no other of {names} depends on a threshold"
            )
        metric = dict([*metric.items()][:1])
    named = _scorers(evaluation, metric, problems) if metric else {}
    if len(named) > 1:
        problems.append(f"a threshold is chosen for one metric, got {list(named)}")
    if problems:
        raise ExperimentError.invalid(evaluation.name, problems)
    ((name, scorer),) = named.items()
    text = None if bound is None else f"{bound.metric} {bound.text}"
    return Aim(name, scorer, bound, bounded, text)


def _read_bound(
    evaluation: Evaluation, text: str | None, problems: list[str]
) -> tuple[Constraint | None, Scorer | None]:
    if text is None:
        return None, None
    match = _CONSTRAINT.match(text) if isinstance(text, str) else None
    if match is None:
        problems.append(f"constraint must be as in 'recall >= 0.95', got {text!r:.100}")
        return None, None
    bounds = read_constraints({match[1]: match[2]}, problems)
    scorers = _scorers(evaluation, match[1], problems)
    if not bounds or not scorers:
        return None, None
    return bounds[0], scorers[match[1]]


def _scorers(
    evaluation: Evaluation, given: object, problems: list[str]
) -> dict[str, Scorer]:
    """Return scorers by name; add a sentence for what no threshold changes."""
    names = [given] if isinstance(given, str) else []
    if names and names[0] in evaluation.scorers:
        found = {names[0]: evaluation.scorers[names[0]]}
    else:
        estimators = list(evaluation.models.estimators.values())
        found = read_metrics(given, estimators, evaluation.target, problems)
    problems += [
        f"{name!r} does not depend on a threshold: it is of the order of the scores or "
        "of chances; take one of predictions, as f1, balanced_accuracy or precision"
        for name, scorer in found.items()
        if not _is_of_predictions(scorer)
    ]
    return found


def _is_of_predictions(scorer: Scorer) -> bool:
    return getattr(scorer, "_response_method", "predict") == "predict"


@dataclass(frozen=True)
class _Answers:
    """What models that were not fitted on rows said of them."""

    scores: Any
    rows: Rows
    classes: tuple[Any, Any]


def _out_of_fold(evaluation: Evaluation, estimator: Any, response: str) -> _Answers:
    """Return the scores of the positive class, of every row that a fold scores on.

    Raises:
        ExperimentError: If the model cannot be fitted on a fold.
    """
    rows = evaluation.folds.kept.rows()
    classes = np.unique(np.asarray(rows.y))
    numbers, found = [], []
    with sklearn.config_context(**evaluation.folds.config):
        for k, (fitted, scored) in enumerate(evaluation.folds.folds):
            part = rows.take(fitted)
            try:
                model = learnt(evaluation, estimator, part)
                said = np.asarray(getattr(model, response)(rows.take(scored).X))
            except Exception as error:  # an estimator may raise anything
                problem = f"its model fails in fold {k}: {describe_error(error)}"
                raise ExperimentError.invalid(evaluation.name, [problem]) from error
            if list(model.classes_) != list(classes):
                problem = f"fold {k} is fitted on rows of one class alone"
                raise ExperimentError.invalid(evaluation.name, [problem])
            numbers.append(np.asarray(scored))
            found.append(said[:, 1] if said.ndim > 1 else said)
    first, second = classes.tolist()
    return _Answers(
        np.concatenate(found), rows.take(np.concatenate(numbers)), (first, second)
    )


def _candidates(scores: Any) -> Any:
    """Return the thresholds that are compared, in order: all that differ, or 300."""
    distinct = np.unique(scores)
    between = (distinct[1:] + distinct[:-1]) / 2
    if len(between) > _MOST_TRIED:
        places = np.linspace(0, len(scores) - 1, _MOST_TRIED).astype(int)
        kept = np.searchsorted(distinct, np.sort(scores)[places], side="right") - 1
        between = between[np.unique(kept[kept < len(between)])]
    above = np.nextafter(distinct[-1], np.inf)
    return np.unique([distinct[0], *between, above])


def _chosen(
    evaluation: Evaluation, aim: Aim, answers: _Answers, default: float
) -> dict[str, Any]:
    """Compare the thresholds; the lowest of those that are equally good is taken.

    Raises:
        ExperimentError: If none keeps the constraint.
    """
    tried = _candidates(answers.scores)
    with sklearn.config_context(**evaluation.folds.config), warnings.catch_warnings():
        # Beyond the highest score, nothing is predicted to be positive.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        scores = _scored(aim.scorer, answers, [*tried, default])
        bounded: list[Any] = [None] * len(scores)
        if aim.bounded is not None:
            bounded = _scored(aim.bounded, answers, [*tried, default])
    if aim.bound is None:
        keeps = np.ones(len(tried), dtype=bool)
    else:
        name = aim.bound.metric
        keeps = np.array([aim.bound.violation({name: v}) <= 0 for v in bounded[:-1]])
        if not keeps.any():
            nearest = (max if aim.bound.sign < 0 else min)(bounded[:-1])
            problem = f"no threshold keeps {aim.text}: the nearest is {nearest:.4g}"
            raise ExperimentError.invalid(evaluation.name, [problem])
    best = int(np.argmax(np.where(keeps, scores[:-1], -np.inf)))
    return {
        "value": float(tried[best]),
        "score": scores[best],
        "default_score": scores[-1],
        "constrained": bounded[best],
        "default_constrained": bounded[-1],
        "tried": tuple(map(float, tried)),
        "scores": tuple(scores[:-1]),
    }


def _scored(scorer: Scorer, answers: _Answers, tried: Sequence[float]) -> list[Any]:
    rows, classes = answers.rows, np.asarray(answers.classes)
    places, truth = np.arange(len(rows)).reshape(-1, 1), np.asarray(rows.y)
    params = params_of_score(scorer, rows.params)
    found = []
    for each in tried:
        said = classes[(answers.scores >= each).astype(int)]
        model = answers_from({"predict": said}, classes, is_of_classes=True)
        found.append(float(scorer(model, places, truth, **params)))
    return found
