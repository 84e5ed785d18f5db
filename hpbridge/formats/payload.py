"""What a foreign format has no place for rides along in it, as JSON data.

Several formats keep less than a study has, and have room for user data. Their writers
put `pack_study(study)` there, under a key that starts with ``hpbridge:``; their readers
give the study back with `unpack_study`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import ForeignStudy, ForeignTrial
from hpbridge.errors import HpbridgeError
from hpbridge.space.space import Space
from hpbridge.store.numbers import dump_number
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

PAYLOAD_KEY = "hpbridge:study"
"""Where it rides, unless a format needs another place."""

_VERSION = 1


def pack_study(study: Study) -> dict[str, Any]:
    """Return a study as standard JSON data, all but what its library keeps."""
    return {
        "version": _VERSION,
        "name": study.name,
        "optimizer": study.optimizer,
        "space": study.space.to_json(),
        "metrics": dict(study.metrics),
        "bounds": bounds_of(study),
        "attributes": dict(study.attributes),
        "trials": [_pack_trial(trial) for trial in study.trials],
    }


def bounds_of(study: Study) -> dict[str, str]:
    """Return a study's constraints as `hpbridge.Experiment` takes them."""
    return {
        bound.metric: f"{'<=' if bound.sign > 0 else '>='} {bound.bound!r}"
        for bound in study.bounds
    }


def _pack_trial(trial: FinishedTrial) -> dict[str, Any]:
    return {
        "state": trial.state.value,
        "params": dict(trial.params),
        "metrics": {name: dump_number(v) for name, v in trial.metrics.items()},
        "reports": [[step, dump_number(value)] for step, value in trial.reports],
        "error": trial.error,
        "started_at": trial.started_at or None,
        "run_seconds": trial.run_seconds,
        "attributes": dict(trial.attributes),
    }


def unpack_study(data: Mapping[str, Any], backend: str) -> ForeignStudy:
    """Return the study that `pack` wrote.

    Args:
        data: From a file that anybody may have changed.
        backend: Whose format it was in; algorithms of others are not named.

    Raises:
        ValueError: If it is damaged or of a newer version, with one phrase.
    """
    try:
        if data["version"] != _VERSION:
            msg = f"its study is of version {data['version']!r}, not {_VERSION}"
            raise ValueError(msg)
        optimizer, _, algorithm = str(data["optimizer"]).partition(":")
        return ForeignStudy(
            name=str(data["name"]),
            trials=tuple(_unpack_trial(each) for each in data["trials"]),
            metrics={str(m): str(way) for m, way in data["metrics"].items()},
            space=Space.from_json(data["space"]),
            bounds={str(m): str(text) for m, text in data["bounds"].items()},
            algorithm=algorithm if optimizer == backend else "",
            attributes=dict(data["attributes"]),
        )
    except (KeyError, TypeError, AttributeError, HpbridgeError) as error:
        reason = " ".join(str(error).split())
        msg = f"the study that rides in it is damaged ({reason:.80})"
        raise ValueError(msg) from error


def _unpack_trial(data: Mapping[str, Any]) -> ForeignTrial:
    seconds = [data["started_at"], data["run_seconds"]]
    started_at, run_seconds = (None if s is None else float(s) for s in seconds)
    return ForeignTrial(
        state=State(data["state"]),
        params=dict(data["params"]),
        metrics={str(name): float(v) for name, v in data["metrics"].items()},
        reports=tuple((int(step), float(v)) for step, v in data["reports"]),
        error=None if data["error"] is None else str(data["error"]),
        started_at=started_at,
        run_seconds=run_seconds,
        attributes=dict(data["attributes"]),
    )
