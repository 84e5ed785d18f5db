"""What a machine of the cluster lacks, where an actor cannot be made on it."""

from __future__ import annotations

import re

from hpbridge.plugin import ExperimentError

_MODULE = re.compile(r"(?:ModuleNotFoundError|ImportError): (No module named '[^']+')")
_OF_OURS = re.compile(r"No module named '(hpbridge|hpbridge_ray)(\.[^']*)?'")

_INSTALL = (
    "install it on every machine of the cluster, or let Ray bring it: driver option "
    'runtime_env={"pip": ["hpbridge-ray"]}'
)
_SEND = (
    "put it on every machine of the cluster, or let Ray send it: driver option "
    'runtime_env={"working_dir": "."} for files, {"pip": [...]} for packages'
)


def why_not_loaded(said: str) -> str | None:
    """Return what is missing on a machine, by what Ray says; None for something else.

    Example:
        >>> why_not_loaded("... ModuleNotFoundError: No module named 'hpbridge_ray'")
        "a machine of this Ray lacks hpbridge-ray: No module named 'hpbridge_ray'"
    """
    found = _MODULE.search(said)
    if found is None:
        return None
    ours = _OF_OURS.fullmatch(found[1])
    if ours is not None:
        return f"a machine of this Ray lacks hpbridge-ray: No module named {ours[1]!r}"
    return f"a machine of this Ray lacks a module: {found[1]}"


def refusal(experiment: str, problem: str) -> ExperimentError:
    """Return the error for an experiment that no actor can load, with what helps."""
    found = _MODULE.search(problem)
    if " lacks hpbridge-ray" in problem:
        hint = _INSTALL
    elif found is not None or " lacks a module" in problem:
        hint = _SEND
    else:
        return ExperimentError.invalid(experiment, [problem])
    return ExperimentError(f"Experiment {experiment!r} cannot be run", [problem], hint)
