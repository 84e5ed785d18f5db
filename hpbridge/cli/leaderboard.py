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
    from hpbridge.cli.output import margin, print_json, screen, table, tell
    from hpbridge.report.leaderboard import leaderboard as boards_of
    from hpbridge.report.leaderboard_page import write_leaderboard
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
        tell(out, f"{_over(board)} From {', '.join(board.comparisons)}.")
        for note in board.notes:
            tell(beside, f"Note: {note}")
    if not boards:
        out.print("There is no comparison on problems of a suite in this store.")
    for text in apart:
        tell(beside, f"Not in it: {text}")
    if report is not None:
        beside.print(f"Wrote {report}.", markup=False)


def _over(board: Board) -> str:
    from hpbridge.report.contest_overview import held_over, of_what

    return f"{held_over(board.numbers)} {of_what(board.numbers)}"


def _cells(board: Board) -> tuple[list[str], list[list[Any]]]:
    """Return what the page shows, too."""
    shown = board.table
    columns = [f"{header[0].lower()}{header[1:]}" for header in shown["headers"]]
    return columns, [list(row.cells) for row in shown["rows"]]
