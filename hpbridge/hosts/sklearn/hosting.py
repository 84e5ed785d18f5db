"""An optimizer inside a search: its candidates, what it is told, its study."""

from __future__ import annotations

import time
import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import ExhaustedError, Outcome
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.registry import registry
from hpbridge.errors import UnsupportedFeatureError
from hpbridge.formats.searches import attributes_of, metrics_of
from hpbridge.learning.choice import machine, versions_of
from hpbridge.learning.session import Ask
from hpbridge.store.record import Status
from hpbridge.store.settings import Settings, StudySettings
from hpbridge.study import Study
from hpbridge.trial import FinishedTrial, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpbridge.formats.search_spaces import Searched
    from hpbridge.hosts.guest import Guest

Fit = dict[str, Any]
"""Of one candidate on one split, as scikit-learn's `_fit_and_score` returns it."""


class SameSplits:
    """A splitter that splits once: all candidates are evaluated on the same folds.

    scikit-learn splits anew for each batch, and a splitter without a `random_state`
    does so differently each time.
    """

    def __init__(self, splitter: Any) -> None:
        self.splitter = splitter
        self._splits: list[Any] | None = None

    def get_n_splits(self, *data: Any, **metadata: Any) -> Any:
        """Return how many pairs there are."""
        return self.splitter.get_n_splits(*data, **metadata)

    def split(self, *data: Any, **metadata: Any) -> list[Any]:
        """Return the pairs of (train, test) indices."""
        if self._splits is None:
            self._splits = list(self.splitter.split(*data, **metadata))
        return self._splits


class Hosted:
    """One space of a search, and the optimizer that searches it.

    Args:
        batch_size: As of `BridgeSearchCV`.

    Raises:
        UnsupportedFeatureError: If the optimizer cannot propose a batch.
    """

    def __init__(
        self, searched: Searched, guest: Guest, batch_size: int | None
    ) -> None:
        self.searched = searched
        self.guest = guest
        self.asked: list[Ask] = []
        self.fits: list[list[Fit]] = []
        self.started_at: list[float] = []
        self.stop_reason: str | None = None
        self._batch_size = self._checked(batch_size)

    def _checked(self, batch_size: int | None) -> int:
        can_batch = self.guest.can(Feature.PENDING)
        algorithm = self.guest.choice.algorithm
        if batch_size is None:
            # A grid does not learn either, but ends when it is told of its last point.
            is_random = algorithm.starts_random and not algorithm.learns
            return self.searched.n_iter if is_random and can_batch else 1
        if batch_size > 1 and not can_batch:
            why = algorithm.capabilities.why_not(Feature.PENDING)
            reason = f"batch_size={batch_size} needs {Feature.PENDING.value}: {why}"
            raise UnsupportedFeatureError.refused(
                self.guest.name, [reason], _able_to_batch()
            )
        return batch_size

    def batches(self) -> Iterator[list[Ask]]:
        """Yield the candidates to evaluate next, until there are enough or no more."""
        left = self.searched.n_iter
        while left and (batch := self._ask(min(self._batch_size, left))):
            left -= len(batch)
            self.asked += batch
            self.started_at += [time.time()] * len(batch)
            yield batch
            if self.stop_reason is not None:
                return

    def _ask(self, n_candidates: int) -> list[Ask]:
        batch: list[Ask] = []
        for _ in range(n_candidates):
            started, asked_at = time.perf_counter(), time.time()
            try:
                suggestion = self.guest.ask()
            except ExhaustedError as end:
                self.stop_reason = f"exhausted: {end}"
                n_tried = len(self.asked) + len(batch)
                warnings.warn(
                    f"{self.guest.name} has nothing left to propose after {n_tried} of "
                    f"n_iter={self.searched.n_iter} candidates: {end}.",
                    UserWarning,
                    stacklevel=2,
                )
                break
            batch.append(
                Ask(
                    number=len(self.asked) + len(batch),
                    params=dict(suggestion.params),
                    seed=0,
                    tells_before=len(self.fits),
                    asked_at=asked_at,
                    ask_seconds=time.perf_counter() - started,
                    suggestion=suggestion,
                )
            )
        return batch

    def tell(self, batch: list[Ask], fits: list[list[Fit]], metric: str) -> None:
        """Tell the optimizer of a batch, in the order in which it proposed it."""
        for ask, own in zip(batch, fits, strict=True):
            self.fits.append(own)
            if ask.suggestion is not None:
                self.guest.tell(ask.suggestion, outcome_of(own, metric))


