"""What the trials are measured by: a dummy predictor, and the estimator as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn import config_context
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor

from hpbridge.analysis.evaluated import DEFAULTS, DUMMY
from hpbridge.errors.foreign import describe_error
from hpbridge.evaluation.fidelity import at_most
from hpbridge.evaluation.objective import attributes_of, metrics_of
from hpbridge.evaluation.routed import of_dummy
from hpbridge.evaluation.warned import Warned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.folds import Folds


def dummy_for(*, is_of_classes: bool, seed: int = 0) -> Any:
    """Return the predictor that looks at no feature.

    The most frequent class by the classes' chances, or the mean.
    """
    if is_of_classes:
        return DummyClassifier(strategy="prior", random_state=seed)
    return DummyRegressor()


def evaluate_references(evaluation: Evaluation) -> dict[str, Any]:
    """Return what the dummy came to, and the defaults where they are no trial.

    Returns:
        ``references``: metrics and folds by the reference's name; the estimator's own
        values of what is searched as ``own_values``, where they are outside of the
        space. The defaults of alternatives after the first are ``defaults:NAME``.
    """
    dummy = dummy_for(
        is_of_classes=evaluation.target.is_of_classes, seed=evaluation.seed
    )
    models, folds = evaluation.models, at_most(evaluation)
    first = next(iter(models.estimators.values()))
    with config_context(**folds.config):
        dummy, params = of_dummy(dummy, first, folds.scorers, folds.kept.rows().params)
    found = {DUMMY: reference(folds, dummy, params)}
    points = models.points_of_defaults()
    for name, estimator in [*models.estimators.items()][1:]:
        if name not in points:
            found[f"{DEFAULTS}:{name}"] = reference(folds, clone(estimator))
    if evaluation.has_own_defaults:
        found[DEFAULTS] = reference(folds, clone(first))
        own = models.defaults()
        return {"references": found, "own_values": {n: repr(v) for n, v in own.items()}}
    return {"references": found}


def reference(
    folds: Folds, estimator: Any, params: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return metrics and folds of an estimator, or why there are none."""
    with Warned() as warned:
        try:
            done = folds.scores(estimator, params=params)
        except Exception as error:  # noqa: BLE001 - an estimator may raise anything
            return {"error": describe_error(error)}
    found = {**attributes_of(done, len(folds.folds)), **warned.attributes}
    return {"metrics": metrics_of(done), "attributes": found}
