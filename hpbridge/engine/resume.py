"""Go on with a study that stopped."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from hpbridge.contract.capabilities import Feature
from hpbridge.engine.plan import Plan
from hpbridge.engine.run import drive, finished_study, first_points, new_session
from hpbridge.errors import ExperimentError, OptimizerError
from hpbridge.learning.choice import Choice, choose, versions_of
from hpbridge.learning.replay import CONTINUED, RESUMED, observe, replay
from hpbridge.learning.session import Listener, Session, Settings
from hpbridge.space.space import Space
from hpbridge.study import Study, trial_of
from hpbridge.trial import Origin, trial_seed

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from hpbridge.experiment import Experiment
    from hpbridge.store import Database
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
    row = database.study(study)
    experiment = experiment or _reload(row)
    if experiment.is_growing:
        experiment = experiment.over(Space.from_json(json.loads(row["space"])))
    _check_same(row, experiment)
    plan, settings = _plan_of(row, experiment, n_trials)
    with StudyWriter(database, row["id"], row["name"]) as writer:
        learner = plan.choice.learner(experiment, plan.seed)
        session = new_session(plan, learner, writer, tuple(callbacks))
        session.notes.extend(json.loads(row["notes"]))
        session.notes.extend(_changed_versions(row, plan.choice))
        history = json.loads(row["settings"]).get("history")
        relive(session, plan, database.trials(row["id"]), history)
        writer.update(status="running", stop_reason=None, settings=settings)
        drive(session, plan, writer)
    return finished_study(session, database, row["id"])


def _plan_of(
    row: Mapping[str, Any], experiment: Experiment, n_trials: int | None
) -> tuple[Plan, str]:
    """Return the plan of a stored study, and its settings for the store."""
    stored = json.loads(row["settings"])
    if n_trials is not None:
        stored["n_trials"] = n_trials
    names = {f.name for f in fields(Settings)}
    settings = Settings(**{k: v for k, v in stored.items() if k in names})
    name = f"{row['backend']}:{row['algorithm']}"
    chosen = choose(name, experiment, json.loads(row["options"]))
    shared = tuple(stored.get("shared", ()))
    seed, driver = int(row["seed"]), stored["driver"]
    plan = Plan(experiment, chosen, settings, seed, driver, shared=shared)
    return plan, json.dumps(stored)


def _changed_versions(row: Mapping[str, Any], choice: Choice) -> list[str]:
    before, now = json.loads(row["versions"]), versions_of(choice)
    changes = [
        f"{name} {before.get(name, 'none')} -> {now.get(name, 'none')}"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]
    return ["resumed with other versions: " + ", ".join(changes)] if changes else []


def relive(
    session: Session,
    plan: Plan,
    rows: list[dict[str, Any]],
    history: Mapping[str, Any] | None = None,
) -> None:
    """Bring a fresh session to where the record ends, and note how.

    Args:
        session: With a fresh optimizer.
        plan: Of the study.
        rows: Of its trials, from the store.
        history: How it took the trials that it began with, if it did.
    """
    space = plan.experiment.space
    trials = [trial_of(r, space) for r in rows if r["told"] is not None]
    pending = [_pending_of(r, space) for r in rows if r["told"] is None]
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
    history: Mapping[str, Any] | None,
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


def _pending_of(row: dict[str, Any], space: Space) -> FinishedTrial:
    return trial_of({**row, "state": "failed", "told": 0, "metrics": "{}"}, space)


def _reload(row: Mapping[str, Any]) -> Experiment:
    from hpbridge.contract.references import load_experiment

    if not row["reference"]:
        problem = (
            f"study {row['name']!r} was not run from a file; "
            "pass its experiment to hpbridge.resume, "
            "or name its file with `hpbridge resume --experiment FILE`"
        )
        raise ExperimentError.invalid(row["experiment"], [problem])
    return load_experiment(row["reference"])


def _check_same(row: Mapping[str, Any], experiment: Experiment) -> None:
    whose = f"those of study {row['name']!r}"
    bounds = [[b.metric, b.sign, b.bound] for b in experiment.bounds]
    metrics: dict[str, str] = json.loads(row["metrics"])
    problems = []
    if json.loads(row["space"]) != json.loads(json.dumps(experiment.space.to_json())):
        problems.append(f"its space is not the one that study {row['name']!r} searched")
    # In order: the first one is the one that counts.
    if list(metrics.items()) != list(experiment.metrics.items()):
        problems.append(f"its metrics {dict(experiment.metrics)!r} are not {whose}")
    if json.loads(row["settings"]).get("bounds", []) != bounds:
        problems.append(f"its constraints are not {whose}")
    if problems:
        raise ExperimentError.invalid(experiment.name, problems)
