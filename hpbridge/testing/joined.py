"""Backends whose algorithms take members, with members: what the kit can run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpbridge.contract.capabilities import Feature
from hpbridge.contract.registry import registry

if TYPE_CHECKING:
    from hpbridge.contract.backend import BackendSpec

N_MEMBERS = 2
"""How many members the kit joins, where nobody says which."""


def joined(spec: BackendSpec, *names: str) -> BackendSpec:
    """Return a backend with the algorithms that some members make of its own.

    Args:
        spec: Any backend; one that takes no members is returned as it is.
        names: Algorithms with their members, as in ``optuna:tpe+skopt:gp``. Without
            any, each algorithm of the backend with members that are installed.

    Raises:
        BackendError: If there is no such optimizer.
    """
    if not any(each.takes_members for each in spec.algorithms.values()):
        return spec
    members = "+".join(_usual_members())
    named = names or [f"{variant}:{members}" for variant in spec.algorithms]
    found = [registry().algorithm(f"{spec.name}:{name}")[1] for name in named]
    return replace(spec, algorithms={each.name: each for each in found})


def _usual_members() -> list[str]:
    plugins = registry()
    able = [
        spec.name
        for spec in plugins.libraries.values()
        for algorithm in [spec.algorithms[spec.default]]
        if algorithm.learns
        and not algorithm.is_staged
        and algorithm.capabilities.can(Feature.FOREIGN_HISTORY)
        and not plugins.missing(spec, algorithm)
    ]
    return able[:N_MEMBERS]
