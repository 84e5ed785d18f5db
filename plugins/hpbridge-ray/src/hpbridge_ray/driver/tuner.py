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
    RunningLogs,
    State,
    failed,
)
from hpbridge_ray._upstream import actor_id_of, actor_of
from hpbridge_ray.driver.actor import Runner, pack, why_lost
from hpbridge_ray.driver.cluster import (
    ensure_ray,
    leave_ray,
    muted,
    quiet,
    restored_sigusr1,
)
from hpbridge_ray.driver.output import what_is_lost
from hpbridge_ray.driver.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Ask, Run, Session, Settings

METRIC = "value"
NAME = "PackedObjective"

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
    """The experiment on an actor. One step is one trial.

    Attributes:
        packed: What the runner is made of. Of a class, which goes to the actors by
            Ray's directory: where its object store is lost, Ray ends this process.
    """

    packed = b""

    def setup(self, config: Mapping[str, Any]) -> None:
        self._runner = Runner(self.packed)
        self._task = config["task"]

    def reset_config(self, new_config: Mapping[str, Any]) -> bool:
        self._task = new_config["task"]
        return True

    def step(self) -> dict[str, Any]:
        result: dict[str, Any] = {METRIC: math.nan, "done": True}
        if self._runner.problem is not None:
            return result | {"problem": self._runner.problem}
        # Text, since Tune flattens, copies and logs what it is given.
        run, _, printed = self._runner.run(*json.loads(self._task))
        packed = pickle.dumps((run, printed))
        return result | {"run": base64.b64encode(packed).decode()}


class _Gone(BaseException):
    """Ray is gone: past all that Tune catches, since it would use it to end."""


@dataclass
class _Task:
    """A trial on its way through Tune."""

    ask: Ask
    started_at: float
    attempts: int
    trial: Any = None  # Tune's, when it has begun
    actor: str | None = None


class SessionSearch(Searcher):  # type: ignore[misc]
    """A session as Tune's search algorithm.

    Errors are kept, not raised: Tune would wrap them, or only log them.

    Args:
        session: That proposes.
        settings: Of the study.
        watch: Whether Ray is there.
        words: The folder of `LastWords`.

    Attributes:
        error: The first one; no further trial starts.
        may_end: Whether a signal came, and nothing runs any more.
        logs: Of the running trials.
    """

    def __init__(
        self, session: Session, settings: Settings, watch: Watch, words: str
    ) -> None:
        super().__init__(metric=METRIC, mode="min")
        self._session = session
        self._settings = settings
        self.watch, self._words = watch, words
        self._tasks: dict[str, _Task] = {}
        self._again: deque[_Task] = deque()
        self.error: Exception | None = None
        self.may_end = False
        self.logs = RunningLogs()

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
        log = self._session.writer.log_of(ask.number)
        self.logs.begin(ask.number, log)
        point = dict(ask.params), ask.number, ask.seed
        return {"task": json.dumps([*point, limit, log])}

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

    def note_start(self, trial: Any) -> None:
        """Note that the actor is there and the trial begins."""
        task = self._tasks[trial.trial_id]
        task.started_at, task.trial = time.time(), trial
        task.actor = actor_id_of(trial)

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
        is_ended = self.is_interrupted or self.watch.why() is not None
        if result is None and is_ended:
            return  # it did not end, it was ended; resuming runs it again
        text = (result or {}).get("run")
        run, printed = self._lost(task) if text is None else _read(text)
        run.attempts = task.attempts
        self.logs.end(task.ask.number, printed)
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

    def _lost(self, task: _Task) -> tuple[Run, bytes]:
        """Return what a trial came to whose actor died, and what its log has to say."""
        seconds = time.time() - task.started_at
        error = None if task.trial is None else task.trial.get_pickled_error()
        limit = self._settings.timeout_trial
        why = why_lost(seconds, limit, error, self._words, task.actor)
        run = failed(why, task.started_at, run_seconds=seconds, worker="lost")
        return run, what_is_lost(self._words, task.actor)

    def save(self, checkpoint_path: str) -> None:
        """Save nothing."""


def _read(text: str) -> tuple[Run, bytes]:
    found: tuple[Run, bytes] = pickle.loads(base64.b64decode(text))
    return found


class _Watch(tune.Callback):  # type: ignore[misc]
    """Sees when a trial begins, long after it was proposed, and ends it on a signal.

    Sees also when Ray is gone.

    Source:
        ray 2.60.0, `TuneController._cleanup_stopping_actors`: it would wait ten seconds
        for each running trial.
    """

    def __init__(self, search: SessionSearch) -> None:
        self._search = search

    def on_trial_start(self, *_: Any, trial: Any, **__: Any) -> None:
        self._search.note_start(trial)

    def on_step_begin(self, *_: Any, trials: list[Any], **__: Any) -> None:
        if self._search.watch.why() is not None:
            raise _Gone
        self._search.logs.look()
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
        ExecutorError: If Ray is gone.
        KeyboardInterrupt: If the user interrupted it. Every finished trial is on disk.
    """
    ensure_ray(settings.workers)
    with (
        Interrupts(session),
        Watch().running() as watch,
        tempfile.TemporaryDirectory(
            prefix="hpbridge-ray-", ignore_cleanup_errors=True
        ) as directory,
        quiet(**ENVIRONMENT),
        restored_sigusr1(),
        GlobalRandom(),  # Ray and Tune draw from them
        muted(),
    ):
        search = SessionSearch(session, settings, watch, directory)
        packed = pack(session.experiment, directory)
        try:
            _tuner(search, settings, packed, directory).fit()
        except _Gone:
            watch.check(leave_ray)
        except Exception:  # raised again
            watch.check(leave_ray)
            raise
    if search.error is not None:
        raise search.error


def _tuner(
    search: SessionSearch, settings: Settings, packed: bytes, directory: str
) -> tune.Tuner:
    return tune.Tuner(
        type(NAME, (Objective,), {"packed": packed}),
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
