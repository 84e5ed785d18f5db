"""Run the studies of a bench in several processes, each of which runs whole ones."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import tempfile
import threading
from typing import TYPE_CHECKING, Any

import cloudpickle

from hpbridge.bench import hand
from hpbridge.bench.steps import BEGUN, ENDED, FAILED, TRIALS, Step
from hpbridge.contract.wire import error_from_json
from hpbridge.drivers.zygote import command
from hpbridge.errors import ExecutorError, ExperimentError
from hpbridge.errors.foreign import describe_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from hpbridge.bench.entry import Run
    from hpbridge.bench.works import Work

# How long processes may take to end their studies on Ctrl-C.
_LEAVING_SECONDS = 10.0
_LAST_BYTES = 2000
_TURN_SECONDS = 0.5


def run_in_processes(
    work: Work,
    tasks: Sequence[tuple[Run, int | None]],
    jobs: int,
    step: Callable[[Step], None],
) -> None:
    """Run studies in processes, which end with this one.

    One whose process dies has failed, and the others go on.

    Args:
        work: What they are of.
        tasks: Each with the number of its study, where it began before.
        jobs: How many processes there are.
        step: Is told what happens, in this thread.

    Raises:
        ExecutorError: If no process can be started.
        KeyboardInterrupt: If the user interrupted it. Every finished trial is on disk.
    """
    orders = _packed(work)
    left: queue.SimpleQueue[tuple[Run, int | None]] = queue.SimpleQueue()
    for task in tasks:
        left.put(task)
    said: queue.SimpleQueue[Any] = queue.SimpleQueue()
    members = [_Member(orders, left, said) for _ in range(jobs)]
    with _ended_by_sigterm():
        try:
            for member in members:
                member.start()
            _hear(said, len(members), step)
        finally:
            _dismiss(members)


def _packed(work: Work) -> bytes:
    database = work.database
    place = database.engine.url.render_as_string(hide_password=False)
    if database.is_sqlite:
        place = os.path.abspath(str(database.engine.url.database))  # noqa: PTH100
    orders = hand.Orders(work.entry, place, work.comparison_id, work.patience)
    try:
        packed: bytes = cloudpickle.dumps(orders)
    except Exception as error:  # an object's own pickling
        problem = f"it cannot be sent to another process: {describe_error(error)}"
        hint = "`jobs=1` runs it in this one"
        headline = f"Bench {work.entry.suite.name!r} cannot be run"
        raise ExperimentError(headline, [problem], hint) from error
    return packed


def _hear(
    said: queue.SimpleQueue[Any], n_members: int, step: Callable[[Step], None]
) -> None:
    """Hand on what members say until all have ended."""
    while n_members:
        try:
            # Waits in turns: on some systems nothing else lets a signal through.
            found = said.get(timeout=_TURN_SECONDS)
        except queue.Empty:
            continue
        if found is None:
            n_members -= 1
        elif isinstance(found, BaseException):
            raise found
        else:
            step(found)


def _dismiss(members: Sequence[_Member]) -> None:
    for member in members:
        member.hang_up()
    for member in members:
        member.end(_LEAVING_SECONDS)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM be as Ctrl-C, as it is for a study."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Member:
    """A process, and the thread that tells it what to run; a new one if it dies."""

    def __init__(
        self,
        orders: bytes,
        left: queue.SimpleQueue[tuple[Run, int | None]],
        said: queue.SimpleQueue[Any],
    ) -> None:
        self._orders, self._left, self._said = orders, left, said
        self._process: subprocess.Popen[bytes] | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as it lives
        self._is_over = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _serve(self) -> None:
        try:
            self._run_all()
        except Exception as error:  # noqa: BLE001 - raised in the main thread
            self._said.put(error)
        self._said.put(None)

    def _run_all(self) -> None:
        while not self._is_over:
            try:
                run, study = self._left.get_nowait()
            except queue.Empty:
                return
            if self._process is None and not self._begin():
                return
            self._said.put(Step(BEGUN, run))
            self._said.put(self._run(run, study))

    def _begin(self) -> bool:
        """Start the process; say whether there is one, since it may be over.

        Raises:
            ExecutorError: If it ends before it is ready.
        """
        with self._lock:
            if self._is_over:
                return False
            self._errors.seek(0)
            self._errors.truncate()
            self._process = subprocess.Popen(
                command("hpbridge.bench.hand"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,  # Ctrl-C is our business
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(hand.LENGTH.pack(len(self._orders)) + self._orders)
            process.stdin.flush()
            hand.receive(process.stdout)
        except (EOFError, OSError):
            if self._is_over:
                return False
            problems = [self._how_it_ended()]
            headline = "A process of the bench ended before its first study"
            hint = "`jobs=1` runs the bench in this process"
            raise ExecutorError(headline, problems, hint) from None
        return True

    def _run(self, run: Run, study: int | None) -> Step:
        """Let the process run a study; return what became of it."""
        process, n_trials = self._process, 0
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            hand.send(process.stdin, (run, study))
            while True:
                what, *about = hand.receive(process.stdout)
                n_trials = about[0]
                if what == hand.ENDED:
                    return Step(ENDED, run, n_trials)
                if what == hand.FAILED:
                    return Step(FAILED, run, n_trials, error_from_json(about[1]))
                self._said.put(Step(TRIALS, run, n_trials))
        except (EOFError, OSError):
            problem = self._how_it_ended()
            headline = "Its process ended"
            error = ExecutorError(headline, [problem], "--resume goes on with it")
            with self._lock:
                _close(process)
                self._process = None
            return Step(FAILED, run, n_trials, error)

    def _how_it_ended(self) -> str:
        assert self._process is not None
        code = self._process.wait()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(self._errors.tell() - _LAST_BYTES, 0))
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"it ended {how}" + (f": {lines[-1].strip()}" if lines else "")

    def hang_up(self) -> None:
        """Let the process end by itself: nothing more comes."""
        with self._lock:
            self._is_over = True
            if self._process is not None and self._process.stdin is not None:
                with contextlib.suppress(OSError):
                    self._process.stdin.close()

    def end(self, seconds: float) -> None:
        """Wait so long until it has ended; then end it, and what it has started."""
        process = self._process
        if process is not None:
            _end(process, seconds)
        if self._thread.ident is not None:
            self._thread.join(seconds)
        if process is not None:
            _close(process)
        self._errors.close()


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait so long until a process has ended; then end it, and what it has started."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def _close(process: subprocess.Popen[bytes]) -> None:
    """Close our ends of the pipes to a process that has ended."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):  # what was not written is lost
                stream.close()
