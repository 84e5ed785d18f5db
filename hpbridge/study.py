"""A study that ran, or runs: its record, read from the store."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.contract.lazy import lazy
from hpbridge.errors import HpbridgeError
from hpbridge.experiment import Constraint
from hpbridge.space.space import Space
from hpbridge.store.attributes import PREFIX, to_cell
from hpbridge.store.numbers import load_metrics, load_reports
from hpbridge.trial import FinishedTrial, Origin, State

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import pandas as pd

    from hpbridge.store import Database


# A study is below the formats that it can be written in: by name, not by import.
_frame_of = lazy("hpbridge.formats.export:frame_of")
_export_study = lazy("hpbridge.formats.export:export_study")


class NoBestTrialError(HpbridgeError, ValueError):
    """There is no complete feasible trial, or several metrics and no single best."""


@dataclass(frozen=True)
class Study:
    """One experiment, run by one optimizer with one seed.

    Attributes:
        space: As it was searched. Read from a store, its choices are their labels.
        algorithm: Empty when the source of an imported study does not say.
        seed: None when the source of an imported study does not say.
        metrics: Direction by metric, in order; the first one is the main one.
        status: ``running``, ``finished``, ``interrupted`` or ``failed``.
        stop_reason: Why it ended before its budget was used up, if it did.
        versions: Of Python, hpbridge, the plugin and every library involved.
        notes: What was said before and while it ran: what could not be taken, say.
        trials: Finished trials by number.
    """

    id: int
    name: str
    experiment: str
    reference: str
    backend: str
    algorithm: str
    seed: int | None
    options: Mapping[str, Any]
    space: Space
    metrics: Mapping[str, str]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    machine: Mapping[str, Any]
    notes: tuple[str, ...]
    status: str
    stop_reason: str | None
    created_at: float
    updated_at: float
    comparison_id: int | None
    trials: tuple[FinishedTrial, ...] = field(repr=False)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What the user noted with the study: JSON data."""
    native: Mapping[str, Any] = field(default_factory=dict)
    """The state that the library of an imported study kept: JSON data."""

    def row(self, name: str | None = None) -> dict[str, Any]:
        """Return the study's row for a store, under its own or another name."""
        return {
            "name": (name or self.name)[:190],
            "experiment": self.experiment[:200],
            "reference": self.reference,
            "backend": self.backend,
            "algorithm": self.algorithm,
            "seed": "" if self.seed is None else str(self.seed),
            "options": json.dumps(self.options),
            "space": json.dumps(self.space.to_json()),
            "metrics": json.dumps(self.metrics),
            "settings": json.dumps(self.settings),
            "versions": json.dumps(self.versions),
            "machine": json.dumps(self.machine),
            "notes": json.dumps(self.notes),
            "attributes": json.dumps(self.attributes) if self.attributes else None,
            "native": json.dumps(self.native) if self.native else None,
            "comparison_id": None,
        }

    @property
    def optimizer(self) -> str:
        """Backend and algorithm, as in ``optuna:tpe``."""
        return f"{self.backend}:{self.algorithm}" if self.algorithm else self.backend

    @property
    def bounds(self) -> tuple[Constraint, ...]:
        """The constraints on metrics."""
        return tuple(Constraint(*bound) for bound in self.settings.get("bounds", []))

    @property
    def main_metric(self) -> str:
        """The first metric."""
        return next(iter(self.metrics))

    @property
    def sign(self) -> int:
        """1 when the main metric is minimized, -1 when it is maximized."""
        return -1 if self.metrics[self.main_metric] == "maximize" else 1

    def is_feasible(self, trial: FinishedTrial) -> bool:
        """Say whether a trial is complete and within the constraints."""
        if trial.state is not State.COMPLETE:
            return False
        return all(not b.violation(trial.metrics) > 0 for b in self.bounds)

    @property
    def best_trial(self) -> FinishedTrial:
        """The best feasible complete trial by the main metric; the earliest of equals.

        Raises:
            NoBestTrialError: If there is none, or if several metrics have a direction.
        """
        if len(self.metrics) > 1:
            headline = (
                f"Study {self.name!r} has {len(self.metrics)} metrics, no one best"
            )
            raise NoBestTrialError(headline, hint="use best_trials, the front")
        best = self.best_by_main_metric()
        if best is None:
            headline = (
                f"Study {self.name!r} has no complete feasible trial "
                f"among {len(self.trials)}"
            )
            hint = f"`hpbridge show {self.name}` shows the errors"
            raise NoBestTrialError(headline, hint=hint)
        return best

    def best_by_main_metric(self) -> FinishedTrial | None:
        """Return the best feasible trial by the main metric, if there is one."""
        feasible = [t for t in self.trials if self.is_feasible(t)]
        key = self.main_metric
        return min(feasible, key=lambda t: self.sign * t.metrics[key], default=None)

    @property
    def best_trials(self) -> list[FinishedTrial]:
        """The Pareto front: feasible trials that no other one dominates, by number."""
        signs = [-1 if way == "maximize" else 1 for way in self.metrics.values()]
        points = [
            (t, [s * t.metrics[m] for s, m in zip(signs, self.metrics, strict=True)])
            for t in self.trials
            if self.is_feasible(t)
        ]
        # A point is dominated only by one that sorts before it.
        front: list[tuple[FinishedTrial, list[float]]] = []
        for trial, point in sorted(points, key=lambda pair: pair[1]):
            if not _is_beaten(point, [other for _, other in front]):
                front.append((trial, point))
        return sorted((t for t, _ in front), key=lambda t: t.number)

    @property
    def columns(self) -> list[str]:
        """The columns of `rows`, in order; `formats/export.py` says what they hold."""
        trials = self.trials
        returned = (m for t in trials for m in t.metrics)
        return [
            *_FIRST_COLUMNS,
            *(f"param:{name}" for name in self.space.searched),
            *(f"metric:{name}" for name in dict.fromkeys([*self.metrics, *returned])),
            *_LAST_COLUMNS,
            *(
                f"{PREFIX}{n}"
                for n in dict.fromkeys(n for t in trials for n in t.attributes)
            ),
        ]

    def rows(self) -> list[dict[str, Any]]:
        """Return a flat dict a trial, in the columns of the results schema.

        Parameters are ``param:NAME`` (None where inactive), metrics ``metric:NAME``.
        """
        columns = self.columns
        return [_row(self, trial, columns) for trial in self.trials]

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame with a row a trial; the columns are those of `rows`.

        Raises:
            HpbridgeError: If pandas is not installed.
        """
        return _frame_of(self.rows(), self.columns)

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the trials to a file: ``.csv``, ``.parquet`` or ``.json`` by its name.

        Raises:
            HpbridgeError: If the ending is another one, or a package is missing.
        """
        _export_study(self, path)


