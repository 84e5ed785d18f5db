"""Agents as jobs of Spark's, of one long-lived task each.

Not as tasks of one job: where an executor dies too often, Spark ends the whole job, and
with it the agents that are well. No barrier: each comes when there is a core for it.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from typing import TYPE_CHECKING

from hpbridge.plugin import ExecutorError, describe_error
from hpbridge_spark.driver.agent import run_agents

if TYPE_CHECKING:
    from pyspark import SparkContext

    from hpbridge.plugin import Invitation

_LEAVE_SECONDS, _CANCEL_SECONDS = 3.0, 10.0
_HINT = "the same command with --resume goes on, or `hpbridge.resume`"


class SparkCrew:
    """Brings agents to Spark's executors.

    Attributes:
        per_trial: Whether agents come for one trial each.
    """

    def __init__(self, context: SparkContext) -> None:
        self._context, self.per_trial = context, False
        self._group = f"hpbridge-{uuid.uuid4().hex}"
        self._threads: list[threading.Thread] = []
        self._said: list[str] = []
        self._is_closed = False

    @property
    def n_alive(self) -> int:
        """How many agents are there, or will come."""
        return sum(thread.is_alive() for thread in self._threads)

    def hire(self, invitation: Invitation, count: int) -> None:
        """Submit so many jobs, each in a thread, which waits for it."""
        self._check()
        for _ in range(count):
            thread = threading.Thread(target=self._run, args=(invitation,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, invitation: Invitation) -> None:
        context = self._context
        try:
            context.setJobGroup(self._group, "hpbridge: trials", interruptOnCancel=True)
            context.parallelize([invitation.to_json()], 1).mapPartitions(
                run_agents
            ).collect()
        except Exception as error:  # noqa: BLE001 - py4j's are of many kinds
            if not self._is_closed:
                said = _in_short(error)
                if "No module named 'hpbridge" in said:
                    said += ": the Python of the executors wants hpbridge-spark, too"
                self._said.append(said)

    def look(self) -> list[str]:
        """Return why jobs have ended by themselves.

        Raises:
            ExecutorError: If Spark is gone.
        """
        self._check()
        said, self._said = self._said, []
        return said

    def _check(self) -> None:
        """See that Spark is there.

        Raises:
            ExecutorError: If it is not.
        """
        if not _is_stopped(self._context):
            return
        headline = "Spark is gone: its context has stopped"
        raise ExecutorError(headline, hint=_HINT)

    def close(self) -> None:
        """Wait until agents have left, and cancel those that do not."""
        self._is_closed = True
        self._join(_LEAVE_SECONDS)
        if self.n_alive and not _is_stopped(self._context):
            with contextlib.suppress(Exception):  # Spark may be gone by now
                self._context.cancelJobGroup(self._group)
            self._join(_CANCEL_SECONDS)

    def _join(self, seconds: float) -> None:
        for thread in self._threads:
            thread.join(seconds / max(1, self.n_alive))


def _is_stopped(context: SparkContext) -> bool:
    try:
        return bool(context._jsc is None or context._jsc.sc().isStopped())
    except Exception:  # noqa: BLE001 - its Java is gone
        return True


def _in_short(error: Exception) -> str:
    """Return what a job ended with, without the stacks of two languages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    for line in reversed(lines):
        name, _, text = line.partition(": ")
        is_ours = name.endswith(("Error", "Exception")) and not name.startswith(
            ("at ", "org.", "java.", "Caused by")
        )
        if text and is_ours and "." not in name.removeprefix("hpbridge.errors."):
            return line[:500]
    for line in lines:
        if line.startswith(("Caused by: ", ": ")):
            return line.removeprefix("Caused by").lstrip(": ")[:500]
    return describe_error(error)
