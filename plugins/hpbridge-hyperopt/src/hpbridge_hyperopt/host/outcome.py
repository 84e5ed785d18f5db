"""What became of a document of a running `fmin`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Outcome, State, inert
from hpbridge_hyperopt.format.documents import DONE, DocumentError, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Ended:
    """A finished trial, as an optimizer is told of it.

    Attributes:
        params: What was drawn, in our words.
        problem: Why it cannot be read; empty where it can.
    """

    outcome: Outcome
    params: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def ended(doc: dict[str, Any], reader: Reader) -> Ended | None:
    """Return what became of a trial; None while it is not finished."""
    result = doc["result"]
    if doc["state"] == DONE and result["status"] == "new":
        return None  # hyperopt 0.3.0, `spark._write_result_back`: the result comes last
    slim = {
        "tid": doc["tid"],
        "state": doc["state"],
        "result": {k: result[k] for k in ("status", "loss") if k in result},
        "misc": {"vals": inert.plain(doc["misc"]["vals"])},
    }
    try:
        trial = reader.read(slim, {})
    except DocumentError as error:
        return Ended(Outcome(State.FAILED), problem=f"it {error}")
    if trial is None:
        return None
    loss = trial.metrics.get("loss")
    # Of a failed trial, a loss counts only where it is NaN.
    is_told = trial.state is State.COMPLETE or (loss is not None and math.isnan(loss))
    values = (loss,) if loss is not None and is_told else ()
    return Ended(Outcome(trial.state, values), trial.params)
