"""Read a study from Optuna's journal: a file of JSON lines, one an operation.

Source:
    Optuna 5.0.0, `optuna/storages/journal/_storage.py`: `JournalStorageReplayResult`.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import DAMAGE, Categorical, read_json_text
from hpbridge_optuna.format.raw import (
    DIRECTIONS,
    STATES,
    DamagedError,
    Distributions,
    RawStudy,
    RawTrial,
    pick,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hpbridge.plugin import Parameter

_FINISHED = {"COMPLETE", "PRUNED", "FAIL"}
# The first operation makes a study, and is short.
_LONGEST_FIRST = 65_536
_IGNORED = 10


def is_journal(path: Path) -> bool:
    """Say whether the first line is an operation of a journal."""
    try:
        with path.open("rb") as file:
            line = file.readline(_LONGEST_FIRST)
        if not line.startswith(b"{"):
            return False
        first = json.loads(line)
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(first, dict) and {"op_code", "worker_id"} <= first.keys()


def read_journal(path: Path, wanted: str | None) -> RawStudy:
    """Return the study of a name, or the only one.

    Raises:
        DamagedError: If there is no such study, or a line is none of a journal.
    """
    replay = _Replay()
    notes = []
    for number, line in _lines(path):
        if line is None:
            notes.append("the last line of the journal is cut off, and was left out")
            break
        try:
            replay.apply(read_json_text(line))
        except DamagedError:
            raise
        except DAMAGE as error:
            msg = f"line {number} is no operation of a journal: {line[:60]!r}"
            raise DamagedError(msg) from error
    studies = {study.name: study for study in replay.studies.values()}
    study = studies[pick(list(studies), wanted)]
    study.notes += notes
    return study


def _lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Yield the lines and their numbers; None for a last one that is cut off."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            yield number, line if line.endswith(b"\n") else None


class _Replay:
    """What the operations so far came to."""

    def __init__(self) -> None:
        self.studies: dict[int, RawStudy] = {}
        self._trials: list[tuple[RawTrial, int]] = []
        self._n_studies = 0
        # The first distribution of a name in a study: Optuna ignores what is at odds.
        self._first: dict[tuple[int, str], Parameter] = {}
        self._distributions = Distributions()
        self._operations: tuple[Callable[[dict[str, Any]], None], ...] = (
            self._create_study,
            self._delete_study,
            lambda log: self._study(log).user.update(log["user_attr"]),
            lambda log: self._study(log).system.update(log["system_attr"]),
            self._create_trial,
            self._set_param,
            self._set_state,
            lambda log: self._open(log).reports.update(
                {int(log["step"]): float(log["intermediate_value"])}
            ),
            lambda log: self._open(log).user.update(log["user_attr"]),
            lambda log: self._open(log).system.update(log["system_attr"]),
        )

    def apply(self, log: dict[str, Any]) -> None:
        code = log["op_code"]
        if code == _IGNORED:
            return
        if type(code) is not int or not 0 <= code < _IGNORED:
            msg = f"it has the operation {code!r}, which hpbridge does not know"
            raise DamagedError(msg, "`pip install --upgrade hpbridge-optuna`")
        self._operations[code](log)

    def _study(self, log: dict[str, Any]) -> RawStudy:
        """Return the study that is meant; where there is none, one that nobody sees."""
        return self.studies.get(log["study_id"]) or RawStudy("", [])

    def _open(self, log: dict[str, Any]) -> RawTrial:
        """Return the trial that is meant; what has finished does not change."""
        identity = log["trial_id"]
        if 0 <= identity < len(self._trials):
            trial: RawTrial = self._trials[identity][0]
            if trial.state not in _FINISHED:
                return trial
        return RawTrial(-1, -1, "RUNNING")

    def _create_study(self, log: dict[str, Any]) -> None:
        name = str(log["study_name"])
        directions = [DIRECTIONS[direction] for direction in log["directions"]]
        if all(study.name != name for study in self.studies.values()):
            self.studies[self._n_studies] = RawStudy(name, directions)
            self._n_studies += 1

    def _delete_study(self, log: dict[str, Any]) -> None:
        self.studies.pop(log["study_id"], None)

    def _create_trial(self, log: dict[str, Any]) -> None:
        key = log["study_id"]
        if key not in self.studies:
            return
        values = log.get("values")
        if values is None and log.get("value") is not None:
            values = [log["value"]]
        trial = RawTrial(
            number=len(self.studies[key].trials),
            id=len(self._trials),
            state=STATES[log.get("state", 0)],
            values=None if values is None else [float(value) for value in values],
            reports={
                int(step): float(value)
                for step, value in log.get("intermediate_values", {}).items()
            },
            started=_unix(log["datetime_start"]),
            ended=_unix(log.get("datetime_complete")),
            user=dict(log.get("user_attrs", {})),
            system=dict(log.get("system_attrs", {})),
        )
        texts = log.get("distributions", {})
        for name, value in log.get("params", {}).items():
            trial.params[name] = self._distributions.value(texts[name], value)
            self._first.setdefault((key, name), trial.params[name][0])
        self._trials.append((trial, key))
        self.studies[key].trials.append(trial)

    def _set_param(self, log: dict[str, Any]) -> None:
        trial = self._open(log)
        if trial.number < 0:
            return
        name, value = log["param_name"], log["param_value_internal"]
        found = self._distributions.value(log["distribution"], value)
        first = self._first.setdefault((self._trials[trial.id][1], name), found[0])
        if _agree(first, found[0]):
            trial.params[name] = found

    def _set_state(self, log: dict[str, Any]) -> None:
        trial = self._open(log)
        state = STATES[log["state"]]
        if state == trial.state == "RUNNING":
            return
        trial.state = state
        if state == "RUNNING":
            trial.started = _unix(log["datetime_start"])
        elif state in _FINISHED:
            trial.ended = _unix(log["datetime_complete"])
        if log["values"] is not None:
            trial.values = [float(value) for value in log["values"]]


def _agree(first: Parameter, other: Parameter) -> bool:
    """Say what Optuna's `check_distribution_compatibility` says."""
    if type(first) is not type(other):
        return False
    if isinstance(first, Categorical):
        return first == other
    return bool(first.log == other.log)  # type: ignore[attr-defined]


def _unix(text: str | None) -> float | None:
    # Optuna before 5.0 wrote the machine's own time, without a zone.
    return None if text is None else dt.datetime.fromisoformat(text).timestamp()
