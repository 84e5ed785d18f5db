"""The page of a search: the answer first, then what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.report import search_sections as sections
from hpbridge.report.kinds import KINDS, search_figures
from hpbridge.report.page import context_of
from hpbridge.report.rendering import render
from hpbridge.report.search_tables import table_of_classes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.analysis.checks.finding import Finding
    from hpbridge.analysis.evaluated import Evaluated
    from hpbridge.analysis.verdict import Verdict

__all__ = ["search_figures", "search_html"]


def search_html(
    evaluated: Evaluated, findings: Sequence[Finding], verdicts: Sequence[Verdict]
) -> str:
    """Return the page of a study whose trials are evaluations of models, or of any.

    Args:
        evaluated: A study that was read.
        findings: What the checks found.
        verdicts: The answers, the one that counts first.

    Raises:
        ExportError: If jinja2 or plotly is not installed.
    """
    study = evaluated.study
    context = context_of([study], study.name)
    context["search"] = _search(evaluated, findings, verdicts, context["parts"][0])
    return render("search.html.jinja", context)


def _search(
    evaluated: Evaluated,
    findings: Sequence[Finding],
    verdicts: Sequence[Verdict],
    part: Mapping[str, Any],
) -> dict[str, Any]:
    importances = evaluated.importances
    return {
        "answers": sections.answer(verdicts, part["studies"][0]["headline"]),
        "checks": sections.checks(findings),
        "missing": evaluated.missing,
        "parameters": sections.value_table(evaluated),
        "gain": sections.picture(evaluated, "gain", "With 95 % intervals."),
        "validation": sections.validation_table(evaluated),
        "tested": sections.test_table(evaluated),
        "why_sealed": KINDS["confusion"].why_none(evaluated),
        "n_rows": (evaluated.opening or {}).get("n_rows"),
        "confusion": sections.confusion_plots(evaluated),
        "classes": sections.class_table(evaluated),
        "curves": sections.curve_plots(evaluated),
        "residuals": sections.residual_table(evaluated),
        "folds": sections.fold_plots(evaluated),
        "history": sections.picture(evaluated, "history"),
        "parallel": sections.picture(evaluated, "parallel"),
        "importance": sections.picture(evaluated, "importance"),
        "why_no_importance": importances.why_none,
        "n_learned": importances.n_trials,
        "data": sections.data_table(evaluated),
        "models": sections.grid_of(table_of_classes(evaluated)),
        "notes": sections.notes_of(evaluated),
        "facts": sections.run_facts(evaluated, part),
    }
