"""What the page of a search says of its models, as plain data for the template."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import BEST, DEFAULTS, DUMMY, INCUMBENT
from hpbridge.analysis.verdict import UNKNOWN, USE
from hpbridge.report import texts
from hpbridge.report.kinds import KINDS
from hpbridge.report.model_figures import folds_figure, number_of
from hpbridge.report.rows import Rows
from hpbridge.report.search_figures import NAMES
from hpbridge.report.search_tables import table_of_data
from hpbridge.report.table import Row
from hpbridge.report.tested_figures import (
    MOST_CLASSES_DRAWN,
    confusion_figure,
    in_order,
    tested,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpbridge.analysis.checks.finding import Finding
    from hpbridge.analysis.evaluated import Evaluated, Model
    from hpbridge.analysis.verdict import Verdict

MOST_CLASSES = 50
"""Classes that are listed with their precision and recall."""

Table = dict[str, Any]
Plot = dict[str, Any]


def picture(evaluated: Evaluated, kind: str, description: str = "") -> Plot | None:
    """Return a plot of a kind for the template; None where there are no data for it."""
    found = KINDS[kind]
    figure = found.make(evaluated)
    if figure is None:
        return None
    said = f"{found.title}. {description}".strip()
    return {"title": found.title, "description": said, "figure": figure}


_KINDS = {USE: "use", UNKNOWN: "unknown"}


def answer(verdicts: Sequence[Verdict], headline: str) -> list[dict[str, str]]:
    """Return each verdict: how it is drawn, its lead, and its reasons.

    Args:
        verdicts: The one that counts first.
        headline: What the search came to: the lead where nobody can tell.
    """
    found = []
    for each in verdicts:
        lead, _, rest = each.sentence.partition(": ")
        if each.advice == UNKNOWN and each.against == DEFAULTS:
            lead, rest = upper_first(headline), each.sentence
        kind = _KINDS.get(each.advice, "other")
        found.append({"kind": kind, "lead": lead, "rest": rest})
    return found


def checks(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return the checks that spoke, were silent, and could not be made."""
    names = {True: "spoke", False: "silent", None: "unable"}
    found: dict[str, list[Finding]] = {name: [] for name in names.values()}
    for each in findings:
        found[names[each.spoke]].append(each)
    return found


def grid_of(rows: Rows) -> Table | None:
    """Return a table for the template, without the columns that hold nothing."""
    shown = [c for c in rows.columns if any(row[c] is not None for row in rows)]
    if not len(rows):
        return None
    return {
        "headers": [
            column.removeprefix("n_").replace("_", " ").capitalize() for column in shown
        ],
        "rows": [Row([cell(row[column]) for column in shown]) for row in rows],
    }


def data_table(evaluated: Evaluated) -> Table | None:
    """Return which data each number was computed on, the sizes of folds in one cell."""
    rows = table_of_data(evaluated)
    found = [
        {
            "data": row["data"],
            "rows": f"{row['smallest']:,} to {row['largest']:,}"
            if row["rows"] is None and row["smallest"] is not None
            else row["rows"],
            **{name: row[name] for name in ("used_for", "seen_by", "classes")},
        }
        for row in rows
    ]
    columns = tuple(found[0]) if found else ()
    return grid_of(Rows(rows.title, columns, tuple(found)))


def cell(value: Any) -> str:
    """Return a plain value for a table."""
    if isinstance(value, Mapping):
        return ", ".join(f"{texts.label(k)}: {v:,}" for k, v in value.items())
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return texts.NONE if value is None else texts.label(value)


def upper_first(text: str) -> str:
    """Return a text with a capital first letter, the others as they are."""
    return text[:1].upper() + text[1:]


def validation_table(evaluated: Evaluated) -> Table | None:
    """Return the means of all metrics over the folds, with their intervals."""
    models = [evaluated.best, evaluated.defaults, evaluated.dummy]
    there = [model for model in models if model is not None]
    if not there or there[0].name != BEST:
        return None
    has_train = any(f"mean_train_{evaluated.metric}" in m.metrics for m in there[:1])
    headers = ["Metric", *(NAMES[model.name].capitalize() for model in there)]
    rows = []
    for metric in evaluated.metric_names:
        cells = [metric, *(_with_interval(evaluated, m, metric) for m in there)]
        if has_train:
            cells.append(_number(there[0].metrics.get(f"mean_train_{metric}")))
        rows.append(Row(cells))
    if has_train:
        headers.append("Tuned, on training rows")
    return {"headers": headers, "rows": rows}


def _with_interval(evaluated: Evaluated, model: Model, metric: str) -> str:
    shown = _number(model.metrics.get(metric))
    return _range(shown, *evaluated.interval_of(model, metric))


def _range(shown: str, low: float | None, high: float | None) -> str:
    ends = number_of(low), number_of(high)
    if math.isnan(sum(ends)):
        return shown
    text = f"{ends[0]:.4g} to {ends[1]:.4g}"
    return f"{shown}\n{text}".replace(" ", "\N{NO-BREAK SPACE}")


def _number(value: float | None) -> str:
    number = number_of(value)
    return texts.NONE if math.isnan(number) else f"{number:.4g}"


def test_table(evaluated: Evaluated) -> Table | None:
    """Return all metrics on the sealed test, of each model that was scored."""
    scored = tested(evaluated, "metrics")
    if not scored:
        return None
    rows = []
    for metric in next(iter(scored.values())):
        cells = [
            _range(_number(values.get(metric)), *evaluated.test_interval(name, metric))
            for name, values in scored.items()
        ]
        rows.append(Row([metric, *cells]))
    headers = ["Metric", *(NAMES[name].capitalize() for name in scored)]
    return {"headers": headers, "rows": rows}


