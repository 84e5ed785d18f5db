"""Run one study: the verbs `run`, `minimize`, `maximize`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpbridge.contract.builtin import DEFAULT_DRIVER
from hpbridge.contract.native import native_experiment
from hpbridge.engine.arguments import OF_RUN, given_settings, takes_of
from hpbridge.engine.life import Life, live
from hpbridge.engine.plan import Plan, name_of_driver
from hpbridge.experiment import Direction, Experiment
from hpbridge.learning.choice import choose
from hpbridge.learning.history import fit_history
from hpbridge.space.kinds import Parameter
from hpbridge.space.space import Space
from hpbridge.store.patience import PATIENCE_SECONDS
from hpbridge.store.settings import Settings

if TYPE_CHECKING:
    import concurrent.futures
    import os
    from collections.abc import Callable, Iterable

    from hpbridge.learning.session import Listener
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
    driver: str | concurrent.futures.Executor | None = None,
    workers: int = 1,
    timeout: float | None = None,
    timeout_trial: float | None = None,
    trials_per_worker: int | None = None,
    memory_trial: int | str | None = None,
    target: float | None = None,
    retries: int = 0,
    on_error: str = "record",
    callbacks: Iterable[Listener] = (),
    history: Study | str | os.PathLike[str] | None = None,
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
        driver: Where the trials run: a driver by name, the backend's own by default, or
            any `concurrent.futures.Executor`, which stays yours.
        workers: Trials that run at the same time, in processes of their own.
        timeout: Seconds after which no new trial starts.
        timeout_trial: Seconds after which a trial is ended; needs, and uses, a worker.
        trials_per_worker: Trials after which a worker is renewed, for objectives that
            leak; uses a worker.
        memory_trial: By how much a trial's process may grow, in bytes or as in
            ``"4GiB"``; beyond it, the trial is ended and fails. Uses a worker, and
            counts what that process and its children hold.
        target: Value of the first metric at which the study ends.
        retries: How often a failed trial is run again.
        on_error: ``"record"`` or ``"stop"``.
        callbacks: Each is called with (session, finished trial) after every trial. What
            one raises ends the study, and is raised.
        history: A study to go on from: one of the store by its name, whatever
            `hpbridge.read_study` reads, or a `Study`. The optimizer learns its trials
            first; they do not count against `n_trials`.
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
    chosen = choose(backend, experiment, options)
    given = given_settings(
        n_trials=n_trials,
        workers=workers,
        timeout=timeout,
        timeout_trial=timeout_trial,
        trials_per_worker=trials_per_worker,
        memory_trial=memory_trial,
        target=target,
        retries=retries,
        on_error=on_error,
    )
    if driver is None:
        driver = DEFAULT_DRIVER if experiment.is_growing else chosen.spec.driver
    driver, pool = name_of_driver(driver, experiment)
    plan = Plan(
        experiment,
        chosen,
        Settings(**given),
        secrets.randbits(32) if seed is None else seed,
        driver,
        name,
        pool=pool,
        history=None if past is None else fit_history(past, experiment, chosen),
    )
    return live(Life(plan, store, tuple(callbacks), patience=store_patience))


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
