"""Agents on other machines as a place to run jobs."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.util
import json
import secrets
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.contract.execution import Lost, Refused, Reported, Returned
from hpbridge.drivers.logs import RunningLogs
from hpbridge.drivers.packing import pack_experiment
from hpbridge.drivers.system import hands_over_sockets
from hpbridge.errors import (
    DriverError,
    ExecutorError,
    HpbridgeError,
    PrunerError,
)
from hpbridge.remote import book
from hpbridge.remote.forms import job_to_json, message_from_json
from hpbridge.remote.invitation import CountingCrew, Invitation
from hpbridge.remote.likeness import description_of
from hpbridge.remote.probes import Probes
from hpbridge.remote.reception_process import ReceptionProcess, listen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hpbridge.contract.attempt import Reply
    from hpbridge.contract.execution import Job, Message, Policy
    from hpbridge.experiment import Experiment
    from hpbridge.remote.invitation import Crew
    from hpbridge.store.settings import Settings

LOOPBACK = "127.0.0.1:0"
"""Where a reception listens that nobody reaches from another machine."""

_NEEDS = ("httptools", "starlette", "uvicorn")

# How often the crew is asked what became of agents.
_LOOK_SECONDS = 1.0
# How often agents may be lost in a row before any joins.
_MOST_FAILED = 3
_LOST_LOG = b"--- what it printed on another machine is lost with its agent ---\n"


class Hands:
    """Agents as an executor.

    Args:
        reception: To which they come.
        crew: That brings them; None where they come by themselves.
        invitation: That it hires them with.
        workers: How many jobs run at the same time at most.
        patience: Seconds in which the first agent must come; None for any number.
    """

    def __init__(
        self,
        reception: ReceptionProcess,
        crew: Crew | None,
        invitation: Invitation,
        *,
        workers: int,
        patience: float | None,
    ) -> None:
        self._reception, self._crew, self.invitation = reception, crew, invitation
        self._workers, self._patience = workers, patience
        self._counting = crew if isinstance(crew, CountingCrew) else None
        self._jobs: dict[int, Job] = {}
        self._packed: list[tuple[Experiment, str]] = []
        self._refused: list[Message] = []
        self._logs = RunningLogs()
        self._probes = Probes()
        self._agents: set[str] = set()
        self._n_hired = self._n_vanished = self._n_lost_before = 0
        self._words: list[str] = []
        self._turned: list[str] = []
        self._n_turned = 0
        self._alone_since: float = time.monotonic()
        self._looked_at = 0.0

    @property
    def slots(self) -> int:
        """How many jobs it takes: no more than agents are there, but for the first."""
        if self._counting is not None and self._counting.per_trial:
            return self._workers
        return max(1, min(self._workers, len(self._agents)))

    def hire(self, count: int) -> None:
        """Let the crew start so many agents."""
        if self._crew is not None and count > 0:
            self._n_hired += count
            self._crew.hire(self.invitation, count)

    def add(self, experiment: Experiment) -> str:
        """Hand an experiment to the reception; return its digest.

        Raises:
            ExperimentError: If it cannot be sent.
        """
        for known, key in self._packed:
            if known is experiment:
                return key
        described = description_of(experiment)
        if self._crew is None:  # those who come bring it, and nothing is sent
            data, text = b"", json.dumps(described).encode()
        else:
            data = text = pack_experiment(experiment.by_value(), anywhere=True)
        key = hashlib.sha256(text).hexdigest()
        self._packed.append((experiment, key))
        self._reception.tell(book.EXPERIMENT, key, data, described)
        return key

    def start(self, job: Job) -> None:
        """Let an agent run a job, as soon as one is free."""
        try:
            probe = self._probes.of(job)
            data = job_to_json(job, self.add(job.experiment), probe)
        except HpbridgeError as error:
            self._refused.append(Refused(job, error))
            return
        self._jobs[job.id] = job
        self._logs.begin(job.id, job.log)
        text = json.dumps(data, allow_nan=False).encode()
        self._reception.tell(book.JOB, job.id, job.study, job.number, text)

    def wait(self, seconds: float) -> None:
        """Wait until there is something to take.

        Raises:
            DriverError: If no agent comes.
            ExecutorError: If those that were there are gone for good.
        """
        if self._refused:
            return
        self._look()
        self._reception.wait(min(seconds, _LOOK_SECONDS))

    def messages(self) -> Iterable[Message]:
        """Return what agents said, and which jobs are lost with them."""
        self._logs.look()
        found, self._refused = self._refused, []
        for what, *about in self._reception.said():
            found += self._read(what, about)
        return found

    def _read(self, what: str, about: list[Any]) -> list[Message]:
        if what == book.JOINED:
            self._agents.add(about[0])
            self._n_lost_before = self._n_lost
        elif what == book.LEFT:
            self._agents.discard(about[0])
            self._n_vanished += 1
            if not self._agents:
                self._alone_since = time.monotonic()
        elif what == book.TURNED:
            self._turned = [f"{about[0]}: {problem}" for problem in about[1]]
            self._n_turned += 1
        elif what == book.FAULT:
            error = PrunerError.failed(about[0])
            return [
                Refused(j, error) for j in self._jobs.values() if j.study == about[0]
            ]
        elif (job := self._jobs.get(about[0])) is not None:
            return self._of_job(job, what, about[1:])
        return []

    def _of_job(self, job: Job, what: str, about: list[Any]) -> list[Message]:
        if what == book.REPORTED:
            return [Reported(job, *about)]
        del self._jobs[job.id]
        if what == book.RETURNED:
            self._logs.end(job.id)
            return [Returned(job, *about)]
        if what == book.LOST:
            self._logs.end(job.id, _LOST_LOG)
            why, *times = about
            return [Lost(job, self._in_full(why), *times)]
        (said,) = about
        try:
            printed = base64.b64decode(said.get("log", ""))
            message = message_from_json(job, said)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            printed, why = b"", f"its agent said what is no result: {error!r:.200}"
            message = Lost(job, why, time.time(), 0.0, "")
        self._logs.end(job.id, printed)
        return [message]

    def _in_full(self, why: str) -> str:
        """Add what the engine says of an agent that is gone."""
        self._ask_crew()
        return f"{why} ({self._words[-1]})" if self._words else why

    def _ask_crew(self) -> None:
        if self._crew is not None:
            lines = [" ".join(line.split()) for line in self._crew.look()]
            self._words += lines

    @property
    def _n_lost(self) -> int:
        """How many agents are gone that had never joined."""
        return len(self._words) - self._n_vanished

    def _look(self) -> None:
        """See, once a second, that there are agents, or that some are to come."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = now
        if self._reception.is_dead:
            headline = "The process that agents come to has died"
            raise ExecutorError(headline, hint="resume the study")
        self._ask_crew()
        if not self._agents:
            self._lose_patience(now - self._alone_since)
        self._hire_again()

    def _lose_patience(self, seconds: float) -> None:
        """End it where agents never join.

        Raises:
            DriverError: With what is known of the reasons.
            ExecutorError: If agents were there before.
        """
        if self._crew is not None and self._n_turned >= self._n_hired > 0:
            why = "all agents were turned away"
        elif self._n_lost - self._n_lost_before >= _MOST_FAILED:
            why = "agents die before they join"
        elif self._patience is not None and seconds > self._patience:
            why = f"no agent has joined for {self._patience:g} seconds"
        else:
            return
        problems = [*dict.fromkeys(self._turned + self._words[-_MOST_FAILED:])]
        where = ", ".join(self.invitation.addresses)
        hint = f"agents must reach {where}; mend it, and resume the study"
        headline = f"No worker runs trials: {why}"
        kind = ExecutorError if self._n_vanished else DriverError
        raise kind(headline, problems, hint)

    def _hire_again(self) -> None:
        """Replace agents that are gone, as far as there are jobs for them."""
        n_alive = self._n_hired - max(len(self._words), self._n_vanished)
        if self._counting is not None:
            n_alive = self._counting.n_alive
        self.hire(min(self._workers, len(self._jobs)) - n_alive)

    def answer(self, job: Job, reply: Reply) -> None:
        """Answer the job's reports so from now on."""
        self._reception.tell(book.ANSWER, job.id, reply.value)

    def decide_by(self, study: str, policy: Policy) -> None:
        """Let a policy answer a study's reports, at the reception."""
        import cloudpickle

        path = [entry for entry in sys.path if isinstance(entry, str)]
        self._reception.tell(book.POLICY, study, cloudpickle.dumps(policy), path)

    def tell(self, study: str, what: str, *about: Any) -> None:
        """Call a study's policy."""
        self._reception.tell(book.TELL, study, what, about)

    def close(self) -> None:
        """Leave nothing behind on this machine."""
        self._probes.close()

    def cancel(self, job: Job) -> None:
        """End a job, wherever it runs."""
        if self._jobs.pop(job.id, None) is not None:
            self._logs.end(job.id)
            self._reception.tell(book.CANCEL, job.id)


