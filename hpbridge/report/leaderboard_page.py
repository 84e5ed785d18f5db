"""The page of a leaderboard: a part a board."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge import __version__
from hpbridge.errors import count
from hpbridge.report import contest_overview as overviews
from hpbridge.report import contest_tables as tables
from hpbridge.report.contest_problems import problems_table
from hpbridge.report.rendering import check_target, render, write_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hpbridge.report.leaderboard import Board


def write_leaderboard(
    boards: Sequence[Board],
    apart: Sequence[str],
    target: Path,
    *,
    overwrite: bool = False,
) -> None:
    """Write the page of a leaderboard.

    Args:
        boards: As `leaderboard` returns them.
        apart: What is in none of them.
        target: Of the file; a page of ours that is there is replaced.
        overwrite: Whether another file that is there is replaced, too.

    Raises:
        ExportError: If jinja2 or plotly is not installed, or the file cannot be
            written.
    """
    check_target(target, overwrite=overwrite)
    context = {
        "title": "Leaderboard",
        "version": __version__,
        "size": count(len(boards), "board"),
        "ran": "",
        "parts": [],
        "boards": [_shown(board) for board in boards],
        "apart": list(apart),
    }
    write_page(render("leaderboard.html.jinja", context), target)


def _shown(board: Board) -> dict[str, Any]:
    numbers = board.numbers
    return {
        "title": board.title,
        "overview": board.table,
        "held_over": overviews.held_over(numbers),
        "of_these": overviews.of_what(numbers),
        "comparisons": ", ".join(board.comparisons),
        "sections": [tables.differences(numbers), problems_table(numbers)],
        "notes": board.notes,
    }
