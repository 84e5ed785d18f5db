"""Make `Results` of studies, or straight from the store."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.asked import NOT_BEGUN, asked_of
from hpbridge.analysis.contest.axes import axes_of, reference_among
from hpbridge.analysis.contest.fronts import joint_front, reference_of, volumes_so_far
from hpbridge.analysis.contest.results import (
    DONE,
    FAILED,
    PARTIAL,
    OnFront,
    Results,
)
from hpbridge.analysis.contest.told import (
    COLUMNS,
    told_of_columns,
    told_of_study,
)
from hpbridge.errors import StoreDamagedError, count
from hpbridge.store.record import Status
from hpbridge.store.settings import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpbridge.analysis.contest.axes import Axes
    from hpbridge.analysis.contest.results import Facts
    from hpbridge.analysis.contest.told import Told
    from hpbridge.store import Database
    from hpbridge.store.record import StudyRecord
    from hpbridge.study import Study

    Run = tuple[tuple[int, int, int], Told]

_UNREADABLE = (ValueError, TypeError, AttributeError, RecursionError, OverflowError)


def results_of(studies: Sequence[Study]) -> Results:
    """Return what statistics need of studies.

    Args:
        studies: Of any experiments, optimizers and seeds; those of one experiment with
            the same metrics are of one problem. As `AskedStudies`, with what is missing
            of them.
    """
    axes = axes_of(studies, getattr(studies, "asked", None))
    runs = (
        (place, told_of_study(study, axes.problems[place[0]].scored_by))
        for place, study in _by_problem(axes, studies)
    )
    return _results(axes, studies, runs)


def results_from(
    database: Database,
    comparison_id: int,
    records: Sequence[StudyRecord] | None = None,
) -> Results:
    """Return what statistics need of a comparison, straight from the store.

    They are those of `results_of`, without an object for every trial.

    Args:
        database: An open store.
        comparison_id: Of the comparison.
        records: Of its studies, where they have been read already.

    Raises:
        StoreDamagedError: If a study has lost trials, or they cannot be read.
        StoreError: If the store cannot be read.
    """
    studies = records
    if studies is None:
        studies = database.studies(comparison_id=comparison_id)
    known = (c for c in database.comparisons() if c.id == comparison_id)
    asked = next((asked_of(c.experiment, c.settings) for c in known), None)
    axes = axes_of(studies, asked)
    return _results(axes, studies, _runs_of_store(database, axes, studies))


def _runs_of_store(
    database: Database, axes: Axes, studies: Sequence[StudyRecord]
) -> Iterator[Run]:
    from hpbridge.store.columns import told_columns

    placed = _by_problem(axes, studies)
    has_fronts = any(len(facts.metrics) > 1 for facts in axes.problems)
    names = COLUMNS if has_fronts else COLUMNS[:-1]
    read = told_columns(database, [study for _, study in placed], names)
    for (place, _), (study, columns) in zip(placed, read, strict=True):
        scored_by = axes.problems[place[0]].scored_by
        try:
            told = told_of_columns(study, columns, scored_by)
        except _UNREADABLE as error:
            problem = f"its trials cannot be read: {error}"[:200]
            raise StoreDamagedError.of_study(
                database.url, study.name, [problem]
            ) from error
        yield place, told


def _by_problem(axes: Axes, studies: Sequence[Any]) -> list[tuple[Any, Any]]:
    return sorted(zip(axes.places, studies, strict=True), key=lambda pair: pair[0][0])


def _results(
    axes: Axes, studies: Sequence[StudyRecord], runs: Iterator[Run]
) -> Results:
    """Fill the arrays, problem by problem."""
    import numpy as np

    filled: list[tuple[Run, npt.NDArray[np.float64]]] = []
    problems = list(axes.problems)
    fronts = {}
    for problem, several in itertools.groupby(runs, key=lambda run: run[0][0]):
        own = [*several]
        problems[problem], found = _judged(axes.problems[problem], own)
        filled += zip(own, found, strict=True)
        if len(problems[problem].metrics) > 1:
            fronts[problem] = _front(problems[problem], own)
    longest = max((len(values) for _, values in filled), default=0)
    best, seconds, of_optimizer = (
        np.full((*axes.shape, longest), np.nan) for _ in range(3)
    )
    n_told, n_failed = (np.zeros(axes.shape, dtype=np.int32) for _ in range(2))
    for (place, told), values in filled:
        n = len(values)
        best[place][:n] = values
        best[place][n:] = values[-1] if n else np.inf
        seconds[place][:n] = told.seconds
        of_optimizer[place][:n] = told.optimizer_seconds
        n_told[place], n_failed[place] = n, told.n_failed
    return Results(
        problems=tuple(problems),
        optimizers=axes.optimizers,
        seeds=axes.seeds,
        best=best,
        seconds=seconds,
        optimizer_seconds=of_optimizer,
        n_told=n_told,
        n_failed=n_failed,
        **_states(axes, studies, n_told),
        reference=reference_among(studies, axes),
        studies={
            place: s.id for place, s in zip(axes.places, studies, strict=True) if s.id
        },
        fronts=fronts,
        notes=axes.notes,
    )


def _judged(
    facts: Facts, runs: Sequence[Run]
) -> tuple[Facts, list[npt.NDArray[np.float64]]]:
    """Return the judged value after each trial, of the runs of one problem."""
    from dataclasses import replace

    if len(facts.metrics) == 1:
        return facts, [_best_so_far(told) for _, told in runs]
    reference = facts.reference_point or reference_of([told.points for _, told in runs])
    volumes = volumes_so_far([told.points for _, told in runs], reference)
    return replace(facts, reference_point=reference), [*map(_negated, volumes)]


def _front(facts: Facts, runs: Sequence[Run]) -> tuple[OnFront, ...]:
    """Return the front of the runs of one problem together."""
    signs = [-1 if way == "maximize" else 1 for _, way in facts.metrics]
    found = []
    for run, trial in joint_front([told.points for _, told in runs]):
        (_, optimizer, seed), told = runs[run]
        assert told.numbers is not None  # it has several metrics
        point = told.points[trial].tolist()
        found.append(
            OnFront(
                optimizer=optimizer,
                seed=seed,
                number=int(told.numbers[trial]),
                values=tuple(s * v for s, v in zip(signs, point, strict=True)),
            )
        )
    return tuple(sorted(found, key=lambda t: (t.optimizer, t.seed, t.number)))


def _best_so_far(told: Told) -> npt.NDArray[np.float64]:
    import numpy as np

    so_far = np.minimum.accumulate(told.points[:, 0])
    if told.judged is None:
        return so_far
    before = np.concatenate([[np.inf], so_far[:-1]])
    improves = np.where(so_far < before, np.arange(len(so_far)), -1)
    which = np.maximum.accumulate(improves)
    judged = np.nan_to_num(told.judged, nan=np.inf, posinf=np.inf, neginf=-np.inf)
    return np.where(which < 0, np.inf, judged[which])


def _negated(volumes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return them with smaller ones better; without a point there is no volume yet."""
    import numpy as np

    return np.where(volumes > 0, -volumes, 0.0)


