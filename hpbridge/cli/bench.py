"""`hpbridge bench`: several optimizers on a suite of problems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import (
    JsonOption,
    OverwriteOption,
    SettingsOption,
    StoreOption,
    StorePatienceOption,
    TimeoutOption,
    TimeoutTrialOption,
    WorkersOption,
)

if TYPE_CHECKING:
    from hpbridge.engine.compare import Comparison


def bench(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    suite: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SUITE | FILE[:NAME]...]",
            help="A suite, or any experiments; without, list the suites.",
        ),
    ] = None,
    backends: Annotated[
        str | None,
        typer.Option(
            "--backends",
            "-b",
            help="`all`, or a list: optuna,hyperopt,skopt:et.",
            show_default="all",
        ),
    ] = None,
    trials: Annotated[
        str | None,
        typer.Option(
            "--trials",
            "-n",
            metavar="N|Nd",
            help="Of each study; `20d` is 20 times the dimension.",
            show_default="the suite's",
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds",
            help="Studies of each optimizer on each problem, paired.",
            show_default="the suite's",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", "-s", help="Of the first study.", show_default="0"),
    ] = None,
    problems: Annotated[
        str | None,
        typer.Option(
            "--problems",
            "-p",
            help="Some problems alone: names or globs, as in branin,*_breast.",
            show_default="all",
        ),
    ] = None,
    option: SettingsOption = None,
    reference: Annotated[
        bool,
        typer.Option(
            "--reference/--no-reference",
            help="Add random search, which values are measured by.",
        ),
    ] = True,
    store: StoreOption = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", help="Processes that run studies.")
    ] = 1,
    workers: WorkersOption = None,
    timeout: TimeoutOption = None,
    timeout_trial: TimeoutTrialOption = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.html", help="Write the page there."),
    ] = None,
    overwrite: OverwriteOption = False,
    store_patience: StorePatienceOption = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the last bench of this suite, with more of anything too.",
        ),
    ] = False,
    json: JsonOption = False,
) -> int:
    """Run a suite of benchmark problems with several optimizers.

    Ctrl-C loses no finished trial.
    """
    from hpbridge.bench.running import bench as run_bench
    from hpbridge.cli.arguments import check_company, read_settings_by_optimizer
    from hpbridge.cli.bench_display import BenchDisplay
    from hpbridge.cli.interrupted import say_how_to_go_on
    from hpbridge.cli.resuming import given_of
    from hpbridge.report.rendering import check_target

    if not suite:
        print_suites(as_json=json)
        return 0
    check_company("--report", report, overwrite=overwrite)
    if report is not None:
        check_target(report, overwrite=overwrite)
    names = None if backends is None else _words(backends)
    with say_how_to_go_on(), BenchDisplay(is_quiet=json) as display:
        comparison = run_bench(
            _meant(suite),
            "all" if names == ["all"] else names,
            n_trials=_number(trials),
            seeds=seeds,
            seed=seed,
            problems=None if problems is None else _words(problems),
            options=read_settings_by_optimizer(option),
            store=store,
            jobs=jobs,
            workers=workers,
            timeout=timeout,
            timeout_trial=timeout_trial,
            reference=reference,
            resume=resume,
            on_start=display.start,
            on_step=display.show,
            **given_of(store_patience=store_patience),
        )
    if report is not None and comparison.studies:
        comparison.report(report, overwrite=overwrite)
    print_bench(comparison, report, as_json=json)
    return 1 if comparison.failures or not comparison.studies else 0


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _meant(words: list[str]) -> str | list[str]:
    """Return the name of a suite, or the references of experiments.

    Raises:
        ExperimentError: If a suite is named beside something else.
    """
    from hpbridge.bench.problems import is_reference
    from hpbridge.errors import ExperimentError

    suites = [word for word in words if not is_reference(word)]
    if len(words) == 1 and suites:
        return words[0]
    if suites:
        problem = "it is named beside others: a bench is of one suite, or of files"
        raise ExperimentError.of_bench(suites[0], [problem])
    return words


def _number(text: str | None) -> int | str | None:
    is_whole = text is not None and text.strip().lstrip("+-").isdecimal()
    return int(text) if text is not None and is_whole else text


def print_suites(*, as_json: bool) -> None:
    """Print the suites that there are, with what is missing and how it installs."""
    from hpbridge.bench.problems import install_command
    from hpbridge.cli.output import print_json, screen, table
    from hpbridge.contract.registry import registry

    plugins = registry()
    listed: list[dict[str, Any]] = []
    for name, spec in plugins.suites.items():
        missing = plugins.lacking(spec.requires)
        problems = [] if missing else list(spec.problems())
        listed.append(
            {
                "suite": name,
                "summary": spec.summary,
                "problems": [problem.name for problem in problems],
                "missing": missing,
                "install": install_command(spec) if missing else None,
                "source": spec.source,
            }
        )
    if as_json:
        print_json(listed)
        return
    cells = [
        [
            each["suite"],
            str(len(each["problems"])) if not each["missing"] else "-",
            each["install"] or "yes",
            each["summary"],
        ]
        for each in listed
    ]
    screen().print(table("", ["suite", "problems", "installed", "what"], cells))


def print_bench(comparison: Comparison, report: Path | None, *, as_json: bool) -> None:
    """Print a bench's table, the verdict, and what is missing, by reason."""
    from hpbridge.analysis.contest.verdict import verdict_of
    from hpbridge.bench.tables import best_by_problem, not_whole
    from hpbridge.cli.compare import by_reason
    from hpbridge.cli.output import margin, print_json, screen, table, tell

    optimizers, rows = best_by_problem(comparison.studies)
    results = comparison.results
    verdict = verdict_of(results)
    told = {*comparison.failures, *comparison.skipped}
    missing = {k: why for k, why in not_whole(results).items() if told.isdisjoint(k)}
    absent = {run: why for (run, _), why in missing.items()}
    if as_json:
        print_json(
            {
                "name": comparison.name,
                "table": rows,
                "verdict": verdict.to_json(),
                "missing": absent,
                "failures": dict(comparison.failures),
                "skipped": dict(comparison.skipped),
                "notes": list(comparison.notes),
                "report": None if report is None else str(report),
            }
        )
        return
    out, beside = screen(), margin()
    if rows:
        columns = ["problem", "trials", "optimum", *optimizers]
        cells = [
            [
                row["problem"],
                row["trials"],
                row["optimum"],
                *(row["best"].get(name) for name in optimizers),
            ]
            for row in rows
        ]
        out.print(table(comparison.name, columns, cells))
        for sentence in verdict.sentences:
            tell(out, sentence)
    for note in comparison.notes:
        tell(beside, f"Note: {note}")
    for names, why in by_reason(comparison.skipped):
        tell(beside, f"Left out: {names}: {why}")
    for names, why in by_reason(comparison.failures):
        tell(beside, f"Failed: {names}: {why}")
    for names, why in by_reason(absent):
        tell(beside, f"Not whole: {names}: {why}")
    if report is not None and rows:
        out.print(f"Report: {report}", markup=False)
