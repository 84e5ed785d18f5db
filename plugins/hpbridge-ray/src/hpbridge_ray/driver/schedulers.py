"""Schedulers of Ray Tune's for the driver ``tune``: by name, or the caller's object."""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import DriverError
from hpbridge_ray import _upstream
from hpbridge_ray.scheduling import KNOWN, OBJECT, OBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hpbridge.plugin import FinishedTrial


def scheduler_of(name: str | None, options: Mapping[str, Any]) -> Any:
    """Return a scheduler that has seen nothing; None where there is none.

    Args:
        name: As `kept` has it.
        options: Arguments of one that is given by name.

    Raises:
        DriverError: If it was an object of another process, or an argument is wrong.
    """
    if name is None:
        return None
    if name.startswith(OBJECT):
        if name not in OBJECTS:
            kind, _, _ = name.removeprefix(OBJECT).partition(" ")
            headline = f"The study runs under an object of the class {kind}"
            problem = "a store cannot hold it, and this process was not given it"
            hint = 'give it again: driver=("tune", {"scheduler": ...})'
            raise DriverError(headline, [problem], hint)
        return copy.deepcopy(OBJECTS[name])
    from ray.tune import schedulers

    kind = getattr(schedulers, KNOWN[name])
    taken = inspect.signature(kind.__init__).parameters
    # A report's step is its time, and a trial that comes to its end is complete.
    ours = {"time_attr": "training_iteration", "stop_last_trials": False}
    words = {key: value for key, value in ours.items() if key in taken}
    try:
        return kind(**{**words, **options})
    except (TypeError, AssertionError, ValueError) as error:
        headline = f"Ray's {KNOWN[name]} cannot be made of scheduler_options"
        raise DriverError(headline, [str(error) or repr(error)]) from error


def pauses(scheduler: Any) -> bool:
    """Say whether it may pause trials, as all do of which nothing else is known."""
    from ray.tune import schedulers

    plain = schedulers.FIFOScheduler, schedulers.AsyncHyperBandScheduler
    if type(scheduler) in plain:
        return False
    is_median = type(scheduler) is schedulers.MedianStoppingRule
    return not is_median or _upstream.median_pauses(scheduler)


def show(
    scheduler: Any, trials: Iterable[FinishedTrial], names: Mapping[str, str]
) -> None:
    """Show a new scheduler what trials reported before the study was interrupted.

    Exact for schedulers that decide by what was reported alone, in order: with one
    worker, the study goes on as if it had not been interrupted.

    Args:
        scheduler: With its metric and mode.
        trials: In the order of their ends.
        names: Of what a result has: ``metric``, ``step``.
    """
    from ray.tune.experiment import Trial

    for trial in trials:
        if not trial.reports:
            continue
        stub = Trial("shown", stub=True)
        scheduler.on_trial_add(None, stub)
        result: dict[str, Any] = {}
        for step, value in trial.reports:
            result = {names["metric"]: value, names["step"]: step}
            scheduler.on_trial_result(None, stub, result)
        scheduler.on_trial_complete(None, stub, result)
