"""`hpbridge show`: one study with its trials, or one trial in full."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption, StoreOption, StudyArg

if TYPE_CHECKING:
    from hpbridge.store import Database
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial


def show(
    study: StudyArg,
    trial: Annotated[
        int | None, typer.Argument(metavar="[TRIAL]", help="The number of one trial.")
    ] = None,
    log: Annotated[
        bool,
        typer.Option(
            "--log",
            help="Print what the trial printed, where several ran at once. Logs lie in "
            "the folder STORE-logs, 1 MiB of each trial, until you remove them.",
        ),
    ] = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Show a study with every trial; or one trial in full, with its traceback.

    Of a comparison or a bench, its table, its verdict, and why runs are missing.
    """
    from hpbridge.cli.logs import place_of, print_log
    from hpbridge.errors import StudyNotFoundError
    from hpbridge.store import open_store
    from hpbridge.study import load_study

    database = open_store(store)
    try:
        loaded = load_study(study, database)
    except StudyNotFoundError:
        names = {each.name for each in database.comparisons()}
        if study not in names or log or trial is not None:
            raise
        _show_comparison(study, database, as_json=json)
        return
    if log and trial is None:
        raise typer.BadParameter("--log is of one trial: STUDY TRIAL")  # noqa: EM101
    if trial is None:
        _show_study(loaded, as_json=json)
    elif log:
        print_log(database, loaded, trial, as_json=json)
    else:
        place = place_of(database, loaded, trial)
        _show_trial(loaded, _trial_of(loaded, trial), place, as_json=json)


def _show_comparison(name: str, database: Database, *, as_json: bool) -> None:
    from hpbridge.analysis.contest.asked import AskedStudies
    from hpbridge.cli.bench import print_bench
    from hpbridge.cli.compare import print_comparison
    from hpbridge.engine.compare import load_comparison

    loaded = load_comparison(name, database)
    held = loaded.studies
    asked = held.asked if isinstance(held, AskedStudies) else None
    if not isinstance(held, AskedStudies) or (asked is not None and asked.suite):
        print_bench(loaded, None, as_json=as_json)
    else:
        print_comparison(loaded, None, as_json=as_json)


def _trial_of(study: Study, number: int) -> FinishedTrial:
    from hpbridge.errors import TrialNotFoundError

    for trial in study.trials:
        if trial.number == number:
            return trial
    numbers = [trial.number for trial in study.trials]
    raise TrialNotFoundError.numbered(study.name, number, numbers)


def _show_study(study: Study, *, as_json: bool) -> None:
    from hpbridge.cli.output import print_json, print_study
    from hpbridge.formats.export import study_to_json

    if as_json:
        print_json(study_to_json(study))
        return
    print_study(study)
    _print_budgets(study)
    _print_members(study)
    _print_trials(study)


def _print_members(study: Study) -> None:
    from hpbridge.analysis.members import members_of
    from hpbridge.cli.output import number, screen, seconds, table

    rows = [
        [
            each.name,
            each.n_trials,
            None if each.best is None else number(each.best),
            seconds(each.ask_seconds),
        ]
        for each in members_of(study)
    ]
    columns = ["member", "trials", f"best {study.main_metric}", "asking it"]
    if rows:
        screen().print(table("Members", columns, rows))


def _print_budgets(study: Study) -> None:
    from hpbridge.cli.output import number, screen, table

    spent = study.spent
    if spent is None:
        return
    rows = [
        [each.budget, each.n_trials, None if each.best is None else number(each.best)]
        for each in spent.at
    ]
    columns = [spent.name, "trials", f"best {study.main_metric}"]
    screen().print(table("Budgets", columns, rows))


