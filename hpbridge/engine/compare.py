"""Compare optimizers fairly: same experiment, same budget, paired seeds."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.contract.registry import registry
from hpbridge.engine.plan import Plan
from hpbridge.engine.run import DEFAULT_TRIALS, start
from hpbridge.errors import ComparisonNotFoundError, ExperimentError, HpbridgeError
from hpbridge.learning.choice import Choice, choose, problem_of
from hpbridge.store.record import ComparisonRecord, Status
from hpbridge.store.settings import Settings
from hpbridge.study import Study, study_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from hpbridge.experiment import Experiment
    from hpbridge.learning.session import Listener
    from hpbridge.space.space import Params
    from hpbridge.store import Database

ALL = "all"
"""The word for the default algorithm of every installed backend."""


@dataclass(frozen=True)
class Comparison:
    """Studies of one experiment by several optimizers.

    Attributes:
        studies: In the order of running: by repeat, then by optimizer.
        failures: Why a study has no result, by the name of its optimizer and seed.
        skipped: Backends that ``"all"`` left out, and why.
    """

    name: str
    studies: tuple[Study, ...]
    failures: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)

    def table(self) -> list[dict[str, Any]]:
        """Return a row an optimizer: best value, trials, failures, times.

        Source:
            `hpbridge.analysis.summary.summarize` says what each column means.
        """
        from hpbridge.analysis.summary import summarize

        return summarize(self.studies)

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame with a row a trial of every study."""
        from hpbridge.formats.export import frame_of

        return frame_of([row for study in self.studies for row in study.rows()])

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write a self-contained HTML page with the convergence of each optimizer."""
        from hpbridge.report.page import write_report

        absent = {**self.skipped, **self.failures}
        write_report(self.studies, path, title=self.name, absent=absent)


@dataclass(frozen=True)
class Contest:
    """What a comparison will run, settled and checked before the first trial."""

    experiment: Experiment
    choices: tuple[Choice, ...]
    settings: Settings
    repeats: int
    seed: int
    shared_start: int
    driver: str | None
    skipped: Mapping[str, str]

    def plans(self, comparison_id: int) -> list[Plan]:
        """Return the plans of its studies: repeat by repeat, seeds paired."""
        return [
            Plan(
                self.experiment,
                choice,
                self.settings,
                self.seed + repeat,
                self.driver or choice.spec.driver,
                shared=self.shared_points(self.seed + repeat),
                comparison_id=comparison_id,
            )
            for repeat in range(self.repeats)
            for choice in self.choices
        ]

    def shared_points(self, seed: int) -> tuple[Params, ...]:
        """Return the first points that all optimizers of one repeat have in common."""
        rng = random.Random(f"hpbridge shared start {seed}")
        space = self.experiment.space
        return tuple(space.sample(rng) for _ in range(self.shared_start))

    def settings_json(self) -> str:
        """Return by what a later call knows that it asks for the same comparison."""
        return json.dumps(
            {
                "reference": self.experiment.reference,
                "space": self.experiment.space.to_json(),
                "metrics": self.experiment.metrics,
                "optimizers": [[c.name, vars(c.options)] for c in self.choices],
                "n_trials": self.settings.n_trials,
                "repeats": self.repeats,
                "seed": self.seed,
                "shared_start": self.shared_start,
            },
            sort_keys=True,
        )


def choose_all(
    experiment: Experiment,
    backends: str | Sequence[str],
    options: Mapping[str, Mapping[str, object]],
) -> tuple[tuple[Choice, ...], dict[str, str]]:
    """Return the optimizers to compare, and why any backend of ``"all"`` is left out.

    Args:
        experiment: That they must be able to run.
        backends: ``"all"``, or names of optimizers.
        options: By ``backend`` or ``backend:algorithm``.

    Raises:
        HpbridgeError: If a named optimizer cannot run the experiment.
        ExperimentError: If none is left, or one is named twice.
    """
    skipped: dict[str, str] = {}
    if backends == ALL:
        names = _installed(experiment, skipped)
    else:
        names = [backends] if isinstance(backends, str) else list(backends)
    choices = []
    for name in names:
        given = {**options.get(name.split(":")[0], {}), **options.get(name, {})}
        choices.append(choose(name, experiment, given))
    if not choices:
        problems = [f"{name}: {why}" for name, why in skipped.items()]
        problems = problems or ["there is no optimizer to compare"]
        raise ExperimentError.invalid(experiment.name, problems)
    chosen = [choice.name for choice in choices]
    twice = sorted({name for name in chosen if chosen.count(name) > 1})
    unknown = sorted(set(options) - {*names, *chosen, *(c.spec.name for c in choices)})
    problems = [f"optimizer {name!r} is named twice" for name in twice]
    problems += [
        f"options are given for {name!r}, which does not run" for name in unknown
    ]
    if problems:
        raise ExperimentError.invalid(experiment.name, problems)
    return tuple(choices), skipped


def _installed(experiment: Experiment, skipped: dict[str, str]) -> list[str]:
    plugins = registry()
    skipped.update({name: e.brief for name, e in plugins.broken.items()})
    skipped.update(
        {n: e.brief for (kind, n), e in plugins.clashes.items() if kind == "backend"}
    )
    names = []
    for name, spec in plugins.backends.items():
        algorithm = spec.algorithms[spec.default]
        missing = plugins.missing(spec, algorithm)
        reasons = algorithm.reasons_against(problem_of(experiment))
        if missing:
            skipped[name] = "not installed: it needs " + ", ".join(missing)
        elif reasons:
            skipped[name] = "; ".join(reasons)
        else:
            names.append(name)
    return names


def compare(  # noqa: PLR0913 - a verb of the project; all but one have a default
    experiment: Experiment,
    backends: str | Sequence[str] = ALL,
    *,
    n_trials: int = DEFAULT_TRIALS,
    repeats: int = 1,
    seed: int = 0,
    shared_start: int = 0,
    options: Mapping[str, Mapping[str, object]] | None = None,
    store: str | os.PathLike[str] | Database | None = None,
    driver: str | None = None,
    workers: int = 1,
    timeout_trial: float | None = None,
    retries: int = 0,
    on_error: str = "record",
    resume: bool = False,
    callbacks: Iterable[Listener] = (),
    on_study: Callable[[Plan], None] | None = None,
) -> Comparison:
    """Run one experiment with several optimizers, one study after the other.

    A trial is a trial whose objective ran, on every backend. Repeat `r` has the seed
    ``seed + r`` on every backend.

    Args:
        experiment: What is tuned.
        backends: ``"all"`` for the default algorithm of every installed backend, or
            optimizers as in ``["optuna", "skopt:et"]``.
        n_trials: Trials of each study.
        repeats: Studies of each optimizer, with paired seeds.
        seed: Of the first repeat.
        shared_start: How many first points all optimizers of a repeat have in common.
        options: By optimizer: ``{"optuna:tpe": {"n_startup_trials": 5}}``.
        store: As of `run`.
        driver: Whose loop runs the trials; each backend's own by default.
        workers: Trials that run at the same time.
        timeout_trial: Seconds after which a trial is ended.
        retries: How often a failed trial is run again.
        on_error: ``"record"`` or ``"stop"``.
        resume: Go on with the last comparison that was asked for in the same words.
        callbacks: Each is called with (session, finished trial) after every trial.
        on_study: Called with each plan before its study starts.

    Raises:
        HpbridgeError: Before the first trial, where it can be known before. A study
            that breaks later does not end the comparison; see `Comparison.failures`.
        KeyboardInterrupt: On Ctrl-C; every finished trial is in the store.
    """
    from hpbridge.store import open_store

    choices, skipped = choose_all(experiment, backends, options or {})
    settings = Settings(
        n_trials,
        retries=retries,
        on_error=on_error,
        workers=workers,
        timeout_trial=timeout_trial,
    )
    contest = Contest(
        experiment, choices, settings, repeats, seed, shared_start, driver, skipped
    )
    _check(contest)
    database = open_store(store)
    comparison_id, name = _comparison_of(database, contest, resume=resume)
    studies: list[Study] = []
    failures: dict[str, str] = {}
    for plan in contest.plans(comparison_id):
        if on_study is not None:
            on_study(plan)
        try:
            studies.append(_run_or_resume(plan, database, tuple(callbacks)))
        except HpbridgeError as error:
            failures[f"{plan.choice.name} seed {plan.seed}"] = str(error)
    return Comparison(name, tuple(studies), failures, skipped)


def _check(contest: Contest) -> None:
    problems = []
    if contest.repeats < 1:
        problems.append(f"repeats must be a whole number >= 1, got {contest.repeats!r}")
    n_first = contest.shared_start + len(contest.experiment.baseline_points)
    if not 0 <= contest.shared_start <= contest.settings.n_trials:
        problems.append(
            f"shared_start must be between 0 and n_trials="
            f"{contest.settings.n_trials}, got {contest.shared_start!r}"
        )
    elif n_first > contest.settings.n_trials:
        problems.append(
            f"{n_first} first points do not fit into {contest.settings.n_trials} trials"
        )
    if problems:
        raise ExperimentError.invalid(contest.experiment.name, problems)
    contest.plans(0)  # each plan checks itself


def _comparison_of(
    database: Database, contest: Contest, *, resume: bool
) -> tuple[int, str]:
    settings = contest.settings_json()
    if resume:
        for found in reversed(database.comparisons()):
            if found.settings == settings:
                return found.id, found.name
    name = contest.experiment.name
    return database.add_comparison(
        ComparisonRecord(
            name=f"{name}-comparison",
            experiment=name,
            created_at=time.time(),
            settings=settings,
        )
    )


def _run_or_resume(
    plan: Plan, database: Database, callbacks: tuple[Listener, ...]
) -> Study:
    from hpbridge.engine.resume import resume

    found = database.studies(
        comparison_id=plan.comparison_id,
        backend=plan.choice.spec.name,
        algorithm=plan.choice.algorithm.name,
        seed=plan.seed,
    )
    if not found:
        return start(plan, database, callbacks)
    last = found[-1]
    if last.status is Status.FINISHED:
        space = plan.experiment.space
        return study_of(last, database.trials(last, space).finished, space)
    return resume(last.id, plan.experiment, store=database, callbacks=callbacks)


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
    studies = [
        study_of(record, database.trials(record).finished)
        for record in database.studies(comparison_id=found[0].id)
    ]
    return Comparison(found[0].name, tuple(studies))
