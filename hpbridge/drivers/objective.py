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
a generator                                     as what it returns, or yields last;
                                                see `hpbridge.drivers.generators`
a coroutine, an asynchronous generator          failed
==============================================  ====================================

==============================================  ====================================
it raises                                       outcome
==============================================  ====================================
`TrialPruned`, also a library's that is called  pruned, with what it reported
so
`CallbackError`                                 failed; the study ends, unless a trial
                                                was complete before
any other exception, `SystemExit` and the like  failed; type, message and traceback
included, also one whose text raises            are recorded
Ctrl-C, in this process                         the study is interrupted
==============================================  ====================================

The outcomes are the same wherever a trial runs.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING

from hpbridge.checkpoints.keeper import Keeper
from hpbridge.contract.around import Apart
from hpbridge.contract.attempt import STOP_AT, Checkpoint, Reply, Run
from hpbridge.drivers.generators import value_of_generator
from hpbridge.drivers.judging import judge
from hpbridge.errors.experiments import CallbackError
from hpbridge.errors.foreign import comes_of_ctrl_c, describe_error, traceback_of
from hpbridge.trial import Result, State, Trial, TrialPruned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.contract.around import Answering
    from hpbridge.contract.attempt import Point, Reports
    from hpbridge.experiment import Experiment
    from hpbridge.space.parameters import Label


class Attempt:
    """One attempt at a trial, in whatever process.

    Args:
        answer: ``answer(step, value) -> Reply`` to a report; None goes on always.
        checkpoint: Where the trial goes on from and saves; None to begin, and to save
            to nowhere.
        hears_ctrl_c: Whether Ctrl-C reaches the objective, as it does no worker.
        took: As of `hpbridge.trial.Trial`.

    Attributes:
        reply: To its last report.
    """

    def __init__(
        self,
        answer: Callable[[int, float], Reply] | None = None,
        checkpoint: Checkpoint | None = None,
        *,
        hears_ctrl_c: bool = False,
        took: Callable[[float], None] | None = None,
    ) -> None:
        self._answer, self._checkpoint = answer, checkpoint
        self._hears_ctrl_c, self._took = hears_ctrl_c, took
        self._keeper: Keeper | None = None
        self.reply = Reply.GO_ON
        self._stop_at: int | None = None
        self._goes_on = False

    def _listen(self, step: int, value: float) -> bool:
        self._goes_on = self._stop_at is not None
        self.reply = self._answer(step, value)  # type: ignore[misc]
        is_to_end = self.reply is not Reply.GO_ON
        if self._keeper is not None:
            self._keeper.is_to_pause = self.reply is Reply.PAUSE
        if is_to_end and not self._goes_on:
            self._stop_at = step
        return is_to_end

    def run(
        self,
        experiment: Experiment,
        point: Point,
        worker: str,
        around: Answering | None = None,
    ) -> Run:
        """Run it, and return what it came to; `worker` is who ran it.

        Raises:
            HpbridgeError: If the objective wants what it cannot have.
        """
        started_at, started = time.time(), time.perf_counter()
        place = None if self._checkpoint is None else self._checkpoint.place
        self._keeper = keeper = Keeper(place, point.params, point.seed)
        result = evaluate(
            experiment,
            point.params,
            point.number,
            point.seed,
            budget=point.budget,
            listen=None if self._answer is None else self._listen,
            reports=self._known(keeper),
            around=around,
            keeper=keeper,
            hears_ctrl_c=self._hears_ctrl_c,
            took=self._took,
        )
        was_told = self._stop_at is not None
        if self._goes_on or (was_told and result.state is not State.PRUNED):
            native = {**result.native, STOP_AT: self._stop_at}
            result = replace(result, native=native)
        return Run(result, started_at, time.perf_counter() - started, worker)

    def _known(self, keeper: Keeper) -> Reports:
        """Return what the trial had reported where it goes on from."""
        checkpoint = self._checkpoint
        if checkpoint is None or not checkpoint.place or not checkpoint.place.starts:
            return ()
        return keeper.begin()

    def pause(self, run: Run) -> Checkpoint | None:
        """Return where the trial goes on from; None unless it was told to, and did."""
        if self.reply is not Reply.PAUSE or run.result.state is not State.PRUNED:
            return None
        keeper = self._keeper
        commit = None if keeper is None else keeper.last or keeper.start
        place = None if self._checkpoint is None else self._checkpoint.place
        return Checkpoint(() if commit is None else commit.reports, place)


