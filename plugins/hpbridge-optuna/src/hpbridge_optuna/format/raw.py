"""An Optuna study as it is kept: what every reader makes, whatever it reads.

Everything here is Optuna's own meaning; `hpbridge_optuna.format.read` makes ours of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import read_json_text
from hpbridge_optuna.native.read import external, parameter_of

if TYPE_CHECKING:
    from hpbridge.plugin import Label, Searched

FORMAT = "optuna"

STATES = ("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING")
"""By Optuna's number: `optuna.trial.TrialState`."""
DIRECTIONS = ("not_set", "minimize", "maximize")
"""By Optuna's number: `optuna.study.StudyDirection`."""


class DamagedError(ValueError):
    """The source is no storage of Optuna's, or is damaged; the message is one phrase.

    Attributes:
        hint: What to do about it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or "open it with Optuna itself to see whether it is whole"


@dataclass(slots=True)
class RawTrial:
    """One trial.

    Attributes:
        id: Of the storage; not the number.
        params: Parameter and plain value by name, in the order of the suggestions.
        started, ended: Unix time, seconds.
    """

    number: int
    id: int
    state: str
    values: list[float] | None = None
    params: dict[str, tuple[Searched, Label]] = field(default_factory=dict)
    reports: dict[int, float] = field(default_factory=dict)
    started: float | None = None
    ended: float | None = None
    user: dict[str, Any] = field(default_factory=dict)
    system: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class RawStudy:
    """One study, with trials of every state in the order of their numbers."""

    name: str
    directions: list[str]
    trials: list[RawTrial] = field(default_factory=list)
    user: dict[str, Any] = field(default_factory=dict)
    system: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Distributions:
    """Parameters by the JSON of their distributions: there are many, mostly equal."""

    def __init__(self) -> None:
        self._known: dict[str, Searched] = {}

    def __getitem__(self, text: str) -> Searched:
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = _of_json(text)
        return found

    def value(self, text: str, internal: float) -> tuple[Searched, Label]:
        """Return the parameter and the plain value of Optuna's internal one."""
        parameter = self[text]
        return parameter, external(parameter, internal)


def _of_json(text: str) -> Searched:
    data = read_json_text(text)
    if "name" in data:
        return parameter_of(data["name"], data["attributes"])
    # The short form of Optuna's command line.
    name = {"float": "Float", "int": "Int", "categorical": "Categorical"}[data["type"]]
    return parameter_of(f"{name}Distribution", data)


def pick(names: list[str], wanted: str | None) -> str:
    """Return the study to read among those of a storage.

    Raises:
        DamagedError: If there is none, or none of that name, or no name and several.
    """
    from hpbridge.plugin import nearest

    if not names:
        msg = "it holds no study"
        raise DamagedError(msg, "name a storage in which a study was made")
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted is None:
        listed = ", ".join(repr(name) for name in names[:20])
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""  # noqa: PLR2004
        msg = f"it holds {len(names)} studies: {listed}{more}"
        raise DamagedError(msg, "name one: `--study NAME`, or name= in Python")
    if wanted not in names:
        msg = f"it holds no study {wanted!r}; {nearest(wanted, names)}"
        raise DamagedError(msg, "name one: `--study NAME`, or name= in Python")
    return wanted
