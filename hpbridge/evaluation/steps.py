"""Which estimators an estimator is made of, and what their author changed."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def steps_of(estimators: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every estimator inside of estimators, as a record keeps it.

    Args:
        estimators: By the name of the alternative; ``""`` for a single one.

    Returns:
        ``at``, as its parameters are addressed; ``class``; and ``changed``, the names
        of its parameters that are not as they come.
    """
    found = []
    for name, estimator in estimators.items():
        inner = {
            at: value
            for at, value in estimator.get_params(deep=True).items()
            if hasattr(value, "get_params") and not isinstance(value, type)
        }
        for at, each in {"": estimator, **inner}.items():
            whole = "__".join(part for part in (name, at) if part)
            found.append(
                {"at": whole, "class": type(each).__name__, "changed": changed(each)}
            )
    return found


def changed(estimator: Any) -> list[str]:
    """Return the names of the parameters that are not those of the class."""
    signature = inspect.signature(type(estimator).__init__).parameters
    missing = inspect.Parameter.empty
    own = estimator.get_params(deep=False)
    return [
        name
        for name, value in own.items()
        if name not in signature
        or signature[name].default is missing
        or not _is_same(value, signature[name].default)
    ]


def _is_same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    try:
        return type(value) is type(default) and bool(value == default)
    except Exception:  # noqa: BLE001 - arrays and foreign objects compare as they like
        return False
