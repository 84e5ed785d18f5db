"""How a study is run, as its record keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpbridge.experiment import Constraint
from hpbridge.space.budget import Budget

if TYPE_CHECKING:
    from hpbridge.space.space import Params


@dataclass(frozen=True)
class Settings:
    """How far a study goes, and how its trials are run.

    Attributes:
        n_trials: Trials whose objective ran, of every state and origin; not imported.
        timeout: Seconds after which no new trial starts.
        target: Value of the first metric that ends the study, in its own unit.
        retries: How often a failed trial is run again before it counts as failed.
        on_error: ``"record"`` goes on after a failed trial, ``"stop"`` ends the study.
        workers: Trials that run at the same time.
        timeout_trial: Seconds after which a trial is ended and counts as failed.
        trials_per_worker: Trials after which a worker process is renewed.
        memory_trial: Bytes by which a worker process may grow during a trial, which is
            ended beyond them and counts as failed.
        threads_per_worker: Threads that the libraries in each worker process start;
            None for its share of the machine's cores.
        pruner: What decides whether running trials go on: its name and all its options
            (``name``, ``options``); None for nothing.
        driver_options: All options of the driver; None where none was given.
    """

    n_trials: int
    timeout: float | None = None
    target: float | None = None
    retries: int = 0
    on_error: str = "record"
    workers: int = 1
    timeout_trial: float | None = None
    trials_per_worker: int | None = None
    memory_trial: int | None = None
    threads_per_worker: int | None = None
    pruner: Mapping[str, Any] | None = None
    driver_options: Mapping[str, Any] | None = None


UNLIMITED = 2**31 - 1
"""The `Settings.n_trials` of a study that goes on for as long as it is asked."""

OWN_LOOP = "own"
"""The driver of a study whose loop is the caller's: it is asked and told."""

OF_WORKERS = ("trials_per_worker", "memory_trial", "threads_per_worker")
"""What only a driver with worker processes can have, which says so in its record."""


@dataclass(frozen=True)
class PastStudy:
    """The study that another one goes on from, as far as a resume needs it.

    Attributes:
        source: Its name.
        is_own: Whether the library that ran it can go on with it in its own way.
        native: The library's own state, where the source held it.
    """

    source: str
    is_own: bool
    native: Mapping[str, Any]


@dataclass(frozen=True)
class ImportedFrom:
    """Where an imported study comes from.

    Attributes:
        format: As in ``hpbridge import --format``.
        source: The file, folder or URL, or the type of the object.
    """

    format: str
    source: str


@dataclass(frozen=True, eq=False)
class StudySettings(Mapping[str, Any]):
    """How a study is run, or where it was imported from.

    It is also the mapping that store and files hold it as: ``settings["n_trials"]``.

    Attributes:
        budget: How far it goes. Of an imported study, it has as many trials as that.
        driver: Whose loop runs the trials.
        bounds: The constraints on metrics.
        shared: Points that run first, common to all studies of a comparison.
        history: The study that it goes on from, if it does.
        imported: Where it was imported from, if it was.
        range: Of the budgets of its trials, if the experiment has one.
        further: What another version keeps there, as it is.
    """

    budget: Settings
    driver: str = ""
    bounds: tuple[Constraint, ...] = ()
    shared: tuple[Params, ...] = ()
    history: PastStudy | None = None
    imported: ImportedFrom | None = None
    range: Budget | None = None
    further: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _data(self) -> dict[str, Any]:
        data: dict[str, Any] = asdict(self.budget)
        for name in (*OF_WORKERS, "pruner", "driver_options"):
            if data[name] is None:  # as a version without them writes it
                del data[name]
        if data["n_trials"] == UNLIMITED:
            data["n_trials"] = None
        if self.imported is not None:
            data = {"n_trials": self.budget.n_trials}  # the rest is not known
        if self.driver:
            data["driver"] = self.driver
        data["bounds"] = [bound.to_json() for bound in self.bounds]
        if self.shared:
            data["shared"] = [dict(point) for point in self.shared]
        if self.history is not None:
            data["history"] = {**vars(self.history)}
        if self.imported is not None:
            data["imported"] = {**vars(self.imported)}
        if self.range is not None:
            data["budget"] = self.range.to_json()
        return data | dict(self.further)

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def to_json(self) -> dict[str, Any]:
        """Return them as JSON data."""
        return dict(self._data)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StudySettings:
        """Return the settings that `to_json` wrote, also those of older versions."""
        left = dict(data)
        limits = {f.name: left.pop(f.name) for f in fields(Settings) if f.name in left}
        if limits.get("n_trials", 0) is None:
            limits["n_trials"] = UNLIMITED
        history, imported = left.pop("history", None), left.pop("imported", None)
        budget = left.pop("budget", None)
        return cls(
            budget=Settings(**{"n_trials": 0, **limits}),
            driver=left.pop("driver", ""),
            bounds=tuple(Constraint.from_json(b) for b in left.pop("bounds", ())),
            shared=tuple(left.pop("shared", ())),
            history=None if history is None else PastStudy(**history),
            imported=None if imported is None else ImportedFrom(**imported),
            range=None if budget is None else Budget.from_json(budget),
            further=left,
        )
