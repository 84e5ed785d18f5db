"""Lightning, as `lightning` or as `pytorch_lightning`: a report a validation."""

from __future__ import annotations

import functools
import importlib
import sys
from typing import TYPE_CHECKING, Any

from hpbridge.callbacks.reporting import Reporter
from hpbridge.errors import LibraryNotInstalledError
from hpbridge.trial import TrialPruned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.trial import Trial

HOMES = "lightning.pytorch", "pytorch_lightning"
"""The two packages that Lightning is published as; each has a `Callback` of its own."""


class _Validations:
    """What is done in either package."""

    def __init__(self, trial: Trial, metric: str | None) -> None:
        super().__init__()
        self._reporter = Reporter(trial, "Lightning", metric)
        self._n_validations = 0

    @property
    def state_key(self) -> str:
        """Its place in Lightning's checkpoints, one a metric."""
        return f"hpbridge.callbacks.Lightning({self._reporter.metric})"

    def state_dict(self) -> dict[str, int]:
        """Return what is kept in Lightning's checkpoints."""
        return {"n_validations": self._n_validations}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on from a checkpoint."""
        self._n_validations = state["n_validations"]

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        """Take a validation while training; the check before it is none."""
        del module
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        self._n_validations += 1
        is_one_an_epoch = (
            trainer.check_val_every_n_epoch is not None
            and trainer.val_check_batch == trainer.num_training_batches
        )
        step = trainer.current_epoch + 1 if is_one_an_epoch else self._n_validations
        self._report(trainer, step)

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        """Take an epoch, where nothing is validated."""
        del module
        if not trainer.enable_validation:
            self._report(trainer, trainer.current_epoch + 1)

    def _report(self, trainer: Any, step: int) -> None:
        found = trainer.callback_metrics
        metric = self._reporter.choose_metric(found)
        for callback in trainer.callbacks:
            mode = getattr(callback, "mode", None)
            if getattr(callback, "monitor", None) == metric and mode in {"min", "max"}:
                better = "greater" if mode == "max" else "less"
                self._reporter.check_direction(metric, better)  # type: ignore[arg-type]
        # Only one of several processes reports; all of them end.
        is_to_end = trainer.is_global_zero and self._reporter.says_stop(
            step, found[metric]
        )
        if trainer.world_size > 1:
            is_to_end = trainer.strategy.broadcast(is_to_end)
        if is_to_end:
            raise TrialPruned


def Lightning(trial: Trial, metric: str | None = None) -> Any:  # noqa: N802 - as the others
    """Return a callback that reports validations, and ends the trial where told.

    The k-th epoch is step k where an epoch is validated once; otherwise the k-th
    validation is. Without validation data, what training logs an epoch is reported.

    Args:
        trial: What the objective got.
        metric: As the module logs it: ``val_loss``. None for the one that is called as
            the experiment's first metric is, or the only one.

    Returns:
        A `Callback` of the Lightning that is imported.

    Raises:
        LibraryNotInstalledError: If there is none.

    Example:
        ``Trainer(max_epochs=20, callbacks=[Lightning(trial, "val_accuracy")])``

    Source:
        Lightning 2.6.6. The direction is known where another callback, such as
        `EarlyStopping`, monitors the metric.
    """
    homes = tuple(home for home in HOMES if home in sys.modules)
    return _kind(homes or (_installed(),))(trial, metric)


def _installed() -> str:
    for home in HOMES:
        try:
            importlib.import_module(home)
        except ModuleNotFoundError as error:
            if error.name != home.partition(".")[0]:
                raise
        else:
            return home
    headline = "Lightning needs lightning, which is not installed"
    raise LibraryNotInstalledError(headline, hint="pip install lightning")


@functools.cache
def _kind(homes: tuple[str, ...]) -> Any:
    """Return the class for these packages: a callback of each that is imported."""
    bases = [sys.modules[home].Callback for home in homes]
    return type("Lightning", (_Validations, *bases), {})
