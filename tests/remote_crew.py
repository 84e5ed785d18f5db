"""A crew of agents on this machine, for tests of what agents do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from hpbridge.contract.execution import DriverSpec
from hpbridge.plugin import open_hands


class ProcessCrew:
    """Agents in processes of this machine.

    Attributes:
        processes: All that were started.
    """

    def __init__(self):
        self.processes = []
        self._told = set()

    def hire(self, invitation, count):
        for _ in range(count):
            process = subprocess.Popen(
                [sys.executable, "-m", "hpbridge.remote.agent"],
                stdin=subprocess.PIPE,
            )
            process.stdin.write(json.dumps(invitation.to_json()).encode())
            process.stdin.close()
            self.processes.append(process)

    def look(self):
        gone = {p.pid: p.poll() for p in self.processes if p.pid not in self._told}
        gone = {pid: code for pid, code in gone.items() if code is not None}
        self._told |= gone.keys()
        return [f"process {pid} ended with {code}" for pid, code in gone.items()]

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()


def kill_agent_of(process):
    """Kill the agent whose worker process this is."""
    stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    os.kill(int(stat.rpartition(")")[2].split()[1]), signal.SIGKILL)


@contextmanager
def open_processes(experiment, settings):
    with open_hands(experiment, settings, ProcessCrew()) as executor:
        yield executor


PROCESSES = DriverSpec(
    "agents",
    "Agents on this machine.",
    open_processes,
    logs=True,
    limits=frozenset({"trials_per_worker", "memory_trial", "threads_per_worker"}),
)
