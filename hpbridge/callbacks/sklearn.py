"""scikit-learn: a report an iteration of `fit`, or an epoch of `partial_fit`."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from hpbridge.callbacks.loops import epochs as epochs_of
from hpbridge.callbacks.reporting import Reporter
from hpbridge.errors import CallbackError
from hpbridge.errors.experiments import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.trial import Trial


class _Validation:
    """Scores an estimator on validation data, for a trial.

    Args:
        trial: What the objective got.
        library: Whose errors are raised.
        data: ``(X, y)``.
        scoring: As of `ScikitLearn`.
    """

    def __init__(
        self, trial: Trial, library: str, data: tuple[Any, Any], scoring: Any
    ) -> None:
        from sklearn.metrics import get_scorer_names

        is_name = isinstance(scoring, str)
        self.reporter = Reporter(trial, library, scoring if is_name else None)
        if is_name:
            self.reporter.choose_metric(get_scorer_names())
        if is_name or scoring is None:
            self.reporter.check_direction(scoring or "score", "greater")
        self._data, self._scoring = data, scoring

    def score(self, estimator: Any) -> float:
        """Return the score of an estimator that is fitted."""
        from sklearn.metrics import check_scoring

        return float(check_scoring(estimator, self._scoring)(estimator, *self._data))


class ScikitLearn:
    """Reports the k-th iteration of a fit as step k; ends the trial where told.

    A callback of scikit-learn's, for estimators that tell theirs of iterations: in 1.9
    that is `LogisticRegression` with its solver ``lbfgs``. It is set on the estimator
    that iterates, which in a pipeline is the last step.

    Args:
        trial: What the objective got.
        X: Validation rows, as the estimator itself takes them.
        y: Their targets.
        scoring: A name or a scorer of scikit-learn's, of which more is better, or a
            function of your own ``(estimator, X, y) -> float``. None for the
            estimator's own score.

    Raises:
        TrialPruned: While fitting.
        CallbackError: If there is no such scorer, or the experiment minimizes what it
            returns.

    Example:
        ``LogisticRegression().set_callbacks(ScikitLearn(trial, X_valid, y_valid))``

    Source:
        scikit-learn 1.9.1, ``sklearn.callback.FitCallback``.
    """

    def __init__(self, trial: Trial, X: Any, y: Any, scoring: Any = None) -> None:  # noqa: N803 - scikit-learn's names
        self._validation = _Validation(trial, "ScikitLearn", (X, y), scoring)
        self._step = 0
        self._handled: BaseException | None = None

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin."""
        del estimator, context
        self._step = 0
        # One that CatBoost was given by a callback never ends.
        self._handled = sys.exception()

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Begin an iteration."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Take what ended: an iteration, or something else of the fit."""
        del estimator
        parent = context.parent
        is_iteration = (
            context.max_subtasks == 0
            and parent is not None
            and parent.estimator_name == context.estimator_name
        )
        if fitted_estimator is None or not is_iteration:
            return
        self._step += 1
        score = self._validation.score(fitted_estimator)
        self._validation.reporter.report(self._step, score)

    def teardown(self, estimator: Any, context: Any) -> None:
        """End, with an error if nothing could be reported."""
        del context
        if self._step == 0 and sys.exception() is self._handled:
            name = type(estimator).__name__
            problem = f"heard of no iteration while {name} was fitted"
            hint = "set it on the step that iterates, or use callbacks.partial_fit"
            raise CallbackError.invalid(ScikitLearn.__name__, problem, hint)


def partial_fit(  # noqa: PLR0913 - all but five have a default
    trial: Trial,
    estimator: Any,
    train: tuple[Any, Any],
    valid: tuple[Any, Any],
    epochs: int,
    *,
    scoring: Any = None,
    keep: bool = True,
    **options: Any,
) -> float:
    """Fit an estimator by epochs, report each; end the trial where the pruner says so.

    The k-th pass over the rows is step k, and ends with a checkpoint, after which a
    trial that was paused or interrupted goes on. Classes are those of the training
    rows, unless ``classes=`` says otherwise.

    Args:
        trial: What the objective got.
        estimator: With a method `partial_fit`; fitted in place.
        train: ``(X, y)`` to learn from.
        valid: ``(X, y)`` to score.
        epochs: How many.
        scoring: As of `ScikitLearn`.
        keep: Whether epochs end with a checkpoint, which takes milliseconds.
        **options: For the estimator's `partial_fit`.

    Returns:
        The last score.

    Raises:
        TrialPruned: If it is to end.
        ArgumentError: If the estimator has no `partial_fit`, or there is no epoch.
        CallbackError: As of `ScikitLearn`.

    Example:
        ``return partial_fit(trial, SGDClassifier(), (X, y), (X_valid, y_valid), 20)``
    """
    learn: Callable[..., Any] | None = getattr(estimator, "partial_fit", None)
    if learn is None:
        problem = f"{type(estimator).__name__} has no partial_fit"
        raise ArgumentError.given(partial_fit.__name__, [problem])
    validation = _Validation(trial, "partial_fit", valid, scoring)
    if "classes" in inspect.signature(learn).parameters and "classes" not in options:
        import numpy as np

        options["classes"] = np.unique(train[1])
    kept = [_Learned(estimator)] if keep else []
    for epoch in epochs_of(trial, epochs, *kept):
        learn(*train, **options)
        trial.report(validation.score(estimator), epoch)
    return validation.score(estimator)


class _Learned:
    """What an estimator has learned: all its attributes."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self._estimator))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self._estimator).update(state)
