"""Write a study as a pickle of a `Trials`, without Hyperopt."""

from __future__ import annotations

import datetime as dt
import json
import math
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import PAYLOAD_KEY, State, pack_study, whole_file
from hpbridge_hyperopt.native.distributions import Draw, row_start
from hpbridge_hyperopt.native.objective import NOT_METRICS
from hpbridge_hyperopt.native.write import to_misc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import FinishedTrial, Study

FORM = "hyperopt"
OFFSETS = "hpbridge:offsets"
"""Where the draws of an ``hp.randint`` start, by its label; JSON."""

_DONE, _ERROR = 2, 3

# The last protocol whose programs can be put behind one another as they are.
_PROTOCOL = 3


def write(study: Study, target: str) -> tuple[str, ...]:
    """Write a study; Hyperopt opens it with `pickle.load`.

    Returns:
        What its tools will show otherwise than ours.

    Raises:
        FormatError: If the target is there already, or cannot be written.

    Source:
        hyperopt 0.3.0, `base.Trials` and `FMinIter.serial_evaluate` for the documents;
        `Trials.refresh`, which hides those that raised.
    """
    offsets = study.native.get("offsets", {})
    draws = {
        name: Draw(parameter, offsets.get(name, 0))
        for name, parameter in study.space.searched.items()
    }
    docs = [
        _document(study, trial, tid, draws) for tid, trial in enumerate(study.trials)
    ]
    state = {
        "_ids": set(range(len(docs))),
        "_dynamic_trials": docs,
        "_exp_key": None,
        "attachments": {
            PAYLOAD_KEY: json.dumps(pack_study(study), allow_nan=False),
            OFFSETS: json.dumps(offsets),
        },
        "_trials": [doc for doc in docs if doc["state"] == _DONE],
    }
    with whole_file(FORM, Path(target)) as part:
        part.write_bytes(_pickled(state))
    return tuple(_notes(study, draws))


def _pickled(state: dict[str, Any]) -> bytes:
    """Return the pickle of a `Trials` with this state.

    A pickler would import the class to see that it is the one that it names.
    """
    program = pickle.dumps(state, protocol=_PROTOCOL)
    start, end = len(pickle.PROTO) + 1, len(pickle.STOP)
    return b"".join(
        [
            program[:start],
            pickle.GLOBAL + b"hyperopt.base\nTrials\n",
            pickle.EMPTY_TUPLE + pickle.NEWOBJ,
            program[start:-end],
            pickle.BUILD + pickle.STOP,
        ]
    )


def _document(
    study: Study, trial: FinishedTrial, tid: int, draws: Mapping[str, Draw]
) -> dict[str, Any]:
    drawn = {name: draws[name].drawn(value) for name, value in trial.params.items()}
    misc = to_misc(tid, drawn, draws, ("domain_attachment", "FMinIter_Domain"))
    state, result = _result(study, trial)
    if state == _ERROR:
        kind, _, text = (trial.error or "failed").partition(": ")
        misc["error"] = (kind, text)
    start = _utc(trial.started_at)
    return {
        "state": state,
        "tid": tid,
        "spec": None,
        "result": result,
        "misc": misc,
        "exp_key": None,
        "owner": None,
        "version": 0,
        "book_time": start,
        "refresh_time": start + dt.timedelta(seconds=trial.run_seconds or 0.0),
    }


def _utc(timestamp: float | None) -> dt.datetime:
    return dt.datetime.fromtimestamp(timestamp or 0.0, tz=dt.UTC).replace(tzinfo=None)


def _result(study: Study, trial: FinishedTrial) -> tuple[int, dict[str, Any]]:
    """Return the state and the result that `fmin` would have stored."""
    result = {
        name: value
        for name, value in [*trial.attributes.items(), *trial.metrics.items()]
        if name not in NOT_METRICS
    }
    loss = study.sign * trial.metrics.get(study.main_metric, math.nan)
    has_nan = study.main_metric in trial.metrics and math.isnan(loss)
    if trial.state is State.COMPLETE or (trial.state is State.FAILED and has_nan):
        return _DONE, {**result, "status": "ok", "loss": loss}
    if trial.state is State.PRUNED or "status" in trial.native:
        believed = trial.native.get("loss")  # by TPE
        loss_kept = {} if believed is None else {"loss": float(believed)}
        return _DONE, {**result, **loss_kept, "status": "fail"}
    return _ERROR, {**result, "status": "new"}


def _notes(study: Study, draws: Mapping[str, Draw]) -> list[str]:
    notes = [
        f"the choices of {name!r} are written by their positions, as of hp.choice; "
        f"an hp.randint has {draw.label(draw.offset)} for the first one"
        for name, draw in draws.items()
        if row_start(draw.parameter) not in {None, draw.offset}
    ]
    if study.sign < 0:
        name = study.main_metric
        notes.append(f"Hyperopt minimizes: its loss is the negative of {name!r}")
    if len(study.metrics) > 1:
        name = study.main_metric
        notes.append(f"Hyperopt has one loss, {name!r}; the others are in the results")
    if study.bounds:
        notes.append("Hyperopt has no constraints: its best trial may violate them")
    return notes
