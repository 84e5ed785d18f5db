"""The policy of an agent's desk: it asks the reception, which has the study's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Reply
from hpbridge.contract.numbers import dump_number
from hpbridge.remote.client import AwayError, Client, TurnedAwayError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.trial import State

# After a reception was found away, trials do not wait for it for so long.
_AWAY_SECONDS = 5.0


class Asking:
    """Answers the reports of one agent's trials; a `Policy`.

    Args:
        address: Of the reception.
        token: That requests bear.
        agent: Its name.
    """

    def __init__(self, address: str, token: str | None, agent: str) -> None:
        self._address, self._token, self._agent = address, token, agent
        self._client: Client | None = None
        self._of, self._job = "", 0
        self._n_reports = 0
        self._unsent: list[tuple[int, int, Any]] = []
        self._away_until = 0.0

    def run(self, of: str, job: int) -> None:
        """Take note which job runs from now on, and of which reception."""
        self._of, self._job = of, job
        self._n_reports, self._unsent = 0, []

    def report(self, trial: int, step: int, value: float) -> Reply:  # noqa: ARG002
        """Return the reception's answer; to go on where it is away."""
        self._unsent.append((self._n_reports, step, dump_number(value)))
        self._n_reports += 1
        if time.monotonic() < self._away_until:
            return Reply.GO_ON
        self._client = self._client or Client(self._address, self._token)
        data = {
            "agent": self._agent,
            "of": self._of,
            "job": self._job,
            "reports": self._unsent,
        }
        try:
            answer = self._client.post("/report", data)
        except AwayError:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            return Reply.GO_ON
        except TurnedAwayError:
            return Reply.GO_ON  # the agent hears of it too, and ends the trial
        self._unsent = []
        return Reply(answer["reply"])

    # All else the reception's own policy hears from the study.

    def begin_again(self, trial: int) -> None:
        """Keep nothing."""

    def go_on(self, trial: int, reports: Iterable[tuple[int, float]]) -> None:
        """Keep nothing."""

    def promote(self, trial: int, step: int) -> None:
        """Keep nothing."""

    def end(self, trial: int, state: State, value: float | None) -> None:
        """Keep nothing."""
