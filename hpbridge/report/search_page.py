"""The page of a search: the answer first, then what it rests on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.checks.run import findings_of
from hpbridge.analysis.evaluated import Evaluated
from hpbridge.analysis.verdict import verdict
from hpbridge.report import search_sections as sections
from hpbridge.report.kinds import KINDS, search_figures
from hpbridge.report.page import context_of
from hpbridge.report.rendering import check_target, render, write_page

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from hpbridge.analysis.checks.finding import Finding
    from hpbridge.analysis.verdict import Verdict
    from hpbridge.study import Study

__all__ = ["search_figures", "search_html", "write_search"]


def write_search(
    study: Study, path: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write the page of one study.

    Args:
        study: Any.
        path: Of the file to write. A page that is there is replaced.
        overwrite: Whether any other file that is there is replaced too.

    Raises:
        ExportError: If jinja2 or plotly is not installed, or the file cannot be
            written.
    """
    target = Path(path)
    check_target(target, overwrite=overwrite)
    evaluated = Evaluated(study)
    html = search_html(evaluated, findings_of(evaluated), [verdict(evaluated)])
    write_page(html, target)


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
    context["search"] = _search(evaluated, findings, verdicts)
    return render("search.html.jinja", context)


def _search(
    evaluated: Evaluated, findings: Sequence[Finding], verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    importances = evaluated.importances
    return {
        "answers": sections.answer(verdicts),
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
        "procedure": sections.procedure_facts(evaluated),
    }
