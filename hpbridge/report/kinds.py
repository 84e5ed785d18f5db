"""The kinds of plots that a study has: for the page, and for `hpbridge.Study.plot`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import Evaluated
from hpbridge.errors import ArgumentError, HpbridgeError, nearest
from hpbridge.report.curves import curves_figure
from hpbridge.report.figures import drawable
from hpbridge.report.further_figures import (
    confirmed_figure,
    nested_figure,
    threshold_figure,
)
from hpbridge.report.look import plotly_figure
from hpbridge.report.model_figures import folds_figure, gain_figure
from hpbridge.report.parallel import parallel_figure
from hpbridge.report.search_figures import (
    history_figure,
    importance_figure,
    slice_figure,
)
from hpbridge.report.tested_figures import (
    calibration_figure,
    confusion_figure,
    precision_recall_figure,
    residuals_figure,
    roc_figure,
    tested,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import plotly.graph_objects as go

    from hpbridge.report.figures import Figure
    from hpbridge.study import Study


@dataclass(frozen=True)
class Kind:
    """A kind of plot.

    Attributes:
        title: Of its figures.
        make: The figure; None where the study has no data for it.
        why_none: Why a study has none, as a sentence's end.
        is_of_metric: Whether `make` takes a metric.
    """

    title: str
    make: Callable[..., Figure | None]
    why_none: Callable[[Evaluated], str]
    is_of_metric: bool = False


def _no_trials(evaluated: Evaluated) -> str:
    metric = evaluated.metric
    if not drawable(evaluated.study.trials, [metric]):
        return f"no trial has a finite {metric}"
    return "no parameter was searched, or no trial is feasible"


def _no_importance(evaluated: Evaluated) -> str:
    return evaluated.importances.why_none or "no parameter was searched"


def _no_curves(evaluated: Evaluated) -> str:  # noqa: ARG001 - as the others
    return "no trial reported finite values at two steps"


def _no_folds(evaluated: Evaluated) -> str:  # noqa: ARG001 - as the others
    return "its trials have no scores of folds"


def _no_gain(evaluated: Evaluated) -> str:  # noqa: ARG001 - as the others
    return "neither a dummy nor the defaults were evaluated beside its trials"


def _not_done(evaluated: Evaluated) -> str:  # noqa: ARG001 - as the others
    return "that was not done with it, or not noted in it"


def _not_tested(evaluated: Evaluated, without: str) -> str:
    if evaluated.opening is not None:
        return without
    if not evaluated.about:
        return "it has no sealed test: it is no study of an hpbridge.Evaluation"
    if not evaluated.about.get("n_test"):
        return "it has no sealed test"
    return "the sealed test has not been opened for the best trial"


def _no_classes(evaluated: Evaluated) -> str:
    return _not_tested(evaluated, "its target has numbers or several labels a row")


def _no_chances(evaluated: Evaluated) -> str:
    if evaluated.opening is not None and tested(evaluated, "confusion"):
        return "the model says classes, and no chances of them"
    return _no_classes(evaluated)


def _no_residuals(evaluated: Evaluated) -> str:
    return _not_tested(evaluated, "the target is of classes")


KINDS: Mapping[str, Kind] = {
    "history": Kind(
        "Every trial, and the best so far",
        history_figure,
        _no_trials,
        is_of_metric=True,
    ),
    "parallel": Kind(
        "Parallel coordinates", parallel_figure, _no_trials, is_of_metric=True
    ),
    "slice": Kind(
        "Each parameter against the metric", slice_figure, _no_trials, is_of_metric=True
    ),
    "importance": Kind(
        "How much each parameter mattered", importance_figure, _no_importance
    ),
    "curves": Kind(
        "What trials reported",
        lambda evaluated: curves_figure(evaluated.study),
        _no_curves,
    ),
    "folds": Kind("Scores by fold", folds_figure, _no_folds, is_of_metric=True),
    "gain": Kind("How much better the tuned model is", gain_figure, _no_gain),
    "confusion": Kind("Confusion matrix", confusion_figure, _no_classes),
    "roc": Kind("ROC curves", roc_figure, _no_chances),
    "precision_recall": Kind(
        "Precision and recall", precision_recall_figure, _no_chances
    ),
    "calibration": Kind("Calibration", calibration_figure, _no_chances),
    "nested": Kind("Nested cross-validation", nested_figure, _not_done),
    "confirmed": Kind("The winners, run again", confirmed_figure, _not_done),
    "threshold": Kind("Every threshold", threshold_figure, _not_done),
    "residuals": Kind("Residuals", residuals_figure, _no_residuals),
}
"""All kinds by name."""


def plot_of(study: Study, kind: str, metric: str | None = None) -> go.Figure:
    """Return a figure of a study; see `hpbridge.Study.plot`."""
    problems = []
    if kind not in KINDS:
        problems.append(f"there is no plot {kind!r}; {nearest(str(kind), KINDS)}")
    if metric is not None and metric not in _metrics_of(study):
        known = nearest(str(metric), _metrics_of(study))
        problems.append(f"there is no metric {metric!r}; {known}")
    if not problems and metric is not None and not KINDS[kind].is_of_metric:
        able = ", ".join(name for name, each in KINDS.items() if each.is_of_metric)
        problems.append(f"a plot {kind!r} takes no metric; these do: {able}")
    if problems:
        function = "Study.plot"
        raise ArgumentError.given(function, problems)
    evaluated, found = Evaluated(study), KINDS[kind]
    given: dict[str, Any] = {} if metric is None else {"metric": metric}
    figure = found.make(evaluated, **given)
    if figure is None:
        headline = f"Study {study.name!r} has no data for a plot {kind!r}"
        able = ", ".join(n for n, e in KINDS.items() if e.make(evaluated) is not None)
        hint = f"it has data for: {able}" if able else ""
        raise HpbridgeError(headline, [found.why_none(evaluated)], hint)
    return plotly_figure(figure, f"{found.title}: {study.name}")


def _metrics_of(study: Study) -> list[str]:
    """Return all that trials returned, the metrics with a direction first."""
    returned = (name for trial in study.trials for name in trial.metrics)
    return list(dict.fromkeys([*study.metrics, *returned]))


def search_figures(evaluated: Evaluated) -> dict[str, go.Figure]:
    """Return a figure of each kind that a study has data for.

    Args:
        evaluated: A study that was read.

    Raises:
        ExportError: If plotly is not installed.
    """
    made = {name: kind.make(evaluated) for name, kind in KINDS.items()}
    return {
        name: plotly_figure(figure, KINDS[name].title)
        for name, figure in made.items()
        if figure is not None
    }
