"""Run one study: the verbs `run`, `minimize`, `maximize`."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING, Any

from hpbridge.contract.builtin import DEFAULT_DRIVER
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.registry import registry
from hpbridge.engine.plan import Plan
from hpbridge.errors import StoreError
from hpbridge.experiment import Direction, Experiment
from hpbridge.learning.choice import choose
from hpbridge.learning.history import fit_history, take
from hpbridge.learning.session import Listener, Session
from hpbridge.store.record import Status
from hpbridge.store.settings import Settings
from hpbridge.study import Study, study_of
from hpbridge.trial import Origin

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from hpbridge.learning.learner import Learner
    from hpbridge.space.space import Params, Space
    from hpbridge.store import Database, StudyWriter
    from hpbridge.trial import FinishedTrial

DEFAULT_TRIALS = 50


def run(  # noqa: PLR0913 - the verb of the project; all but two have a default
    experiment: Experiment,
    backend: str = "optuna",
    *,
    n_trials: int = DEFAULT_TRIALS,
    seed: int | None = None,
    options: Mapping[str, object] | None = None,
    store: str | os.PathLike[str] | Database | None = None,
    name: str | None = None,
    driver: str | None = None,
    workers: int = 1,
    timeout: float | None = None,
    timeout_trial: float | None = None,
    target: float | None = None,
    retries: int = 0,
    on_error: str = "record",
    callbacks: Iterable[Listener] = (),
    history: Study | str | os.PathLike[str] | None = None,
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
        driver: Whose loop runs the trials; the backend's own by default.
        workers: Trials that run at the same time, in processes of their own.
        timeout: Seconds after which no new trial starts.
        timeout_trial: Seconds after which a trial is ended; needs, and uses, a worker.
        target: Value of the first metric at which the study ends.
        retries: How often a failed trial is run again.
        on_error: ``"record"`` or ``"stop"``.
        callbacks: Each is called with (session, finished trial) after every trial.
        history: A study to go on from: one of the store by its name, whatever
            `hpbridge.read_study` reads, or a `Study`. The optimizer learns its trials
            first; they do not count against `n_trials`.

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
    past = None if history is None else _find(history, store, experiment)
    if past is not None and experiment.is_growing:
        experiment = experiment.over(past.space)  # what is known so far
    chosen = choose(backend, experiment, options)
    settings = Settings(
        n_trials, timeout, target, retries, on_error, workers, timeout_trial
    )
    plan = Plan(
        experiment,
        chosen,
        settings,
        secrets.randbits(32) if seed is None else seed,
        driver or (DEFAULT_DRIVER if experiment.is_growing else chosen.spec.driver),
        name,
        history=None if past is None else fit_history(past, experiment, chosen),
    )
    return start(plan, store, tuple(callbacks))


def start(
    plan: Plan,
    store: str | os.PathLike[str] | Database | None,
    callbacks: tuple[Listener, ...] = (),
) -> Study:
    """Start a new study and run it to its end."""
    with prepared(plan):
        # Its import takes its time too.
        from hpbridge.store import StudyWriter, open_store

        # Before the store is touched: the optimizer may refuse.
        learner = plan.choice.learner(plan.experiment, plan.seed)
        database = open_store(store)
        with StudyWriter.create(database, plan.record) as writer:
            session = new_session(plan, learner, writer, callbacks)
            if plan.history is not None:
                writer.add_all(plan.history.trials)
                take(session, plan.history)
            first = first_points(plan, session.finished)
            for point, origin in first:
                session.enqueue([point], origin)
            _note_refused_points(session, plan, len(first))
            drive(session, plan, writer)
    return finished_study(session, database, writer.study_id)


def _find(
    given: Study | str | os.PathLike[str],
    store: str | os.PathLike[str] | Database | None,
    experiment: Experiment,
) -> Study:
    from hpbridge.formats.studies import find_study

    space = None if experiment.is_growing else experiment.space
    # In its own words, a library's space tells more of how its files are to be read.
    return find_study(given, store, experiment.native_space or space)


def prepared(plan: Plan) -> contextlib.AbstractContextManager[object]:
    """Return the context in which a plan's driver has begun to start."""
    prepare = registry().driver(plan.driver).prepare
    if prepare is None:
        return contextlib.nullcontext()
    return prepare(plan.experiment, plan.settings)


def new_session(
    plan: Plan,
    learner: Learner,
    writer: StudyWriter,
    callbacks: tuple[Listener, ...],
) -> Session:
    """Return the session of a plan, with nothing in it yet."""
    return Session(
        experiment=plan.experiment,
        learner=learner,
        seed=plan.seed,
        settings=plan.settings,
        writer=writer,
        listeners=callbacks,
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


def _note_refused_points(session: Session, plan: Plan, n_points: int) -> None:
    capabilities = plan.choice.algorithm.capabilities
    if n_points and not capabilities.can(Feature.FOREIGN_HISTORY):
        why = capabilities.why_not(Feature.FOREIGN_HISTORY)
        session.notes.append(
            f"{plan.choice.name} does not learn from the {n_points} first points: {why}"
        )


def drive(session: Session, plan: Plan, writer: StudyWriter) -> None:
    """Let the driver run a session to its end, and write down how it ended."""
    status = Status.FAILED
    try:
        registry().driver(plan.driver).run(session, plan.settings)
        if session.error is not None:
            raise session.error
        status = Status.FINISHED
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
        raise
    finally:
        # A store that just failed fails here again; the first error is the one to see.
        unseen = () if status is Status.FINISHED else (StoreError,)
        with contextlib.suppress(*unseen):
            writer.update(
                status=status, stop_reason=session.stop_reason, notes=session.notes
            )


def finished_study(session: Session, database: Database, study_id: int) -> Study:
    """Return the study of a session that ended, with the experiment's own objects."""
    record = database.study(study_id)
    return study_of(record, session.finished, session.experiment.space)


def minimize(
    function: Callable[..., Any],
    space: Space | Mapping[str, object],
    backend: str = "optuna",
    *,
    direction: Direction = "minimize",
    **settings: Any,
) -> Study:
    """Minimize one function of the parameters: `run` without ceremony.

    Args:
        function: Of one mapping of parameters; returns a number.
        space: A `Space` or a dict of parameters.
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
    experiment = Experiment(
        objective=function,
        space=space,
        direction=direction,
    )
    return run(experiment, backend, **settings)


def maximize(
    function: Callable[..., Any],
    space: Space | Mapping[str, object],
    backend: str = "optuna",
    **settings: Any,
) -> Study:
    """Maximize one function of the parameters; see `minimize`."""
    return minimize(function, space, backend, direction="maximize", **settings)
