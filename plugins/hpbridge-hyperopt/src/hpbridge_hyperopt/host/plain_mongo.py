"""Hyperopt's own `MongoTrials`: where it cannot be used, and why."""

from __future__ import annotations

from hpbridge.plugin import HpbridgeError, is_instance_of

_OURS = "hpbridge_hyperopt.host.mongo_trials", "MongoTrials"
_PLAIN = "hyperopt.mongoexp", "MongoTrials"
_GONE = 4
"""The version of pymongo in which what it asks for is gone."""


def refuse_plain(trials: object, *, is_own: bool) -> None:
    """Refuse Hyperopt's own `MongoTrials` where it does not work.

    Args:
        trials: Of an `fmin`.
        is_own: Whether Hyperopt's own algorithm is asked, which needs no more than
            Hyperopt.

    Raises:
        HpbridgeError: With the reason.
    """
    if not is_instance_of(trials, *_PLAIN) or is_instance_of(trials, *_OURS):
        return
    import pymongo

    reasons = []
    if int(pymongo.version.partition(".")[0]) >= _GONE:
        reasons.append(
            f"it asks pymongo for what is gone since pymongo 4, and {pymongo.version} "
            "is installed"
        )
    if not is_own:
        reasons.append("it does not keep the trials that failed, which others learn of")
    if reasons:
        headline = "Hyperopt's own MongoTrials cannot be used here"
        hint = "from hpbridge_hyperopt.mongo import MongoTrials: the same arguments"
        raise HpbridgeError(headline, reasons, hint)
