"""fastai: a report an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai.callback.core import Callback

from hpbridge.callbacks.reporting import Reporter

if TYPE_CHECKING:
    from hpbridge.trial import Trial


class FastAI(Callback):  # type: ignore[misc]
    """Reports the k-th epoch as step k; ends the trial where the pruner says so.

    A second fit, such as that of `fine_tune`, goes on counting; `lr_find` is not
    reported.

    Args:
        trial: What the objective got.
        metric: As fastai's table calls it: ``valid_loss``, ``accuracy``. None for the
            one that is called as the experiment's first metric is, or the only one.

    Raises:
        TrialPruned: While training.

    Example:
        ``learner.fit_one_cycle(5, cbs=[FastAI(trial, "accuracy")])``

    Source:
        fastai 2.8.12, `TrackerCallback`, which takes losses and errors to be minimized,
        too.
    """

    # After what is recorded (50), before what tracks it (60) and may end training.
    order = 55

    def __init__(self, trial: Trial, metric: str | None = None) -> None:
        self._reporter = Reporter(trial, "FastAI", metric)
        self._before = 0

    def before_fit(self) -> None:
        """Begin."""
        learner = self.learn
        is_training = not (
            hasattr(learner, "lr_finder") or hasattr(learner, "gather_preds")
        )
        self.run = is_training
        if is_training:
            metric = self._reporter.choose_metric(self._names())
            if "loss" in metric or "error" in metric:
                self._reporter.check_direction(metric, "less")

    def after_epoch(self) -> None:
        """Take an epoch."""
        names, values = self._names(), self.learn.recorder.values[-1]
        index = names.index(self._reporter.choose_metric(names))
        if index < len(values):  # else the epoch was not validated
            step = self._before + self.learn.epoch + 1
            self._reporter.report(step, values[index])

    def after_fit(self) -> None:
        """End."""
        if self.run:
            self._before += self.learn.n_epoch
        self.run = True

    def _names(self) -> list[str]:
        names = list(self.learn.recorder.metric_names)[1:]
        return [name for name in names if name != "time"]
