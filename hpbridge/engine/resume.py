"""Go on with a study that stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from hpbridge.contract.builtin import DEFAULT_DRIVER
from hpbridge.contract.registry import registry
from hpbridge.drivers.choosing import (
    FUTURES,
    ChosenDriver,
    chosen_driver,
    is_with_options,
)
from hpbridge.engine.arguments import OF_RESUME, given_settings, takes_of
from hpbridge.engine.given import GIVEN_POINTS, as_again, is_of_given_points
from hpbridge.engine.life import Life, Recorded, live
from hpbridge.engine.plan import Plan
from hpbridge.errors import ExperimentError
from hpbridge.learning.choice import choose
from hpbridge.store.patience import PATIENCE_SECONDS
from hpbridge.store.settings import OWN_LOOP, UNLIMITED

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from hpbridge.drivers.choosing import GivenDriver
    from hpbridge.experiment import Experiment
    from hpbridge.learning.session import Listener
    from hpbridge.store import Database
    from hpbridge.store.record import StudyRecord
    from hpbridge.store.settings import StudySettings
    from hpbridge.study import Study


@takes_of(OF_RESUME)
def resume(  # noqa: PLR0913 - what `run` takes, and all but one have a default
    study: str | int,
    experiment: Experiment | None = None,
    *,
    store: str | os.PathLike[str] | Database | None = None,
    n_trials: int | None = None,
    driver: GivenDriver | None = None,
    workers: int | None = None,
    timeout: float | None = None,
    timeout_trial: float | None = None,
    trials_per_worker: int | None = None,
    memory_trial: int | str | None = None,
    threads_per_worker: int | None = None,
    target: float | None = None,
    retries: int | None = None,
    on_error: str | None = None,
    callbacks: Iterable[Listener] = (),
    store_patience: float = PATIENCE_SECONDS,
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
        driver: As of `run`; by default the one that it ran on.
        workers: As of `run`, from now on; by default, as are those that follow, as the
            study ran so far.
        timeout: Seconds from now after which no new trial starts.
        timeout_trial: As of `run`.
        trials_per_worker: As of `run`.
        memory_trial: As of `run`.
        threads_per_worker: As of `run`.
        target: As of `run`.
        retries: As of `run`.
        on_error: As of `run`.
        callbacks: As of `run`.
        store_patience: As of `run`.

    Raises:
        StudyNotFoundError: If the store does not hold it.
        StoreDamagedError: If it is not whole any more.
        ExperimentError: If the experiment is another one.
    """
    from hpbridge.store import open_store

    database = open_store(store)
    record = database.study(study)
    changes = given_settings(
        n_trials=n_trials,
        workers=workers,
        timeout=timeout,
        timeout_trial=timeout_trial,
        trials_per_worker=trials_per_worker,
        memory_trial=memory_trial,
        threads_per_worker=threads_per_worker,
        target=target,
        retries=retries,
        on_error=on_error,
    )
    now = FromNow(changes, driver, store_patience)
    return live(life_of(database, record, experiment, now, tuple(callbacks)))


@dataclass(frozen=True)
class FromNow:
    """How a stored study is run from now on.

    Attributes:
        changes: Fields of `Settings` that are other ones; the rest is as it was.
        driver: None for the one that it ran on.
        patience: Seconds that it waits for a store that is away.
    """

    changes: Mapping[str, Any]
    driver: GivenDriver | None = None
    patience: float = PATIENCE_SECONDS


def life_of(
    database: Database,
    record: StudyRecord,
    experiment: Experiment | None,
    now: FromNow,
    listeners: tuple[Listener, ...],
) -> Life:
    """Return the life of a stored study from here on; see `resume`.

    Args:
        database: Where it is.
        record: What the store holds of it.
        experiment: None to import it from where it was.
        now: How it is run from here on.
        listeners: Called after every trial.
    """
    plan, recorded = plan_of(database, record, experiment or reload(record), now)
    if plan.settings.n_trials == UNLIMITED:
        problem = (
            f"study {record.name!r} has no number of trials of its own; pass n_trials="
        )
        raise ExperimentError.invalid(plan.experiment.name, [problem])
    return Life(plan, database, listeners, recorded=recorded, patience=now.patience)


