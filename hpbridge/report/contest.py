"""From the studies of a comparison to its page, out of the store where it can be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.report.contest_record import record_of
from hpbridge.report.rendering import check_target

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from hpbridge.analysis.contest.results import Results
    from hpbridge.analysis.contest.verdict import Verdict
    from hpbridge.report.contest_record import Record
    from hpbridge.study import Study


def write_comparison(
    studies: Sequence[Study],
    path: str | os.PathLike[str],
    *,
    title: str,
    absent: Mapping[str, str],
    overwrite: bool = False,
    nemenyi: bool = False,
) -> None:
    """Write the page of a comparison.

    Studies of one experiment have a page with every trial, with the verdict first where
    there are several optimizers. Studies of several are a contest, whose page holds
    what can be said of all of them; it is made of the record alone, so that it is the
    same whenever and wherever it is made again.

    Args:
        studies: Of the comparison; those that are in a store and not read yet have
            ``database``, ``comparison_id`` and ``records``.
        path: Of the file; a page of ours that is there is replaced.
        title: The comparison's name.
        absent: What is missing from it, and why.
        overwrite: Whether another file that is there is replaced, too.
        nemenyi: Whether optimizers are grouped by Nemenyi's critical difference.

    Raises:
        ArgumentError: If there is nothing that Nemenyi's test could be of.
        HpbridgeError: If jinja2 or plotly is not installed, the store cannot be read,
            or the file cannot be written.
    """
    from hpbridge.report.contest_page import rivals_context, write_contest
    from hpbridge.report.contest_tables import check_nemenyi
    from hpbridge.report.page import write_report

    target = Path(path)
    check_target(target, overwrite=overwrite)
    records: Sequence[Any] = getattr(studies, "records", studies)
    if len({_experiment(each) for each in records}) > 1:
        found, record, verdict = _judged(studies, title)
        left_out = record.settings.get("skipped")
        known = left_out if isinstance(left_out, dict) else {}
        write_contest(
            found,
            record,
            verdict,
            target,
            absent=known,
            overwrite=overwrite,
            is_nemenyi=nemenyi,
        )
        return
    contest = None
    if len({each.optimizer for each in records}) > 1 or _has_variants(records):
        judged = _judged(studies, title)
        contest = rivals_context(*judged, is_nemenyi=nemenyi)
    elif nemenyi:
        check_nemenyi(1, 0, "problem")
    write_report(
        studies,
        target,
        title=title,
        absent=absent,
        contest=contest,
        overwrite=overwrite,
    )


def _experiment(study: Any) -> tuple[str, str]:
    return study.experiment, repr(dict(study.metrics))


def _has_variants(studies: Sequence[Any]) -> bool:
    return len({repr(sorted(each.options.items())) for each in studies}) > 1


def _judged(studies: Sequence[Study], title: str) -> tuple[Results, Record, Verdict]:
    """Return the runs of a comparison, how they ran, and the verdict on them."""
    from hpbridge.analysis.contest.gathering import results_from, results_of
    from hpbridge.analysis.contest.verdict import verdict_of

    database = getattr(studies, "database", None)
    if database is None:
        found, records, settings = results_of(studies), studies, None
    else:
        key = studies.comparison_id  # type: ignore[attr-defined]
        records = studies.records  # type: ignore[attr-defined]
        found = results_from(database, key, records)
        settings = next(
            (c.settings for c in database.comparisons() if c.id == key), None
        )
    return found, record_of(title, records, settings), verdict_of(found)
