"""Go on with a study that ran elsewhere: its trials become this study's first ones.

They are recorded as `Origin.IMPORTED`, do not count against the budget, and reach the
optimizer before it is asked: by `Optimizer.restore` where the study is of the same
library over the same space, otherwise one by one by `Optimizer.observe`.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import PastTrial
from hpbridge.errors import HistoryError, HistoryWarning, SpaceError
from hpbridge.learning.ask import ask_of
from hpbridge.store.settings import PastStudy
from hpbridge.trial import Origin, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.experiment import Experiment
    from hpbridge.learning.choice import Choice
    from hpbridge.learning.session import Session
    from hpbridge.space.space import Params
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

MOST_NAMED = 3
"""How many trials that do not fit are named one by one."""


@dataclass(frozen=True)
class History:
    """Another study's trials, as an experiment takes them.

    Attributes:
        source: The study's name.
        trials: In the order in which they were told, numbered from 0.
        is_own: Whether the library that ran it can go on with it in its own way.
        native: The library's own state, where the source held it.
        notes: What was left out, and what is taken for what.
    """

    source: str
    trials: tuple[FinishedTrial, ...]
    is_own: bool
    native: Mapping[str, Any]
    notes: tuple[str, ...]

    @property
    def past(self) -> PastStudy:
        """What the study that goes on keeps of it, so that it can be resumed."""
        return PastStudy(self.source, self.is_own, dict(self.native))


def fit_history(study: Study, experiment: Experiment, choice: Choice) -> History:
    """Take a study's trials for an experiment's.

    Raises:
        HistoryError: If there are none, they lack a metric, a direction disagrees, or
            none lies in the space.
    """
    names, notes = _match_metrics(study, experiment)
    kept: list[FinishedTrial] = []
    numbers: dict[int | None, int] = {}
    left_out: list[str] = []
    for trial in sorted(study.trials, key=lambda trial: trial.told):
        values = {name: trial.values[name] for name in trial.params}
        try:
            point = experiment.space.canonical(values, f"trial {trial.number}")
        except SpaceError as error:
            left_out.append(f"trial {trial.number}: {error.reasons[0]}")
            continue
        numbers[trial.number] = len(kept)
        trial = replace(trial, parent=numbers.get(trial.parent))  # noqa: PLW2901
        kept.append(_as_imported(trial, len(kept), point, names, experiment))
    if left_out:
        notes.append(_say_left_out(left_out, len(study.trials)))
    if study.settings.imported is not None:  # what was said when it was read
        notes += study.notes
    if not kept:
        problems = left_out[:MOST_NAMED] or list(study.notes)
        problems = problems or ["it has no finished trial"]
        raise HistoryError.unfit(study.name, experiment.name, problems)
    is_own = study.backend == choice.spec.name and (
        experiment.space.is_recorded_as(study.space)
    )
    is_own = is_own and len(kept) == len(study.trials)
    notes.insert(0, f"goes on from {len(kept)} trials of study {study.name!r}")
    return History(study.name, tuple(kept), is_own, study.native, tuple(notes))


def _say_left_out(problems: list[str], total: int) -> str:
    named = "; ".join(problems[:MOST_NAMED])
    more = "; ..." if len(problems) > MOST_NAMED else ""
    return f"{len(problems)} of {total} trials are not in the space: {named}{more}"


def _match_metrics(
    study: Study, experiment: Experiment
) -> tuple[dict[str, str], list[str]]:
    """Return the study's name for each of the experiment's metrics, and notes."""
    found = [*study.metrics, *(m for t in study.trials for m in t.metrics)]
    held = list(dict.fromkeys(found))
    wanted = [*experiment.metrics, *(b.metric for b in experiment.bounds)]
    names = {metric: metric for metric in wanted if metric in held}
    notes = []
    if len(experiment.metrics) == len(study.metrics) == 1:
        theirs, ours = study.main_metric, experiment.main_metric
        if ours not in held:
            names[ours] = theirs
            notes.append(f"its metric {theirs!r} is taken for {ours!r}")
    problems = [
        f"it has no metric {metric!r}; it has {', '.join(map(repr, held)) or 'none'}"
        for metric in dict.fromkeys(wanted)
        if metric not in names
    ]
    others = {
        metric: study.metrics[names[metric]]
        for metric, way in experiment.metrics.items()
        if metric in names and study.metrics.get(names[metric], way) != way
    }
    problems += [
        f"{names[metric]!r} is to {way} there, and {metric!r} to "
        f"{experiment.metrics[metric]} here"
        for metric, way in others.items()
    ]
    if problems:
        words = " ".join(f"--direction {m}={way}" for m, way in others.items())
        hint = f"direction={others!r} takes its way; on the command line {words}"
        hint = hint if others else ""
        raise HistoryError.unfit(study.name, experiment.name, problems, hint)
    return names, notes


def _as_imported(
    trial: FinishedTrial,
    number: int,
    point: Params,
    names: Mapping[str, str],
    experiment: Experiment,
) -> FinishedTrial:
    renamed = {theirs: ours for ours, theirs in names.items()}
    metrics = {renamed.get(name, name): v for name, v in trial.metrics.items()}
    state, error = trial.state, trial.error
    wanted = [metrics.get(name, math.nan) for name in experiment.metrics]
    if state is State.COMPLETE and any(map(math.isnan, wanted)):
        state, error = State.FAILED, "it has no value for a metric"
    return replace(
        trial,
        number=number,
        state=state,
        error=error,
        params=point,
        values=experiment.space.to_objects(point),
        metrics=metrics,
        origin=Origin.IMPORTED,
        tells_before=number,
        told=number,
    )


def take(session: Session, history: History) -> None:
    """Let a session's fresh optimizer learn a history, and note how.

    Warns, as `HistoryWarning`, of what it could not learn from.
    """
    session.notes.extend(history.notes)
    n_before = len(session.learner.refusals)
    if learn_history(session, history.trials, history.past):
        session.notes.append("the library goes on with it in its own way")
    for refusal in session.learner.refusals[n_before:]:
        warnings.warn(refusal, HistoryWarning, stacklevel=2)
    session.continue_numbers(len(history.trials), ())
    session.apply_target()


def learn_history(
    session: Session,
    trials: Sequence[FinishedTrial],
    past: PastStudy | None,
) -> bool:
    """Let a session's fresh optimizer learn the trials that its study begins with.

    Args:
        session: Whose history is empty.
        trials: The imported ones, in the order of telling.
        past: The study that they come from, if it was one.

    Returns:
        Whether the library went on with them in its own way.
    """
    is_restored = False
    if trials and past is not None and past.is_own:
        known = [PastTrial(t.params, session.outcome(t), t.native) for t in trials]
        is_restored = session.learner.restore(known, past.native)
    for trial in trials:
        if not is_restored:
            session.tell(ask_of(trial), trial)
        session.remember(trial)
    return is_restored
