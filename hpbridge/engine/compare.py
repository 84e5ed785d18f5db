"""Compare optimizers fairly: same experiment, same budget, paired seeds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.asked import AskedStudies, asked_of
from hpbridge.analysis.contest.verdict import CONFIDENCE
from hpbridge.engine.arguments import OF_COMPARE, given_settings, takes_of
from hpbridge.engine.broken import Failure, failures_in, left_out_in, with_failures
from hpbridge.engine.contest import ALL, Contest, check_contest, choose_all
from hpbridge.engine.ended import note_ends, outcomes
from hpbridge.engine.life import Life, live_all
from hpbridge.engine.past_comparisons import find_comparison
from hpbridge.engine.resume import FromNow, life_of
from hpbridge.engine.run import DEFAULT_TRIALS
from hpbridge.engine.stored_studies import StoredStudies
from hpbridge.errors import ComparisonNotFoundError, HpbridgeError
from hpbridge.errors.arguments import (
    BETWEEN_0_AND_1,
    FLAG,
    PATH,
    optional,
    takes,
    whole,
)
from hpbridge.store.claim import Claim
from hpbridge.store.patience import PATIENCE_SECONDS
from hpbridge.store.record import Status
from hpbridge.store.settings import Settings
from hpbridge.study import Study, study_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from hpbridge.analysis.contest.results import Results
    from hpbridge.analysis.contest.verdict import Verdict
    from hpbridge.drivers.choosing import GivenDriver
    from hpbridge.engine.plan import Plan
    from hpbridge.experiment import Experiment
    from hpbridge.learning.session import Listener
    from hpbridge.store import Database
    from hpbridge.store.record import StudyRecord


@dataclass(frozen=True)
class Comparison:
    """Studies of one experiment, or of a suite, by several optimizers.

    Attributes:
        studies: In the order of running: by repeat, then by optimizer. Of one that
            failed, it has what had finished before. Those of a suite are read from the
            store when they are looked at.
        broken: Those that failed, and why.
        skipped: Backends that ``"all"`` left out, and why.
        notes: What a comparison that was to go on with another one says of it.
    """

    name: str
    studies: Sequence[Study]
    broken: tuple[Failure, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def failures(self) -> dict[str, str]:
        """Why a study failed, by the name of its optimizer and seed."""
        return {each.name: str(each.error) for each in self.broken}

    def table(self) -> list[dict[str, Any]]:
        """Return a row an optimizer: best value, trials, failures, times.

        Source:
            `hpbridge.analysis.summary.summarize` says what each column means, and
            `hpbridge.analysis.contest.table.table_of` those of several metrics.
        """
        from hpbridge.analysis.contest.table import table_of

        return table_of(self.studies)

    @property
    def results(self) -> Results:
        """What statistics need of its studies, as arrays."""
        from hpbridge.analysis.contest.gathering import results_from, results_of

        if isinstance(self.studies, StoredStudies):
            stored = self.studies
            return results_from(stored.database, stored.comparison_id, stored.records)
        return results_of(self.studies)

    @takes(budget=optional(whole(1)), confidence=BETWEEN_0_AND_1)
    def verdict(
        self, *, budget: int | None = None, confidence: float = CONFIDENCE
    ) -> Verdict:
        """Return which optimizer is best, how sure that is, and what would tell more.

        Args:
            budget: Trials after which runs are judged; by default all of them. Of one
                beyond what was run, it says so, and judges what was.
            confidence: Of the intervals, in (0, 1); tests are at 1 less it.

        Raises:
            ArgumentError: If one is none.
        """
        from hpbridge.analysis.contest.verdict import verdict_of

        return verdict_of(self.results, budget=budget, confidence=confidence)

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame with a row a trial of every study."""
        from hpbridge.formats.export import frame_of

        return frame_of([row for study in self.studies for row in study.rows()])

    @takes(path=PATH, overwrite=FLAG, nemenyi=FLAG)
    def report(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        nemenyi: bool = False,
    ) -> None:
        """Write a self-contained HTML page: the verdict, and what it rests on.

        Args:
            path: Of the file; a page of ours that is there is replaced.
            overwrite: Whether any other file that is there is replaced, too.
            nemenyi: Whether the diagram of ranks groups optimizers by Nemenyi's
                critical difference, not by Wilcoxon's test with Holm's correction.

        Raises:
            ArgumentError: If `nemenyi` means nothing: one optimizer, or a single
                problem and seed.
        """
        from hpbridge.report.contest import write_comparison

        absent = {**self.skipped, **self.failures}
        write_comparison(
            self.studies,
            path,
            title=self.name,
            absent=absent,
            overwrite=overwrite,
            nemenyi=nemenyi,
        )


