"""Where pickles of before the release of 0.1.0 look for `BridgeAcquisition`."""

from __future__ import annotations

from hpbridge.plugin import HpbridgeError

_OLD = "A BridgeAcquisition of before hpbridge-bayesopt 0.1.0 cannot be read"
_HINT = "what BayesianOptimization.save_state wrote can be loaded"
raise HpbridgeError(_OLD, hint=_HINT)