def _is_beaten(point: list[float], front: list[list[float]]) -> bool:
    if len(point) == 2:  # noqa: PLR2004 - of two metrics, the last is the one to beat
        return bool(front) and _dominates(front[-1], point)
    return any(_dominates(other, point) for other in front)


def _dominates(left: list[float], right: list[float]) -> bool:
    return left != right and all(a <= b for a, b in zip(left, right, strict=True))


_FIRST_COLUMNS = ("study", "backend", "algorithm", "number", "state", "origin")
_LAST_COLUMNS = (
    "error",
    "seed",
    "tells_before",
    "told",
    "worker",
    "attempts",
    "asked_at",
    "started_at",
    "ask_seconds",
    "run_seconds",
    "tell_seconds",
)


def _row(study: Study, trial: FinishedTrial, columns: list[str]) -> dict[str, Any]:
    known = {
        "study": study.name,
        "backend": study.backend,
        "algorithm": study.algorithm,
        "number": trial.number,
        "state": trial.state.value,
        "origin": trial.origin.value,
        **{f"param:{name}": value for name, value in trial.params.items()},
        **{f"metric:{name}": value for name, value in trial.metrics.items()},
        **{name: getattr(trial, name) for name in _LAST_COLUMNS},
        **{f"{PREFIX}{name}": to_cell(v) for name, v in trial.attributes.items()},
    }
    return {column: known.get(column) for column in columns}


def load_study(
    name: str | int, store: str | os.PathLike[str] | Database | None = None
) -> Study:
    """Return a study from a store, by its name or its id.

    Needs neither the experiment nor the backend that made it.

    Raises:
        StudyNotFoundError: With the nearest name there is.
        StoreError: If the store cannot be read.
    """
    from hpbridge.store import open_store

    database = open_store(store)
    row = database.study(name)
    return study_of(row, database.trials(row["id"]))


def study_of(
    row: Mapping[str, Any],
    trial_rows: list[dict[str, Any]],
    space: Space | None = None,
) -> Study:
    """Return the study behind rows of the store.

    Args:
        row: Of the table of studies.
        trial_rows: Of the table of trials; running ones are left out.
        space: The experiment's own, whose choices are objects; None reads the row's.
    """
    space = space or Space.from_json(json.loads(row["space"]))
    trials = [trial_of(r, space) for r in trial_rows if r["told"] is not None]
    return Study(
        id=row["id"],
        name=row["name"],
        experiment=row["experiment"],
        reference=row["reference"],
        backend=row["backend"],
        algorithm=row["algorithm"],
        seed=int(row["seed"]) if row["seed"] else None,
        options=json.loads(row["options"]),
        space=space,
        metrics=json.loads(row["metrics"]),
        settings=json.loads(row["settings"]),
        versions=json.loads(row["versions"]),
        machine=json.loads(row["machine"]),
        notes=tuple(json.loads(row["notes"])),
        status=row["status"],
        stop_reason=row["stop_reason"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        comparison_id=row["comparison_id"],
        trials=tuple(trials),
        attributes=json.loads(row["attributes"] or "{}"),
        native=json.loads(row["native"] or "{}"),
    )


def trial_of(row: Mapping[str, Any], space: Space) -> FinishedTrial:
    """Return the finished trial behind a row of the store."""
    params = json.loads(row["params"])
    return FinishedTrial(
        number=row["number"],
        state=State(row["state"]),
        params=params,
        values=space.to_objects(params),
        metrics=load_metrics(row["metrics"]),
        origin=Origin(row["origin"]),
        tells_before=row["tells_before"],
        told=row["told"],
        reports=load_reports(row["reports"]),
        error=row["error"],
        traceback=row["traceback"],
        seed=int(row["seed"]),
        worker=row["worker"],
        attempts=row["attempts"],
        asked_at=row["asked_at"],
        started_at=row["started_at"],
        ask_seconds=row["ask_seconds"],
        run_seconds=row["run_seconds"],
        tell_seconds=row["tell_seconds"],
        attributes=json.loads(row["attributes"] or "{}"),
        native=json.loads(row["native"] or "{}"),
    )
