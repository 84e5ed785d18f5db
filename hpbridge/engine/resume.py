"""Go on with a study that stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from hpbridge.contract.capabilities import Feature
from hpbridge.engine.plan import Plan
from hpbridge.engine.run import drive, finished_study, first_points, new_session
from hpbridge.errors import ExperimentError, OptimizerError
from hpbridge.learning.choice import Choice, choose, versions_of
from hpbridge.learning.replay import CONTINUED, RESUMED, observe, replay
from hpbridge.store.record import Status
from hpbridge.trial import Origin, trial_seed

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from hpbridge.experiment import Experiment
    from hpbridge.learning.session import Listener, Session
    from hpbridge.space.space import Space
    from hpbridge.store import Database
    from hpbridge.store.record import StudyRecord, TrialRecords
    from hpbridge.store.settings import PastStudy, StudySettings
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial


def resume(
    study: str | int,
    experiment: Experiment | None = None,
    *,
    store: str | os.PathLike[str] | Database | None = None,
    n_trials: int | None = None,
    callbacks: Iterable[Listener] = (),
) -> Study:
    """Go on with a study that stopped, up to its budget or a new one.

    A deterministic algorithm with one worker goes on bit for bit as if it had never
    stopped. Where that is not possible, the optimizer observes the history. A note of
    the study says which of the two was done.

    Args:
        study: Its name or id.
        experiment: The same one; by default imported from where it was.
        store: Where the study is.
        n_trials: A new budget in all; by default the old one.
        callbacks: As of `run`.

    Raises:
        StudyNotFoundError: If the store does not hold it.
        ExperimentError: If the experiment is another one.
    """
    from hpbridge.store import StudyWriter, open_store

    database = open_store(store)
    record = database.study(study)
    experiment = experiment or _reload(record)
    if experiment.is_growing:
        experiment = experiment.over(record.space)
    _check_same(record, experiment)
    plan, settings = _plan_of(record, experiment, n_trials)
    with StudyWriter(database, record.id, record.name) as writer:
        learner = plan.choice.learner(experiment, plan.seed)
        session = new_session(plan, learner, writer, tuple(callbacks))
        session.notes.extend(record.notes)
        session.notes.extend(_changed_versions(record, plan.choice))
        trials = database.trials(record, experiment.space)
        relive(session, plan, trials, settings.history)
        writer.update(status=Status.RUNNING, stop_reason=None, settings=settings)
        drive(session, plan, writer)
    return finished_study(session, database, record.id)


def _plan_of(
    record: StudyRecord, experiment: Experiment, n_trials: int | None
) -> tuple[Plan, StudySettings]:
    """Return the plan of a stored study, and its settings from now on."""
    settings = record.settings
    if n_trials is not None:
        budget = replace(settings.budget, n_trials=n_trials)
        settings = replace(settings, budget=budget)
    chosen = choose(f"{record.backend}:{record.algorithm}", experiment, record.options)
    plan = Plan(
        experiment,
        chosen,
        settings.budget,
        cast("int", record.seed),
        settings.driver,
        shared=settings.shared,
    )
    return plan, settings


def _changed_versions(record: StudyRecord, choice: Choice) -> list[str]:
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
    trials, pending = list(records.finished), list(records.running)
    n_imported = sum(trial.origin is Origin.IMPORTED for trial in trials)
    if len(trials) - n_imported >= plan.settings.n_trials:
        for trial in sorted(trials, key=lambda trial: trial.told):
            session.remember(trial)
        return  # nothing is left to propose
    difference = _difference(session, plan, trials, pending, history)
    if difference is not None:
        # With the same seed, it could propose its first points once more.
        seed = trial_seed(plan.seed, len(trials))
        session.learn_anew(plan.choice.learner(plan.experiment, seed))
        observe(session, trials, pending)
    if trials:
        note = RESUMED if difference is None else f"{CONTINUED} ({difference})"
        session.notes.append(f"after {len(trials)} trials {note}")
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
    if plan.experiment.is_growing:
        return "the objective defines its space while it runs"
    if not plan.choice.algorithm.capabilities.can(Feature.REPLAY):
        return "the algorithm is not deterministic"
    try:
        return replay(session, trials, pending, history)
    except OptimizerError as error:
        # It would fail at the same trial for ever; observing may get it past.
        return error.headline


def _reload(record: StudyRecord) -> Experiment:
    from hpbridge.contract.references import load_experiment

    if not record.reference:
        problem = (
            f"study {record.name!r} was not run from a file; "
            "pass its experiment to hpbridge.resume, "
            "or name its file with `hpbridge resume --experiment FILE`"
        )
        raise ExperimentError.invalid(record.experiment, [problem])
    return load_experiment(record.reference)


def _check_same(record: StudyRecord, experiment: Experiment) -> None:
    whose = f"those of study {record.name!r}"
    problems = []
    if _data_of(record.space) != _data_of(experiment.space):
        problems.append(f"its space is not the one that study {record.name!r} searched")
    # In order: the first one is the one that counts.
    if list(record.metrics.items()) != list(experiment.metrics.items()):
        problems.append(f"its metrics {dict(experiment.metrics)!r} are not {whose}")
    if record.settings.bounds != experiment.bounds:
        problems.append(f"its constraints are not {whose}")
    if problems:
        raise ExperimentError.invalid(experiment.name, problems)


def _data_of(space: Space) -> Any:
    return json.loads(json.dumps(space.to_json()))
