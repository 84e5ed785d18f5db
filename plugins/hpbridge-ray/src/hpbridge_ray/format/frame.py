"""Read what `ResultGrid.get_dataframe` made: a frame, or a file of it.

Source:
    ray 2.60.0, `ray.tune.ResultGrid.get_dataframe`: a row a trial, its last report by
    default, flattened with slashes, and its config under ``config/``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    ForeignStudy,
    FormatError,
    Table,
    names_of,
    nearest,
    read_table,
    study_of_table,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from hpbridge.plugin import Hints, Space

_FORMAT = "ray"
_CONFIG = "config/"
_FOLDERS = {"logdir", "", "index"}
_SECONDS = "time_total_s"


def recognizes_frame(source: object) -> bool:
    """Say whether its columns have the names that Ray gives them."""
    names = names_of(source)
    has_config = any(name.startswith(_CONFIG) for name in names)
    return has_config and {"training_iteration", "trial_id"} <= set(names)


def read_frame(
    source: Any, hints: Hints, space: Space | None, rays_own: Collection[str]
) -> ForeignStudy:
    """Return the study in such a table.

    Args:
        source: A file or a data frame.
        hints: The direction says which metric counts, where there are several.
        space: What was searched, where it was given.
        rays_own: Names of what Ray itself reports.

    Raises:
        FormatError: If no metric counts, or its rows are the reports of one trial.
    """
    given = read_table(source, _FORMAT)
    trials = given.columns["trial_id"]
    if len(set(map(str, trials))) < len(trials):
        problem = "it has several rows of one trial: its reports, not its outcome"
        hint = "give the experiment's folder, or `ResultGrid.get_dataframe()`"
        raise FormatError.unreadable(_FORMAT, given.source, [problem], hint)
    known = None if space is None else set(space.searched)
    params, constant = _params(given, known)
    metrics = _metrics(given, hints, rays_own)
    columns = {f"param:{name}": given.columns[_CONFIG + name] for name in params}
    columns |= {f"metric:{name}": given.columns[name] for name in metrics}
    if _SECONDS in given.columns:
        columns["run_seconds"] = given.columns[_SECONDS]
    columns |= {role: given.columns[name] for role, name in hints.columns.items()}
    table = Table(_FORMAT, given.source, columns, given.name)
    study = study_of_table(table, replace(hints, space=space, columns={}))
    notes = [f"the same in all trials, so no parameters: {', '.join(constant)}"]
    return replace(study, notes=(*(notes if constant else []), *study.notes))


def _params(table: Table, known: set[str] | None) -> tuple[list[str], list[str]]:
    """Return the names of what was drawn, and of what is the same in all trials."""
    names = [n.removeprefix(_CONFIG) for n in table.columns if n.startswith(_CONFIG)]
    if known is not None:
        return [name for name in names if name in known], []
    cells = {name: table.columns[_CONFIG + name] for name in names}
    constant = [n for n, c in cells.items() if len(c) > 1 and len(set(map(str, c))) < 2]  # noqa: PLR2004
    varied = [name for name in names if name not in constant]
    return (varied, constant) if varied else (names, [])


def _metrics(table: Table, hints: Hints, rays_own: Collection[str]) -> list[str]:
    """Return the names of the metrics, the main one first."""
    own = {*rays_own, *_FOLDERS, *hints.columns.values()}
    found = [
        name
        for name, cells in table.columns.items()
        if name not in own
        and not name.startswith((_CONFIG, "Unnamed:"))
        and _is_measured(cells)
    ]
    named = [n.removeprefix("metric:") for n in hints.columns if n.startswith("metric")]
    unknown = [m for m in hints.direction if m not in table.columns and m not in named]
    problems = [f"it has no metric {m!r}; {nearest(m, found)}" for m in unknown]
    if len(found) > 1 and not hints.direction and not named:
        listed = ", ".join(map(repr, found))
        problems.append(f"it has several metrics, and nothing says which: {listed}")
    if problems:
        hint = f"`--direction {found[0] if found else 'METRIC'}=minimize` says which"
        raise FormatError.unreadable(_FORMAT, table.source, problems, hint)
    first = [name for name in hints.direction if name in table.columns]
    return first + [name for name in found if name not in first]


def _is_measured(cells: Sequence[Any]) -> bool:
    """Say whether a column holds a number, as Python or a table writes it."""
    return any(map(_is_number, cells))


def _is_number(cell: Any) -> bool:
    if isinstance(cell, str):
        return cell.strip().lstrip("+-\u2212.,")[:1].isdigit()
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)
