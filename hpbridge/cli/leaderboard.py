"""`hpbridge leaderboard`: optimizers over all contests of a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption, OverwriteOption, StoreOption

if TYPE_CHECKING:
    from hpbridge.report.leaderboard import Board


def leaderboard(
    report: Annotated[
        Path | None, typer.Option("--report", help="Write an HTML page to this file.")
    ] = None,
    overwrite: OverwriteOption = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Rank optimizers over all comparisons of a store that are of a suite's problems.

    Comparisons of one suite with the same trials are put together. Other budgets, and
    other versions of a library, are kept apart.
    """
    from hpbridge.cli.output import margin, print_json, screen, table
    from hpbridge.report.leaderboard import leaderboard as boards_of
    from hpbridge.report.leaderboard import write_leaderboard
    from hpbridge.store import open_store

    if report is not None:
        from hpbridge.report.rendering import check_target

        check_target(report, overwrite=overwrite)  # before millions of trials are read
    boards, apart = boards_of(open_store(store))
    if report is not None:
        write_leaderboard(boards, apart, report, overwrite=overwrite)
    if json:
        found = {"boards": [board.to_json() for board in boards], "apart": apart}
        print_json(found)
        return
    out, beside = screen(), margin()
    for board in boards:
        columns, rows = _cells(board)
        out.print(table(board.title, columns, rows))
        out.print(f"{_over(board)} From {', '.join(board.comparisons)}.", markup=False)
        for note in board.notes:
            beside.print(f"Note: {note}", markup=False)
    if not boards:
        out.print("There is no comparison on problems of a suite in this store.")
    for text in apart:
        beside.print(f"Not in it: {text}", markup=False)
    if report is not None:
        beside.print(f"Wrote {report}.", markup=False)


def _over(board: Board) -> str:
    from hpbridge.report.contest_tables import held_over

    return held_over(board.numbers)


def _cells(board: Board) -> tuple[list[str], list[list[Any]]]:
    columns = ["optimizer", "mean rank", "normalised regret", "wins"]
    columns += ["problems", "runs not whole", "failed trials"]
    rows = [
        [
            row["optimizer"],
            _interval(row["mean_rank"]),
            _interval(row["normalised_regret"]),
            row["wins"],
            row["problems"],
            f"{row['runs_not_whole']} of {row['runs']}",
            f"{row['failed_trials']} of {row['trials']}",
        ]
        for row in board.rows()
    ]
    return columns, rows


def _interval(ends: dict[str, float] | None) -> str:
    import math

    if ends is None or math.isnan(ends["value"]):
        return ""
    text = f"{ends['value']:.3g}"
    if math.isnan(ends["low"]):
        return text
    return f"{text} ({ends['low']:.3g} to {ends['high']:.3g})"
