"""A study that ran, or runs: its record, read from the store."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.lazy import lazy
from hpbridge.errors import HpbridgeError
from hpbridge.errors.arguments import FLAG, PATH, takes
from hpbridge.store.attributes import PREFIX, to_cell
from hpbridge.store.record import TRIAL_FIELDS, StudyRecord
from hpbridge.trial import FinishedTrial, Origin, State

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import pandas as pd
    import plotly.graph_objects as go

    from hpbridge.analysis.failures import Failures
    from hpbridge.analysis.lineage import Schedule
    from hpbridge.analysis.spent import Spent
    from hpbridge.analysis.stopped import Stopped
    from hpbridge.experiment import Constraint
    from hpbridge.space.space import Space
    from hpbridge.store import Database


# A study is below what is made of it, as a file or a number: by name, not by import.
_frame_of = lazy("hpbridge.formats.export:frame_of")
_export_study = lazy("hpbridge.formats.writers:export_study")
_plot_of = lazy("hpbridge.report.kinds:plot_of")
_lineage_of = lazy("hpbridge.analysis.lineage:lineage_of")
_schedule_of = lazy("hpbridge.analysis.lineage:schedule_of")
_failures_of = lazy("hpbridge.analysis.failures:failures_of")
_sentences_of = lazy("hpbridge.analysis.failures:sentences_of")
_stopped_of = lazy("hpbridge.analysis.stopped:stopped_of")
_spent_by = lazy("hpbridge.analysis.spent:spent_by")


class NoBestTrialError(HpbridgeError, ValueError):
    """There is no complete feasible trial, or several metrics and no single best."""


@dataclass(frozen=True, kw_only=True)
class Study(StudyRecord):
    """One experiment, run by one optimizer with one seed.

    Attributes:
        trials: Finished trials by number.
        home: The store that it was read from; None for a study of none. A copy that
            goes to another process has none.
    """

    trials: tuple[FinishedTrial, ...] = field(default=(), repr=False)
    home: Database | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "home": None}

    @property
    def bounds(self) -> tuple[Constraint, ...]:
        """The constraints on metrics."""
        return self.settings.bounds

    @property
    def main_metric(self) -> str:
        """The first metric."""
        return next(iter(self.metrics))

    @property
    def sign(self) -> int:
        """1 when the main metric is minimized, -1 when it is maximized."""
        return self.sign_of(self.main_metric)

    def sign_of(self, metric: str) -> int:
        """Return 1 when a metric is minimized, -1 when it is maximized."""
        return -1 if self.metrics[metric] == "maximize" else 1

    def is_feasible(self, trial: FinishedTrial) -> bool:
        """Say whether a trial is complete and within the constraints."""
        if trial.state is not State.COMPLETE:
            return False
        return all(not b.violation(trial.metrics) > 0 for b in self.bounds)

    @property
    def n_infeasible(self) -> int:
        """How many complete trials are beyond the constraints."""
        complete = [trial for trial in self.trials if trial.state is State.COMPLETE]
        return sum(not self.is_feasible(trial) for trial in complete)

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
            problems = _sentences_of(self.failures)
            hint = f"`hpbridge show {self.name}` shows every trial"
            raise NoBestTrialError(headline, problems, hint)
        return best

    def lineage(self, number: int | None = None) -> list[FinishedTrial]:
        """Return a trial and all that it goes on from, the first one first.

        Args:
            number: Of the trial; the best one by default.

        Raises:
            TrialNotFoundError: If there is no such trial.
        """
        found: list[FinishedTrial] = _lineage_of(self, number)
        return found

    def schedule(self, number: int | None = None) -> Schedule:
        """Return the parameters by their steps that led to a trial, to be replayed.

        Args:
            number: Of the trial; the best one by default.

        Raises:
            FormatError: If its trials have no budgets.
            TrialNotFoundError: If there is no such trial.
        """
        found: Schedule = _schedule_of(self, number)
        return found

    @property
    def failures(self) -> list[Failures]:
        """The failed trials by their errors, the most frequent error first.

        Errors that differ in numbers and addresses alone are one.
        """
        found: list[Failures] = _failures_of(self.trials)
        return found

    @property
    def stopped(self) -> Stopped | None:
        """What it bought to stop trials early; None where nothing could stop any."""
        found: Stopped | None = _stopped_of(self)
        return found

    @property
    def spent(self) -> Spent | None:
        """What its trials took of its budget; None where it has none."""
        found: Spent | None = _spent_by(self)
        return found

    @property
    def has_result(self) -> bool:
        """Whether a trial that it ran itself is complete."""
        return any(
            trial.state is State.COMPLETE and trial.origin is not Origin.IMPORTED
            for trial in self.trials
        )

    def best_by_main_metric(self) -> FinishedTrial | None:
        """Return the best feasible trial by the main metric, if there is one."""
        return self.best_by(self.main_metric)

    def best_by(self, metric: str) -> FinishedTrial | None:
        """Return the best feasible trial by one of the metrics, if there is one."""
        sign = self.sign_of(metric)
        return min(self.rivals, key=lambda t: sign * t.metrics[metric], default=None)

    @property
    def rivals(self) -> list[FinishedTrial]:
        """The trials of which one is the best: feasible ones, by number.

        Of trials at several budgets, those at the largest: what a trial came to before
        that cannot be compared.
        """
        feasible = [t for t in self.trials if self.is_feasible(t)]
        most = max((t.budget or 0 for t in feasible), default=0)
        return [t for t in feasible if (t.budget or 0) == most]

    @property
    def best_trials(self) -> list[FinishedTrial]:
        """The Pareto front: feasible trials that no other one dominates, by number."""
        signs = [-1 if way == "maximize" else 1 for way in self.metrics.values()]
        points = [
            (t, [s * t.metrics[m] for s, m in zip(signs, self.metrics, strict=True)])
            for t in self.rivals
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
                f.name
                for f in _SELDOM_FIELDS
                if any(getattr(t, f.name) is not None for t in trials)
            ),
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

    def plot(self, kind: str = "history", *, metric: str | None = None) -> go.Figure:
        """Return a figure of plotly's, as the study's page has it.

        Args:
            kind: ``history``, ``parallel``, ``slice`` or ``importance`` of any study;
                ``curves`` where trials reported;
                ``folds``, ``gain``, ``confusion``, ``roc``, ``precision_recall``,
                ``calibration`` or ``residuals`` of one that evaluated models;
                ``nested``, ``confirmed`` or ``threshold`` where that was done with it.
            metric: By default the first.

        Raises:
            ArgumentError: If there is no such kind or metric, with the nearest.
            HpbridgeError: If the study has no data for the kind, and why, or plotly is
                not installed.
        """
        return _plot_of(self, kind, metric)

    @takes(path=PATH, overwrite=FLAG)
    def export(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the trials to a file: ``.csv``, ``.parquet`` or ``.json`` by its name.

        Raises:
            HpbridgeError: If the ending is another one, a package is missing, or there
                is such a file and `overwrite` is not set.
        """
        _export_study(self, path, overwrite=overwrite)


