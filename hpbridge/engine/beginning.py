"""How a session begins: with its first points, or with what is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.capabilities import Feature
from hpbridge.errors import OptimizerError, count
from hpbridge.learning.choice import versions_of
from hpbridge.learning.history import take
from hpbridge.learning.replay import CONTINUED, RESUMED, observe, replay
from hpbridge.store.requests import What
from hpbridge.trial import Origin, trial_seed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.engine.plan import Plan
    from hpbridge.learning.choice import Choice
    from hpbridge.learning.session import Session
    from hpbridge.space.space import Params
    from hpbridge.store.record import StudyRecord, TrialRecords
    from hpbridge.store.settings import PastStudy
    from hpbridge.trial import FinishedTrial


def set_out(session: Session, plan: Plan) -> None:
    """Give a new session what it goes on from, and its first points."""
    session.notes.extend(plan.experiment.notes)
    choice, settings = plan.choice, plan.settings
    session.notes.extend(choice.why)
    if choice.algorithm.remarks is not None:
        session.notes.extend(
            choice.algorithm.remarks(
                choice.options, settings.n_trials, settings.workers
            )
        )
    if plan.history is not None:
        session.writer.add_all(plan.history.trials)
        take(session, plan.history)
    first = first_points(plan, session.finished)
    for point, origin in first:
        session.enqueue([point], origin)
    for each in plan.enqueued:
        session.writer.inbox.ask(What.ENQUEUE, {"params": each})
    first += [(point, Origin.ENQUEUED) for point in plan.enqueued]
    capabilities = plan.choice.algorithm.capabilities
    is_foreign = bool(first) and not session.learner.defines
    if is_foreign and not capabilities.can(Feature.FOREIGN_HISTORY):
        why = capabilities.why_not(Feature.FOREIGN_HISTORY)
        which = count(len(first), "first point")
        session.notes.append(
            f"{plan.choice.name} does not learn from the {which}: {why}"
        )


def first_points(
    plan: Plan, known: Iterable[FinishedTrial]
) -> list[tuple[Params, Origin]]:
    """Return the points that run before the optimizer is asked, in order.

    Args:
        plan: Of the study.
        known: Trials among which those imported have run elsewhere already.
    """
    ran = [trial.params for trial in known if trial.origin is Origin.IMPORTED]
    baseline = [p for p in plan.experiment.baseline_points if p not in ran]
    return [(p, Origin.BASELINE) for p in baseline] + [
        (p, Origin.SHARED) for p in plan.shared
    ]


def changed_versions(record: StudyRecord, choice: Choice) -> list[str]:
    """Return a note of the libraries that have changed since, if any have."""
    before, now = record.versions, versions_of(choice)
    changes = [
        f"{name} {before.get(name, 'none')} -> {now.get(name, 'none')}"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]
    return ["resumed with other versions: " + ", ".join(changes)] if changes else []


def relive(
    session: Session,
    plan: Plan,
    records: TrialRecords,
    history: PastStudy | None = None,
) -> None:
    """Bring a fresh session to where the record ends, and note how.

    Args:
        session: With a fresh optimizer.
        plan: Of the study.
        records: Its trials, from the store.
        history: The study that it goes on from, if it does.
    """
    trials, pending = list(records.finished), [*records.running, *records.paused]
    n_imported = sum(trial.origin is Origin.IMPORTED for trial in trials)
    if len(trials) - n_imported >= plan.settings.n_trials:
        for trial in sorted(trials, key=lambda trial: trial.told):
            session.remember(trial)
        return  # nothing is left to propose
    session.learner.prepare(trials)
    difference = _difference(session, plan, trials, pending, history)
    if difference is not None:
        # With the same seed, it could propose its first points once more.
        seed = trial_seed(plan.seed, len(trials))
        session.learn_anew(plan.learner(session.writer.name, seed))
        session.learner.prepare(trials)
        observe(session, trials, pending)
    if trials or records.paused:
        note = RESUMED if difference is None else f"{CONTINUED} ({difference})"
        paused = f" and {len(records.paused)} paused" if records.paused else ""
        session.notes.append(f"after {len(trials)} trials{paused} {note}")
    session.park(records.paused)
    known = {trial.number for trial in [*trials, *pending]}
    for number, (point, origin) in enumerate(first_points(plan, trials), n_imported):
        if number not in known:
            session.enqueue([point], origin)
    session.apply_target()


def _difference(
    session: Session,
    plan: Plan,
    trials: list[FinishedTrial],
    pending: list[FinishedTrial],
    history: PastStudy | None,
) -> str | None:
    """Replay the record; return why the study cannot go on as if never stopped."""
    if plan.experiment.is_growing and not session.learner.defines:
        return "the objective defines its space while it runs"
    if not plan.choice.algorithm.capabilities.can(Feature.REPLAY):
        return "the algorithm is not deterministic"
    if place := plan.choice.shared_place:
        return f"it shares its trials with others, in {place}"
    try:
        return replay(session, trials, pending, history)
    except OptimizerError as error:
        # It would fail at the same trial for ever; observing may get it past.
        return error.headline
