"""Run a suite of problems with several optimizers: the verb `bench`."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpbridge.bench.arguments import OF_BENCH
from hpbridge.bench.crew import run_in_processes
from hpbridge.bench.entry import Entry, checked
from hpbridge.bench.optimizers import (
    against_names,
    installed_reference,
    optimizers_of,
    reference_among,
)
from hpbridge.bench.past import begin, find_past, gone_on, other_options
from hpbridge.bench.problems import suite_of, times_of
from hpbridge.bench.steps import ENDED, FAILED, Outlook, Step
from hpbridge.bench.works import Work, run_here, standing_of
from hpbridge.engine.arguments import given_settings
from hpbridge.engine.broken import Failure, Reasons, ask_anew
from hpbridge.engine.compare import Comparison
from hpbridge.engine.contest import ALL
from hpbridge.engine.stored_studies import StoredStudies
from hpbridge.errors import ExperimentError, StoreLockedError
from hpbridge.errors.arguments import takes
from hpbridge.store.claim import Claim
from hpbridge.store.lease import LEASE_SECONDS
from hpbridge.store.patience import PATIENCE_SECONDS
from hpbridge.store.settings import Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.bench.entry import Run
    from hpbridge.bench.past import Past
    from hpbridge.bench.problems import Suite
    from hpbridge.bench.works import Standing
    from hpbridge.contract.suites import BenchProblem
    from hpbridge.errors import HpbridgeError
    from hpbridge.experiment import Experiment
    from hpbridge.store import Database

# How long processes of a bench that was killed may take to notice it.
_LEAVING_SECONDS = 10.0


@takes(**OF_BENCH)
def bench(  # noqa: PLR0913 - a verb of the project; all but one have a default
    suite: str | Experiment | Sequence[str | Experiment | BenchProblem],
    backends: str | Sequence[str] | None = None,
    *,
    n_trials: int | str | None = None,
    seeds: int | None = None,
    seed: int | None = None,
    problems: Sequence[str] | None = None,
    options: Mapping[str, Mapping[str, object]] | None = None,
    store: str | os.PathLike[str] | Database | None = None,
    jobs: int = 1,
    workers: int | None = None,
    timeout: float | None = None,
    timeout_trial: float | None = None,
    reference: bool = True,
    resume: bool = False,
    on_start: Callable[[Outlook], None] | None = None,
    on_step: Callable[[Step], None] | None = None,
    store_patience: float = PATIENCE_SECONDS,
) -> Comparison:
    """Run every optimizer on every problem of a suite, several times each.

    Study `s` of an optimizer on a problem has the seed ``seed + s``, whatever the
    optimizer and the problem. All studies are in the store, under one comparison, and
    each notes what is known of its problem, so that verdict and page are made of the
    store alone.

    Args:
        suite: The name of a suite, as in ``hpbridge bench``; or any experiments: a list
            of `Experiment` objects, or of references such as ``"file.py:name"``.
        backends: ``"all"``, by default: the default algorithm of every installed
            backend; or optimizers as in ``["optuna", "skopt:et"]``. One that cannot run
            a problem is left out there, by name.
        n_trials: Trials of each study: a number, or as many times the number of
            parameters (``"20d"``); by default what the suite is meant for.
        seeds: Studies of each optimizer on each problem; by default the suite's.
        seed: Of the first of them; by default 0.
        problems: Names or globs of those problems of the suite that are run.
        options: By optimizer: ``{"optuna:tpe": {"n_startup_trials": 5}}``.
        store: As of `hpbridge.run`; a file or a server where there are several jobs.
        jobs: Processes, each of which runs whole studies one after the other. What is
            in the studies is the same for any number. Experiments given as objects are
            sent to them, by value where they are of no module.
        workers: Trials of one study that run at the same time; by default 1.
        timeout: Seconds after which a study starts no new trial.
        timeout_trial: Seconds after which a trial is ended.
        reference: Whether plain random search is added where no optimizer is that:
            statistics measure values by it.
        resume: Go on with the last bench of this suite (and first seed). More problems,
            optimizers, seeds and trials are added to it; what is not given is as it
            was, and a study that failed runs again. A note says if there is none.
        on_start: Called before the first study.
        on_step: Called with what happens, study by study and now and then between.
        store_patience: As of `hpbridge.run`.

    Raises:
        HpbridgeError: Before the first trial, where it can be known before. A study
            that breaks later does not end the bench; see `Comparison.failures`.
        KeyboardInterrupt: On Ctrl-C; every finished trial is in the store.
    """
    from hpbridge.store import open_store

    whole = suite_of(suite)
    _check_words(whole, n_trials, seeds, jobs, problems, backends)
    given = {
        "backends": backends,
        "problems": problems,
        "n_trials": n_trials,
        "seeds": seeds,
        "workers": workers,
        "timeout": timeout,
        "timeout_trial": timeout_trial,
    }
    entry = _entry_of(whole, problems, options or {}, seed, given, reference=reference)
    if not resume:
        entry = checked(entry)  # before there is a store
    database = open_store(store).patient(store_patience)
    _check_place(whole, database, jobs)
    known, notes = _past_of(database, entry, seed) if resume else (None, ())
    if known is None:
        entry = checked(entry) if resume else entry
        comparison_id, name = begin(database, entry)
    else:
        comparison_id, name = known.record.id, known.record.name
    with Claim(database, comparison_id, name, _LEAVING_SECONDS):
        if known is not None:
            # As it is by now: somebody else may have gone on with it meanwhile.
            known = known.again(database)
            entry = checked(gone_on(replace(entry, suite=whole), known, given))
            ask_anew(database, known.record, entry.settings_json())
        work = Work(entry, database, comparison_id, store_patience)
        broken = _run_all(work, name, jobs, on_start, on_step)
    failures = [Failure(r.optimizer, r.seed, e, r.problem) for r, e in broken]
    studies = StoredStudies(database, comparison_id, entry.runs())
    return Comparison(name, studies, tuple(failures), entry.skipped, notes)


def _past_of(
    database: Database, entry: Entry, seed: int | None
) -> tuple[Past | None, tuple[str, ...]]:
    """Return the bench to go on with, or a note of why there is none."""
    name, problems = entry.suite.name, entry.suite.problems
    known, why = find_past(database, name, problems, seed)
    other = "" if known is None else other_options(entry, known)
    if known is not None and other:
        why = f"the last one, {known.record.name!r}: {other}"
    if known is None or other:
        return None, (f"no bench to go on with: {why}; a new one began",)
    return known, ()


def _entry_of(
    whole: Suite,
    problems: Sequence[str] | None,
    options: Mapping[str, Mapping[str, object]],
    seed: int | None,
    given: Mapping[str, Any],
    *,
    reference: bool,
) -> Entry:
    """Return what is asked for, as if there were nothing of it yet."""
    chosen = whole.only(problems)
    names = ALL if given["backends"] is None else given["backends"]
    optimizers, skipped = optimizers_of(whole.name, names, options)
    standard = reference_among(optimizers)
    if reference and standard is None:
        standard = installed_reference(optimizers)
        if standard is not None:
            optimizers[standard] = {}
    limits = ("workers", "timeout", "timeout_trial")
    meant = whole.defaults
    asked = given_settings(
        **{n: meant.get(n) if given[n] is None else given[n] for n in limits}
    )
    n_trials = {n: whole.trials_of(n, given["n_trials"]) for n in chosen.problems}
    return Entry(
        chosen,
        optimizers,
        n_trials,
        whole.seeds if given["seeds"] is None else given["seeds"],
        seed or 0,
        Settings(n_trials=1, **asked),
        standard,
        skipped,
    )


def _check_words(
    whole: Suite,
    n_trials: int | str | None,
    seeds: int | None,
    jobs: int,
    patterns: Sequence[str] | None,
    backends: str | Sequence[str] | None,
) -> None:
    problems = [
        f"{name} must be a whole number >= 1, got {number!r}"
        for name, number in (("seeds", seeds), ("jobs", jobs))
        if number is not None and number < 1
    ]
    is_count = n_trials is None or (isinstance(n_trials, int) and n_trials >= 1)
    if not is_count and not (isinstance(n_trials, str) and times_of(n_trials) > 0):
        problems.append(
            "n_trials must be a whole number >= 1, or times the dimension as '20d', "
            f"got {n_trials!r}"
        )
    problems += whole.against(patterns)
    wrong_names = against_names(backends)
    if problems or len(wrong_names) > 1:  # one alone is told by its own error
        problems += wrong_names
        raise ExperimentError.of_bench(whole.name, problems)


def _check_place(whole: Suite, database: Database, jobs: int) -> None:
    if jobs > 1 and database.is_sqlite and not database.engine.url.database:
        problem = "jobs must be 1 with a store in memory, which no other process sees"
        raise ExperimentError.of_bench(whole.name, [problem])


def _run_all(
    work: Work,
    name: str,
    jobs: int,
    on_start: Callable[[Outlook], None] | None,
    on_step: Callable[[Step], None] | None,
) -> list[tuple[Run, HpbridgeError]]:
    """Run what is left of a bench; return what failed, and why."""
    standing = _stands(work, name)
    left = [run for run in work.entry.runs() if run not in standing.done]
    if on_start is not None:
        n_trials = {run: work.entry.n_trials[run.problem] for run in left}
        on_start(Outlook(name, len(standing.done), n_trials))
    tell = on_step or _nobody
    broken: list[tuple[Run, HpbridgeError]] = []
    reasons = Reasons(work.database, work.comparison_id)

    def step(happened: Step) -> None:
        if happened.error is not None:
            broken.append((happened.run, happened.error))
        if happened.what in {ENDED, FAILED}:
            reasons.note(happened.run.name, happened.error)
        tell(happened)

    tasks = [(run, standing.begun.get(run)) for run in left]
    with work.database.kept_open():
        try:
            if jobs > 1 and len(tasks) > 1:
                run_in_processes(work, tasks, min(jobs, len(tasks)), step)
            else:
                run_here(work, tasks, step)
        finally:
            reasons.write()
    return broken


def _nobody(_: Step) -> None:
    """Hear of nothing."""


def _stands(work: Work, name: str) -> Standing:
    """Return which studies there are, once nobody else runs any.

    Raises:
        StoreLockedError: If another process runs the bench.
    """
    until = time.monotonic() + _LEAVING_SECONDS
    while True:
        records = work.database.studies(comparison_id=work.comparison_id)
        found = standing_of(work.entry, records)
        if not found.running:
            return found
        if time.monotonic() > until:
            who = f"another process, which runs {found.running[0]!r}"
            raise StoreLockedError.run(name, who, LEASE_SECONDS)
        time.sleep(0.1)