def plan_of(
    database: Database, record: StudyRecord, experiment: Experiment, now: FromNow
) -> tuple[Plan, Recorded]:
    """Return the plan of a stored study from here on, and what it goes on from.

    Args:
        database: Where it is.
        record: What the store holds of it.
        experiment: The same one.
        now: How it is run from here on.

    Raises:
        ExperimentError: If the experiment is another one.
    """
    if is_of_given_points(record):
        experiment = as_again(experiment, record)
    elif experiment.is_growing:
        experiment = experiment.over(record.space)
    check_same(record, experiment)
    plan, settings = _plan_of(record, experiment, now)
    n_finished = database.count_trials().get(record.id, 0)
    return plan, Recorded(record, settings, n_finished)


def _plan_of(
    record: StudyRecord, experiment: Experiment, now: FromNow
) -> tuple[Plan, StudySettings]:
    """Return the plan of a stored study, and its settings from now on."""
    settings = record.settings
    settings = replace(settings, budget=replace(settings.budget, **now.changes))
    chosen = GIVEN_POINTS
    if not is_of_given_points(record):
        name = f"{record.backend}:{record.algorithm}"
        chosen = choose(name, experiment, record.options)
    place = _place_of(settings, now.driver, experiment)
    if place.pool is None and place.name.startswith(FUTURES):
        kind = place.name.removeprefix(FUTURES)
        problem = f"study {record.name!r} ran on a {kind} of yours; pass one as driver="
        raise ExperimentError.invalid(experiment.name, [problem])
    budget = replace(settings.budget, driver_options=place.options)
    settings = replace(settings, budget=budget, driver=place.name)
    plan = Plan(
        experiment,
        chosen,
        settings.budget,
        cast("int", record.seed),
        place.name,
        shared=settings.shared,
        pool=place.pool,
    )
    return plan, settings


def _place_of(
    settings: StudySettings, given: GivenDriver | None, experiment: Experiment
) -> ChosenDriver:
    """Return where a stored study goes on: what is not given is as it was."""
    kept = settings.budget.driver_options
    if given == OWN_LOOP:
        return ChosenDriver(OWN_LOOP)
    if given is None and settings.driver == OWN_LOOP:
        return ChosenDriver(DEFAULT_DRIVER)
    if given is None:
        return ChosenDriver(settings.driver, kept)
    chosen = chosen_driver(given, experiment.name)
    if chosen.name != settings.driver:
        return chosen
    place, changes = given if is_with_options(given) else (given, {})
    return chosen_driver((place, {**(kept or {}), **changes}), experiment.name)


def reload(record: StudyRecord) -> Experiment:
    """Return the experiment of a study, imported from where it was.

    That of a command is in the record.

    Raises:
        ExperimentError: If it is from no file.
    """
    from hpbridge.commands.kept import is_kept, kept_experiment
    from hpbridge.contract.references import load_experiment

    if not record.reference and is_kept(record.attributes):
        settings = record.settings
        return kept_experiment(
            record.experiment,
            record.attributes,
            record.space,
            record.metrics,
            settings.bounds,
            settings.range,
        )
    if not record.reference:
        noted = record.attributes.get("problem")
        suite = str(noted.get("suite")) if isinstance(noted, dict) else ""
        if record.comparison_id is not None and suite in registry().suites:
            problem = (
                f"study {record.name!r} is of a bench, whose problem is the suite's: "
                f"`hpbridge bench {suite} --resume` goes on with it, with `--trials` "
                "with more of them"
            )
            raise ExperimentError.invalid(record.experiment, [problem])
        problem = (
            f"study {record.name!r} was not run from a file; "
            "pass its experiment to hpbridge.resume, "
            "or name its file with `hpbridge resume --experiment FILE`"
        )
        raise ExperimentError.invalid(record.experiment, [problem])
    return load_experiment(record.reference)


def check_same(record: StudyRecord, experiment: Experiment) -> None:
    """Refuse an experiment that is another one than a study's.

    Raises:
        ExperimentError: With everything that differs.
    """
    whose = f"those of study {record.name!r}"
    problems = []
    if not experiment.space.is_recorded_as(record.space):
        problems.append(f"its space is not the one that study {record.name!r} searched")
    # In order: the first one is the one that counts.
    if list(record.metrics.items()) != list(experiment.metrics.items()):
        problems.append(f"its metrics {dict(experiment.metrics)!r} are not {whose}")
    # Beyond the experiment's own are those that its trials have set.
    if record.settings.bounds[: len(experiment.bounds)] != experiment.bounds:
        problems.append(f"its constraints are not {whose}")
    if record.settings.range != experiment.budget:
        problems.append(
            f"its budget is {experiment.budget!r}, and study {record.name!r} has "
            f"{record.settings.range!r}"
        )
    problems += experiment.unlike(record.attributes)
    if problems:
        raise ExperimentError.invalid(experiment.name, problems)
