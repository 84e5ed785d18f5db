"""`hpbridge compare`: several optimizers on one experiment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import (
    DirectionOption,
    JsonOption,
    MemoryTrialOption,
    OnErrorOption,
    OverwriteOption,
    PrunerOption,
    PrunerSettingOption,
    RetriesOption,
    SettingsOption,
    SpaceOption,
    StoreOption,
    StorePatienceOption,
    TargetOption,
    ThreadsPerWorkerOption,
    TimeoutOption,
    TimeoutTrialOption,
    TrialsOption,
    TrialsPerWorkerOption,
    WorkersOption,
)
from hpbridge.cli.commanding import (
    BudgetOption,
    CommandOption,
    CwdOption,
    FileArg,
    GraceOption,
    MetricOption,
    OkOption,
    ParamsOption,
    PrunedOption,
    ReportsOption,
)
from hpbridge.cli.driver_arguments import (
    AddressOption,
    DriverOption,
    DriverSettingOption,
    GpusOption,
    ListenOption,
    ResourcesOption,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.engine.compare import Comparison


def compare(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    experiment: FileArg = None,
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
    driver_option: DriverSettingOption = None,
    address: AddressOption = None,
    listen: ListenOption = None,
    resources: ResourcesOption = None,
    gpus: GpusOption = None,
    workers: WorkersOption = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", help="Trials at the same time over all studies."),
    ] = None,
    timeout: TimeoutOption = None,
    timeout_trial: TimeoutTrialOption = None,
    trials_per_worker: TrialsPerWorkerOption = None,
    memory_trial: MemoryTrialOption = None,
    threads_per_worker: ThreadsPerWorkerOption = None,
    pruner: PrunerOption = None,
    pruner_option: PrunerSettingOption = None,
    target: TargetOption = None,
    retries: RetriesOption = None,
    on_error: OnErrorOption = None,
    store_patience: StorePatienceOption = None,
    space: SpaceOption = None,
    direction: DirectionOption = None,
    command: CommandOption = None,
    metric: MetricOption = None,
    params: ParamsOption = None,
    reports: ReportsOption = None,
    budget: BudgetOption = None,
    ok: OkOption = None,
    pruned: PrunedOption = None,
    grace: GraceOption = None,
    cwd: CwdOption = None,
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
    words = dict(locals())
    import hpbridge
    from hpbridge.cli.arguments import check_company, read_settings_by_optimizer
    from hpbridge.cli.commanding import asked_of
    from hpbridge.cli.driver_arguments import attend, read_driver
    from hpbridge.cli.interrupted import say_how_to_go_on
    from hpbridge.cli.progress import Display
    from hpbridge.cli.resuming import given_of
    from hpbridge.report.rendering import check_target

    words = attend(words)
    check_company("--report", report, overwrite=overwrite)
    if report is not None:
        check_target(report, overwrite=overwrite)
    asked = asked_of(locals())
    asked.leave_optimizer()
    n_trials, timeout = asked.trials(trials), asked.timeout(timeout)
    seed, target = asked.seed(seed), asked.target(target)
    chosen = asked.pruner(pruner, pruner_option)
    loaded = asked.experiment(is_quiet=json)
    names = [word.strip() for word in backends.split(",") if word.strip()]
    given = given_of(
        workers=words["workers"],
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
            driver=read_driver(words),
            jobs=jobs,
            timeout=timeout,
            timeout_trial=timeout_trial,
            trials_per_worker=trials_per_worker,
            memory_trial=memory_trial,
            threads_per_worker=threads_per_worker,
            pruner=chosen,
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
    from hpbridge.analysis.contest.table import fronts_of
    from hpbridge.analysis.failures import failures_of, sentences_of
    from hpbridge.analysis.stopped import stopped_by_optimizer
    from hpbridge.cli.output import errors_json, margin, print_json, screen, tell

    rows = comparison.table() if comparison.studies else []
    verdict = comparison.verdict()
    fronts = fronts_of(comparison.studies)
    if as_json:
        print_json(
            {
                "name": comparison.name,
                "table": rows,
                "verdict": verdict.to_json(),
                **({"fronts": fronts} if fronts else {}),
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
        stopped = [f"{line}." for line in stopped_by_optimizer(comparison.studies)]
        said = [*stopped, *sentences_of(failures_of(trials)), *verdict.sentences]
        for sentence in [*_of_columns(rows), *said]:
            tell(out, sentence)
    for note in comparison.notes:
        tell(beside, f"Note: {note}")
    for name, why in comparison.skipped.items():
        tell(beside, f"Left out: {name}: {why}")
    for names, why in by_reason(comparison.failures):
        tell(beside, f"Failed: {names}: {why}")
    for study in comparison.studies:
        is_told = f"{study.label} seed {study.seed}" in comparison.failures
        if not (study.has_result or is_told):
            which = f"{study.label} seed {study.seed}"
            tell(beside, f"Nothing complete: {which}")
    if report is not None and rows:
        out.print(f"Report: {report}", markup=False)


def by_reason(failures: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the names of all that failed for one reason, and the first's words."""
    from hpbridge.analysis.failures import kind_of

    names: dict[str, list[str]] = {}
    for name, why in failures.items():
        names.setdefault(kind_of(why), []).append(name)
    return [(", ".join(those), failures[those[0]]) for those in names.values()]


def _of_columns(rows: list[dict[str, Any]]) -> list[str]:
    """Say what is a median over repeats, and what a total."""
    repeats = max(row["repeats"] for row in rows)
    if repeats == 1:
        return []
    return [
        (
            f"Over {repeats} repeats: values and seconds are medians, the range is "
            "from the lowest to the highest; trials and failures are totals."
        )
    ]


def _table(comparison: Comparison, rows: list[dict[str, Any]]) -> Any:
    from hpbridge.cli.output import table

    columns = {
        "optimizer": [row["optimizer"] for row in rows],
        **_values(comparison, rows),
        "trials": [row["trials"] for row in rows],
        "failures": [row["failed"] for row in rows],
    }
    if any("infeasible" in row for row in rows):
        columns["infeasible"] = [row["infeasible"] for row in rows]
    columns |= _seconds(rows)
    cells = [[*row] for row in zip(*columns.values(), strict=True)]
    return table(comparison.name, [*columns], cells)


def _seconds(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    from hpbridge.cli.output import seconds

    keys = {
        "objective": "objective_seconds",
        "optimizer time": "optimizer_seconds",
        "to common best": "seconds_to_common_best",
    }
    return {name: [seconds(row[key]) for row in rows] for name, key in keys.items()}


def _values(comparison: Comparison, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return the columns of values; where there are repeats, with their range."""
    metrics = comparison.studies[0].metrics
    columns: dict[str, list[Any]] = {}
    is_repeated = any(row["repeats"] > 1 for row in rows)
    for metric, way in metrics.items():
        own = [row["bests"][metric] if len(metrics) > 1 else row for row in rows]
        columns[f"best {metric} ({way})"] = [each["best"] for each in own]
        if is_repeated:
            name = "range" if len(metrics) == 1 else f"range of {metric}"
            columns[name] = [_range(each["best_min"], each["best_max"]) for each in own]
    if len(metrics) > 1:
        columns["hypervolume"] = [row["hypervolume"] for row in rows]
        if is_repeated:
            columns["its range"] = [
                _range(row["hypervolume_min"], row["hypervolume_max"]) for row in rows
            ]
        columns["front"] = [row["front"] for row in rows]
    return columns


def _range(low: float | None, high: float | None) -> str:
    from hpbridge.cli.output import number

    return "-" if low is None else f"{number(low)} to {number(high)}"