@dataclass(frozen=True)
class Terms:
    """On which terms agents come.

    Attributes:
        token: That they must have; None for one that is drawn.
        away: Seconds in which they wait for a study that does not answer.
        tls: How uvicorn is to speak TLS, in its own words.
    """

    token: str | None = None
    away: float = 15.0
    tls: Mapping[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def open_hands(
    experiment: Experiment,
    settings: Settings,
    crew: Crew | None,
    *,
    at: str = LOOPBACK,
    patience: float | None = 60.0,
    terms: Terms | None = None,
) -> Iterator[Hands]:
    """Let agents run trials: those that a crew starts, or that come by themselves.

    Args:
        experiment: That they are to have when they have joined.
        settings: Of the study: as many agents as `workers`, no more than `n_trials`.
        crew: What starts them, and ends them.
        at: ``host:port`` to listen at; with host ``0.0.0.0``, all of this machine's.
        patience: Seconds in which an agent must have come; None for any number.
        terms: On which they come; a token is drawn where none is given.

    Raises:
        ExperimentError: If the experiment cannot be sent.
        DriverError: If there is no listening there, or nobody can be hired.
    """
    missing = [name for name in _NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        headline = f"Workers cannot come without {', '.join(missing)}"
        raise DriverError(headline, hint="`pip install 'hpbridge[remote]'`")
    if not hands_over_sockets():
        headline = "A study that workers come to needs a POSIX system"
        raise DriverError(headline, hint="run it there, or with the driver 'threads'")
    terms = terms or Terms()
    token = terms.token or secrets.token_urlsafe(24)
    door = listen(at)
    path = tuple(entry for entry in sys.path if isinstance(entry, str) and entry)
    addresses = _addresses(door, "https" if terms.tls else "http")
    invitation = Invitation(addresses, token, terms.away, path)
    welcome = {
        "trials_per_worker": settings.trials_per_worker,
        "memory_trial": settings.memory_trial,
        "threads_per_worker": settings.threads_per_worker,
        "patience": invitation.patience,
        "returns": crew is None,
    }
    reception = ReceptionProcess(door, token, welcome, terms.tls)
    hands = Hands(
        reception, crew, invitation, workers=settings.workers, patience=patience
    )
    try:
        hands.add(experiment)
        hands.hire(min(settings.workers, settings.n_trials))
        yield hands
    finally:
        reception.close()
        hands.close()
        if crew is not None:
            crew.close()


def _addresses(door: socket.socket, scheme: str) -> tuple[str, ...]:
    """Return where a socket that listens may be found, the likeliest first."""
    host, port = door.getsockname()[:2]
    hosts = [host]
    if host in {"0.0.0.0", "::"}:
        name = socket.gethostname()
        hosts = [name]
        with contextlib.suppress(OSError):
            hosts += [info[4][0] for info in socket.getaddrinfo(name, port)]
        hosts += [_outward(), "127.0.0.1"]
    found = dict.fromkeys(f"[{h}]" if ":" in h else h for h in map(str, hosts) if h)
    return tuple(f"{scheme}://{h}:{port}" for h in found)


def _outward() -> str:
    """Return this machine's address as others see it; nothing is sent to find out."""
    with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation
        return str(probe.getsockname()[0])
    return ""