def _print_trials(study: Study) -> None:
    from hpbridge.analysis.failures import line_of
    from hpbridge.cli.output import params_line, screen, seconds, table
    from hpbridge.contract.members import MEMBER

    has_reasons = any(trial.error for trial in study.trials)
    has_budgets = any(trial.budget is not None for trial in study.trials)
    has_members = any(MEMBER in trial.native for trial in study.trials)
    rows = [
        [
            t.number,
            _state_of(study, t),
            *([t.budget] if has_budgets else []),
            ", ".join(f"{m}={v:.6g}" for m, v in t.metrics.items()),
            *([line_of(t.error) if t.error else None] if has_reasons else []),
            *([t.native.get(MEMBER)] if has_members else []),
            seconds(t.run_seconds),
            params_line(t.params),
        ]
        for t in study.trials
    ]
    reason = ["reason"] if has_reasons else []
    budget = ["budget"] if has_budgets else []
    member = ["member"] if has_members else []
    columns = ["trial", "state", *budget, "metrics", *reason, *member]
    columns += ["time", "parameters"]
    screen().print(table("Trials", columns, rows))


def _state_of(study: Study, trial: FinishedTrial) -> str:
    is_beyond = trial.state.value == "complete" and not study.is_feasible(trial)
    return f"{trial.state.value}, infeasible" if is_beyond else trial.state.value


def _trial_to_json(study: Study, trial: FinishedTrial, log: str | None) -> Any:
    from hpbridge.store.record import trial_to_json

    constraints = {
        f"{bound.metric} {bound.text}": bound.violation(trial.metrics)
        for bound in study.bounds
    }
    known = {"study": study.name, **trial_to_json(trial)}
    return {**known, "constraints": constraints, "log": log}


def _show_trial(
    study: Study, trial: FinishedTrial, log: str | None, *, as_json: bool
) -> None:
    from hpbridge.cli.output import print_json, screen, table

    if as_json:
        print_json(_trial_to_json(study, trial, log))
        return
    out = screen()
    out.print(
        f"Trial {trial.number} of study {study.name} ({study.id}): "
        f"{_state_of(study, trial)}"
    )
    if trial.error:
        out.print(f"Reason: {trial.error}")
    for title, rows in _parts(study, trial, log).items():
        if rows:
            names = ["step", "value"] if title == "Reports" else ["name", "value"]
            out.print(table(title, names, rows))
    if trial.traceback:
        out.print(trial.traceback.rstrip())


def _parts(
    study: Study, trial: FinishedTrial, log: str | None
) -> dict[str, list[list[object]]]:
    """Return what a trial holds, as rows of a name and a value by title."""
    from hpbridge.cli.output import number

    return {
        "Parameters": [[name, number(v)] for name, v in trial.params.items()],
        "Metrics": [[name, number(v)] for name, v in trial.metrics.items()],
        "Constraints": [
            [f"{bound.metric} {bound.text}", _kept(bound.violation(trial.metrics))]
            for bound in study.bounds
        ],
        "Reports": [[step, value] for step, value in trial.reports],
        "Attributes": [[name, repr(v)] for name, v in trial.attributes.items()],
        "Kept of its library": [[name, repr(v)] for name, v in trial.native.items()],
        "Stage": _stage_of(study, trial),
        "Run": _run_of(trial, log),
    }


def _kept(violation: float) -> str:
    if math.isnan(violation):
        return "not known"
    return "kept" if violation <= 0 else f"missed by {violation:.6g}"


def _stage_of(study: Study, trial: FinishedTrial) -> list[list[object]]:
    """Return how far a trial went, and what it went on from, where it says so."""
    from hpbridge.analysis.lineage import line_of

    came = line_of(study.lineage(trial.number)) if trial.parent is not None else None
    found = {
        "budget": trial.budget,
        "bracket": trial.bracket,
        "rung": trial.rung,
        "lineage": came,
    }
    return [[name, value] for name, value in found.items() if value is not None]


def _run_of(trial: FinishedTrial, log: str | None) -> list[list[object]]:
    from hpbridge.cli.output import seconds
    from hpbridge.report.texts import moment

    started = moment(trial.started_at) if trial.started_at else None
    found = {
        "origin": trial.origin.value,
        "budget": trial.budget,
        "bracket": trial.bracket,
        "rung": trial.rung,
        "goes on from trial": trial.parent,
        "worker": trial.worker,
        "attempts": trial.attempts,
        "seed": trial.seed,
        "started": started,
        "in the objective": seconds(trial.run_seconds),
        "asking the optimizer": seconds(trial.ask_seconds),
        "telling the optimizer": seconds(trial.tell_seconds),
        "log": log,
    }
    return [[name, value] for name, value in found.items() if value not in {None, ""}]
