"""Run an objective once, and judge what it returned.

What an objective may do, and what becomes of the trial:

==============================================  ====================================
it returns                                      outcome
==============================================  ====================================
a number (int, float, numpy scalar, 0-d or      complete, as a float
one-element array, `Decimal`, `Fraction`)
plus or minus infinity                          complete
NaN                                             failed; the metric is recorded as NaN
a dict with a number for every metric           complete; further metrics are recorded
a dict that lacks a metric                      failed
None, a string, a bool, a complex number, an    failed
array of several elements, anything else
==============================================  ====================================

It raises: failed, with the exception's type, message and traceback. It raises
`TrialPruned`: pruned, with what it reported. `KeyboardInterrupt` and `SystemExit` are
the user's: they are not caught.
"""

from __future__ import annotations

import math
import numbers
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Checkpoint, Reply, Run
from hpbridge.errors import SpaceError
from hpbridge.experiment import DEFAULT_METRIC
from hpbridge.trial import Result, State, Trial, TrialPruned

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.contract.attempt import Reports
    from hpbridge.experiment import Experiment
    from hpbridge.space.parameters import Label


class Attempt:
    """One attempt at a trial, in whatever process.

    Args:
        answer: ``answer(step, value) -> Reply`` to a report; None goes on always.
        checkpoint: Where the trial goes on from; None to begin.

    Attributes:
        reply: To its last report.
    """

    def __init__(
        self,
        answer: Callable[[int, float], Reply] | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self._answer, self._checkpoint = answer, checkpoint
        self.reply = Reply.GO_ON

    def _listen(self, step: int, value: float) -> bool:
        self.reply = self._answer(step, value)  # type: ignore[misc]
        return self.reply is not Reply.GO_ON

    def run(
        self,
        experiment: Experiment,
        params: Mapping[str, Label],
        number: int,
        seed: int,
        worker: str,
    ) -> Run:
        """Run it, and return what it came to; `worker` is who ran it.

        Raises:
            SpaceError: If the objective defines a space that cannot be.
        """
        started_at, started = time.time(), time.perf_counter()
        result = evaluate(
            experiment,
            params,
            number,
            seed,
            listen=None if self._answer is None else self._listen,
            reports=() if self._checkpoint is None else self._checkpoint.reports,
        )
        return Run(result, started_at, time.perf_counter() - started, worker)

    def pause(self, run: Run) -> Checkpoint | None:
        """Return where the trial goes on from; None unless it was told to, and did."""
        if self.reply is Reply.PAUSE and run.result.state is State.PRUNED:
            return Checkpoint(run.result.reports)
        return None


def evaluate(
    experiment: Experiment,
    params: Mapping[str, Label],
    number: int,
    seed: int,
    *,
    listen: Callable[[int, float], bool] | None = None,
    reports: Reports = (),
) -> Result:
    """Run the objective on a point and return what it came to.

    Whatever it raises is the trial's outcome, but for a space that it defines wrongly.

    Args:
        experiment: Whose objective.
        params: A point of its space, plain values.
        number: The trial's number.
        seed: The trial's seed.
        listen: As of `hpbridge.trial.Trial`.
        reports: As of `hpbridge.trial.Trial`.

    Raises:
        SpaceError: If it defines a space that cannot be.
    """
    asking = None
    if experiment.is_growing:
        from hpbridge.learning.growing import Asking  # workers start faster without

        asking = Asking(experiment.space, params, seed)
    suggest = None if asking is None else asking.suggest
    values = experiment.space.to_objects(params)
    trial = Trial(
        values,
        number=number,
        seed=seed,
        suggest=suggest,
        listen=listen,
        reports=reports,
    )
    result = _run(experiment, trial)
    if asking is not None:
        result = replace(result, asked=asking.asked)
    return replace(result, attributes=trial.attributes) if trial.attributes else result


def _run(experiment: Experiment, trial: Trial) -> Result:
    try:
        returned = experiment.objective(trial)
    except TrialPruned as signal:
        text = str(signal) or None
        return Result(State.PRUNED, reports=tuple(trial.reports), error=text)
    except Exception as error:
        if experiment.is_growing and isinstance(error, SpaceError):
            raise  # the space cannot be: no further trial would fare better
        return Result(
            State.FAILED,
            reports=tuple(trial.reports),
            error=describe_error(error),
            traceback=_own_traceback(error),
        )
    return judge(experiment, returned, tuple(trial.reports))


def describe_error(error: BaseException) -> str:
    """Return an exception in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _own_traceback(error: BaseException) -> str:
    # The first frame is `evaluate`, which tells the user nothing.
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    return "".join(traceback.format_exception(type(error), error, frames))


def judge(
    experiment: Experiment, returned: object, reports: tuple[tuple[int, float], ...]
) -> Result:
    """Return the result of an objective that returned, by the table above."""
    if not isinstance(returned, Mapping):
        if len(experiment.metrics) > 1 or experiment.main_metric != DEFAULT_METRIC:
            wanted = ", ".join(repr(m) for m in experiment.metrics)
            if len(experiment.metrics) > 1:
                error = f"returned {returned!r:.80}, not a dict of the metrics {wanted}"
                return Result(State.FAILED, reports=reports, error=error)
        returned = {experiment.main_metric: returned}
    metrics: dict[str, float] = {}
    problems: list[str] = []
    for name, value in returned.items():
        try:
            metrics[str(name)] = as_number(value)
        except (TypeError, ValueError) as error:
            problems.append(f"returned {error} for metric {name!r}")
    missing = [m for m in experiment.metrics if m not in returned]
    missing += [b.metric for b in experiment.bounds if b.metric not in returned]
    problems += [f"returned no metric {name!r}" for name in missing]
    problems += [
        f"returned nan for metric {name!r}"
        for name in experiment.metrics
        if math.isnan(metrics.get(name, 0.0))
    ]
    state = State.FAILED if problems else State.COMPLETE
    return Result(state, metrics, reports, "; ".join(problems) or None)


def as_number(value: Any) -> float:
    """Return a returned value as a float.

    Raises:
        TypeError: If it is no real number; the message describes it.
    """
    if type(value) is float:
        return value
    size = getattr(value, "size", None)
    if isinstance(size, int) and hasattr(value, "item") and hasattr(value, "shape"):
        if size != 1:
            msg = f"an array of shape {tuple(value.shape)}"
            raise TypeError(msg)
        value = value.item()
    if isinstance(value, bool):
        msg = f"the bool {value!r}"
        raise TypeError(msg)
    if isinstance(value, (numbers.Real, Decimal)):
        return float(value)
    kind = "" if value is None else f"the {type(value).__name__} "
    text = f"{kind}{value!r:.80}"
    raise TypeError(text)
