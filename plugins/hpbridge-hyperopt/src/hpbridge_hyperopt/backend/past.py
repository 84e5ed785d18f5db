"""What a study of Hyperopt is to `fmin`, which goes on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.plugin import PastTrial


def known_ids(
    trials: Sequence[PastTrial], native: Mapping[str, Any]
) -> list[int] | None:
    """Return the id of each trial; None where the next id would not be a new one.

    Hyperopt takes two trials of one id for one, and loses the other.

    Args:
        trials: In the order of the study.
        native: ``ids`` is how many ids were given out. Empty for a study of ours.

    Source:
        hyperopt 0.3.0, `Trials.new_trial_ids`: the next id is the number of ids.
    """
    tids = [past.native.get("tid", number) for number, past in enumerate(trials)]
    if "ids" not in native and any("tid" in past.native for past in trials):
        return None
    is_new = all(0 <= tid < native.get("ids", len(trials)) for tid in tids)
    return tids if is_new and len(set(tids)) == len(tids) else None


def kept_result(
    past: PastTrial, result: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Return the result as `fmin` stored it; None for a trial that it hides.

    Args:
        past: As `format.documents` read it, or one of ours.
        result: What `fmin` would store for its outcome.
    """
    if "state" in past.native:  # it raised, or was cancelled
        return None
    if "status" not in past.native:
        return result
    believed = past.native.get("loss")
    loss = {} if believed is None else {"loss": float(believed)}
    return {"status": past.native["status"], **loss}
