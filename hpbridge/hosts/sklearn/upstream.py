"""Every private name of scikit-learn that the search builds on, and nowhere else.

Source:
    scikit-learn 1.9.1, `sklearn.model_selection._search.BaseSearchCV.fit`.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from hpbridge.contract.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SKLEARN = Upstream("scikit-learn", "scikit-learn==1.9.1")

_GONE = "BridgeSearchCV does not work"
_SEARCH = "sklearn.model_selection._search"
_VALIDATION = "sklearn.model_selection._validation"


def _looks_up(name: str) -> Any:
    """Return whether `fit` looks something up by its name when it runs."""

    def holds(fit: Any) -> bool:
        return name in set(_names(fit.__code__))

    return holds


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _names(each)


base_search = _SKLEARN.private(f"{_SEARCH}:BaseSearchCV", _GONE)
fit_context = _SKLEARN.private("sklearn.base:_fit_context", _GONE)
interval = _SKLEARN.private("sklearn.utils._param_validation:Interval", _GONE)
insert_error_scores = _SKLEARN.private(f"{_VALIDATION}:_insert_error_scores", _GONE)
judge_failures = _SKLEARN.private(
    f"{_VALIDATION}:_warn_or_raise_about_fit_failures", _GONE
)
fit_and_score = _SKLEARN.private(f"{_VALIDATION}:_fit_and_score", _GONE)
multimetric_scorer = _SKLEARN.private(
    "sklearn.metrics._scorer:_MultimetricScorer", _GONE
)
_fit = _SKLEARN.private(f"{_SEARCH}:BaseSearchCV.fit.__wrapped__", _GONE)

# What `fit` must look up by name, or ours in its place would never be called, and
# nothing would say so.
for _name, _cost in {
    "check_cv": "each batch of a BridgeSearchCV is split anew",
    "_warn_or_raise_about_fit_failures": "a batch of failures ends a BridgeSearchCV",
    "_fit_and_score": "a masked score counts as the number under its mask",
    "_run_search": _GONE,
    "_format_results": "the table of a BridgeSearchCV is made anew for each batch",
}.items():
    _SKLEARN.private(f"{_SEARCH}:BaseSearchCV.fit.__wrapped__", _cost, _looks_up(_name))
for _name in ("_check_refit_for_multimetric", "_parameter_constraints"):
    _SKLEARN.private(f"{_SEARCH}:BaseSearchCV.{_name}", _GONE)

problems = _SKLEARN.problems


def fit_with(replaced: Mapping[str, Any]) -> types.FunctionType:
    """Return scikit-learn's own `fit` with other globals; nobody else's is changed.

    Args:
        replaced: By the names under which it looks them up.

    Raises:
        HpbridgeError: If the installed scikit-learn has no such `fit`.
    """
    fit = _fit.get()
    own = {**fit.__globals__, **replaced}
    return types.FunctionType(fit.__code__, own, fit.__name__, fit.__defaults__)
