"""Really run every installed algorithm, each backend in a process of its own.

A wrapped library moves, and its wrapper breaks; here a user learns which, why, and what
mends it, before a study does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.contract.registry import is_met, registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpbridge.contract.backend import BackendSpec
    from hpbridge.contract.registry import Registry
    from hpbridge.errors import BackendLoadError

N_TRIALS = 3
_PATIENCE_SECONDS = 180.0

WORKS, BROKEN, NOT_INSTALLED = "works", "broken", "not installed"
OF_HOST = "host "
"""Before the name of a host, where a backend or an optimizer could stand."""
CHANGED = "changed"
"""The library has moved under a private name that the plugin builds on."""


@dataclass(frozen=True)
class Finding:
    """What the doctor found of one algorithm, or of a library's private names.

    Attributes:
        optimizer: ``backend:algorithm``; the backend, or ``host NAME``, where it is of
            the private names that these build on.
    """

    optimizer: str
    verdict: str
    why: str = ""
    mend: str = ""
    seconds: float = 0.0


def diagnose(backends: Sequence[str] | None = None) -> Iterator[Finding]:
    """Run every algorithm of these backends, all by default; yield as found.

    Raises:
        BackendNotFoundError: If no plugin offers one of them.
    """
    plugins = registry()
    faults = _faults(plugins)
    names = list(backends or [*plugins.libraries, *faults])
    for name in names:
        if name not in faults:
            plugins.backend(name)  # refuse an unknown name before anything runs
    for name in names:
        if name in faults:
            error = faults[name]
            text = " ".join((error.brief, *error.problems))
            yield Finding(name, BROKEN, text, error.hint)
        else:
            yield from _diagnose_backend(plugins.backends[name])
    for host in plugins.hosts.values() if not backends else ():
        if host.upstream is not None and all(map(is_met, host.requires)):
            yield from _probe([f"{OF_HOST}{host.name}"])


def _faults(plugins: Registry) -> dict[str, BackendLoadError]:
    """Return what is wrong with plugins: by a backend's name, else with its kind."""
    clashes = {
        name if kind == "backend" else f"{kind} {name}": error
        for (kind, name), error in plugins.clashes.items()
    }
    return {**plugins.broken, **clashes}


def _diagnose_backend(spec: BackendSpec) -> Iterator[Finding]:
    plugins = registry()
    # By its name alone a backend is asked for the private names that it builds on.
    has_library = all(map(is_met, spec.requires))
    waiting = [spec.name] if spec.upstream is not None and has_library else []
    for algorithm in spec.algorithms.values():
        missing = plugins.missing(spec, algorithm)
        optimizer = f"{spec.name}:{algorithm.name}"
        if missing:
            why = "it needs " + ", ".join(missing)
            mend = plugins.install_command(spec, algorithm)
            yield Finding(optimizer, NOT_INSTALLED, why, mend)
        else:
            waiting.append(optimizer)
    while waiting:
        found = _probe(waiting)
        yield from found
        waiting = waiting[len(found) :]


def _probe(optimizers: list[str]) -> list[Finding]:
    """Run optimizers in one process, until all are done or the process dies."""
    command = [sys.executable, "-m", "hpbridge.doctor.probe", *optimizers]
    started = time.monotonic()
    timeout = _PATIENCE_SECONDS * len(optimizers)
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
        output, code = done.stdout, done.returncode
        last = (done.stderr.strip().splitlines() or [""])[-1]
    except subprocess.TimeoutExpired as stuck:
        output = (
            stuck.stdout.decode(errors="replace")
            if isinstance(stuck.stdout, bytes)
            else ""
        )
        code, last = None, ""
    lines = [line for line in output.splitlines() if line.startswith('{"optimizer"')]
    found = [Finding(**json.loads(line)) for line in lines]
    if len(found) < len(optimizers):
        name = optimizers[len(found)]
        died = f"its process died with exit code {code}. {last}".strip()
        stuck_text = f"it did not finish within {timeout:.0f} seconds"
        why = stuck_text if code is None else died
        mend = upgrade(name.split(":", maxsplit=1)[0])
        found.append(Finding(name, BROKEN, why, mend, time.monotonic() - started))
    return found


def upgrade(name: str) -> str:
    """Return what installs the newest plugin of a backend or a ``host NAME``."""
    plugin = name.removeprefix(OF_HOST)
    is_core = name.startswith(OF_HOST) and plugin not in registry().backends
    return "pip install --upgrade hpbridge" + ("" if is_core else f"-{plugin}")
