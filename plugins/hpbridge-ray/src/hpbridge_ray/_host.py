"""Where pickles of before the release of 0.1.0 look for `BridgeSearcher`."""

from __future__ import annotations

from hpbridge.plugin import HpbridgeError

_OLD = "A BridgeSearcher of before hpbridge-ray 0.1.0 cannot be read"
_HINT = "what BridgeSearcher.save wrote can be restored"
raise HpbridgeError(_OLD, hint=_HINT)
