"""Inside a process of a bench: run the studies that it is told, one after the other.

It is a fresh interpreter. Messages are pickles, each after its length; those of the
process that started it come through standard input, and when that closes, it ends: a
study that runs then is interrupted, and every finished trial is in the store.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import pickle
import queue
import signal
import struct
import time
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from hpbridge.bench.works import Ticks, Work
from hpbridge.contract.wire import error_to_json
from hpbridge.errors import HpbridgeError

if TYPE_CHECKING:
    from hpbridge.bench.entry import Entry, Run
    from hpbridge.bench.steps import Step

LENGTH = struct.Struct("<q")

READY, TRIALS, ENDED, FAILED = "ready", "trials", "ended", "failed"
"""What it says: that it has begun; how many trials a study has; that one has ended."""

# An objective that holds a signal back has so long to end.
_GRACE_SECONDS = 5.0


class Orders(NamedTuple):
    """What a process of a bench is told first.

    Attributes:
        place: The file or the URL of the store.
    """

    entry: Entry
    place: str
    comparison_id: int
    patience: float


def send(stream: IO[bytes], message: object) -> None:
    """Write a message."""
    data = pickle.dumps(message)
    stream.write(LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read a message.

    Raises:
        EOFError: When there is none any more.
    """
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    (length,) = LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)


def main() -> None:
    """Run what the process at the other end of standard input says."""
    tasks, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):  # objectives neither read our tasks nor write among replies
        os.dup2(nothing, number)
    os.close(nothing)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is our parent's business
    hand = _Hand(tasks, replies)
    _thread.start_new_thread(hand.watch, ())
    # Nobody listens any more where a reply cannot be written.
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        hand.serve()
    os._exit(0)


class _Hand:
    def __init__(self, tasks: IO[bytes], replies: IO[bytes]) -> None:
        self._tasks, self._replies = tasks, replies
        self._told: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def watch(self) -> None:
        """Hand on what comes; when nothing will any more, end what runs."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._told.put(receive(self._tasks))
        self._told.put(None)
        signal.raise_signal(signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
        os._exit(1)

    def serve(self) -> None:
        """Run what is told, until nothing will be any more."""
        from hpbridge.store import open_store

        orders = self._told.get()
        if orders is None:
            return
        database = open_store(orders.place).patient(orders.patience)
        work = Work(orders.entry, database, orders.comparison_id, orders.patience)
        send(self._replies, (READY,))
        with database.kept_open():
            while (task := self._told.get()) is not None:
                self._run(work, *task)

    def _say(self, step: Step) -> None:
        send(self._replies, (TRIALS, step.n_trials))

    def _run(self, work: Work, run: Run, study: int | None) -> None:
        ticks = Ticks(run, self._say)
        try:
            work.run(run, study, ticks.tick)
        except HpbridgeError as error:
            send(self._replies, (FAILED, ticks.n, error_to_json(error)))
        else:
            send(self._replies, (ENDED, ticks.n))
