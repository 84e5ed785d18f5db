"""Results of trials without infinities and NaN, as every database can hold them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NUMBER = "hpbridge:number"
"""The key of what stands for a number that is not finite."""
LOSS, STATUS = "hpbridge:loss", "hpbridge:status"
"""Of a result whose loss is not finite: what its loss is, and what its status was."""
_FAILED = "fail"


def stored(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result as a database holds it.

    One whose loss is not finite is failed there, to whoever reads it without us.

    Example:
        >>> stored({"status": "ok", "loss": math.inf})
        {'status': 'fail', 'hpbridge:loss': 'inf', 'hpbridge:status': 'ok'}
    """
    given = dict(result)
    loss = given.get("loss")
    if isinstance(loss, float) and not math.isfinite(loss):
        del given["loss"]
        given |= {LOSS: repr(loss), STATUS: given.get("status"), "status": _FAILED}
    found: dict[str, Any] = _plain(given)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {NUMBER: repr(value)}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def restored(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result that was stored.

    Example:
        >>> restored(stored({"status": "ok", "loss": -math.inf, "at": [math.nan]}))
        {'status': 'ok', 'at': [nan], 'loss': -inf}
    """
    found: dict[str, Any] = _number(dict(result))
    if LOSS in found:
        found["status"] = found.pop(STATUS)
        found["loss"] = float(found.pop(LOSS))
    return found


def _number(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {NUMBER}:
            return float(value[NUMBER])
        return {key: _number(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_number(each) for each in value]
    return value
