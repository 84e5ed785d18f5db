"""XGBoost: a report a boosting round, from `train`, `cv` and scikit-learn's `fit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from xgboost.callback import TrainingCallback

from hpbridge.callbacks.reporting import Reporter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.trial import Trial

    Evaluated = Mapping[str, Mapping[str, Sequence[Any]]]

GREATER = ("auc", "map", "ndcg", "pre")
"""How the names of metrics begin of which more is better; ``mape`` is none."""

LESS = ("error", "logloss", "mae", "merror", "mlogloss", "mphe", "rmse")
"""Of which less is: those of its regressors and classifiers."""


class XGBoost(TrainingCallback):  # type: ignore[misc]
    """Reports the k-th round as step k; ends the trial where the pruner says so.

    In `xgboost.cv` it is the mean over the folds. The rounds of a model that training
    goes on from count.

    Args:
        trial: What the objective got.
        metric: As XGBoost calls it: ``auc``, ``rmse``. None for the one that is called
            as the experiment's first metric is, or the only one.
        data: As XGBoost calls it: ``validation_0`` in scikit-learn's `fit`, ``test`` in
            `cv`, the name in ``evals`` of `train`. None for the only one that is not
            called ``train``.

    Raises:
        TrialPruned: While training.

    Example:
        ``XGBClassifier(callbacks=[XGBoost(trial, "auc")]).fit(..., eval_set=[valid])``

    Source:
        XGBoost 3.2.0, ``xgboost/callback.py``; its `EarlyStopping` has the directions.
    """

    def __init__(
        self, trial: Trial, metric: str | None = None, data: str | None = None
    ) -> None:
        super().__init__()
        self._reporter = Reporter(trial, "XGBoost", metric, data)
        self._rounds_before = 0
        self._n_told = 0
        self._evaluated: Evaluated = {}

    def before_training(self, model: Any) -> Any:
        """Begin."""
        self._n_told, self._evaluated = 0, {}
        # What `cv` trains has no such method, and begins anew always.
        count = getattr(model, "num_boosted_rounds", int)
        self._rounds_before = count()
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Evaluated) -> bool:
        """Take a round."""
        del model, epoch
        self._evaluated = evals_log
        self._tell()
        return False

    def after_training(self, model: Any) -> Any:
        """Take the last round, if a callback before this one ended training there."""
        if self._evaluated:
            self._tell()
        return model

    def _tell(self) -> None:
        hint = "give evals= to train, eval_set= to fit"
        data, metric = self._reporter.choose(self._evaluated, hint)
        values = self._evaluated[data][metric]
        self._reporter.check_direction(metric, _better(metric))
        while self._n_told < len(values):
            value = values[self._n_told]
            self._n_told += 1
            mean = value[0] if isinstance(value, tuple) else value
            self._reporter.report(self._rounds_before + self._n_told, mean)


def _better(metric: str) -> Literal["greater", "less"] | None:
    """Return in which direction a metric of XGBoost's own is better."""
    if metric.startswith("mape"):
        return "less"
    if metric.startswith(GREATER):
        return "greater"
    return "less" if metric.partition("@")[0] in LESS else None
