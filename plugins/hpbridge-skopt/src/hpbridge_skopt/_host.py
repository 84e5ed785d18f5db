"""Where pickles of before the release of 0.1.0 look for `BridgeOptimizer`."""

from __future__ import annotations

from hpbridge.plugin import HpbridgeError

_OLD = "A BridgeOptimizer of before hpbridge-skopt 0.1.0 cannot be read"
_HINT = "tell a new one the points and values of its result"
raise HpbridgeError(_OLD, hint=_HINT)