def outcome_of(fits: list[Fit], metric: str) -> Outcome:
    """Return what the optimizer is told of a candidate: its score, to be minimized."""
    import numpy as np

    scores = [fit["test_scores"] for fit in fits]
    values = [s[metric] if isinstance(s, dict) else s for s in scores]
    # As scikit-learn averages for ``mean_test_*``: equal to the last bit.
    score = float(np.average(np.array([values], dtype=np.float64), axis=1)[0])
    if score == score:  # noqa: PLR0124 - not NaN
        return Outcome(State.COMPLETE, (-score,))
    if any(fit["fit_error"] for fit in fits):
        return Outcome(State.FAILED)
    return Outcome(State.FAILED, (score,))


def _able_to_batch() -> list[str]:
    plugins = registry()
    return [
        f"{spec.name}:{algorithm.name}"
        for spec in plugins.backends.values()
        for algorithm in spec.algorithms.values()
        if algorithm.capabilities.can(Feature.PENDING)
        and not plugins.missing(spec, algorithm)
    ]


def studies_of(
    estimator: Any, hosted: list[Hosted], results: Mapping[str, Any], metric: str
) -> tuple[Study, ...]:
    """Return the study of each space of a search.

    The spaces follow one another in `results`, the search's ``cv_results_``.
    """
    studies, first = [], 0
    for each in hosted:
        studies.append(_study_of(estimator, each, results, metric, first))
        first += len(each.asked)
    return tuple(studies)


def _study_of(
    estimator: Any, hosted: Hosted, results: Mapping[str, Any], metric: str, first: int
) -> Study:
    choice, name = hosted.guest.choice, type(estimator).__name__
    trials = [
        _trial(hosted, ask, results, metric, first + ask.number) for ask in hosted.asked
    ]
    settings = StudySettings(Settings(hosted.searched.n_iter), driver="sklearn")
    return Study(
        name=f"{name}-{choice.spec.name}-{choice.algorithm.name}-{hosted.guest.seed}",
        experiment=name,
        backend=choice.spec.name,
        algorithm=choice.algorithm.name,
        seed=hosted.guest.seed,
        options=asdict(choice.options),
        space=hosted.searched.space,
        metrics={metric: "maximize"},
        settings=settings,
        versions=versions_of(choice),
        machine=machine(),
        notes=tuple(hosted.guest.notes),
        status=Status.FINISHED,
        stop_reason=hosted.stop_reason,
        created_at=hosted.asked[0].asked_at if hosted.asked else time.time(),
        updated_at=time.time(),
        trials=tuple(trials),
    )


def _trial(
    hosted: Hosted, ask: Ask, results: Mapping[str, Any], metric: str, row: int
) -> FinishedTrial:
    fits = hosted.fits[ask.number]
    traceback = next((fit["fit_error"] for fit in fits if fit["fit_error"]), None)
    metrics = metrics_of(results, row, first=metric)
    error = None
    state = outcome_of(fits, metric).state
    if traceback is not None:
        error = traceback.strip().splitlines()[-1]
    elif state is State.FAILED:
        error = f"returned nan for metric {metric!r}"
    return FinishedTrial(
        number=ask.number,
        state=state,
        params=ask.params,
        values=hosted.searched.space.to_objects(ask.params),
        metrics=metrics,
        tells_before=ask.tells_before,
        told=ask.number,
        error=error,
        traceback=traceback,
        worker="main",
        asked_at=ask.asked_at,
        started_at=hosted.started_at[ask.number],
        ask_seconds=ask.ask_seconds,
        run_seconds=sum(fit["fit_time"] + fit["score_time"] for fit in fits),
        tell_seconds=None,
        attributes=attributes_of(results, row),
    )
