"""Run an objective once, and judge what it returned.

What an objective may do, and what becomes of the trial:

==============================================  ====================================
it returns                                      outcome
==============================================  ====================================
a number (int, float, numpy scalar, 0-d or      complete, as a float
one-element array or tensor, `Decimal`,
`Fraction`, whatever has a ``__float__``)
plus or minus infinity                          complete
NaN                                             failed; the metric is recorded as NaN
a number too large for a float, a masked value  failed
a dict with a number for every metric           complete; further metrics are recorded,
                                                those of a dict in it as ``val/loss``
a dict that lacks a metric; several numbers,    failed; the study ends, unless a trial
or one where several metrics are declared       was complete before
a dict with a name that is no text              failed
None, a string, a bool, a complex number, a     failed
time, anything else
what raises when it is read                     failed
==============================================  ====================================

==============================================  ====================================
it raises                                       outcome
==============================================  ====================================
`TrialPruned`                                   pruned, with what it reported
any other exception, `SystemExit` and the like  failed; type, message and traceback
included, also one whose text raises            are recorded
Ctrl-C, in this process                         the study is interrupted
==============================================  ====================================

The outcomes are the same wherever a trial runs.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from hpbridge.contract.around import Apart
from hpbridge.contract.attempt import Checkpoint, Reply, Run
from hpbridge.drivers.judging import judge
from hpbridge.errors.foreign import comes_of_ctrl_c, describe_error, traceback_of
from hpbridge.trial import Result, State, Trial, TrialPruned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.contract.around import Answering
    from hpbridge.contract.attempt import Reports
    from hpbridge.experiment import Experiment
    from hpbridge.space.parameters import Label


class Attempt:
    """One attempt at a trial, in whatever process.

    Args:
        answer: ``answer(step, value) -> Reply`` to a report; None goes on always.
        checkpoint: Where the trial goes on from; None to begin.
        hears_ctrl_c: Whether Ctrl-C reaches the objective, as it does no worker.

    Attributes:
        reply: To its last report.
    """

    def __init__(
        self,
        answer: Callable[[int, float], Reply] | None = None,
        checkpoint: Checkpoint | None = None,
        *,
        hears_ctrl_c: bool = False,
    ) -> None:
        self._answer, self._checkpoint = answer, checkpoint
        self._hears_ctrl_c = hears_ctrl_c
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
        around: Answering | None = None,
    ) -> Run:
        """Run it, and return what it came to; `worker` is who ran it.

        Raises:
            HpbridgeError: If the objective wants what it cannot have.
        """
        started_at, started = time.time(), time.perf_counter()
        result = evaluate(
            experiment,
            params,
            number,
            seed,
            listen=None if self._answer is None else self._listen,
            reports=() if self._checkpoint is None else self._checkpoint.reports,
            around=around,
            hears_ctrl_c=self._hears_ctrl_c,
        )
        return Run(result, started_at, time.perf_counter() - started, worker)

    def pause(self, run: Run) -> Checkpoint | None:
        """Return where the trial goes on from; None unless it was told to, and did."""
        if self.reply is Reply.PAUSE and run.result.state is State.PRUNED:
            return Checkpoint(run.result.reports)
        return None


def evaluate(  # noqa: PLR0913 - all but four have a default
    experiment: Experiment,
    params: Mapping[str, Label],
    number: int,
    seed: int,
    *,
    listen: Callable[[int, float], bool] | None = None,
    reports: Reports = (),
    around: Answering | None = None,
    hears_ctrl_c: bool = True,
) -> Result:
    """Run the objective on a point and return what it came to.

    Whatever it raises is the trial's outcome, but for what it cannot have: a space
    that it defines wrongly, say.

    Args:
        experiment: Whose objective.
        params: A point of its space, plain values.
        number: The trial's number.
        seed: The trial's seed.
        listen: As of `hpbridge.trial.Trial`.
        reports: As of `hpbridge.trial.Trial`.
        around: What the trial can see of its study; None in another process.
        hears_ctrl_c: As of `Attempt`.

    Raises:
        HpbridgeError: If the objective wants what it cannot have, in any trial.
        KeyboardInterrupt: On Ctrl-C, where it is heard.
    """
    asking = None
    if experiment.is_growing:
        from hpbridge.learning.growing import Asking  # workers start faster without

        asking = Asking(experiment.space, params, seed, around)
    suggest = None if asking is None else asking.suggest
    values = experiment.space.to_objects(params)
    trial = Trial(
        values,
        number=number,
        seed=seed,
        suggest=suggest,
        listen=listen,
        reports=reports,
        study=around or Apart(experiment, params),
    )
    result = _run(experiment, trial, hears_ctrl_c=hears_ctrl_c)
    if trial.refusal is not None and (around or asking):
        raise trial.refusal  # no further trial would fare better
    if asking is not None:
        result = replace(result, asked=asking.asked)
    if trial.constraints or trial.native:
        result = replace(result, constraints=trial.constraints, native=trial.native)
    if not trial.attributes:
        return result
    return replace(result, attributes=trial.attributes, as_text=trial.as_text)


def _run(experiment: Experiment, trial: Trial, *, hears_ctrl_c: bool) -> Result:
    try:
        returned = experiment.objective(trial)
    except TrialPruned as signal:
        text = _text_of(signal)
        return Result(State.PRUNED, reports=tuple(trial.reports), error=text)
    except BaseException as error:  # of the objective: its trial failed
        if hears_ctrl_c and _is_interrupt(error):
            raise KeyboardInterrupt from error
        return Result(
            State.FAILED,
            reports=tuple(trial.reports),
            error=describe_error(error),
            traceback=traceback_of(error),
        )
    return judge(experiment, returned, tuple(trial.reports))


def _text_of(signal: TrialPruned) -> str | None:
    described = describe_error(signal)
    return described.partition(": ")[2] or None


def _is_interrupt(error: BaseException) -> bool:
    """Say whether Ctrl-C ended the objective, or made it leave in another way."""
    return not isinstance(error, Exception) and comes_of_ctrl_c(error)
