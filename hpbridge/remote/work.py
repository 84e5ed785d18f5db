"""Work for a study of another process: what `hpbridge work` does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from hpbridge.drivers.packing import PackedExperiment, pack_experiment
from hpbridge.errors import DriverError, ExperimentError
from hpbridge.remote.agent import stopping
from hpbridge.remote.invitation import Invitation
from hpbridge.remote.likeness import description_of, differences
from hpbridge.remote.serving import Agent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.experiment import Experiment

_LOOK_SECONDS = 0.5


def work(
    address: str,
    experiment: Experiment,
    *,
    token: str | None = None,
    workers: int = 1,
    patience: float = 15.0,
) -> str:
    """Run trials of a study until it is over; return why it ended.

    What runs is the experiment that is given, and nothing that is sent: it must be the
    study's, as far as names, space and metrics tell.

    Args:
        address: Of the study, as in ``http://host:port``, or ``host:port``.
        experiment: Loaded from a file, which each worker process loads again.
        token: That the study was given.
        workers: How many trials run at the same time.
        patience: Seconds in which the study must answer the first time.

    Raises:
        DriverError: If no study answers, or it takes no such worker.
        ExperimentError: If it runs another experiment.
    """
    address = address if "://" in address else f"http://{address}"
    packed = PackedExperiment(experiment.name, pack_experiment(experiment))
    ours = description_of(experiment)

    def brought(theirs: Mapping[str, Any]) -> PackedExperiment:
        problems = differences(ours, theirs)
        if problems:
            headline = f"Experiment {experiment.name!r} is not that of the study"
            raise ExperimentError(headline, problems, "give both the same file")
        return packed

    invitation = Invitation((address.rstrip("/"),), token, patience, share=workers)
    return _Company([Agent(invitation, brought) for _ in range(workers)]).serve()


class _Company:
    """Agents side by side, each in a thread: what takes time is in their workers."""

    def __init__(self, agents: list[Agent]) -> None:
        self._agents = agents
        self._left: list[str] = []
        self._errors: list[BaseException] = []

    def serve(self) -> str:
        threads = [
            threading.Thread(target=self._serve, args=(agent,))
            for agent in self._agents
        ]
        with stopping(self._stop):
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():  # a signal is heard between
                    thread.join(_LOOK_SECONDS)
        if self._errors:
            raise self._errors[0]
        return self._left[0]

    def _serve(self, agent: Agent) -> None:
        try:
            self._left.append(agent.serve())
        except BaseException as error:  # noqa: BLE001 - raised in the main thread
            self._errors.append(error)
            if isinstance(error, (DriverError, ExperimentError)):
                self._stop("another worker could not go on")

    def _stop(self, why: str) -> None:
        for agent in self._agents:
            agent.stop(why)
