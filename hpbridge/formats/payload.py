"""What a foreign format has no place for rides along in it, as JSON data.

Several formats keep less than a study has, and have room for user data. Their writers
put `pack_study(study)` there, under a key that starts with ``hpbridge:``; their readers
give the study back with `unpack_study`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import ForeignStudy
from hpbridge.errors import HpbridgeError
from hpbridge.formats.trials import foreign_from_json, foreign_to_json, foreign_trials
from hpbridge.space.plain_data import of_standard, to_standard
from hpbridge.space.space import Space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.study import Study

PAYLOAD_KEY = "hpbridge:study"
"""Where it rides, unless a format needs another place."""

PAYLOAD_SCHEMA = 1
"""Version of what rides along. A field that is added to it raises it only if those who
do not know the field would misread the rest."""


def pack_study(study: Study) -> dict[str, Any]:
    """Return a study as standard JSON data, all but what its library keeps."""
    return {
        "version": PAYLOAD_SCHEMA,
        "name": study.name,
        "optimizer": study.optimizer,
        "space": study.space.to_json(),
        "metrics": dict(study.metrics),
        "bounds": bounds_of(study),
        "attributes": to_standard(study.attributes),
        "trials": [
            foreign_to_json(trial, with_native=False)
            for trial in foreign_trials(study.trials)
        ],
    }


def bounds_of(study: Study) -> dict[str, str]:
    """Return a study's constraints as `hpbridge.Experiment` takes them."""
    return {bound.metric: bound.text for bound in study.bounds}


def unpack_study(data: Mapping[str, Any], backend: str) -> ForeignStudy:
    """Return the study that `pack` wrote.

    Args:
        data: From a file that anybody may have changed.
        backend: Whose format it was in; algorithms of others are not named.

    Raises:
        ValueError: If it is damaged or of a newer version, with one phrase.
    """
    try:
        if data["version"] != PAYLOAD_SCHEMA:
            msg = f"its study is of version {data['version']!r}, not {PAYLOAD_SCHEMA}"
            raise ValueError(msg)
        optimizer, _, algorithm = str(data["optimizer"]).partition(":")
        return ForeignStudy(
            name=str(data["name"]),
            trials=tuple(foreign_from_json(each) for each in data["trials"]),
            metrics={str(m): str(way) for m, way in data["metrics"].items()},
            space=Space.from_json(data["space"]),
            bounds={str(m): str(text) for m, text in data["bounds"].items()},
            algorithm=algorithm if optimizer == backend else "",
            attributes=dict(of_standard(data["attributes"])),
        )
    except (KeyError, TypeError, AttributeError, HpbridgeError) as error:
        reason = " ".join(str(error).split())
        msg = f"the study that rides in it is damaged ({reason:.80})"
        raise ValueError(msg) from error