def _states(
    axes: Axes, studies: Sequence[StudyRecord], n_told: npt.NDArray[np.int32]
) -> dict[str, Any]:
    import numpy as np

    states = np.zeros(axes.shape, dtype=np.int8)
    n_trials = np.zeros(axes.shape, dtype=np.int32)
    why: dict[tuple[int, int, int], str] = {}
    for place, study in zip(axes.places, studies, strict=True):
        asked, told = study.settings.budget.n_trials, int(n_told[place])
        asked = told if asked in {0, UNLIMITED} else asked
        n_trials[place] = asked
        states[place], why[place] = _state(study, asked, told, axes.failed.get(place))
    for place, asked in axes.missing.items():
        n_trials[place], why[place] = asked, axes.failed.get(place, NOT_BEGUN)
    why = {place: text for place, text in why.items() if text}
    return {"states": states, "n_trials": n_trials, "why": why}


def _state(
    study: StudyRecord, asked: int, told: int, error: str | None
) -> tuple[int, str]:
    """Return what became of a run that began, and why it is not whole.

    Args:
        study: Its record.
        asked: Trials that it was to have.
        told: Trials that it has.
        error: What it failed at when it was last tried, where that is known.
    """
    reason = study.stop_reason or ""
    if study.status is Status.FAILED:
        reason = error or reason
        after = f"it broke after {count(told, 'trial')}"
        return FAILED, f"{after}: {reason}" if reason else after
    if study.status is Status.FINISHED or told >= asked:
        return DONE, reason
    what = reason or error or f"it is {study.status.value}"
    return PARTIAL, f"{what}, after {told} of {count(asked, 'trial')}"
