"""What an agent is invited with, and who brings agents to where they run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Invitation:
    """How an agent comes to a study: plain data, which can be pickled or sent as JSON.

    It holds the token: it goes through a pipe, a message or a file of the user's own,
    never onto a command line.

    Attributes:
        addresses: To try, in order, as in ``http://10.0.0.1:8765``.
        token: That every request bears. None where none is asked for.
        patience: Seconds in which a reception that is away may come back, before its
            agents leave.
        share: How many agents share the cores of an agent's machine; a crew that knows
            says so with `dataclasses.replace`.
        path: Where the study's process finds modules; an agent looks there last, in
            those folders that it has.
    """

    addresses: tuple[str, ...]
    token: str | None = None
    patience: float = 15.0
    path: tuple[str, ...] = ()
    share: int = 1

    def __repr__(self) -> str:
        return f"Invitation({self.addresses!r})"  # it may be printed; its token may not

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data, the token included."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Invitation:
        """Return the invitation that `to_json` wrote."""
        return cls(
            tuple(data["addresses"]),
            data["token"],
            float(data["patience"]),
            tuple(data["path"]),
            int(data["share"]),
        )


class Crew(Protocol):
    """Starts agents somewhere, and says what becomes of them: what an engine brings.

    Used by one thread.
    """

    def hire(self, invitation: Invitation, count: int) -> None:
        """Start so many agents, each by `serve_agent`, where it is to run. No wait.

        Raises:
            DriverError: If it can start none, now or later.
        """

    def look(self) -> list[str]:
        """Return what became of agents since the last call.

        A line for each that will never come, or has died, in the engine's words: it
        stands in a trial's error, or in the sentence that ends the study.
        """

    def close(self) -> None:
        """End all agents; leave no process behind."""


@runtime_checkable
class CountingCrew(Crew, Protocol):
    """A crew that knows how many agents there are; of others, those that left are told.

    Attributes:
        n_alive: How many agents are there, or will come.
        per_trial: Whether they come for one trial each, and leave after it.
    """

    @property
    def n_alive(self) -> int: ...  # noqa: D102 - as above

    per_trial: bool
