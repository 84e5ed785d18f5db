"""What the record says of a trial that has ended, or has come so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.members import MEMBER
from hpbridge.learning.ask import GIVEN, recorded_text
from hpbridge.learning.growing import objects_of
from hpbridge.trial import FinishedTrial

if TYPE_CHECKING:
    from hpbridge.contract.attempt import Run
    from hpbridge.experiment import Experiment
    from hpbridge.learning.ask import Ask
    from hpbridge.learning.bounds import Bounds
    from hpbridge.learning.learner import Learner


def trial_of(
    ask: Ask,
    run: Run,
    told: int,
    experiment: Experiment,
    learner: Learner,
    bounds: Bounds,
) -> FinishedTrial:
    """Return the record of a trial.

    Args:
        ask: What was asked for.
        run: What it came to.
        told: Its place in the order of telling.
        experiment: Whose objective ran.
        learner: Who proposed it.
        bounds: What makes it infeasible.
    """
    result, metrics = run.result, run.result.metrics
    if metrics and next(iter(metrics)) != experiment.main_metric:
        names = [*experiment.metrics, *metrics]
        metrics = {n: metrics[n] for n in dict.fromkeys(names) if n in metrics}
    if result.constraints:
        metrics = {**metrics, **bounds.metrics_of(result.constraints)}
    params, native = ask.params, result.native
    if result.asked is not None:
        params = {name: value for name, (_, value) in result.asked.items()}
        values = objects_of(result.asked)
        native = {**native, **learner.ranges_of(result.asked)}
        if ask.given:
            native[GIVEN] = list(ask.given)
    else:
        values = experiment.space.to_objects(params)
    if ask.suggestion is not None and ask.suggestion.member:
        native = {**native, MEMBER: ask.suggestion.member}
    return FinishedTrial(
        number=ask.number,
        state=result.state,
        params=params,
        values=values,
        metrics=metrics,
        origin=ask.origin,
        tells_before=ask.tells_before,
        told=told,
        reports=result.reports,
        error=result.error and recorded_text(result.error),
        traceback=result.traceback and recorded_text(result.traceback),
        seed=ask.seed,
        worker=run.worker,
        attempts=run.attempts,
        asked_at=ask.asked_at,
        started_at=run.started_at,
        ask_seconds=ask.ask_seconds,
        run_seconds=run.run_seconds,
        attributes=result.attributes,
        native=native,
        **ask.staged,
    )
