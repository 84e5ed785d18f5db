"""A Dask cluster on this machine, for one run, in a process of its own.

Not in the study's: that thinks, and a scheduler must answer; and a `LocalCluster` runs
the user's script again in each of its workers. It ends with the study's process,
however that ends.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from hpbridge.plugin import DriverError

if TYPE_CHECKING:
    from types import TracebackType

# On a busy machine, the workers' imports take most of it.
_START_SECONDS = 120.0
_SAYS = "import sys; sys.path[:] = {path!r}; from {module} import main; main({count})"


class OwnCluster:
    """The cluster, seen from the study's process.

    Args:
        count: How many workers it has.
    """

    def __init__(self, count: int) -> None:
        path = [entry for entry in sys.path if isinstance(entry, str)]
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        code = _SAYS.format(path=path, module=__name__, count=count)
        self._process = subprocess.Popen(
            [sys.executable, *flags, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is our business
        )
        self._folder: str | None = None

    def __enter__(self) -> OwnCluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_dead(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def address(self) -> str:
        """Return where its scheduler is, as soon as it has started.

        Raises:
            DriverError: If it does not start.
        """
        out = self._process.stdout
        assert out is not None
        has_said = select.select([out], [], [], _START_SECONDS)[0]
        said = out.readline().decode().split(maxsplit=1) if has_said else []
        if not said:
            headline = "No Dask cluster starts on this machine"
            hint = "`python -c 'from distributed import LocalCluster; LocalCluster()'`"
            raise DriverError(headline, hint=f"{hint} shows whether one starts at all")
        address, folder = said
        self._folder = folder.strip()
        return address

    def close(self) -> None:
        """End it and its workers, which are of its group and have nothing to lose."""
        process = self._process
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def main(count: int) -> None:
    """Be a cluster until the process at the other end of standard input is gone."""
    import logging

    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what workers print is not for the study's process
    # Nobody looks at its profile, which costs each worker a thread that samples.
    os.environ.setdefault("DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED", "False")
    from distributed import LocalCluster

    with (
        tempfile.TemporaryDirectory(
            prefix="hpbridge-dask-", ignore_cleanup_errors=True
        ) as folder,
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            memory_limit=None,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            local_directory=folder,
        ) as cluster,
    ):
        said.write(f"{cluster.scheduler_address} {folder}\n")
        said.flush()
        os.read(0, 1)