def class_table(evaluated: Evaluated) -> Table | None:
    """Return precision, recall and F1 of each class, tuned against the defaults."""
    found = {
        n: each for n, each in tested(evaluated, "per_class").items() if n != DUMMY
    }
    if BEST not in found:
        return None
    labels = tested(evaluated, "labels")[BEST]
    measures = ("precision", "recall", "f1")
    headers = ["Class", "Rows", *(_of_class(m, n) for m in measures for n in found)]
    rows = [
        Row(
            [
                texts.label(labels[k]),
                f"{found[BEST]['support'][k]:,}",
                *(_number(found[n][m][k]) for m in measures for n in found),
            ]
        )
        for k in in_order(labels)[:MOST_CLASSES]
    ]
    return {"headers": headers, "rows": rows, "n_more": len(labels) - len(rows)}


def _of_class(measure: str, model: str) -> str:
    name = "F1" if measure == "f1" else measure.capitalize()
    return f"{name}, {NAMES[model]}"


def residual_table(evaluated: Evaluated) -> Table | None:
    """Return how residuals are spread, of each model."""
    found = tested(evaluated, "residuals")
    if not found:
        return None
    headers = ["Model", "Least", "5 %", "25 %", "Median", "75 %", "95 %", "Most"]
    rows = [
        Row([NAMES[name].capitalize(), *map(_number, each["quantiles"])])
        for name, each in found.items()
    ]
    return {"headers": headers, "rows": rows}


def value_table(evaluated: Evaluated) -> Table | None:
    """Return the tuned parameters beside the estimator's own."""
    best, study = evaluated.best, evaluated.study
    trials = {trial.number: trial for trial in study.trials}
    if best is None or best.trial is None:
        return None
    tuned, own = trials[best.trial].params, _own_values(evaluated)
    names = [n for n in study.space.searched if n in tuned]
    headers = ["Parameter", "Tuned", *(["Defaults"] if own else [])]
    rows = []
    for name in names:
        cells = [name, texts.label(tuned[name])]
        rows.append(Row([*cells, own.get(name, texts.NONE)] if own else cells))
    return {"headers": headers, "rows": rows} if rows else None


def _own_values(evaluated: Evaluated) -> Mapping[str, str]:
    noted = evaluated.about.get("own_values")
    if noted:
        return dict(noted)
    defaults = evaluated.defaults
    if defaults is None or defaults.trial is None:
        return {}
    trials = {trial.number: trial for trial in evaluated.study.trials}
    params = trials[defaults.trial].params
    return {name: texts.label(value) for name, value in params.items()}


def fold_plots(evaluated: Evaluated) -> list[Plot]:
    """Return the scores by fold, a plot for each metric."""
    found = []
    for metric in evaluated.metric_names:
        figure = folds_figure(evaluated, metric)
        title = f"{metric} by fold"
        said = f"{title}: each fold's score, and the mean with its 95 % interval."
        if figure is not None:
            found.append({"title": title, "description": said, "figure": figure})
    return found


def confusion_plots(evaluated: Evaluated) -> list[Plot]:
    """Return the matrices of the tuned model and of what it would replace."""
    found: list[Plot] = []
    for model in (BEST, INCUMBENT, DEFAULTS):
        figure = confusion_figure(evaluated, model)
        if figure is not None and len(found) < 2:  # noqa: PLR2004 - side by side
            title = f"Who was taken for whom: {NAMES[model]}"
            said = f"{title}. A row is a true class, a column what was said."
            found.append({"title": title, "description": said, "figure": figure})
    return found


def curve_plots(evaluated: Evaluated) -> list[Plot]:
    """Return curves and residuals on the sealed test."""
    kinds = ("roc", "precision_recall", "calibration", "residuals")
    made = [picture(evaluated, kind, "On the sealed test.") for kind in kinds]
    found = [each for each in made if each is not None]
    n_classes = len(tested(evaluated, "roc").get(BEST, ()))
    if n_classes > MOST_CLASSES_DRAWN:
        for each in found:
            each["title"] += f": {MOST_CLASSES_DRAWN} of {n_classes} classes"
    return found


def run_facts(
    evaluated: Evaluated, part: Mapping[str, Any]
) -> list[tuple[str, list[str]]]:
    """Return how it was evaluated and run: names and values, each once.

    Args:
        evaluated: A study that was read.
        part: What the page says of its experiment.
    """
    about = evaluated.about
    estimators = about.get("estimator", {})
    named = [f"{n}: {each}" if n else each for n, each in estimators.items()]
    own = {
        "Estimator": named,
        "Procedure": [about.get("procedure", "")],
        "Seed of the splits": [str(about["seed"])] if "seed" in about else [],
        "Data, as a fingerprint": [about.get("fingerprint", "")],
        "Openings of the test": opened(evaluated),
    }
    of_study = {name: [value] for name, value in part["studies"][0]["facts"]}
    run = {"When": [part["ran"]], **dict(part["facts"])}
    found = {**of_study, **run, **own}
    for again in ("Seeds", "Started"):
        found.pop(again, None)
    return [(name, values) for name, values in found.items() if any(values)]


def notes_of(evaluated: Evaluated) -> list[str]:
    """Return what was noted while it ran, but for checks: they have their own part."""
    codes = re.compile(r"HPB\d{3}: ")
    return [note for note in evaluated.study.notes if not codes.match(note)]


def opened(evaluated: Evaluated) -> list[str]:
    """Return every opening of the test: when, by which command, for which trial."""
    return [
        f"{texts.moment(each['at'])}, for trial {each['trial']}: {each['command']}"
        for each in evaluated.openings
    ]
