"""The process that the diagnosis starts: run optimizers, a line of JSON each."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict

import hpbridge
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.registry import registry
from hpbridge.doctor.diagnosis import (
    BROKEN,
    CHANGED,
    N_TRIALS,
    OF_HOST,
    WORKS,
    Finding,
    upgrade,
)
from hpbridge.errors.foreign import describe_error


def _probe(name: str) -> Finding:
    return _run(name) if ":" in name else _look_upstream(name)


def _look_upstream(name: str) -> Finding:
    """Say which private names of the library are not what is built on them.

    Args:
        name: Of a backend, or ``host NAME``.
    """
    mend = upgrade(name)
    if name.startswith(OF_HOST):
        upstream = registry().host(name.removeprefix(OF_HOST)).upstream
    else:
        spec = registry().backend(name)
        upstream = spec.upstream
        tested = (f"{which} {version}" for which, version in spec.tested.items())
        mend += f"; tested are {', '.join(tested)}"
    assert upstream is not None
    started = time.monotonic()
    try:
        problems = upstream()
    except Exception as error:  # noqa: BLE001 - whatever a library raises is a finding
        problems = [describe_error(error)]
    return Finding(
        name,
        CHANGED if problems else WORKS,
        "; ".join(problems),
        mend if problems else "",
        time.monotonic() - started,
    )


def _run(optimizer: str) -> Finding:
    spec, algorithm = registry().algorithm(optimizer)
    parameter: object = hpbridge.Float(-1, 1)
    if not algorithm.capabilities.can(Feature.FLOAT):
        parameter = hpbridge.Int(1, 9)
    experiment = hpbridge.Experiment(
        name="doctor", objective=lambda trial: trial["x"] ** 2, space={"x": parameter}
    )
    started = time.monotonic()
    why = mend = ""
    try:
        study = hpbridge.run(
            experiment, optimizer, n_trials=N_TRIALS, seed=0, store=":memory:"
        )
        if len(study.trials) != N_TRIALS:
            why = f"it ran {len(study.trials)} trials of {N_TRIALS}"
    except Exception as error:  # noqa: BLE001 - whatever a library raises is a finding
        why = describe_error(error)
    if why:
        newest = " ".join(f"'{r}'" for r in (*spec.requires, *algorithm.requires))
        mend = f"pip install --upgrade hpbridge-{spec.name} {newest}"
    seconds = time.monotonic() - started
    return Finding(optimizer, BROKEN if why else WORKS, why, mend, seconds)


if __name__ == "__main__":
    # What a library prints must not stand in the line of a finding.
    findings = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for name in sys.argv[1:]:
        findings.write(json.dumps(asdict(_probe(name))) + "\n")
        findings.flush()
