"""Keras 3: a report an epoch, whatever its backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras.callbacks import Callback

from hpbridge.callbacks.reporting import Reporter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.trial import Trial

VALIDATION = "val_"
"""How the names of what is evaluated on validation data begin."""


class Keras(Callback):  # type: ignore[misc]
    """Reports the k-th epoch as step k; ends the trial where the pruner says so.

    Epochs count from ``initial_epoch``; a second `fit` goes on counting. With
    ``validation_freq=2``, every second epoch is reported.

    Args:
        trial: What the objective got.
        metric: As Keras calls it: ``val_loss``, ``val_accuracy``. None for the one that
            is called as the experiment's first metric is, or the only one.

    Raises:
        TrialPruned: While training.

    Example:
        ``model.fit(X, y, validation_data=valid, callbacks=[Keras(trial, "val_loss")])``

    Source:
        Keras 3.15.1; its `EarlyStopping` takes ``loss`` to be minimized, too.
    """

    def __init__(self, trial: Trial, metric: str | None = None) -> None:
        super().__init__()
        self._reporter = Reporter(trial, "Keras", metric)
        self._is_first = True
        self._before = self._last = 0
        self._names: Mapping[str, Any] = {}

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Begin."""
        del logs
        self._is_first, self._names = True, {}

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Take an epoch."""
        if self._is_first:
            self._before = self._last - epoch if epoch < self._last else 0
            self._is_first = False
        logs = logs or {}
        wanted = self._reporter.metric or ""
        if wanted.startswith(VALIDATION) and not any(map(_is_of_validation, logs)):
            self._names = logs
            return
        metric = self._reporter.choose_metric(logs)
        if metric.removeprefix(VALIDATION) == "loss":
            self._reporter.check_direction(metric, "less")
        self._names, self._last = {}, self._before + epoch + 1
        self._reporter.report(self._last, logs[metric])

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """End, with an error if nothing was ever validated."""
        del logs
        if self._names and not self._last:
            self._reporter.choose_metric(self._names)


def _is_of_validation(name: str) -> bool:
    return name.startswith(VALIDATION)
