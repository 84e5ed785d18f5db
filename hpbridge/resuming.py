"""Go on with a study that stopped."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from hpbridge.capabilities import Feature
from hpbridge.choosing import choose
from hpbridge.errors import ExperimentError
from hpbridge.plan import Plan
from hpbridge.running import drive, finished_study, new_session
from hpbridge.session import Listener, Session, Settings
from hpbridge.study import Study, trial_of
from hpbridge.trial import Origin

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from hpbridge.backend import Optimizer
    from hpbridge.experiment import Experiment
    from hpbridge.space import Space
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
    row = database.study(str(study))
    experiment = experiment or _reload(row)
    _check_same(row, experiment)
    stored = json.loads(row["settings"])
    if n_trials is not None:
        stored["n_trials"] = n_trials
    names = {f.name for f in fields(Settings)}
    settings = Settings(**{k: v for k, v in stored.items() if k in names})
    optimizer = f"{row['backend']}:{row['algorithm']}"
    chosen = choose(optimizer, experiment, json.loads(row["options"]))
    shared = tuple(stored.get("shared", ()))
    seed = int(row["seed"])
    plan = Plan(experiment, chosen, settings, seed, stored["driver"], shared=shared)
    with StudyWriter(database, row["id"], row["name"]) as writer:
        writer.update(status="running", stop_reason=None, settings=json.dumps(stored))
        session = new_session(
            plan, chosen.make(experiment, seed), writer, tuple(callbacks)
        )
        session.notes += json.loads(row["notes"])
        relive(session, plan, database.trials(row["id"]))
        drive(session, plan, writer)
    return finished_study(session, database, row["id"], experiment.space)


def relive(session: Session, plan: Plan, rows: list[dict[str, Any]]) -> None:
    """Bring a fresh session to where the record ends, and note how."""
    from hpbridge.replay import CONTINUED, RESUMED, observe, replay
    from hpbridge.store.schema import RUNNING

    space = plan.experiment.space
    trials = [trial_of(r, space) for r in rows if r["state"] != RUNNING]
    pending = [_pending_of(r, space) for r in rows if r["state"] == RUNNING]
    known = {trial.number for trial in [*trials, *pending]}
    difference: str | None = "the algorithm is not deterministic"
    if plan.choice.algorithm.capabilities.can(Feature.REPLAY):
        difference = replay(session, trials, pending)
    if difference is not None:
        make: Callable[[], Optimizer] = lambda: plan.choice.make(
            plan.experiment, plan.seed
        )
        observe(session, make, trials, pending)
    if trials:
        note = RESUMED if difference is None else f"{CONTINUED} ({difference})"
        session.notes.append(f"after {len(trials)} trials {note}")
    # Points that were to run first, and had not.
    first = [(p, Origin.BASELINE) for p in plan.experiment.baseline_points]
    first += [(p, Origin.SHARED) for p in plan.shared]
    for number, (point, origin) in enumerate(first):
        if number not in known:
            session.enqueue([point], origin)


def _pending_of(row: dict[str, Any], space: Space) -> FinishedTrial:
    return trial_of({**row, "state": "failed", "told": 0, "metrics": "{}"}, space)


def _reload(row: Mapping[str, Any]) -> Experiment:
    from hpbridge.loading import load_experiment

    if not row["reference"]:
        problem = (
            f"study {row['name']!r} was not run from a file; "
            "pass its experiment to hpbridge.resume"
        )
        raise ExperimentError.invalid(row["experiment"], [problem])
    return load_experiment(row["reference"])


def _check_same(row: Mapping[str, Any], experiment: Experiment) -> None:
    problems = []
    if json.loads(row["space"]) != json.loads(json.dumps(experiment.space.to_json())):
        problems.append(f"its space is not the one that study {row['name']!r} searched")
    if json.loads(row["metrics"]) != experiment.metrics:
        problems.append(f"its metrics are not those of study {row['name']!r}")
    if problems:
        raise ExperimentError.invalid(experiment.name, problems)