@takes_of(OF_COMPARE)
def compare(  # noqa: PLR0913 - a verb of the project; all but one have a default
    experiment: Experiment,
    backends: str | Sequence[str] = ALL,
    *,
    n_trials: int | None = None,
    repeats: int | None = None,
    seed: int | None = None,
    shared_start: int | None = None,
    options: Mapping[str, Mapping[str, object]] | None = None,
    store: str | os.PathLike[str] | Database | None = None,
    driver: GivenDriver | None = None,
    workers: int | None = None,
    jobs: int | None = None,
    timeout: float | None = None,
    timeout_trial: float | None = None,
    trials_per_worker: int | None = None,
    memory_trial: int | str | None = None,
    threads_per_worker: int | None = None,
    target: float | None = None,
    retries: int | None = None,
    on_error: str | None = None,
    resume: bool = False,
    callbacks: Iterable[Listener] = (),
    on_study: Callable[[Plan], None] | None = None,
    pruner: str | tuple[str, Mapping[str, object]] | object | None = None,
    store_patience: float = PATIENCE_SECONDS,
) -> Comparison:
    """Run one experiment with several optimizers.

    A trial is a trial whose objective ran, on every backend. Repeat `r` has the seed
    ``seed + r`` on every backend.

    Args:
        experiment: What is tuned.
        backends: ``"all"`` for the default algorithm of every installed backend, or
            optimizers as in ``["optuna", "skopt:et"]``.
        n_trials: Trials of each study; by default 50, or as many as they were to have.
        repeats: Studies of each optimizer, with paired seeds; by default 1, or as many
            as there were to be.
        seed: Of the first repeat; by default 0.
        shared_start: How many first points all optimizers of a repeat have in common;
            by default none.
        options: By optimizer: ``{"optuna:tpe": {"n_startup_trials": 5}}``.
        store: As of `run`.
        driver: As of `run`; each backend's own by default.
        workers: Trials of one study that run at the same time; by default 1.
        jobs: Trials that run at the same time over all studies: the next study begins
            while others still run. What each of them proposes stays the same. By
            default there is one study after the other.
        timeout: Seconds after which a study starts no new trial.
        timeout_trial: Seconds after which a trial is ended.
        trials_per_worker: Trials after which a worker is renewed, as in `run`.
        memory_trial: By how much a trial's process may grow, as in `run`.
        threads_per_worker: Threads that libraries start in a worker, as in `run`.
        target: Value of the first metric at which a study ends.
        retries: How often a failed trial is run again; by default never.
        on_error: ``"record"``, by default, or ``"stop"``.
        resume: Go on with the last comparison of this kind: of the same experiment,
            optimizers, first seed and shared start. More trials and more repeats are
            added to it; what is not given is as it was. A note says if there is none.
        callbacks: Each is called with (session, finished trial) after every trial.
        on_study: Called with each plan before its study starts.
        pruner: As of `run`.
        store_patience: As of `run`.

    Raises:
        HpbridgeError: Before the first trial, where it can be known before. A study
            that breaks later does not end the comparison; see `Comparison.failures`.
        KeyboardInterrupt: On Ctrl-C; every finished trial is in the store.
    """
    from hpbridge.store import open_store

    asked = given_settings(
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
        pruner=pruner,
    )
    settings = Settings(**{"n_trials": DEFAULT_TRIALS, **asked})
    planned = {"n_trials": settings.n_trials, "workers": workers}
    choices, skipped = choose_all(experiment, backends, options or {}, **planned)
    said = {"repeats": repeats, "seed": seed, "shared_start": shared_start}
    n_repeats = 1 if repeats is None else repeats
    common = n_repeats, seed or 0, shared_start or 0
    contest = Contest(experiment, choices, settings, *common, driver, skipped)
    check_contest(contest, jobs)
    database = open_store(store).patient(store_patience)
    contest, (comparison_id, name), notes = find_comparison(
        database, contest, asked, said, resume=resume
    )
    planned["n_trials"] = contest.settings.n_trials
    choices, _ = choose_all(experiment, backends, options or {}, **planned)
    contest = replace(contest, choices=choices)
    check_contest(contest, jobs)
    begin = _Beginning(
        database, tuple(callbacks), on_study, store_patience, driver is not None
    )
    with Claim(database, comparison_id, name):
        entries = [(plan, begin.study(plan)) for plan in contest.plans(comparison_id)]
        lives = [entry for _, entry in entries if isinstance(entry, Life)]
        try:
            run_lives(lives, contest.settings, jobs)
        finally:
            note_ends(database, comparison_id, entries)
    studies, failures = outcomes(entries)
    to_run = asked_of(experiment.name, contest.settings_json())
    held = AskedStudies(studies, with_failures(to_run, failures))
    return Comparison(name, held, failures, skipped, notes)


