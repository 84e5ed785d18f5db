"""`hpbridge compare`: several optimizers on one experiment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import (
    DirectionOption,
    DriverOption,
    ExperimentArg,
    JsonOption,
    MemoryTrialOption,
    OnErrorOption,
    OverwriteOption,
    RetriesOption,
    SettingsOption,
    SpaceOption,
    StoreOption,
    StorePatienceOption,
    TargetOption,
    TimeoutOption,
    TimeoutTrialOption,
    TrialsOption,
    TrialsPerWorkerOption,
    WorkersOption,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.engine.compare import Comparison


def compare(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    experiment: ExperimentArg,
    backends: Annotated[
        str,
        typer.Option(
            "--backends",
            "-b",
            help="`all`, or a list: optuna,hyperopt,skopt:et.",
        ),
    ] = "all",
    trials: TrialsOption = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            "--repeats",
            "-r",
            help="Studies of each, seeds paired.",
            show_default="1",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            "-s",
            help="Of the first repeat.",
            show_default="a script's own, or 0",
        ),
    ] = None,
    shared_start: Annotated[
        int | None,
        typer.Option(
            "--shared-start",
            metavar="K",
            help="First K points common to all.",
            show_default="0",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.html", help="Write the page there."),
    ] = None,
    overwrite: OverwriteOption = False,
    option: SettingsOption = None,
    store: StoreOption = None,
    driver: DriverOption = None,
    workers: WorkersOption = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", help="Trials at the same time over all studies."),
    ] = None,
    timeout: TimeoutOption = None,
    timeout_trial: TimeoutTrialOption = None,
    trials_per_worker: TrialsPerWorkerOption = None,
    memory_trial: MemoryTrialOption = None,
    target: TargetOption = None,
    retries: RetriesOption = None,
    on_error: OnErrorOption = None,
    store_patience: StorePatienceOption = None,
    space: SpaceOption = None,
    direction: DirectionOption = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the last comparison of this kind, with more trials too.",
        ),
    ] = False,
    json: JsonOption = False,
) -> int:
    """Run an experiment with several optimizers and compare them.

    Ctrl-C loses no finished trial.
    """
    import hpbridge
    from hpbridge.cli.arguments import check_company, read_settings_by_optimizer
    from hpbridge.cli.interrupted import say_how_to_go_on
    from hpbridge.cli.progress import Display
    from hpbridge.cli.resuming import given_of
    from hpbridge.cli.scripts import Asked
    from hpbridge.report.rendering import check_target

    check_company("--report", report, overwrite=overwrite)
    if report is not None:
        check_target(report, overwrite=overwrite)
    asked = Asked(experiment, space, direction)
    asked.leave_optimizer()
    n_trials, timeout = asked.trials(trials), asked.timeout(timeout)
    seed, target = asked.seed(seed), asked.target(target)
    loaded = asked.experiment(is_quiet=json)
    names = [word.strip() for word in backends.split(",") if word.strip()]
    given = given_of(
        workers=workers,
        retries=retries,
        on_error=on_error,
        store_patience=store_patience,
    )
    with say_how_to_go_on(), Display(is_quiet=json) as display:
        comparison = hpbridge.compare(
            loaded,
            "all" if names == ["all"] else names,
            n_trials=n_trials,
            repeats=repeats,
            seed=seed,
            shared_start=shared_start,
            options=read_settings_by_optimizer(option),
            store=store,
            driver=driver,
            jobs=jobs,
            timeout=timeout,
            timeout_trial=timeout_trial,
            trials_per_worker=trials_per_worker,
            memory_trial=memory_trial,
            target=target,
            resume=resume,
            callbacks=[display.show],
            on_study=display.start_plan,
            **given,
        )
    if report is not None and comparison.studies:
        comparison.report(report, overwrite=overwrite)
    print_comparison(comparison, report, as_json=json)
    is_whole = all(study.has_result for study in comparison.studies)
    return 1 if comparison.failures or not is_whole else 0


def print_comparison(
    comparison: Comparison, report: Path | None, *, as_json: bool
) -> None:
    """Print a comparison's table, what failed and what was left out."""
    from hpbridge.analysis.failures import failures_of, sentences_of
    from hpbridge.cli.output import errors_json, margin, print_json, screen

    rows = comparison.table() if comparison.studies else []
    if as_json:
        print_json(
            {
                "name": comparison.name,
                "table": rows,
                "studies": [study.name for study in comparison.studies],
                "failures": dict(comparison.failures),
                "errors": {
                    study.name: errors_json(study)
                    for study in comparison.studies
                    if study.failures
                },
                "skipped": dict(comparison.skipped),
                "notes": list(comparison.notes),
                "report": None if report is None else str(report),
            }
        )
        return
    out, beside = screen(), margin()
    if rows:
        out.print(_table(comparison, rows))
        trials = [trial for study in comparison.studies for trial in study.trials]
        for sentence in sentences_of(failures_of(trials)):
            out.print(sentence, markup=False)
    for note in comparison.notes:
        beside.print(f"Note: {note}", markup=False)
    for name, why in comparison.skipped.items():
        beside.print(f"Left out: {name}: {why}", markup=False)
    for names, why in _by_reason(comparison.failures):
        beside.print(f"Failed: {names}: {why}", markup=False)
    for study in comparison.studies:
        is_told = f"{study.optimizer} seed {study.seed}" in comparison.failures
        if not (study.has_result or is_told):
            which = f"{study.optimizer} seed {study.seed}"
            beside.print(f"Nothing complete: {which}", markup=False)
    if report is not None and rows:
        out.print(f"Report: {report}", markup=False)


def _by_reason(failures: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the names of all that failed for one reason, and the first's words."""
    from hpbridge.analysis.failures import kind_of

    names: dict[str, list[str]] = {}
    for name, why in failures.items():
        names.setdefault(kind_of(why), []).append(name)
    return [(", ".join(those), failures[those[0]]) for those in names.values()]


def _table(comparison: Comparison, rows: list[dict[str, Any]]) -> Any:
    from hpbridge.cli.output import seconds, table

    first = comparison.studies[0]
    way = first.metrics[first.main_metric]
    is_bounded = any("infeasible" in row for row in rows)
    columns = [
        "optimizer",
        f"best {first.main_metric} ({way})",
        "trials",
        "failures",
        *(["infeasible"] if is_bounded else []),
        "objective",
        "optimizer time",
        "to common best",
    ]
    cells = [
        [
            row["optimizer"],
            row["best"],
            row["trials"],
            row["failed"],
            *([row["infeasible"]] if is_bounded else []),
            seconds(row["objective_seconds"]),
            seconds(row["optimizer_seconds"]),
            seconds(row["seconds_to_common_best"]),
        ]
        for row in rows
    ]
    return table(comparison.name, columns, cells)
