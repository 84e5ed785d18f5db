"""Run one study: the verbs `run`, `minimize`, `maximize`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpbridge.contract.builtin import DEFAULT_DRIVER
from hpbridge.contract.native import native_experiment
from hpbridge.drivers.choosing import attended, chosen_driver
from hpbridge.engine.arguments import OF_RUN, given_settings, takes_of
from hpbridge.engine.life import Life, live
from hpbridge.engine.plan import Plan
from hpbridge.errors import SpaceError
from hpbridge.experiment import Direction, Experiment
from hpbridge.learning.choice import choose
from hpbridge.learning.history import fit_history
from hpbridge.learning.requested import GROWING, points_of
from hpbridge.space.kinds import Parameter
from hpbridge.space.space import Space
from hpbridge.store.patience import PATIENCE_SECONDS
from hpbridge.store.settings import Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from hpbridge.drivers.choosing import GivenDriver
    from hpbridge.learning.session import Listener
    from hpbridge.space.space import Params
    from hpbridge.store import Database
    from hpbridge.study import Study

DEFAULT_TRIALS = 50


@takes_of(OF_RUN)
def run(  # noqa: PLR0913 - the verb of the project; all but two have a default
    experiment: Experiment,
    backend: str = "optuna",
    *,
    n_trials: int = DEFAULT_TRIALS,
    seed: int | None = None,
    options: Mapping[str, object] | None = None,
    store: str | os.PathLike[str] | Database | None = None,
    name: str | None = None,
    driver: GivenDriver | None = None,
    workers: int | None = None,
    timeout: float | None = None,
    timeout_trial: float | None = None,
    trials_per_worker: int | None = None,
    memory_trial: int | str | None = None,
    threads_per_worker: int | None = None,
    target: float | None = None,
    retries: int = 0,
    on_error: str = "record",
    callbacks: Iterable[Listener] = (),
    history: Study | str | os.PathLike[str] | None = None,
    pruner: str | tuple[str, Mapping[str, object]] | object | None = None,
    enqueue: Mapping[str, object] | Sequence[Mapping[str, object]] = (),
    store_patience: float = PATIENCE_SECONDS,
) -> Study:
    """Run one study of an experiment.

    Args:
        experiment: What is tuned.
        backend: ``backend`` or ``backend:algorithm``, as in ``"optuna:tpe"``.
        n_trials: How many trials: trials whose objective ran, whatever came of it.
        seed: Of the optimizer and of the trials' own seeds; None draws one, which the
            study records.
        options: Of the algorithm, by the library's own names.
        store: A file, a database URL or ``":memory:"``; see `hpbridge.store`.
        name: Of the study; made from experiment, optimizer and seed by default.
        driver: Where the trials run: a driver by name or (name, options), as in
            ``hpbridge drivers``, the backend's own by default; any
            `concurrent.futures.Executor`, or what else a driver takes, as the client of
            a cluster, which stays yours.
        workers: Trials that run at the same time, in processes of their own; by default
            one, or all that an MPI job has.
        timeout: Seconds after which no new trial starts.
        timeout_trial: Seconds after which a trial is ended; needs, and uses, a worker.
        trials_per_worker: Trials after which a worker is renewed, for objectives that
            leak; uses a worker.
        memory_trial: By how much a trial's process may grow, in bytes or as in
            ``"4GiB"``; beyond it, the trial is ended and fails. Uses a worker, and
            counts what that process and its children hold.
        threads_per_worker: Threads that BLAS, OpenMP, PyTorch and others start in each
            worker; by default, several workers share the machine's cores equally.
            What ``OMP_NUM_THREADS`` and the like say counts more than that.
        target: Value of the first metric at which the study ends.
        retries: How often a failed trial is run again.
        on_error: ``"record"`` or ``"stop"``.
        callbacks: Each is called with (session, finished trial) after every trial. What
            one raises ends the study, and is raised.
        history: A study to go on from: one of the store by its name, whatever
            `hpbridge.read_study` reads, or a `Study`. The optimizer learns its trials
            first; they do not count against `n_trials`.
        pruner: What ends trials early that look bad, by what they report: a name of
            ``hpbridge pruners``, or (name, options), or a pruner of Optuna's or a
            scheduler of Ray Tune's.
        enqueue: A point to run first, or a list of such, as of `hpbridge.enqueue`.
        store_patience: Seconds that the study waits for a store that is away while it
            runs: a server that restarts, a locked file, a full disk.

    Returns:
        The study, with all its trials.

    Raises:
        HpbridgeError: Before the first trial, where it can be known before.
        KeyboardInterrupt: On Ctrl-C; every finished trial is in the store.

    Example:
        >>> from hpbridge import Experiment, Float, run
        >>> e = Experiment(objective=lambda t: t["x"] ** 2, space={"x": Float(-1, 1)})
        >>> study = run(e, "random", n_trials=3, seed=0, store=":memory:")
        >>> len(study.trials)
        3
    """
    past = None if history is None else find_history(history, store, experiment)
    if past is not None and experiment.is_growing:
        experiment = experiment.over(past.space)  # what is known so far
    chosen = choose(backend, experiment, options, n_trials=n_trials, workers=workers)
    if driver is None:
        driver = DEFAULT_DRIVER if experiment.is_growing else chosen.spec.driver
    place = chosen_driver(driver, experiment.name)
    n_there = attended(place.name)
    given = given_settings(
        n_trials=n_trials,
        workers=n_there if workers is None else workers,
        timeout=timeout,
        timeout_trial=timeout_trial,
        trials_per_worker=trials_per_worker,
        memory_trial=memory_trial,
        threads_per_worker=threads_per_worker,
        target=target,
        retries=retries,
        on_error=on_error,
        pruner=pruner,
    )
    plan = Plan(
        experiment,
        chosen,
        Settings(**given, driver_options=place.options),
        secrets.randbits(32) if seed is None else seed,
        place.name,
        name,
        pool=place.pool,
        enqueued=_enqueued(experiment, enqueue),
        history=None if past is None else fit_history(past, experiment, chosen),
    )
    return live(Life(plan, store, tuple(callbacks), patience=store_patience))


def _enqueued(
    experiment: Experiment,
    given: Mapping[str, object] | Sequence[Mapping[str, object]],
) -> tuple[Params, ...]:
    """Return the points to run first.

    Raises:
        SpaceError: With everything that is wrong with them.
    """
    if given and experiment.is_growing:
        msg = "enqueue"
        raise SpaceError.foreign(msg, [GROWING])
    return tuple(points_of(experiment.space, given, "enqueue"))


def find_history(
    given: Study | str | os.PathLike[str],
    store: str | os.PathLike[str] | Database | None,
    experiment: Experiment,
    **hints: Any,
) -> Study:
    """Return the study to go on from; `hints` as of `hpbridge.read_study`."""
    from hpbridge.formats.studies import find_study

    space = None if experiment.is_growing else experiment.space
    # In its own words, a library's space tells more of how its files are to be read.
    # Whether it is there is asked by name: a node of Hyperopt's has no truth value.
    native = experiment.native_space
    return find_study(given, store, space if native is None else native, **hints)


def minimize(
    function: Callable[..., Any],
    space: object,
    backend: str = "optuna",
    *,
    direction: Direction = "minimize",
    **settings: Any,
) -> Study:
    """Minimize one function of the parameters: `run` without ceremony.

    Args:
        function: Of one mapping of parameters; returns a number.
        space: A `Space` or a dict of parameters; or a library's own space, and the
            function takes what that library hands to it.
        backend: As of `run`.
        direction: Which way is better.
        settings: As of `run`.

    Example:
        >>> from hpbridge import Float, minimize
        >>> study = minimize(lambda p: p["x"] ** 2, {"x": Float(-1, 1)}, "random",
        ...                  n_trials=20, seed=0, store=":memory:")
        >>> study.best_trial.metrics["value"] < 0.1
        True
    """
    is_ours = isinstance(space, Space) or (
        isinstance(space, Mapping)
        and any(isinstance(value, Parameter) for value in space.values())
    )
    if is_ours:
        experiment = Experiment(
            objective=function, space=Space.of(space), direction=direction
        )
    else:
        experiment = native_experiment(function, space, direction)
    return run(experiment, backend, **settings)


def maximize(
    function: Callable[..., Any],
    space: object,
    backend: str = "optuna",
    **settings: Any,
) -> Study:
    """Maximize one function of the parameters; see `minimize`."""
    return minimize(function, space, backend, direction="maximize", **settings)
