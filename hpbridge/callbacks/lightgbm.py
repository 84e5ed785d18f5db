"""LightGBM: a report a boosting round, from `train`, `cv` and scikit-learn's `fit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from hpbridge.callbacks.reporting import Reporter

if TYPE_CHECKING:
    from hpbridge.trial import Trial

AGGREGATED = "cv_agg"
"""The data set of `cv`, before LightGBM 4.7; its metrics are called ``valid auc``."""


class LightGBM:
    """Reports the k-th round as step k; ends the trial where the pruner says so.

    In `lightgbm.cv` it is the mean over the folds. The rounds of a model that training
    goes on from count.

    Args:
        trial: What the objective got.
        metric: As LightGBM calls it: ``auc``, ``l2``. None for the one that is called
            as the experiment's first metric is, or the only one.
        data: As LightGBM calls it: ``valid_0``, or as in ``valid_names``. None for the
            only one beside the training data.

    Raises:
        TrialPruned: While training.

    Example:
        ``train(params, rows, valid_sets=[valid], callbacks=[LightGBM(trial)])``

    Source:
        LightGBM 4.7.0, ``lightgbm/callback.py`` and ``engine.py``.
    """

    def __init__(
        self, trial: Trial, metric: str | None = None, data: str | None = None
    ) -> None:
        self._reporter = Reporter(trial, "LightGBM", metric, data)
        # After evaluations are logged (10) and recorded (20), before LightGBM's own
        # early stopping (30), which ends the round.
        self.order = 25
        self.before_iteration = False

    def __call__(self, env: Any) -> None:
        """Take a round."""
        evaluated: dict[str, dict[str, tuple[float, bool]]] = {}
        for data, metric, value, is_greater_better, *_ in env.evaluation_result_list:
            if data == AGGREGATED:
                data, _, metric = metric.partition(" ")  # noqa: PLW2901 - older names
            evaluated.setdefault(data, {})[metric] = value, is_greater_better
        hint = "give valid_sets= to train, validation data to fit"
        data, metric = self._reporter.choose(evaluated, hint)
        value, is_greater_better = evaluated[data][metric]
        better: Literal["greater", "less"] = "greater" if is_greater_better else "less"
        self._reporter.check_direction(metric, better)
        self._reporter.report(env.iteration + 1, value)
