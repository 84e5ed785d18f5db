"""The page of a contest: the verdict first, then what it rests on, then the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge import __version__
from hpbridge.errors import count
from hpbridge.report import contest_overview as overviews
from hpbridge.report import contest_profile as profiles
from hpbridge.report import contest_sections as sections
from hpbridge.report import contest_tables as tables
from hpbridge.report.checklist import checklist, counts
from hpbridge.report.contest_estimates import estimate
from hpbridge.report.contest_fronts import fronts
from hpbridge.report.contest_numbers import Numbers
from hpbridge.report.contest_problems import problems_table, ranges
from hpbridge.report.contest_runtime import runtimes
from hpbridge.report.rendering import check_target, render, write_page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hpbridge.analysis.contest.results import Results
    from hpbridge.analysis.contest.verdict import Verdict
    from hpbridge.report.contest_estimates import Estimate
    from hpbridge.report.contest_record import Record
    from hpbridge.report.contest_sections import Section


_FIXED = ("verdict", "record")
"""Parts that every page has, to link to."""


def write_contest(  # noqa: PLR0913 - all but four have a default
    results: Results,
    record: Record,
    verdict: Verdict,
    target: Path,
    *,
    absent: Mapping[str, str] | None = None,
    overwrite: bool = False,
    is_nemenyi: bool = False,
) -> None:
    """Write the page of a contest.

    Args:
        results: Its runs.
        record: How they ran.
        verdict: The answer.
        target: Of the file; a page of ours that is there is replaced.
        absent: What is missing from it beside runs, and why.
        overwrite: Whether another file that is there is replaced, too.
        is_nemenyi: Whether optimizers are grouped by Nemenyi's critical difference.

    Raises:
        ArgumentError: If there is nothing that Nemenyi's test could be of.
        ExportError: If jinja2 or plotly is not installed, or the file cannot be
            written.
    """
    check_target(target, overwrite=overwrite)
    page = contest_html(results, record, verdict, absent, is_nemenyi=is_nemenyi)
    write_page(page, target)


def contest_html(
    results: Results,
    record: Record,
    verdict: Verdict,
    absent: Mapping[str, str] | None = None,
    *,
    is_nemenyi: bool = False,
) -> str:
    """Return the page; the arguments are `write_contest`'s.

    Raises:
        ExportError: If jinja2 or plotly is not installed.
    """
    contest = contest_context(results, record, verdict, absent, is_nemenyi=is_nemenyi)
    n_trials = int(results.n_told.sum())
    context = {
        "title": record.name,
        "version": __version__,
        "size": ", ".join(
            [
                count(len(results.problems), "problem"),
                count(len(results.optimizers), "optimizer"),
                count(len(results.seeds), "seed"),
                count(n_trials, "trial"),
            ]
        ),
        "ran": record.ran,
        "parts": [],
        "contest": contest,
        "record": record_facts(results, record),
        "versions": [(k, ", ".join(v)) for k, v in record.versions.items()],
        "settings": record.settings,
    }
    return render("contest.html.jinja", context)


def contest_context(
    results: Results,
    record: Record,
    verdict: Verdict,
    absent: Mapping[str, str] | None = None,
    *,
    is_nemenyi: bool = False,
) -> dict[str, Any]:
    """Return what is shown of a contest; the arguments are `write_contest`'s."""
    numbers = Numbers(results)
    made = shown(numbers, dict(absent or {}), is_nemenyi=is_nemenyi)
    return {
        **_answered(numbers, record, verdict, made),
        "held_over": overviews.held_over(numbers),
        "ids": {*_FIXED, *(each.id for each in made)},
    }


def _answered(
    numbers: Numbers, record: Record, verdict: Verdict, made: Sequence[Section]
) -> dict[str, Any]:
    items = checklist(numbers, record, verdict)
    return {
        "sentences": verdict.sentences,
        "overview": overviews.overview(numbers, verdict.best),
        "of_these": overviews.of_what(numbers),
        "sections": made,
        "checks": items,
        "counts": counts(items),
        "notes": list(numbers.results.notes),
    }


def rivals_context(
    results: Results, record: Record, verdict: Verdict, *, is_nemenyi: bool = False
) -> dict[str, Any]:
    """Return what a page of studies of one experiment says of them as rivals.

    What its other parts show is left out: convergence, the studies, what is missing.

    Args:
        results: Of one problem.
        record: How it ran.
        verdict: The answer.
        is_nemenyi: Whether they are grouped by Nemenyi's critical difference.
    """
    numbers = Numbers(results)
    made = [
        *sections.volumes(numbers),
        sections.ranks_over_time(numbers),
        tables.differences(numbers, is_nemenyi=is_nemenyi),
        runtimes(numbers),
        sections.beats_random(numbers),
        profiles.overhead(numbers),
        tables.missing(numbers, {}),
    ]
    return {
        **_answered(numbers, record, verdict, made),
        "held_over": "",
        "ids": {*_FIXED, "convergence", *(each.id for each in made)},
    }


def shown(
    numbers: Numbers, absent: dict[str, str], *, is_nemenyi: bool = False
) -> list[Section]:
    """Return the sections in the order of the page."""
    return [
        sections.convergence(numbers),
        sections.ranks_over_time(numbers),
        tables.differences(numbers, is_nemenyi=is_nemenyi),
        runtimes(numbers),
        sections.beats_random(numbers),
        problems_table(numbers),
        *fronts(numbers),
        profiles.profile(numbers, lambda those: _ranks_on(numbers, those)),
        profiles.overhead(numbers),
        tables.missing(numbers, absent),
    ]


def _ranks_on(numbers: Numbers, problems: list[int]) -> Estimate:
    """Return mean ranks of runs at the full budget over some of the shared problems."""
    rows = [numbers.shared.index(p) for p in problems]
    return estimate(numbers.run_ranks[rows][..., -1:], numbers.range_of_ranks)


def record_facts(results: Results, record: Record) -> list[tuple[str, str]]:
    """Return how a contest ran, a name and a text each."""
    options = [f"{name}: {text}" for name, text in record.options.items() if text]
    seeds = ranges(sorted(results.seeds))
    facts = [
        ("When", record.ran),
        ("Studies", f"{record.n_studies:,}"),
        ("Seeds", seeds),
        ("Optimizers", ", ".join(results.optimizers)),
        ("Options", "; ".join(options) or "all by default"),
        ("Limits", "; ".join(record.budgets) or "trials alone"),
        ("Driver", "; ".join(record.drivers)),
        ("Machine", "; ".join(record.machines)),
    ]
    return [(name, text) for name, text in facts if text]
