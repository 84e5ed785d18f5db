"""On an executor of Spark's: an agent, in its Python worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.plugin import Invitation, serve_agent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any


def run_agents(invitations: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Be an agent for each invitation, until its study is over.

    Where the task is cancelled, Spark ends this process, and so its trial ends.

    Raises:
        DriverError: If no study answers, or it takes no such agent.
    """
    for invitation in invitations:
        yield serve_agent(Invitation.from_json(invitation))
