"""CatBoost: a report an iteration, ended by a ``with`` statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from hpbridge.callbacks.reporting import Reporter
from hpbridge.errors import CallbackError

if TYPE_CHECKING:
    from hpbridge.trial import Trial


class CatBoost:
    """Reports the k-th iteration as step k; ends the trial where the pruner says so.

    No exception passes through CatBoost, so the end of the trial is raised where the
    ``with`` statement ends. With ``metric_period=3``, what is evaluated every third
    iteration is reported.

    Args:
        trial: What the objective got.
        metric: As CatBoost calls it: ``AUC``, ``RMSE``. None for the one that is called
            as the experiment's first metric is, or the only one.
        data: As CatBoost calls it: ``validation``, of several ``validation_0``. None
            for the only one beside ``learn``.

    Raises:
        TrialPruned: At the end of the ``with`` statement.

    Example:
        >>> def train(trial):  # doctest: +SKIP
        ...     with CatBoost(trial, "AUC") as callback:
        ...         model.fit(X, y, eval_set=valid, callbacks=[callback])
        ...     return model.best_score_["validation"]["AUC"]

    Source:
        CatBoost 1.2.10, ``_TrainCallbacksWrapper``.
    """

    def __init__(
        self, trial: Trial, metric: str | None = None, data: str | None = None
    ) -> None:
        self._reporter = Reporter(trial, "CatBoost", metric, data)
        self._is_entered = False
        self._n_evaluated = 0
        self._end: Exception | None = None

    def __enter__(self) -> Self:
        self._is_entered = True
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> None:
        self._is_entered = False
        if self._end is not None and (error is None or isinstance(error, Exception)):
            raise self._end from error

    def after_iteration(self, info: Any) -> bool:
        """Take an iteration, and return whether training goes on."""
        if not self._is_entered:
            problem = "is not in a with statement"
            hint = "write `with CatBoost(trial) as callback:` around fit"
            # Comes out as the text of CatBoost's own error.
            raise CallbackError.invalid(CatBoost.__name__, problem, hint)
        try:
            self._tell(info.iteration, info.metrics)
        except Exception as error:  # noqa: BLE001 - raised at the end of `with`
            self._end = error
        return self._end is None

    def _tell(self, step: int, evaluated: dict[str, dict[str, list[float]]]) -> None:
        data, metric = self._reporter.choose(evaluated)
        self._reporter.check_direction(metric, _better(metric))
        values = evaluated[data][metric]
        if step == 1:  # another training of the same callback
            self._n_evaluated = 0
        if len(values) > self._n_evaluated:
            self._n_evaluated = len(values)
            self._reporter.report(step, values[-1])


def _better(metric: str) -> Literal["greater", "less"] | None:
    """Return in which direction a metric is better, as CatBoost has it."""
    from catboost.core import (
        CatBoostError,
        is_maximizable_metric,
        is_minimizable_metric,
    )

    try:
        if is_maximizable_metric(metric):
            return "greater"
        return "less" if is_minimizable_metric(metric) else None
    except CatBoostError:  # a metric of the user's own
        return None
