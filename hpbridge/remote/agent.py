"""Be an agent: what engines call, and what is started as a program."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from hpbridge.errors import HpbridgeError
from hpbridge.remote.invitation import Invitation
from hpbridge.remote.serving import Agent
from hpbridge.remote.wanted import asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def serve_agent(
    invitation: Invitation,
    *,
    is_over: Callable[[], bool] | None = None,
    trials: int | None = None,
    because: Mapping[signal.Signals, str] | None = None,
) -> str:
    """Be an agent until told to leave; return why it left.

    In the main thread, SIGTERM and SIGINT let it leave, with all that it has started.

    Args:
        invitation: As of `Crew.hire`.
        is_over: Asked now and then, in a thread: whether the engine wants it no more.
        trials: How many it runs before it leaves; None for any number.
        because: What signals mean that let it leave.

    Raises:
        DriverError: If no study answers, or it takes no such agent.
    """
    known = set(sys.path)
    sys.path += [e for e in invitation.path if e not in known and Path(e).exists()]
    agent = Agent(invitation, trials=trials)
    with stopping(agent.stop, because), asking(is_over, agent.stop):
        return agent.serve()


@contextlib.contextmanager
def stopping(
    stop: Callable[[str], None], because: Mapping[signal.Signals, str] | None = None
) -> Iterator[None]:
    """Let SIGTERM, SIGINT and those that have a reason call a function with why."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    said = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT", **(because or {})}
    before = {each: signal.getsignal(each) for each in said}
    for each in said:
        signal.signal(each, lambda number, _: stop(said[signal.Signals(number)]))
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def main() -> None:
    """Be an agent by the invitation that comes, as JSON, through standard input."""
    try:
        serve_agent(Invitation.from_json(json.load(sys.stdin)))
    except HpbridgeError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
