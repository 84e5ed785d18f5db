"""Checks that using an optimizer changes nothing else in the process."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import random
import signal
import sys
import tempfile
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import Outcome
from hpbridge.testing.case import complete
from hpbridge.testing.checks import check, require
from hpbridge.testing.parity import bowl
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.testing.case import Case


_FILES = "files in the working directory"


@dataclass(frozen=True)
class Watched:
    """What a short run of an optimizer changed, and what it printed."""

    before: dict[str, Any]
    after: dict[str, Any]
    printed: str


def _rng_states() -> dict[str, Any]:
    states: dict[str, Any] = {"random": random.getstate()}
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        kind, keys, *rest = numpy.random.get_state()
        states["numpy.random"] = (kind, keys.tobytes(), *rest)
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = bytes(torch.get_rng_state().tolist())
    return states


def _settings() -> dict[str, Any]:
    root = logging.getLogger()
    loggers = _all_loggers().items()
    return {
        "handlers of the root logger": list(root.handlers),
        "logging.disable": root.manager.disable,
        "log levels": {n: x.level for n, x in loggers if isinstance(x, logging.Logger)},
        "warning filters": list(warnings.filters),
        "environment variables": dict(os.environ),
        "working directory": str(Path.cwd()),
        _FILES: sorted(path.name for path in Path.cwd().iterdir()),
        "threads": threading.enumerate(),
        "sys.path": list(sys.path),
        "recursion limit": sys.getrecursionlimit(),
        "handler of interrupts": signal.getsignal(signal.SIGINT),
        "sys.stdout": id(sys.stdout),
        "sys.stderr": id(sys.stderr),
    }


@contextlib.contextmanager
def _capture() -> Iterator[list[str]]:
    """Collect what is written to stdout and stderr, by Python or below it."""
    text: list[str] = []
    streams = io.StringIO()
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            with (
                contextlib.redirect_stdout(streams),
                contextlib.redirect_stderr(streams),
            ):
                yield text
        finally:
            for descriptor, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, descriptor)
                os.close(copy)
            file.seek(0)
            text += [streams.getvalue(), file.read().decode(errors="replace")]


def _watch(case: Case) -> Watched:
    # First a run that is not watched: what an import changes is the library's doing.
    with contextlib.suppress(Exception):  # a plugin may raise anything
        _ = case.main_run
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        _capture() as printed,
        warnings.catch_warnings(record=True) as warned,
    ):
        warnings.simplefilter("always")
        _short_run(case)
        with _disturbed():
            before = _rng_states() | _settings() | {_FILES: []}
            _short_run(case)
            after = _rng_states() | _settings()
    said = [f"{w.category.__name__}: {w.message}\n" for w in warned]
    return Watched(before, after, "".join([*printed, *said[:1]]))


@contextlib.contextmanager
def _disturbed() -> Iterator[None]:
    """Change the global state to what no plugin would set, so that setting it shows."""
    loggers = [x for x in _all_loggers().values() if isinstance(x, logging.Logger)]
    levels = [logger.level for logger in loggers]
    numpy = sys.modules.get("numpy")
    states = random.getstate(), numpy.random.get_state() if numpy else None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="a warning that nobody gives")
        random.seed("disturbed")
        if numpy is not None:
            numpy.random.seed(20_240_229)
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 7)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
            random.setstate(states[0])
            if numpy is not None:
                numpy.random.set_state(states[1])


def _all_loggers() -> dict[str, Any]:
    return {"root": logging.getLogger(), **logging.getLogger().manager.loggerDict}


def _short_run(case: Case) -> None:
    # What it raises is the business of other checks.
    with contextlib.suppress(Exception):  # a plugin may raise anything
        optimizer = case.create(case.plain)
        for number in range(4):
            suggestion = optimizer.ask()
            outcome = complete(bowl(suggestion.params))
            optimizer.tell(suggestion, outcome if number else Outcome(State.FAILED))


def _watched(case: Case) -> Watched:
    return case.once("watched", lambda: _watch(case))


@check(rule=7)
def check_global_rngs(case: Case) -> None:
    """The global random number generators are left alone."""
    watched = _watched(case)
    for name in _rng_states():
        is_same = watched.before.get(name) == watched.after.get(name)
        require(is_same, f"the global generator of {name} untouched", "another state")


@check(rule=7)
def check_global_settings(case: Case) -> None:
    """Log levels, warning filters, environment and directory stay as they were."""
    watched = _watched(case)
    for name in _settings():
        before, after = watched.before[name], watched.after[name]
        if name == "log levels":  # a logger that is new has changed nothing
            after = {logger: after.get(logger) for logger in before}
        if name == "threads":  # one that ended is nobody's
            before = [thread for thread in before if thread in after]
        if isinstance(before, list):  # what is new says more than all that is not
            before, after = (
                [],
                [each for each in after if each not in before]
                or ([] if after == before else after),
            )
        require(before == after, f"{name} as before", after)


@check(rule=7)
def check_output(case: Case) -> None:
    """Nothing is printed, to stdout or to stderr."""
    printed = _watched(case).printed
    require(not printed, "no output", f"{printed[:300]!r}")
