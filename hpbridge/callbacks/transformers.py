"""Hugging Face's `Trainer`: a report an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from hpbridge.callbacks.reporting import Reporter
from hpbridge.trial import TrialPruned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.trial import Trial

PREFIX = "eval_"
"""How the `Trainer` begins the names of what it evaluates."""


class Transformers(TrainerCallback):  # type: ignore[misc]
    """Reports the k-th evaluation while training as step k; ends the trial where told.

    With ``eval_strategy="epoch"`` that is the k-th epoch. Evaluations before the
    training that it goes on from count; those at its start and after its end do not.

    Args:
        trial: What the objective got.
        metric: As the `Trainer` calls it, with or without ``eval_``: ``loss``, or what
            ``compute_metrics`` returns. None for the one that is called as the
            experiment's first metric is.

    Raises:
        TrialPruned: While training.

    Example:
        ``Trainer(..., callbacks=[Transformers(trial, "accuracy")])``

    Source:
        transformers 5.24.0, ``Trainer.evaluate``; ``TrainingArguments`` takes what ends
        in ``loss`` to be minimized, too.
    """

    def __init__(self, trial: Trial, metric: str | None = None) -> None:
        metric = metric.removeprefix(PREFIX) if isinstance(metric, str) else metric
        self._reporter = Reporter(trial, "Transformers", metric)
        self._is_training = False
        self._last = 0
        self._missed: list[str] = []

    def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
        """Begin."""
        del args, kwargs
        self._is_training, self._last, self._missed = True, 0, []

    def on_train_end(self, *args: Any, **kwargs: Any) -> None:
        """End."""
        self.on_step_begin(*args, **kwargs)
        self._is_training = False

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        """Refuse a metric that none of the data sets evaluated just now has."""
        del args, kwargs
        if self._missed:
            self._reporter.choose_metric(self._missed)

    def on_evaluate(
        self,
        args: Any,
        state: Any,
        control: Any,
        metrics: Mapping[str, float],
        **kwargs: Any,
    ) -> None:
        """Take an evaluation: of one data set, where there are several."""
        del control, kwargs
        if not self._is_training or state.global_step == 0:
            return
        found = {name.removeprefix(PREFIX): metrics[name] for name in metrics}
        wanted = self._reporter.metric
        if wanted is not None and wanted not in found:
            self._missed += found
            return
        metric = self._reporter.choose_metric(found)
        self._missed = []
        self._check_direction(metric, args)
        step = sum(
            PREFIX + metric in line and line["step"] > 0 for line in state.log_history
        )
        if step > self._last:
            self._last = step
            self._report(step, found[metric], args, state)

    def _report(self, step: int, value: float, args: Any, state: Any) -> None:
        if args.world_size == 1:
            self._reporter.report(step, value)
            return
        from torch.distributed import broadcast_object_list

        # Only one of several processes reports; all of them end.
        is_first = state.is_world_process_zero
        answers = [is_first and self._reporter.says_stop(step, value)]
        broadcast_object_list(answers, src=0)
        if answers[0]:
            raise TrialPruned

    def _check_direction(self, metric: str, args: Any) -> None:
        best = args.metric_for_best_model
        if metric.endswith("loss"):
            self._reporter.check_direction(metric, "less")
        elif best is not None and best.removeprefix(PREFIX) == metric:
            better = "greater" if args.greater_is_better else "less"
            self._reporter.check_direction(metric, better)  # type: ignore[arg-type]
