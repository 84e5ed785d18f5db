"""An agent: runs trials for a study whose reception it comes to.

It asks for a job, runs it in a worker process of its own, and says what became of it
when it asks for the next one. A thread beside it waits for news: that a job is to be
ended, or that all is over. When the reception is away, the trial runs on, and the agent
tries to come back, until its patience is at an end.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hpbridge.contract.execution import Job
from hpbridge.drivers.cores import threads_of
from hpbridge.drivers.packing import PackedExperiment
from hpbridge.drivers.workers import Workers
from hpbridge.errors import DriverError
from hpbridge.remote.asking import Asking
from hpbridge.remote.book import HOLD_SECONDS
from hpbridge.remote.carrier import Carrier, begun
from hpbridge.remote.client import (
    UNKNOWN,
    AwayError,
    Client,
    TurnedAwayError,
    python_version,
)
from hpbridge.remote.forms import (
    message_to_json,
    params_from_json,
    stage_from_json,
)
from hpbridge.store.logs import TrialLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.experiment import Experiment
    from hpbridge.remote.invitation import Invitation

_LOOK_SECONDS = 0.2
_STUDY = "study"  # all that an agent runs is of one, to its own workers
# How long nobody may listen at an address, before it is certain.
_REFUSED_SECONDS = 1.5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0


class _LeaveError(Exception):
    """The agent is to leave."""


class Agent:
    """One agent, from its coming to its leaving.

    Args:
        invitation: To where.
        brought: ``brought(described)``: the experiment that it brings itself, packed,
            seen to be the one that is described; None to fetch it.
        trials: How many it runs before it leaves; None for any number.
    """

    def __init__(
        self,
        invitation: Invitation,
        brought: Callable[[Mapping[str, Any]], PackedExperiment] | None = None,
        trials: int | None = None,
    ) -> None:
        self.invitation, self._brought = invitation, brought
        self._n_left = trials
        self.name = secrets.token_hex(8)
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._of = ""  # the reception's incarnation
        self._patience = invitation.patience
        self._address = ""
        self._workers: Workers | None = None
        self._experiments: dict[str, PackedExperiment] = {}
        self._said: list[dict[str, Any]] = []
        self._running: Job | None = None
        self._log: Path | None = None
        self._carrier: Carrier | None = None
        self._folder = ""
        self._is_over, self._why_over = threading.Event(), ""
        self._cancelled: int | None = None
        self._returns = True  # whether a reception that has ended may come back
        self._heard_at = time.monotonic()  # of the reception
        self._refused_at: float | None = None  # since when nobody listens there
        self._is_stranger = False  # to the reception, another one perhaps
        self._client: Client | None = None
        self._news: Client | None = None

    def stop(self, why: str) -> None:
        """Let it leave, from whatever thread, or from a handler of signals."""
        self._why_over = self._why_over or why
        self._is_over.set()
        for client in (self._client, self._news):
            if client is not None:
                client.interrupt()

    def serve(self) -> str:
        """Run trials until it is told to leave; return why it left.

        Raises:
            DriverError: If no reception answers, or it turns the agent away.
            ExperimentError: If what it brings is another experiment.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(self._close)
            folder = tempfile.TemporaryDirectory(
                prefix="hpbridge-agent-", ignore_cleanup_errors=True
            )
            self._folder = stack.enter_context(folder)
            self._find()
            self._join()
            watcher = threading.Thread(target=self._watch, daemon=True)
            watcher.start()
            with contextlib.suppress(_LeaveError):
                while True:
                    self._step()
            return self._why_over

    def _close(self) -> None:
        self._is_over.set()
        if self._workers is not None:
            self._workers.close()
        if self._news is not None:
            self._news.interrupt()
        if self._client is not None:
            with contextlib.suppress(AwayError, TurnedAwayError):
                if self._carrier is not None:
                    self._carrier.send()
                why = f"its agent {self._worker} left: {self._why_over}"
                self._client.post("/leave", {**self._me, "why": why})
            self._client.close()

    @property
    def _me(self) -> dict[str, Any]:
        return {"agent": self.name, "of": self._of}

    def _find(self) -> None:
        """Settle on the first address at which the reception answers.

        Raises:
            DriverError: If there is none.
        """
        problems = []
        for address in self.invitation.addresses:
            try:
                client = Client(address, self.invitation.token)
                client.greet(self.invitation.token)
            except (AwayError, TurnedAwayError, ValueError) as error:
                problems.append(f"{address}: {error}")
                continue
            self._address, self._client = address, client
            self._news = Client(address, self.invitation.token)
            return
        headline = "No study answers"
        hint = "see that it runs, that this machine reaches it, and the token"
        raise DriverError(headline, problems, hint)

    def _join(self) -> None:
        """Come in, or come back; see which job is still the agent's."""
        from hpbridge import __version__

        running = None if self._running is None else self._running.id
        data = {
            **self._me,
            "host": socket.gethostname(),
            "worker": self._worker,
            "version": __version__,
            "python": python_version(),
            "brings": self._brought is not None,
            "running": running,
        }
        try:
            welcome = self._ask("/join", data)
        except TurnedAwayError as error:
            raise self._turned_away(error) from error
        if not welcome["keeps"]:
            self._drop()
            self._said = []
        self._of = welcome["incarnation"]
        self._returns = bool(welcome["returns"])
        self._is_stranger = False
        self._hear()
        self._patience = float(welcome["patience"])
        for key, described in welcome["experiments"].items():
            self._have(key, described)
        if self._workers is None and self._experiments:
            self._open(next(iter(self._experiments.values())), welcome)

    def _turned_away(self, error: TurnedAwayError) -> DriverError:
        headline = f"The study at {self._address} takes no such worker"
        return DriverError(headline, error.problems)

    def _have(self, key: str, described: Mapping[str, Any]) -> PackedExperiment:
        """Return an experiment, which is brought or fetched where it is new."""
        if key not in self._experiments:
            if self._brought is not None:
                self._experiments[key] = self._brought(described)
            else:
                client = cast("Client", self._client)
                data = client.send("GET", f"/experiment/{key}", seconds=600.0)
                self._experiments[key] = PackedExperiment(str(described["name"]), data)
        return self._experiments[key]

    def _open(self, first: PackedExperiment, welcome: Mapping[str, Any]) -> None:
        self._workers = Workers(
            cast("Experiment", first),
            1,
            trials_each=welcome["trials_per_worker"],
            memory=welcome["memory_trial"],
            threads=welcome["threads_per_worker"] or threads_of(self.invitation.share),
            logs_all=True,
        )
        self._workers.prepare(1)
        token = self.invitation.token
        self._workers.decide_by(_STUDY, Asking(self._address, token, self.name))

    def _ask(
        self, path: str, data: dict[str, Any], *, hold: float = 0.0
    ) -> dict[str, Any]:
        """Return an answer; where the reception is away, try again with patience."""
        deadline, pause = time.monotonic() + self._patience, _FIRST_PAUSE
        while True:
            if self._is_over.is_set():
                raise _LeaveError
            try:
                return cast("Client", self._client).post(path, data, hold=hold)
            except AwayError as error:
                self._hear_nothing(error)
                if time.monotonic() > deadline:
                    self.stop(f"the study did not answer any more ({error})")
                    raise _LeaveError from None
            # A trial that runs is looked after meanwhile.
            self._pass(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _hear(self) -> None:
        self._heard_at, self._refused_at = time.monotonic(), None

    def _hear_nothing(self, error: AwayError) -> None:
        """Leave where nobody listens any more, and nobody will."""
        if not error.is_refused:
            return
        now = time.monotonic()
        self._refused_at = self._refused_at or now
        if not self._returns and now - self._refused_at > _REFUSED_SECONDS:
            self.stop("the study's process has ended")

    def _pass(self, seconds: float) -> None:
        if self._running is None or self._workers is None:
            self._is_over.wait(seconds)
        else:
            self._workers.wait(seconds)
            self._take()

    def _step(self) -> None:
        """Say what has been, get the next job, and run it to its end."""
        said = list(self._said)
        data = {**self._me, "said": said, "last": self._n_left == 0}
        try:
            answer = self._ask("/next", data, hold=HOLD_SECONDS)
        except TurnedAwayError as error:
            if error.status != UNKNOWN:
                raise self._turned_away(error) from error
            self._join()
            return
        self._said = [each for each in self._said if each not in said]
        if answer["leaves"]:
            self.stop("its trials have run" if data["last"] else "the study is over")
        if answer["job"] is not None:
            self._run(answer["job"])

    def _run(self, data: Mapping[str, Any]) -> None:
        try:
            experiment = self._experiments[data["experiment"]]
        except KeyError:  # the study's place runs more than one
            self._join()
            return  # it is given again
        if self._workers is None:
            raise _LeaveError
        if self._n_left is not None:
            self._n_left -= 1
        self._log = Path(self._folder, "log") if data["log"] else None
        client = cast("Client", self._client)
        checkpoint, self._carrier = begun(client, self._me, data, self._folder)
        self._running = job = Job(
            data["id"],
            cast("Experiment", experiment),
            _STUDY,
            data["number"],
            params_from_json(data["params"]),
            data["seed"],
            data["attempt"],
            data["timeout"],
            checkpoint=checkpoint,
            log=None if self._log is None else str(self._log),
            stage=stage_from_json(data["stage"]),
        )
        self._workers.tell(_STUDY, "run", self._of, job.id)
        self._workers.start(job)
        while self._running is not None:
            if self._carrier is not None:
                self._carrier.look()
            if self._is_over.is_set():
                raise _LeaveError
            if self._cancelled == job.id:
                self._drop()
                return
            if self._is_stranger:
                self._join()
                continue
            if time.monotonic() - self._heard_at > self._patience + HOLD_SECONDS:
                self.stop("the study did not answer any more")
            self._workers.wait(_LOOK_SECONDS)
            self._take()

    def _carried(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return what is said of a job once all that it saved is sent."""
        carrier, self._carrier = self._carrier, None
        if carrier is None:
            return said
        with contextlib.suppress(AwayError):  # it goes on from an earlier one then
            carrier.send()
        carrier.end()
        return carrier.as_theirs(said)

    def _take(self) -> None:
        """Take what became of the running job."""
        for message in cast("Workers", self._workers).messages():
            said = message_to_json(message, self._worker)
            if said is not None and message.job is self._running:
                said = self._carried(said)
                self._said.append({"job": message.job.id, **said, **self._printed()})
                self._running = None

    def _printed(self) -> dict[str, str]:
        """Return what the job has printed, and forget it."""
        log, self._log = self._log, None
        if log is None:
            return {}
        data = b""
        with contextlib.suppress(OSError, ValueError):
            data = TrialLog(log).read() or b""
        for left in log.parent.glob("log*"):
            left.unlink(missing_ok=True)
        return {"log": base64.b64encode(data).decode()} if data else {}

    def _drop(self) -> None:
        """End the job that runs; nothing is said of it."""
        job, self._running = self._running, None
        self._cancelled = None
        if job is not None and self._workers is not None:
            self._workers.cancel(job)
            self._printed()
        if self._carrier is not None:
            self._carrier.end()
            self._carrier = None

    def _watch(self) -> None:
        """Wait for news, in a thread of its own."""
        client = cast("Client", self._news)
        while not self._is_over.is_set():
            try:
                news = client.post("/watch", self._me, hold=HOLD_SECONDS)
            except AwayError as error:
                self._hear_nothing(error)
                self._is_over.wait(_LOOK_SECONDS)
                continue
            except TurnedAwayError as error:
                self._hear()
                self._is_stranger = error.status == UNKNOWN
                self._is_over.wait(_LOOK_SECONDS)
                continue
            self._hear()
            self._cancelled = news["cancel"]
            if news["leaves"]:
                self.stop("the study is over")
            elif self._cancelled is not None:
                self._is_over.wait(_LOOK_SECONDS)
        client.close()