@dataclass(frozen=True)
class _Beginning:
    """What the studies of a comparison have in common when they begin or go on."""

    database: Database
    listeners: tuple[Listener, ...]
    on_study: Callable[[Plan], None] | None
    patience: float
    is_driver_given: bool

    def study(self, plan: Plan) -> Life | Study | HpbridgeError:
        """Return the life of a planned study, or the study if it has ended before."""
        found = self.database.studies(comparison_id=plan.comparison_id, seed=plan.seed)
        label = plan.choice.label
        last = next((each for each in reversed(found) if each.label == label), None)
        if last is not None and _has_all(last, plan):
            if self.on_study is not None:
                self.on_study(plan)
            space = plan.experiment.space
            trials = self.database.trials(last, space).finished
            return study_of(last, trials, space, home=self.database)
        try:
            life = self._life(plan, last)
        except HpbridgeError as error:
            return error
        life.on_begin = self.on_study
        return life

    def _life(self, plan: Plan, record: StudyRecord | None) -> Life:
        if record is None:
            return Life(plan, self.database, self.listeners, patience=self.patience)
        changes = dict(vars(plan.settings))
        options = changes.pop("driver_options") or {}
        place = plan.driver if plan.pool is None else plan.pool
        driver = (place, options) if self.is_driver_given else None
        now = FromNow(changes, driver, self.patience)
        return life_of(self.database, record, plan.experiment, now, self.listeners)


def _has_all(record: StudyRecord, plan: Plan) -> bool:
    """Say whether a study has ended, by itself or with as many trials as are asked."""
    was_asked = record.settings.budget.n_trials >= plan.settings.n_trials
    return record.status is Status.FINISHED and was_asked


def run_lives(lives: Sequence[Life], settings: Settings, jobs: int | None) -> None:
    """Run studies to their end: one after the other, or so many trials at once.

    Raises:
        KeyboardInterrupt: If the user interrupted it.
    """
    if jobs is None:
        for life in lives:
            live_all([life], replace(settings, n_trials=life.n_left))
        return
    by_driver: dict[str, list[Life]] = {}
    for life in lives:
        by_driver.setdefault(life.plan.driver, []).append(life)
    for group in by_driver.values():
        n_trials = sum(life.n_left for life in group)
        live_all(group, replace(settings, n_trials=n_trials, workers=jobs))


def load_comparison(
    name: str | int, store: str | os.PathLike[str] | Database | None = None
) -> Comparison:
    """Return a comparison from a store, by its name or its id.

    Raises:
        ComparisonNotFoundError: With the nearest name there is.
    """
    from hpbridge.store import open_store

    database = open_store(store)
    known = database.comparisons()
    found = [each for each in known if name in {each.name, each.id, str(each.id)}]
    if not found:
        names = [each.name for each in known]
        raise ComparisonNotFoundError.named(database.url, str(name), names)
    record = found[0]
    studies = StoredStudies(database, record.id)
    failures = failures_in(record, studies.records)
    held: Sequence[Study] = studies
    if len({study.experiment for study in studies.records}) < 2:  # noqa: PLR2004
        # Those of a suite may be too many to be read at once.
        held = AskedStudies(studies, asked_of(record.experiment, record.settings))
    return Comparison(record.name, held, failures, left_out_in(record))
