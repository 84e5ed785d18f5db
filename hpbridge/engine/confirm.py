"""Confirm the winners of a search: run the best trials again with new seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.analysis.confirmed import CONFIRMATIONS, CONFIRMS, Confirmation
from hpbridge.contract.builtin import DEFAULT_DRIVER
from hpbridge.drivers.choosing import chosen_driver
from hpbridge.engine.arguments import OF_CONFIRM, given_settings, takes_of
from hpbridge.engine.given import GIVEN_POINTS, fixed
from hpbridge.engine.life import Life, live
from hpbridge.engine.plan import Plan
from hpbridge.engine.resume import FromNow, check_same, life_of, reload
from hpbridge.errors import ExperimentError, count
from hpbridge.store.patience import PATIENCE_SECONDS
from hpbridge.store.settings import OF_WORKERS, Settings
from hpbridge.study import Study, load_study
from hpbridge.trial import trial_seed

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from hpbridge.drivers.choosing import GivenDriver
    from hpbridge.experiment import Experiment
    from hpbridge.learning.session import Listener
    from hpbridge.store import Database
    from hpbridge.store.record import StudyRecord
    from hpbridge.trial import FinishedTrial

TOP, REPEATS = 3, 5

# A study's own trials have seeds from 0 on.
_SEED_OF = -1


@takes_of(OF_CONFIRM)
def confirm(  # noqa: PLR0913 - as of `run`; all but one have a default
    study: Study | str | int,
    experiment: Experiment | None = None,
    *,
    top: int = TOP,
    repeats: int = REPEATS,
    seed: int | None = None,
    resume: bool = False,
    store: str | os.PathLike[str] | Database | None = None,
    driver: GivenDriver | None = None,
    workers: int = 1,
    timeout_trial: float | None = None,
    trials_per_worker: int | None = None,
    memory_trial: int | str | None = None,
    threads_per_worker: int | None = None,
    retries: int = 0,
    callbacks: Iterable[Listener] = (),
    store_patience: float = PATIENCE_SECONDS,
) -> Confirmation:
    """Run the best trials of a study again: the honest value beside the lucky one.

    Every repeat has seeds of its own; of an `hpbridge.Evaluation`, it has other splits
    of the same rows, never of the test, and another `random_state`. It runs to its end,
    whatever ended trials of the study early. What ran is a study of the store:
    `hpbridge.resume` goes on with it too.

    Args:
        study: That ended; or its name or id in the store.
        experiment: Of the study; by default imported from where it was.
        top: How many trials, the best by the first metric; of several metrics, the
            first ones of the Pareto front. Of equal parameters, the first trial counts.
        repeats: How often each.
        seed: Of the repeats; by default one that is made of the study's.
        resume: Go on with the last confirmation of the same trials, repeats and seed.
        store: As of `run`; by default where the study is.
        driver: As of `run`; by default in workers of our own.
        workers: As of `run`.
        timeout_trial: As of `run`.
        trials_per_worker: As of `run`.
        memory_trial: As of `run`.
        threads_per_worker: As of `run`.
        retries: As of `run`.
        callbacks: As of `run`.
        store_patience: As of `run`.

    Raises:
        HpbridgeError: Before the first trial, where it can be known before.
        KeyboardInterrupt: On Ctrl-C; every finished trial is in the store.

    Example:
        >>> from hpbridge import Experiment, Float, confirm, run
        >>> e = Experiment(objective=lambda t: t["x"] ** 2, space={"x": Float(-1, 1)})
        >>> study = run(e, "random", n_trials=5, seed=0, store=":memory:")
        >>> confirm(study, e, top=2).is_unchanged
        True
    """
    found = study if isinstance(study, Study) else load_study(study, store)
    store = found.home if store is None else store
    experiment = experiment or reload(found)
    given = given_settings(
        workers=workers,
        timeout_trial=timeout_trial,
        trials_per_worker=trials_per_worker,
        memory_trial=memory_trial,
        threads_per_worker=threads_per_worker,
        retries=retries,
    )
    check_same(found, fixed(experiment, found))
    _check(found, experiment, top, driver, given)
    seed = trial_seed(found.seed or 0, _SEED_OF) if seed is None else seed
    winners = winners_of(found)[:top]
    noted = _noted(found, winners, repeats, seed)
    listeners = tuple(callbacks)
    if resume:
        past = _last(store, found, noted)
        if past is not None:
            now = FromNow(given, driver, store_patience)
            database, record = past
            life = life_of(database, record, experiment, now, listeners)
            return _noted_in(found, Confirmation(live(life)))
    place = chosen_driver(DEFAULT_DRIVER if driver is None else driver, experiment.name)
    given["driver_options"] = place.options
    plan = Plan(
        fixed(experiment, found).again(noted["seeds"], top),
        GIVEN_POINTS,
        Settings(n_trials=top * repeats, **given),
        seed,
        place.name,
        f"{found.name}-confirmed",
        shared=tuple(dict(trial.params) for trial in winners) * repeats,
        pool=place.pool,
        noted={CONFIRMS: noted},
    )
    life = Life(plan, store, listeners, patience=store_patience)
    return _noted_in(found, Confirmation(live(life)))


def winners_of(study: Study) -> list[FinishedTrial]:
    """Return the trials that may be confirmed, the best first; no two are one point.

    Of several metrics with a direction, the Pareto front.
    """
    if len(study.metrics) > 1:
        ranked = study.best_trials
    else:
        feasible = [trial for trial in study.trials if study.is_feasible(trial)]
        sign, metric = study.sign, study.main_metric
        ranked = sorted(feasible, key=lambda t: (sign * t.metrics[metric], t.number))
    found: list[FinishedTrial] = []
    for trial in ranked:
        if all(dict(trial.params) != dict(other.params) for other in found):
            found.append(trial)
    return found


def _check(
    study: Study,
    experiment: Experiment,
    top: int,
    driver: object,
    given: Mapping[str, Any],
) -> None:
    problems = []
    n_there = len(winners_of(study))
    if top > n_there:
        which = "on the Pareto front" if len(study.metrics) > 1 else "to confirm"
        problems.append(
            f"top must be at most {n_there}: study {study.name!r} has "
            f"{count(n_there, 'complete feasible trial')} of different parameters "
            f"{which}, got {top}"
        )
    limits = ("timeout_trial", *OF_WORKERS)
    asked = [name for name in limits if name in given]
    if experiment.is_growing and (given["workers"] > 1 or asked or driver is not None):
        names = ", ".join(["workers", *asked, "driver"])
        problems.append(
            "the objective defines its space while it runs, and such trials run again "
            f"in this process alone: leave out {names}"
        )
    if problems:
        raise ExperimentError.invalid(experiment.name, problems)


def _noted_in(study: Study, confirmation: Confirmation) -> Confirmation:
    """Note in a study what confirming it has come to."""
    if study.home is not None and not confirmation.n_left:
        from hpbridge.store.appending import append

        append(study.home, study.id, CONFIRMATIONS, confirmation.to_json())
    return confirmation


def _noted(
    study: Study, winners: list[FinishedTrial], repeats: int, seed: int
) -> dict[str, Any]:
    """Return what the record says of it; see `CONFIRMS`."""
    metrics = list(study.metrics)
    return {
        "study": study.name,
        "trials": [trial.number for trial in winners],
        "lucky": [{name: t.metrics[name] for name in metrics} for t in winners],
        "repeats": repeats,
        "seed": seed,
        "seeds": [trial_seed(seed, _SEED_OF - repeat) for repeat in range(repeats)],
    }


def _last(
    store: str | os.PathLike[str] | Database | None,
    study: Study,
    noted: Mapping[str, Any],
) -> tuple[Database, StudyRecord] | None:
    """Return the last study that confirms the same, with its store."""
    from hpbridge.store import open_store

    database = open_store(store)
    known = database.studies(experiment=study.experiment, backend="given")
    same = [each for each in known if each.attributes.get(CONFIRMS) == noted]
    return (database, same[-1]) if same else None
