"""What a pruner that pauses trials says besides: which of them go on, and when."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpbridge.contract.attempt import Reports
    from hpbridge.trial import State


class Promotions(ABC):
    """Chooses among the paused trials of one study.

    It lives where the loop over the trials is, apart from the pruner that answers
    reports, and is told what trials have reported when they pause or end. So what it
    says follows from the record alone.
    """

    @abstractmethod
    def pause(self, trial: int, reports: Reports) -> None:
        """Take a trial that has paused, with all that it has reported."""

    @abstractmethod
    def end(self, trial: int, reports: Reports, state: State) -> None:
        """Take a trial that has ended."""

    @abstractmethod
    def choose(self, *, is_last: bool) -> int | None:
        """Return the paused trial that goes on now, which is paused no more.

        Args:
            is_last: Whether no new trial may begin, and none runs: without an answer,
                all paused trials end.
        """
