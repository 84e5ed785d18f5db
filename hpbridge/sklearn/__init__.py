"""Any optimizer inside scikit-learn: a search like `RandomizedSearchCV`.

Example:
    >>> from sklearn.linear_model import Ridge
    >>> from hpbridge import Float
    >>> from hpbridge.sklearn import BridgeSearchCV
    >>> space = {"alpha": Float(1e-3, 1e3, log=True)}
    >>> search = BridgeSearchCV(Ridge(), space, backend="random", n_iter=3, cv=2)
    >>> sorted(search.fit([[1.0], [2.0], [3.0], [4.0]], [1, 2, 3, 4]).best_params_)
    ['alpha']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.backend import HostSpec
from hpbridge.errors import LibraryNotInstalledError, compose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.experiment import Experiment
    from hpbridge.parameters import Label
    from hpbridge.sklearn._search import BridgeSearchCV
    from hpbridge.space import Space

__all__ = ["HOST", "BridgeSearchCV", "read_space"]


def _run(
    optimizer: str, experiment: Experiment, n_trials: int, seed: int
) -> list[tuple[Mapping[str, Label], float]]:
    from hpbridge.sklearn._host import run

    return run(optimizer, experiment, n_trials, seed)


def _reasons_against(_space: Space) -> list[str]:
    return []  # it takes a space of ours as it is


HOST = HostSpec(
    name="sklearn",
    summary="a BaseSearchCV, for any estimator and everything that takes a search",
    line='search = BridgeSearchCV(estimator, space, backend="{optimizer}")',
    run=_run,
    reasons_against=_reasons_against,
    requires=("scikit-learn>=1.5",),
)
"""scikit-learn as a host."""


def __getattr__(name: str) -> Any:
    # A subclass of scikit-learn's needs scikit-learn: only for those who use it.
    if name != "BridgeSearchCV":
        msg = f"module 'hpbridge.sklearn' has no attribute {name!r}"
        raise AttributeError(msg)
    try:
        from hpbridge.sklearn._search import BridgeSearchCV
    except ModuleNotFoundError as error:
        headline = f"{name} needs {error.name}, which is not installed"
        text = compose(headline, hint="`pip install scikit-learn`")
        raise LibraryNotInstalledError(text) from error

    return BridgeSearchCV


def read_space(given: object) -> Space:
    """Return one space in the words of a search, as `BridgeSearchCV` takes it.

    Raises:
        SpaceError: With everything that is wrong with it.
    """
    from hpbridge.sklearn import _spaces

    return _spaces.read_space(given)
