"""The page of a search: the answer first, then what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.errors.foreign import describe_error
from hpbridge.report import search_sections as sections
from hpbridge.report.further_sections import sections_of
from hpbridge.report.kinds import search_figures
from hpbridge.report.page import context_of
from hpbridge.report.rendering import render
from hpbridge.report.search_tables import table_of_classes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
    missing = list(evaluated.missing)
    makers = (*_MAKERS, ("facts", lambda each: sections.run_facts(each, part)))
    made = {name: _made(name, make, evaluated, missing) for name, make in makers}
    return {
        **made,
        "answers": sections.answer(verdicts, part["studies"][0]["headline"]),
        "checks": sections.checks(findings),
        "n_rows": (evaluated.opening or {}).get("n_rows"),
        "why_no_importance": importances.why_none,
        "n_parameters": len(importances.parameters),
        "n_learned": importances.n_trials,
        "notes": sections.notes_of(evaluated),
        "missing": missing,
    }


def _picture(kind: str, description: str = "") -> Callable[[Evaluated], Any]:
    return lambda evaluated: sections.picture(evaluated, kind, description)


_MAKERS: tuple[tuple[str, Callable[[Evaluated], Any]], ...] = (
    ("parameters", sections.value_table),
    ("gain", _picture("gain", "With 95 % intervals.")),
    ("validation", sections.validation_table),
    ("tested", sections.test_table),
    ("confusion", sections.confusion_plots),
    ("classes", sections.class_table),
    ("curves", sections.curve_plots),
    ("residuals", sections.residual_table),
    ("folds", sections.fold_plots),
    ("history", _picture("history")),
    ("parallel", _picture("parallel")),
    ("importance", _picture("importance")),
    ("data", sections.data_table),
    ("models", lambda evaluated: sections.grid_of(table_of_classes(evaluated))),
    ("further", sections_of),
)


def _made(
    name: str,
    make: Callable[[Evaluated], Any],
    evaluated: Evaluated,
    missing: list[str],
) -> Any:
    """Return a part of the page; where its record is odd, none, and say so."""
    try:
        return make(evaluated)
    except Exception as error:  # noqa: BLE001 - a record of any tool may be odd
        missing.append(f"no {name}: the record is odd ({describe_error(error)})")
        return None
