"""An agent of a rank, in a process of its own: `python -m hpbridge_mpi.driver.agent`.

MPI's library is not in it, so that trials may start processes, and use MPI themselves.
The invitation comes through standard input, which then stands open as long as the rank
lives: when it closes, the agent leaves.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from hpbridge.plugin import HpbridgeError, Invitation, serve_agent


def _watch() -> None:
    """Wait until the rank is gone, or lets its agent leave."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve until told to leave."""
    invitation = Invitation.from_json(json.loads(sys.stdin.readline()))
    threading.Thread(target=_watch, daemon=True).start()
    try:
        serve_agent(invitation, because={signal.SIGTERM: "its MPI rank ended"})
    except HpbridgeError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
