"""Studies whose loop is the caller's own: the verb `open_study`."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from hpbridge.contract.resolving import ASKED
from hpbridge.engine.arguments import OF_OPEN_STUDY, given_settings, takes_of
from hpbridge.engine.opened import OpenLife, OpenStudy
from hpbridge.engine.plan import Plan
from hpbridge.engine.resume import FromNow, plan_of
from hpbridge.engine.run import find_history
from hpbridge.errors import ExperimentError, StudyNotFoundError
from hpbridge.experiment import Direction, Experiment
from hpbridge.learning.choice import choose
from hpbridge.learning.history import fit_history
from hpbridge.space.space import Space
from hpbridge.store.patience import PATIENCE_SECONDS
from hpbridge.store.settings import OWN_LOOP, UNLIMITED, Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from hpbridge.learning.session import Listener
    from hpbridge.store import Database
    from hpbridge.store.record import StudyRecord
    from hpbridge.study import Study

_DEFAULT_BACKEND = "optuna"


@takes_of(OF_OPEN_STUDY)
def open_study(  # noqa: PLR0913 - as `run`; all but one have a default
    experiment: Experiment | Space | Mapping[str, object],
    backend: str | None = None,
    *,
    direction: Direction | Mapping[str, Direction] | None = None,
    n_trials: int | None = None,
    seed: int | None = None,
    options: Mapping[str, object] | None = None,
    store: str | os.PathLike[str] | Database | None = None,
    name: str | None = None,
    target: float | None = None,
    timeout: float | None = None,
    callbacks: Iterable[Listener] = (),
    history: Study | str | os.PathLike[str] | None = None,
    pruner: str | tuple[str, Mapping[str, object]] | object | None = None,
    store_patience: float = PATIENCE_SECONDS,
) -> OpenStudy:
    """Open a study whose loop is yours: ask it for trials, and tell it of them.

    The trials are those of `run` with the same seed, asked and told in the same order;
    every trial is on disk when it was asked for, and when it was told.

    Args:
        experiment: What is tuned; its objective may be None. Or a space, with
            `direction`.
        backend: As of `run`.
        direction: Of a space: which way is better, or ``{metric: direction}``.
        n_trials: After how many it is over; None for any number.
        seed: As of `run`.
        options: As of `run`.
        store: As of `run`.
        name: Of the study. One of this name that is in the store goes on, as it was
            begun: what else is given must be the same, and may be left out.
        target: As of `run`.
        timeout: As of `run`.
        callbacks: As of `run`.
        history: As of `run`.
        pruner: As of `run`; `AskedTrial.should_prune` says what it decides.
        store_patience: As of `run`.

    Raises:
        HpbridgeError: If it cannot be, or is another one than that in the store.
        StoreLockedError: If another process has it open.

    Example:
        >>> import hpbridge as hpb
        >>> with hpb.open_study({"x": hpb.Float(-1, 1)}, "random", seed=0,
        ...                     store=":memory:") as study:
        ...     for _ in range(3):
        ...         trial = study.ask()
        ...         done = study.tell(trial, trial["x"] ** 2)
        >>> study.best_trial.metrics["value"] < 1
        True
    """
    experiment = _experiment_of(experiment, direction)
    given = given_settings(
        n_trials=n_trials, target=target, timeout=timeout, pruner=pruner
    )
    listeners = tuple(callbacks)
    database, record = _found(store, name)
    if record is not None:
        _check_same(record, experiment, backend, options, seed, given.get("pruner"))
        changes = {k: v for k, v in given.items() if k != "pruner"}
        now = FromNow(changes, OWN_LOOP, store_patience)
        plan, recorded = plan_of(database, record, experiment, now)
        return OpenStudy(
            OpenLife(
                plan, database, listeners, recorded=recorded, patience=store_patience
            )
        )
    past = None if history is None else find_history(history, database, experiment)
    chosen = choose(backend or _DEFAULT_BACKEND, experiment, options, n_trials=n_trials)
    plan = Plan(
        experiment,
        chosen,
        Settings(**{"n_trials": UNLIMITED, **given}),
        secrets.randbits(32) if seed is None else seed,
        OWN_LOOP,
        name,
        history=None if past is None else fit_history(past, experiment, chosen),
    )
    return OpenStudy(OpenLife(plan, database, listeners, patience=store_patience))


def _experiment_of(
    given: Experiment | Space | Mapping[str, object],
    direction: Direction | Mapping[str, Direction] | None,
) -> Experiment:
    if not isinstance(given, Experiment):
        way = "minimize" if direction is None else direction
        return Experiment(objective=None, space=Space.of(given), direction=way)
    if direction is not None:
        problem = "direction is of a space; the experiment has its own"
        raise ExperimentError.invalid(given.name, [problem])
    return given


def _found(
    store: str | os.PathLike[str] | Database | None, name: str | None
) -> tuple[Database, StudyRecord | None]:
    """Return the store, and the study of this name that it holds, if it does."""
    from hpbridge.store import open_store

    database = open_store(store)
    if name is None:
        return database, None
    try:
        record = database.study(name)
    except StudyNotFoundError:
        return database, None
    return database, record if record.name == name else None


def _check_same(
    record: StudyRecord,
    experiment: Experiment,
    backend: str | None,
    options: Mapping[str, object] | None,
    seed: int | None,
    pruner: Mapping[str, Any] | None,
) -> None:
    """Refuse to go on with a study as another one than it was begun.

    Raises:
        ExperimentError: With everything that differs.
    """
    problems = []
    if backend is not None or options is not None:
        chosen = choose(backend or record.optimizer, experiment, options)
        is_it = chosen.name == record.optimizer
        if chosen.asked and chosen.asked == record.attributes.get(ASKED):
            is_it, options = True, None  # it is what was chosen when it began
        if not is_it:
            problems.append(f"backend is {chosen.name}, and it has {record.optimizer}")
        elif options is not None and chosen.options != _kept(record, experiment):
            problems.append(f"options are {dict(options)!r}, and it has others")
    if seed is not None and seed != record.seed:
        problems.append(f"seed is {seed}, and it has {record.seed}")
    if pruner is not None and pruner != record.settings.budget.pruner:
        problems.append("pruner is not the one that it has")
    if problems:
        whose = f"study {record.name!r} is in the store as another one: "
        problems = [whose + problem for problem in problems]
        raise ExperimentError.invalid(experiment.name, problems)


def _kept(record: StudyRecord, experiment: Experiment) -> Any:
    """Return the options of a study, with the defaults of those that came since."""
    return choose(record.optimizer, experiment, record.options).options
