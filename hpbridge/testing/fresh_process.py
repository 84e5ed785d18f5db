"""The process that a kit starts: runs algorithms as it is asked, a line of JSON each.

Started as ``python -m hpbridge.testing.fresh_process FILE``, with the search path and
the pickled backend in FILE. A request on standard input is an object with

- ``algorithm``, and ``options``, those beyond `Algorithm.quick`;
- ``what``: ``trials``, for the points of ``n_trials`` of ``seed`` over `HASHED`; or
  ``explained``, for the difference between a run and what `explain` prints.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.backend import BackendSpec
    from hpbridge.testing.parity import Run


def main() -> None:
    """Answer requests until there are no more."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a library may print there
    head, _, pickled = Path(sys.argv[1]).read_bytes().partition(b"\n")
    sys.path[:] = json.loads(head)
    spec = pickle.loads(pickled)  # written by the kit a moment ago
    for line in sys.stdin:
        request = json.loads(line)
        run = {"trials": _trials, "explained": _explained}[request["what"]]
        try:
            answer = run(spec, request)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            answer = {"raised": f"{type(error).__name__}: {error}"}
        channel.write(json.dumps(answer, default=repr) + "\n")
        channel.flush()


def _trials(spec: BackendSpec, request: Mapping[str, Any]) -> object:
    from hpbridge.testing.process_checks import run_hashed

    how = (request["algorithm"], request["n_trials"], request["seed"])
    return {"trials": run_hashed(spec, *how)}


def _explained(spec: BackendSpec, request: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with the source, or nothing.

    ``raised`` of the bridge's own run, ``source`` where the printed source fails, and
    ``differs`` where it gives other trials.
    """
    from hpbridge.contract.backend import Problem
    from hpbridge.contract.options import read_options
    from hpbridge.testing.case import N_MAIN, Case
    from hpbridge.testing.checks import CheckFailed
    from hpbridge.testing.parity import check_same, run_bridge, run_native

    name, case = request["algorithm"], Case(spec, request["algorithm"])
    options = {**case.algorithm.quick, **request["options"]}
    args = (spec, name, case.main, N_MAIN, 1, options)
    bridge = run_bridge(*args)
    try:
        native: Run = run_native(*args)
    except BaseException as error:  # noqa: BLE001 - the source may raise anything
        read = read_options(name, case.algorithm.options, options)
        assert spec.explain is not None
        source = spec.explain(Problem(case.main), case.algorithm, read, 1)
        return {"source": _describe(error, f"<{spec.name}:{name}>", source)}
    if request["compare"]:
        try:
            check_same(bridge, native)
        except CheckFailed as difference:
            return {"differs": str(difference)}
    return {}


def _describe(error: BaseException, file: str, source: str) -> str:
    """Return an error with the line of the source that raised it."""
    what = f"{type(error).__name__}: {error}"
    frames = [
        f for f in traceback.extract_tb(error.__traceback__) if f.filename == file
    ]
    if not frames:
        return what
    number = frames[-1].lineno or 1
    return f"{what}, in line {number}: {source.splitlines()[number - 1].strip()}"


if __name__ == "__main__":
    main()
