"""A worker of Hyperopt's cluster on MongoDB: it takes jobs and runs them, one by one.

Each job has a process of its own, so that an objective that ends its process costs its
trial and no more; meanwhile the worker says that it lives. A worker that is told to end
gives its job back; one that is gone is noticed by `MongoTrials`, and what it still says
of the job is refused.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from hyperopt import mongoexp

from hpbridge.plugin import HpbridgeError
from hpbridge_hyperopt._upstream import MONGO_RUN_ONE
from hpbridge_hyperopt.format.documents import RUNNING
from hpbridge_hyperopt.host.mongo_jobs import MongoJobs, require

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_log = logging.getLogger("hpbridge-mongo-worker")


class _ToldToEnd(BaseException):
    """A signal said so."""


class Worker:
    """Takes jobs of one database, as the arguments of the command say."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        MONGO_RUN_ONE.check()
        self._said = arguments
        self._address = _full(arguments.mongo)
        self._jobs = MongoJobs.new_from_connection_str(self._address)
        self._owner = f"{socket.gethostname()}:{os.getpid()}"

    def run(self) -> None:
        """Run jobs until there are enough, or none comes for too long."""
        n_run = 0
        while self._said.max_jobs is None or n_run < self._said.max_jobs:
            job = self._reserved()
            if job is None:
                return
            try:
                self._run(job)
            except BaseException:  # raised again
                self._jobs.put_back(job)
                raise
            n_run += 1

    def _reserved(self) -> dict[str, Any] | None:
        """Return the next job; None where there is none for too long."""
        patience, began = self._said.reserve_timeout, time.monotonic()
        while True:
            job = self._jobs.reserve(
                self._owner, exp_key=self._said.exp_key, heartbeat=self._said.heartbeat
            )
            if job is not None:
                return job
            if patience is not None and time.monotonic() - began >= patience:
                return None
            time.sleep(self._said.poll_interval)

    def _run(self, job: dict[str, Any]) -> None:
        _log.info("job %s begins", job.get("tid"))
        with _folder_of(job, self._said.workdir) as folder:
            if self._said.no_subprocesses:
                with self._beating(job):
                    self.evaluate(job, folder)
            else:
                self._run_in_process(job, folder)

    def _run_in_process(self, job: dict[str, Any], folder: Path) -> None:
        command = [sys.executable, "-m", "hpbridge_hyperopt.mongo"]
        command += ["--mongo", self._said.mongo, "--job", str(job["_id"])]
        command += ["--workdir", str(folder)]
        with subprocess.Popen(command) as process:
            try:
                code = self._wait(process, job)
            except BaseException:  # raised again
                process.terminate()
                raise
        mine = {"_id": job["_id"], "owner": job["owner"], "state": RUNNING}
        left = self._jobs.jobs.find_one(mine)
        if left is not None:
            self._jobs.give_up(left, f"its process ended with code {code}")

    def _wait(self, process: subprocess.Popen[bytes], job: dict[str, Any]) -> int:
        """Return with what code a process ended; meanwhile, say that it runs."""
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(self._said.heartbeat)
            self._jobs.beat(job)

    @contextlib.contextmanager
    def _beating(self, job: dict[str, Any]) -> Iterator[None]:
        """Say that a job runs, in a thread, while the body does."""
        is_over = threading.Event()

        def beat() -> None:
            while not is_over.wait(self._said.heartbeat):
                self._jobs.beat(job)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def evaluate(self, job: dict[str, Any], folder: Path) -> None:
        """Run a job in this process and a folder, by Hyperopt's own worker.

        Source:
            hyperopt 0.3.0, `MongoWorker.run_one`: it takes the job that `reserve`
            returns, and marks one that raised as failed.
        """
        jobs = MongoJobs.of(self._jobs)
        jobs.reserve = lambda *_, **__: job  # type: ignore[method-assign]
        worker = mongoexp.MongoWorker(jobs, workdir=str(folder), logfilename=None)
        try:
            # Hyperopt's does not come back from the folder of a job that raised.
            with contextlib.chdir(folder):
                worker.run_one()
        except mongoexp.OperationFailure as error:
            _log.warning("%s; its result is dropped", error)
        except _ToldToEnd:
            raise
        except Exception as error:  # noqa: BLE001 - the objective's, which is recorded
            _log.warning("job %s failed: %r", job.get("tid"), error)
        finally:
            del jobs.reserve

    def evaluate_reserved(self, job: str) -> None:
        """Run a job that is reserved already, by its id."""
        from bson import ObjectId

        found = self._jobs.jobs.find_one({"_id": ObjectId(job), "state": RUNNING})
        if found is not None:
            self.evaluate(found, Path(self._said.workdir))


@contextlib.contextmanager
def _folder_of(job: dict[str, Any], given: str | None) -> Iterator[Path]:
    """Yield where a job runs: the folder that was given, or a new one while it runs.

    Hyperopt makes and erases one itself, beside a file whose name all workers of a
    folder share: a job of one fails where that of another ends.

    Source:
        hyperopt 0.3.0, `utils.temp_dir`.

    Raises:
        HpbridgeError: If there can be none.
    """
    beside = Path(job["misc"].get("workdir") or ".", str(job["_id"]))
    folder = (beside if given is None else Path(given)).expanduser().resolve()
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        headline = f"A job cannot run in {folder}"
        hint = "name a folder that can be written: --workdir FOLDER"
        raise HpbridgeError(headline, [str(error)], hint) from error
    try:
        yield folder
    finally:
        if is_new and given is None:
            shutil.rmtree(folder, ignore_errors=True)


def _full(address: str) -> str:
    """Return an address as `MongoTrials` takes it: with protocol and collection."""
    found = address if "://" in address else f"mongo://{address}"
    return found if found.partition("://")[2].count("/") > 1 else f"{found}/jobs"


def _end(_number: int, _frame: object) -> NoReturn:
    raise _ToldToEnd


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hpbridge-mongo-worker",
        description="Run jobs of an fmin with hpbridge_hyperopt.mongo.MongoTrials. "
        "It runs what is pickled in the database: use one that you trust.",
    )
    add = parser.add_argument
    add("--mongo", default="localhost:27017/hyperopt", help="HOST:PORT/DATABASE")
    add("--exp-key", help="take jobs with this key only")
    add("--max-jobs", type=int, help="end after so many")
    add("--poll-interval", type=float, default=1.0, help="seconds between two looks")
    add("--reserve-timeout", type=float, help="end after so many seconds without a job")
    add("--heartbeat", type=float, default=5.0, help="seconds between signs of life")
    add("--workdir", help="where the objective runs; a new folder by default")
    add("--no-subprocesses", action="store_true", help="run jobs in this process")
    add("--job", help=argparse.SUPPRESS)
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    logging.basicConfig(format="%(name)s: %(message)s", level=logging.WARNING)
    given = _arguments().parse_args(words)
    for number in (signal.SIGINT, signal.SIGTERM):
        # What runs one job dies at once: who waits for it gives the job back.
        signal.signal(number, _end if given.job is None else signal.SIG_DFL)
    require()
    from pymongo.errors import PyMongoError

    try:
        worker = Worker(given)
        if given.job is not None:
            worker.evaluate_reserved(given.job)
        else:
            worker.run()
    except HpbridgeError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except PyMongoError as error:
        reason = " ".join(str(error).split())[:300]
        sys.stderr.write(f"The MongoDB at {given.mongo} is gone: {reason}\n")
        return 2
    except _ToldToEnd:
        return 130
    return 0