def evaluate(  # noqa: PLR0913 - all but four have a default
    experiment: Experiment,
    params: Mapping[str, Label],
    number: int,
    seed: int,
    *,
    budget: float | None = None,
    listen: Callable[[int, float], bool] | None = None,
    reports: Reports = (),
    around: Answering | None = None,
    keeper: Keeper | None = None,
    hears_ctrl_c: bool = True,
    took: Callable[[float], None] | None = None,
) -> Result:
    """Run the objective on a point and return what it came to.

    Whatever it raises is the trial's outcome, but for what it cannot have: a space
    that it defines wrongly, say.

    Args:
        experiment: Whose objective.
        params: A point of its space, plain values.
        number: The trial's number.
        seed: The trial's seed.
        budget: How far it goes; None for all the way.
        listen: As of `hpbridge.trial.Trial`.
        reports: As of `hpbridge.trial.Trial`.
        around: What the trial can see of its study; None in another process.
        keeper: As of `hpbridge.trial.Trial`.
        hears_ctrl_c: As of `Attempt`.
        took: As of `hpbridge.trial.Trial`.

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
        budget=experiment.budget_of(budget),
        study=around or Apart(experiment, params),
        keeper=keeper,
        took=took,
    )
    result = _run(experiment, trial, hears_ctrl_c=hears_ctrl_c)
    if trial.refusal is not None and (around or asking):
        raise trial.refusal  # no further trial would fare better
    if asking is not None:
        result = replace(result, asked=asking.asked)
    if trial.constraints or trial.native:
        result = replace(result, constraints=trial.constraints, native=trial.native)
    if keeper is not None and keeper.notes:
        result = replace(result, notes=tuple(keeper.notes))
    if not trial.attributes:
        return result
    return replace(result, attributes=trial.attributes, as_text=trial.as_text)


def _run(experiment: Experiment, trial: Trial, *, hears_ctrl_c: bool) -> Result:
    where = ""
    try:
        returned = experiment.objective(trial)
        if issubclass(type(returned), Generator):
            returned, where = value_of_generator(
                returned, trial, experiment.main_metric
            )
    except BaseException as error:  # of the objective: its trial failed
        if _is_pruned(error):
            text = _text_of(error)
            return Result(State.PRUNED, reports=tuple(trial.reports), error=text)
        if hears_ctrl_c and _is_interrupt(error):
            raise KeyboardInterrupt from error
        found = Result(
            State.FAILED,
            reports=tuple(trial.reports),
            error=describe_error(error),
            traceback=traceback_of(error),
        )
        if isinstance(error, CallbackError):  # as in every other trial
            found = replace(found, error=f"failed: {error.headline}", mend=error.hint)
        return found
    result = judge(experiment, returned, tuple(trial.reports))
    if where and result.error is not None:
        return replace(result, error=f"{where}: {result.error}")
    return result


def _is_pruned(error: BaseException) -> bool:
    """Say whether it is our signal, or that of a library, which has the same name."""
    if isinstance(error, TrialPruned):
        return True
    return any(cls.__name__ == TrialPruned.__name__ for cls in type(error).__mro__)


def _text_of(signal: BaseException) -> str | None:
    described = describe_error(signal)
    return described.partition(": ")[2] or None


def _is_interrupt(error: BaseException) -> bool:
    """Say whether Ctrl-C ended the objective, or made it leave in another way."""
    return not isinstance(error, Exception) and comes_of_ctrl_c(error)
