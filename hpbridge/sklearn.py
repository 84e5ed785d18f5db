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

from hpbridge.errors import LibraryNotInstalledError

if TYPE_CHECKING:
    from hpbridge.hosts.sklearn.search import BridgeSearchCV
    from hpbridge.space.space import Space

__all__ = ["BridgeSearchCV", "read_space"]


def __getattr__(name: str) -> Any:
    # A subclass of scikit-learn's needs scikit-learn: only for those who use it.
    if name != "BridgeSearchCV":
        msg = f"module 'hpbridge.sklearn' has no attribute {name!r}"
        raise AttributeError(msg)
    try:
        from hpbridge.hosts.sklearn.search import BridgeSearchCV
    except ModuleNotFoundError as error:
        headline = f"{name} needs {error.name}, which is not installed"
        hint = "`pip install scikit-learn`"
        raise LibraryNotInstalledError(headline, hint=hint) from error

    return BridgeSearchCV


def read_space(given: object) -> Space:
    """Return one space in the words of a search, as `BridgeSearchCV` takes it.

    Raises:
        SpaceError: With everything that is wrong with it.
    """
    from hpbridge.formats import search_spaces as spaces

    return spaces.read_space(given)
