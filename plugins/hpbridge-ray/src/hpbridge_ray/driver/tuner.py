"""The driver ``tune``: a `tune.Tuner` runs the trials on a Ray actor.

Its search algorithm is the session, so that any optimizer runs under it. One actor runs
one trial after the other, since it takes seconds to start.
"""

from __future__ import annotations

import base64
import json
import math
import pickle
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ray
from ray import tune
from ray.tune.search import Searcher

from hpbridge.plugin import (
    INTERRUPTED,
    ExperimentError,
    GlobalRandom,
    Interrupts,
    State,
    failed,
)
from hpbridge_ray._upstream import actor_of
from hpbridge_ray.driver.actor import Runner, pack, why_lost
from hpbridge_ray.driver.cluster import (
    ensure_ray,
    muted,
    quiet,
    restored_sigusr1,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Ask, Run, Session, Settings

METRIC = "value"

ENVIRONMENT = {
    # The output of Tune that obeys ``verbose=0``.
    "RAY_AIR_NEW_OUTPUT": "0",
    # A trial sees the files that it would see without Ray.
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    # The store has the results; the loggers would import TensorBoard's, and torch.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    # Ctrl-C is ours.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
}


class Objective(tune.Trainable):  # type: ignore[misc]
    """The experiment on an actor. One step is one trial."""

    def setup(self, config: Mapping[str, Any], packed: bytes = b"") -> None:
        self._runner = Runner(packed)
        self._task = config["task"]

    def reset_config(self, new_config: Mapping[str, Any]) -> bool:
        self._task = new_config["task"]
        return True

    def step(self) -> dict[str, Any]:
        result: dict[str, Any] = {METRIC: math.nan, "done": True}
        if self._runner.problem is not None:
            return result | {"problem": self._runner.problem}
        # Text, since Tune flattens, copies and logs what it is given.
        run, _ = self._runner.run(*json.loads(self._task))
        return result | {"run": base64.b64encode(pickle.dumps(run)).decode()}


@dataclass
class _Task:
    """A trial on its way through Tune."""

    ask: Ask
    started_at: float
    attempts: int


class SessionSearch(Searcher):  # type: ignore[misc]
    """A session as Tune's search algorithm.

    Errors are kept, not raised: Tune would wrap them, or only log them.

    Attributes:
        error: The first one; no further trial starts.
        may_end: Whether a signal came, and nothing runs any more.
    """

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__(metric=METRIC, mode="min")
        self._session = session
        self._settings = settings
        self._tasks: dict[str, _Task] = {}
        self._again: deque[_Task] = deque()
        self.error: Exception | None = None
        self.may_end = False

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune saves its search algorithm, and the store has it all."""
        return {}

    @property
    def is_interrupted(self) -> bool:
        """Whether a signal ended the study: what still runs is to end too."""
        return self._session.stop_reason == INTERRUPTED

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return the next trial; None when one may come after a running one ends."""
        try:
            task = self._next()
        except Exception as error:  # noqa: BLE001 - raised after the Tuner's end
            self._fail(error)
            task = None
        if task is None:
            is_over = self.error is not None or not self._session.n_running
            return Searcher.FINISHED if is_over else None
        self._tasks[trial_id] = task
        ask = task.ask
        limit = self._settings.timeout_trial
        return {"task": json.dumps([dict(ask.params), ask.number, ask.seed, limit])}

    def _next(self) -> _Task | None:
        if self.error is not None:
            return None
        if self._again:
            task = self._again.popleft()
            return _Task(task.ask, time.time(), task.attempts + 1)
        ask = self._session.next()
        return None if ask is None else _Task(ask, time.time(), 1)

    def _fail(self, error: Exception) -> None:
        self.error = self.error or error
        self._session.stop("failed")

    def note_start(self, trial_id: str) -> None:
        """Note that the actor is there and the trial begins."""
        self._tasks[trial_id].started_at = time.time()

    def on_trial_complete(
        self,
        trial_id: str,
        result: Mapping[str, Any] | None = None,
        error: bool = False,  # noqa: ARG002 - Ray's signature
    ) -> None:
        """Hand what a trial came to, or that its actor died, to the session."""
        task = self._tasks.pop(trial_id)
        problem = (result or {}).get("problem")
        if problem is not None:
            name = self._session.experiment.name
            self._fail(ExperimentError.invalid(name, [problem]))
            return
        if result is None and self.is_interrupted:
            return  # it did not end, it was ended; resuming runs it again
        run = self._read(task, result)
        is_failed = run.result.state is State.FAILED
        is_failed = is_failed and not self._session.is_mismatch(run.result)
        has_tries = task.attempts <= self._settings.retries
        if is_failed and has_tries and self._session.stop_reason is None:
            self._again.append(task)
            return
        try:
            self._session.finish(task.ask, run)
        except Exception as failure:  # noqa: BLE001 - raised after the Tuner's end
            self._fail(failure)

    def _read(self, task: _Task, result: Mapping[str, Any] | None) -> Run:
        text = (result or {}).get("run")
        if text is None:
            seconds = time.time() - task.started_at
            why = why_lost(seconds, self._settings.timeout_trial)
            run = failed(why, task.started_at, run_seconds=seconds, worker="lost")
        else:
            run = pickle.loads(base64.b64decode(text))
        run.attempts = task.attempts
        return run

    def save(self, checkpoint_path: str) -> None:
        """Save nothing."""


class _Watch(tune.Callback):  # type: ignore[misc]
    """Sees when a trial begins, long after it was proposed, and ends it on a signal.

    Source:
        ray 2.60.0, `TuneController._cleanup_stopping_actors`: it would wait ten seconds
        for each running trial.
    """

    def __init__(self, search: SessionSearch) -> None:
        self._search = search

    def on_trial_start(self, *_: Any, trial: Any, **__: Any) -> None:
        self._search.note_start(trial.trial_id)

    def on_step_begin(self, *_: Any, trials: list[Any], **__: Any) -> None:
        if not self._search.is_interrupted:
            return
        for actor in map(actor_of, trials):
            if actor is not None:
                ray.kill(actor)
        self._search.may_end = True


class _Interruption(tune.Stopper):  # type: ignore[misc]
    """Ends Tune's loop when a signal ends the study, and its actors are gone."""

    def __init__(self, search: SessionSearch) -> None:
        self._search = search

    def __call__(self, *_: Any) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._search.may_end


def run_in_tuner(session: Session, settings: Settings) -> None:
    """Run a session to its end in a `tune.Tuner`.

    Raises:
        KeyboardInterrupt: If the user interrupted it. Every finished trial is on disk.
    """
    ensure_ray(settings.workers)
    search = SessionSearch(session, settings)
    packed = pack(session.experiment)
    with (
        Interrupts(session),
        tempfile.TemporaryDirectory(
            prefix="hpbridge-ray-", ignore_cleanup_errors=True
        ) as directory,
        quiet(**ENVIRONMENT),
        restored_sigusr1(),
        GlobalRandom(),  # Ray and Tune draw from them
        muted(),
    ):
        _tuner(search, settings, packed, directory).fit()
    if search.error is not None:
        raise search.error


def _tuner(
    search: SessionSearch, settings: Settings, packed: bytes, directory: str
) -> tune.Tuner:
    return tune.Tuner(
        tune.with_parameters(Objective, packed=packed),
        tune_config=tune.TuneConfig(
            metric=METRIC,
            mode="min",
            search_alg=search,
            num_samples=-1,
            max_concurrent_trials=settings.workers,
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name="study",
            storage_path=directory,
            verbose=0,
            stop=_Interruption(search),
            callbacks=[_Watch(search)],
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )
