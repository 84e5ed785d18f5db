"""A report's models as skore reports them.

Source:
    skore 0.28.0: `EstimatorReport` of a fitted estimator takes the test alone;
    `ComparisonReport` takes such reports by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.errors import LibraryNotInstalledError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.evaluation.rows import Rows


def estimator_report(model: Any, rows: Rows) -> Any:
    """Return the `skore.EstimatorReport` of a fitted model on some rows."""
    return _skore().EstimatorReport(model, X_test=rows.X, y_test=rows.y)


def comparison_report(models: Mapping[str, Any], rows: Rows) -> Any:
    """Return the `skore.ComparisonReport` of fitted models on the same rows."""
    reports = {name: estimator_report(model, rows) for name, model in models.items()}
    return _skore().ComparisonReport(reports)


def _skore() -> Any:
    try:
        import skore  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        headline = f"to_skore needs {error.name}, which is not installed"
        hint = "`pip install 'hpbridge[skore]'`"
        raise LibraryNotInstalledError(headline, hint=hint) from error
    return skore
