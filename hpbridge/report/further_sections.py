"""What the page says of what was done beside a search, as data for the template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.analysis.confirmed import CONFIRMATIONS
from hpbridge.analysis.nested import NESTED, Nested
from hpbridge.report import texts
from hpbridge.report.further_figures import THRESHOLDS, last_noted
from hpbridge.report.search_sections import cell, picture
from hpbridge.report.table import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.analysis.evaluated import Evaluated

Section = dict[str, Any]


def sections_of(evaluated: Evaluated) -> dict[str, Section]:
    """Return a section for each thing that was done: a title, a sentence, a table.

    Args:
        evaluated: A study that was read.
    """
    makers = {"nested": _nested, "confirmed": _confirmed, "threshold": _threshold}
    found = {name: make(evaluated) for name, make in makers.items()}
    return {name: each for name, each in found.items() if each is not None}


def _nested(evaluated: Evaluated) -> Section | None:
    noted = last_noted(evaluated, NESTED)
    if noted is None:
        return None
    nested = Nested(noted)
    facts = [
        f"{noted['procedure']} outside, {noted['inner']} inside",
        f"{noted['n_trials']} trials of {noted['optimizer']} in each outer fold",
        f"seed {noted['seed']}",
    ]
    return {
        "title": "Nested cross-validation",
        "lead": f"{nested.sentence}.",
        "note": f"{'; '.join(facts)}. The outer estimate is of searching like this, "
        "and the sealed test has no part in it.",
        "plot": picture(evaluated, "nested", "Inner best and outer score by fold."),
        "label": "What each outer fold chose, and what that came to",
        "table": _table(nested.table()),
    }


def _confirmed(evaluated: Evaluated) -> Section | None:
    noted = last_noted(evaluated, CONFIRMATIONS)
    if noted is None:
        return None
    metric = noted["metric"]
    rows = [
        {
            "trial": each["trial"],
            f"{metric} in the search": each["lucky"].get(metric),
            "run again, mean": each["mean"],
            "low": each["low"],
            "high": each["high"],
            "rank": each["rank"],
            "new rank": each["new_rank"],
            "failed": each["n_failed"],
        }
        for each in noted["winners"]
    ]
    return {
        "title": "The winners, run again",
        "lead": f"{'; '.join([noted['sentence'], *noted['notes']])}.",
        "note": f"In the study {noted['confirmation']}, with new seeds and splits.",
        "plot": picture(evaluated, "confirmed", "Lucky and honest value by winner."),
        "label": "The winners of the search",
        "table": _table(rows),
    }


def _threshold(evaluated: Evaluated) -> Section | None:
    noted = last_noted(evaluated, THRESHOLDS)
    if noted is None:
        return None
    rows = [
        {
            "": name,
            "threshold": noted[key],
            noted["metric"]: noted[f"{prefix}score"],
            **_bound(noted, prefix),
        }
        for name, key, prefix in (
            ("Chosen", "value", ""),
            ("Default", *["default"] * 2),
        )
        for prefix in [f"{prefix}_" if prefix else ""]
    ]
    positive = texts.label(noted["classes"][1])
    return {
        "title": "The threshold",
        "lead": f"From {noted['value']:.4g} on, {positive} is predicted.",
        "note": f"Chosen for {noted['metric']} on {noted['n_answers']:,} out-of-fold "
        f"answers of trial {noted['trial']}, never on the test.",
        "plot": picture(evaluated, "threshold", "The metric by threshold."),
        "label": "With and without it, on out-of-fold answers",
        "table": _table(rows),
    }


def _bound(noted: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    constraint = noted.get("constraint")
    return {constraint: noted[f"{prefix}constrained"]} if constraint else {}


def _table(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return {
        "headers": columns,
        "rows": [Row([cell(row.get(name)) for name in columns]) for row in rows],
    }
