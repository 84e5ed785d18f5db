"""The studies of a search, one a space."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from hpbridge.formats.searches import attributes_of, metrics_of
from hpbridge.learning.choice import machine, versions_of
from hpbridge.store.record import Status
from hpbridge.store.settings import Settings, StudySettings
from hpbridge.study import Study
from hpbridge.trial import FinishedTrial, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.hosts.sklearn.candidates import Candidate, SearchedSpace
    from hpbridge.hosts.sklearn.sampled import SampledSpace


def studies_of(
    estimator: Any,
    spaces: list[SearchedSpace | SampledSpace],
    results: Mapping[str, Any],
    metric: str,
    pruner: Mapping[str, Any] | None = None,
) -> tuple[Study, ...]:
    """Return the study of each space of a search.

    Args:
        estimator: What was searched.
        spaces: With all their candidates, whose rows are those of `results`.
        results: The search's ``cv_results_``.
        metric: That was optimized.
        pruner: That decided, with all its options.
    """
    settings = StudySettings(Settings(1, pruner=pruner), driver="sklearn")
    return tuple(
        _study_of(estimator, each, results, metric, settings) for each in spaces
    )


def _study_of(
    estimator: Any,
    searched: SearchedSpace | SampledSpace,
    results: Mapping[str, Any],
    metric: str,
    settings: StudySettings,
) -> Study:
    guest, name = searched.conversation, type(estimator).__name__
    choice, candidates = guest.choice, searched.candidates
    budget = replace(settings.budget, n_trials=searched.read.n_iter)
    trials = [_trial(searched, each, results, metric) for each in candidates]
    return Study(
        name=f"{name}-{choice.spec.name}-{choice.algorithm.name}-{guest.seed}",
        experiment=name,
        backend=choice.spec.name,
        algorithm=choice.algorithm.name,
        seed=guest.seed,
        options=asdict(choice.options),
        space=guest.space,
        metrics={metric: "maximize"},
        settings=replace(settings, budget=budget),
        versions=versions_of(choice),
        machine=machine(),
        notes=guest.notes,
        status=Status.FINISHED,
        stop_reason=searched.stop_reason,
        created_at=candidates[0].asked_at if candidates else time.time(),
        updated_at=time.time(),
        trials=tuple(trials),
    )


def _trial(
    searched: SearchedSpace | SampledSpace,
    candidate: Candidate,
    results: Mapping[str, Any],
    metric: str,
) -> FinishedTrial:
    fits, row = candidate.fits, candidate.row
    traceback = next((fit["fit_error"] for fit in fits if fit["fit_error"]), None)
    error = None
    state = candidate.outcome(metric).state
    if traceback is not None:
        error = traceback.strip().splitlines()[-1]
    elif state is State.FAILED:
        error = f"returned nan for metric {metric!r}"
    return FinishedTrial(
        number=candidate.number,
        state=state,
        params=candidate.params,
        values=searched.conversation.values(candidate.params),
        metrics={} if candidate.is_pruned else metrics_of(results, row, first=metric),
        reports=tuple(candidate.reports),
        tells_before=candidate.tells_before,
        told=candidate.number,
        error=error,
        traceback=traceback,
        worker="main",
        asked_at=candidate.asked_at,
        started_at=candidate.started_at,
        ask_seconds=candidate.ask_seconds,
        run_seconds=sum(fit["fit_time"] + fit["score_time"] for fit in fits),
        tell_seconds=None,
        attributes=attributes_of(results, row),
    )
