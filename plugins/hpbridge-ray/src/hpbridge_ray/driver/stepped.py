"""The experiment as Tune's trainable under a scheduler: a step is a report."""

from __future__ import annotations

import base64
import json
import math
import pickle
import queue
import threading
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Attempt, Checkpoint, Place, Point, Reply
from hpbridge_ray.driver.one_step import METRIC, Objective

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge_ray.driver.actor import Runner

ITERATION = "training_iteration"
STEP = "reported_at"
"""In a result that is a report, and not the trial's end."""


class _Talk:
    """A trial in a thread, which waits at each report until Tune lets it go on.

    Args:
        runner: That runs it.
        task: The trial, as JSON.
        known: What it had reported until this step is not reported again.
    """

    def __init__(self, runner: Runner, task: str, known: int) -> None:
        self._said: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._known, self._is_to_end = known, False
        self.last: tuple[int, float] | None = None
        self._thread = threading.Thread(target=self._run, args=(runner, task))
        self._thread.daemon = True
        self._thread.start()

    def _run(self, runner: Runner, task: str) -> None:
        try:
            point, limit, log, (reports, place) = json.loads(task)
            attempt = Attempt(self._report, Checkpoint(reports, Place(*place)))
            run, _, printed = runner.run(Point(*point), limit, log, attempt)
        except BaseException as error:  # noqa: BLE001 - raised in Tune's thread
            self._said.put(error)
        else:
            self._said.put((run, printed))

    def _report(self, step: int, value: float) -> Reply:
        if self._is_to_end:
            return Reply.STOP
        if step <= self._known:
            return Reply.GO_ON
        self.last = step, value
        self._said.put(None)
        return self._replies.get()

    def go_on(self) -> None:
        """Answer the last report."""
        self._replies.put(Reply.GO_ON)

    def hear(self) -> Any:
        """Wait for a report, None, or the end: the run and what it printed."""
        said = self._said.get()
        if isinstance(said, BaseException):
            raise said
        return said

    def end(self) -> None:
        """Let the trial end early, and wait for it."""
        self._is_to_end = True
        self._replies.put(Reply.STOP)
        self._thread.join()


class SteppedObjective(Objective):
    """The experiment on an actor. Each report is a step, which a scheduler judges.

    A trial that a scheduler pauses ends; when it goes on, it runs again from its
    beginning, and what it had reported is not reported again.
    """

    def setup(self, config: Mapping[str, Any]) -> None:
        super().setup(config)
        self._talk: _Talk | None = None
        self._known = -1

    def reset_config(self, new_config: Mapping[str, Any]) -> bool:
        self.cleanup()
        self._known = -1
        return super().reset_config(new_config)

    def cleanup(self) -> None:
        if self._talk is not None:
            self._talk.end()
            self._talk = None

    def step(self) -> dict[str, Any]:
        if self._runner.problem is not None:
            return super().step()
        if self._talk is None:
            self._talk = _Talk(self._runner, self._task, self._known)
        else:
            self._talk.go_on()
        said, last = self._talk.hear(), self._talk.last
        if said is None and last is not None:
            step, value = last
            return {METRIC: value, ITERATION: step, STEP: step}
        self._talk = None
        run, _ = said
        metrics = run.result.metrics
        # As Tune has it: the end repeats the last report.
        value = last[1] if last else next(iter(metrics.values()), math.nan)
        text = base64.b64encode(pickle.dumps(said)).decode()
        found = {METRIC: value, "done": True, "run": text}
        return found | ({ITERATION: last[0]} if last else {})

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, int]:  # noqa: ARG002
        last = None if self._talk is None else self._talk.last
        return {"known": self._known if last is None else last[0]}

    def load_checkpoint(self, checkpoint: Mapping[str, int]) -> None:
        self._known = checkpoint["known"]