def _is_beaten(point: list[float], front: list[list[float]]) -> bool:
    if len(point) == 2:  # noqa: PLR2004 - of two metrics, the last is the one to beat
        return bool(front) and _dominates(front[-1], point)
    return any(_dominates(other, point) for other in front)


def _dominates(left: list[float], right: list[float]) -> bool:
    return left != right and all(a <= b for a, b in zip(left, right, strict=True))


_OF_STUDY = ("study", "backend", "algorithm")
_PLACE = [f.name for f in TRIAL_FIELDS].index("params")
_FIRST_FIELDS = [f for f in TRIAL_FIELDS[:_PLACE] if f.is_shown]
_LAST_FIELDS = [f for f in TRIAL_FIELDS[_PLACE:] if f.is_shown and not f.is_seldom]
_SELDOM_FIELDS = [f for f in TRIAL_FIELDS if f.is_seldom]
_FIRST_COLUMNS = (*_OF_STUDY, *(f.name for f in _FIRST_FIELDS))
_LAST_COLUMNS = tuple(f.name for f in _LAST_FIELDS)

RESULT_COLUMNS = (*_FIRST_COLUMNS, *_LAST_COLUMNS)
"""The columns of `Study.rows` that every study has."""


def _row(study: Study, trial: FinishedTrial, columns: list[str]) -> dict[str, Any]:
    of_study = (study.name, study.backend, study.algorithm)
    shown = (*_FIRST_FIELDS, *_LAST_FIELDS, *_SELDOM_FIELDS)
    known = {
        **dict(zip(_OF_STUDY, of_study, strict=True)),
        **{f.name: f.to_json(getattr(trial, f.name)) for f in shown},
        **{f"param:{name}": value for name, value in trial.params.items()},
        **{f"metric:{name}": value for name, value in trial.metrics.items()},
        **{f"{PREFIX}{name}": to_cell(v) for name, v in trial.attributes.items()},
    }
    return {column: known.get(column) for column in columns}


@takes(salvage=FLAG)
def load_study(
    name: str | int,
    store: str | os.PathLike[str] | Database | None = None,
    *,
    salvage: bool = False,
) -> Study:
    """Return a study from a store, by its name or its id.

    Needs neither the experiment nor the backend that made it.

    Args:
        name: Of the study, or its id.
        store: As of `hpbridge.run`.
        salvage: Whether to return what is left of a damaged one; its last note says
            how much that is.

    Raises:
        StudyNotFoundError: With the nearest name there is.
        StoreDamagedError: If the study is not whole any more, unless `salvage` is set.
        StoreError: If the store cannot be read.
    """
    from hpbridge.store import open_store

    database = open_store(store)
    record = database.study(name)
    if salvage:
        records, note = database.salvage(record)
        record = replace(record, notes=(*record.notes, note))
        return study_of(record, records.finished, home=database)
    return study_of(record, database.trials(record).finished, home=database)


def study_of(
    record: StudyRecord,
    trials: Sequence[FinishedTrial],
    space: Space | None = None,
    *,
    home: Database,
) -> Study:
    """Return a study of the store.

    Args:
        record: What the store holds of it.
        trials: Those that ended.
        space: The experiment's own, whose choices are objects; by default the record's.
        home: The store.
    """
    known = {**vars(record), "space": space or record.space, "home": home}
    ended = sorted(trials, key=lambda trial: trial.number)
    return Study(**known, trials=tuple(ended))
