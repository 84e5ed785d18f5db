"""An estimator that learns step by step while somebody listens."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object

from hpbridge.evaluation.curve import (
    CALLBACK,
    PARTIAL_FIT,
    STAGED,
    WARM_START,
    last_of,
    mechanism_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.evaluation.curve import Curve

    Hear = Callable[[int, Any], None]


class Stepwise(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Looks like an estimator whose fit can be listened to.

    Args:
        estimator: To clone; a pipeline's last step is what learns.
        curve: Which steps are heard of.
        heard: ``heard(step, model, last)`` after each of them, while the model learns;
            not called of boosters, whose rounds can be had when they are fitted.

    Attributes:
        model_: The fitted estimator, of its own class.
    """

    def __init__(
        self,
        estimator: Any,
        curve: Curve,
        heard: Callable[[int, Any, Any], None] | None = None,
    ) -> None:
        self.estimator, self.curve, self.heard = estimator, curve, heard

    def __sklearn_clone__(self) -> Stepwise:
        # Who listens is the same.
        return Stepwise(clone(self.estimator), self.curve, self.heard)

    def __sklearn_tags__(self) -> Any:
        return get_tags(self.estimator)

    def get_metadata_routing(self) -> Any:
        """Ask for what the estimator asks for."""
        return get_routing_for_object(self.estimator)

    def fit(self, X: Any, y: Any = None, **params: Any) -> Stepwise:
        """Fit a clone of the estimator."""
        self.model_ = model = clone(self.estimator)
        last = last_of(model)
        way = mechanism_of(last, self.curve)
        if way in {"", STAGED} or (way != PARTIAL_FIT and self.heard is None):
            model.fit(X, y, **params)
            return self

        def hear(step: int, so_far: Any) -> None:
            if self.heard is not None:
                self.heard(step, model, so_far)

        learner = _Learner(last, _LEARN[way], self.curve, hear)
        if last is model:
            learner.fit(X, y, **params)
            return self
        name = model.steps[-1][0]
        model.steps[-1] = (name, learner)
        try:
            model.fit(X, y, **params)
        finally:
            model.steps[-1] = (name, last)
        return self


class _Learner(BaseEstimator):  # type: ignore[misc]
    """The part that learns, in its place in a pipeline while that is fitted."""

    def __init__(self, last: Any, learn: Any, curve: Curve, hear: Hear) -> None:
        self.last, self.learn, self.curve, self.hear = last, learn, curve, hear

    def __sklearn_tags__(self) -> Any:
        return get_tags(self.last)

    def get_metadata_routing(self) -> Any:
        return get_routing_for_object(self.last)

    def fit(self, X: Any, y: Any = None, **params: Any) -> Any:
        self.learn(self.last, self.curve, self.hear, X, y, params)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _grow(last: Any, curve: Curve, hear: Hear, X: Any, y: Any, params: Any) -> None:
    own = last.warm_start
    last.set_params(warm_start=True)
    for step in curve.steps_of(last.n_estimators):
        last.set_params(n_estimators=step).fit(X, y, **params)
        hear(step, last)
    last.set_params(warm_start=own)


def _go_over(last: Any, curve: Curve, hear: Hear, X: Any, y: Any, params: Any) -> None:
    epochs = curve.epochs_of(last) or 1
    wanted = set(curve.steps_of(epochs))
    given = dict(params)
    takes_classes = "classes" in inspect.signature(last.partial_fit).parameters
    if takes_classes:
        shape = np.shape(y)
        of_labels = len(shape) > 1 and shape[1] > 1
        given["classes"] = np.arange(shape[1]) if of_labels else np.unique(y)
    for epoch in range(1, epochs + 1):
        last.partial_fit(X, y, **given)
        if epoch in wanted:
            hear(epoch, last)


def _listen(last: Any, curve: Curve, hear: Hear, X: Any, y: Any, params: Any) -> None:
    listener = _Listener(
        max(round(getattr(last, "max_iter", 100) / curve.steps), 1), hear
    )
    last.set_callbacks(listener)
    try:
        last.fit(X, y, **params)
    finally:
        last.set_callbacks()
    if listener.heard and listener.heard != listener.step:
        hear(listener.step, last)


class _Listener:
    """A `FitCallback` of scikit-learn 1.9: hears of every so many steps."""

    def __init__(self, every: int, hear: Hear) -> None:
        self._every, self._hear = every, hear
        self.step = self.heard = 0

    def setup(self, estimator: Any, context: Any) -> None:
        pass

    def teardown(self, estimator: Any, context: Any) -> None:
        pass

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        pass

    def on_fit_task_end(
        self,
        estimator: Any,  # noqa: ARG002 - their names are scikit-learn's
        context: Any,
        *,
        fitted_estimator: Any = None,
    ) -> bool:
        if context.parent is None or fitted_estimator is None:
            return False  # the whole fit, or a step that did not run
        self.step += 1
        if self.step == 1 or self.step % self._every == 0:
            self.heard = self.step
            self._hear(self.step, fitted_estimator)
        return False


_LEARN = {WARM_START: _grow, PARTIAL_FIT: _go_over, CALLBACK: _listen}
