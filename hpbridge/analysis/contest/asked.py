"""What a comparison was to run, as its record holds it: what is missing shows by it."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.contract.wire import error_from_json
from hpbridge.study import Study

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hpbridge.errors import HpbridgeError

NOT_BEGUN = "it has not begun"
"""Why a run is missing that was to be there."""

FAILED = "failed"
"""In the record: why runs failed, by `run_name`."""


def run_name(problem: str, optimizer: str, seed: int) -> str:
    """Return how a run is called, as in ``optuna:tpe on branin, seed 3``."""
    return f"{optimizer} on {problem}, seed {seed}"


@dataclass(frozen=True)
class Asked:
    """What was to run.

    Attributes:
        problems: Trials of each study by problem: the names of experiments.
        optimizers: As studies are labelled.
        seeds: Of each optimizer on each problem.
        suite: Of the problems; empty for none.
        skipped: ``OPTIMIZER on PROBLEM`` of what was left out, which is not missing.
        failed: What runs failed at when they were last tried, by `run_name`.
    """

    problems: dict[str, int]
    optimizers: tuple[str, ...]
    seeds: range
    suite: str = ""
    skipped: frozenset[str] = frozenset()
    failed: Mapping[str, HpbridgeError] = field(default_factory=dict)

    def runs(self) -> Iterator[tuple[str, str, int]]:
        """Yield problem, optimizer and seed of each study."""
        for problem, optimizer in itertools.product(self.problems, self.optimizers):
            if f"{optimizer} on {problem}" not in self.skipped:
                yield from ((problem, optimizer, seed) for seed in self.seeds)


class AskedStudies(tuple[Study, ...]):
    """The studies of a comparison that there are, and what was to run.

    Attributes:
        asked: None where that is not known.
    """

    asked: Asked | None

    def __new__(
        cls, studies: Iterable[Study] = (), asked: Asked | None = None
    ) -> AskedStudies:
        """Hold studies."""
        held = super().__new__(cls, studies)
        held.asked = asked
        return held


def asked_of(experiment: str, settings: str) -> Asked | None:
    """Return what a comparison was to run; None where its record does not say.

    Args:
        experiment: As the record has it.
        settings: As the record has them.
    """
    try:
        found = json.loads(settings)
        return _of_suite(found) if "suite" in found else _of_one(experiment, found)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        return None  # it is older, or damaged


def _of_suite(settings: dict[str, Any]) -> Asked:
    return Asked(
        problems={name: _count(n) for name, n in settings["problems"].items()},
        optimizers=tuple(str(name) for name, _ in settings["optimizers"]),
        seeds=_seeds(settings["seed"], settings["seeds"]),
        suite=str(settings["suite"]),
        skipped=frozenset(settings.get("skipped") or ()),
        failed=_failed(settings),
    )


def _of_one(experiment: str, settings: dict[str, Any]) -> Asked:
    return Asked(
        problems={experiment: _count(settings["n_trials"])},
        optimizers=tuple(str(name) for name, _ in settings["optimizers"]),
        seeds=_seeds(settings["seed"], settings["repeats"]),
        failed=_failed(settings),
    )


def _failed(settings: dict[str, Any]) -> dict[str, HpbridgeError]:
    found = settings.get(FAILED) or {}
    return {str(name): error_from_json(error) for name, error in found.items()}


_MOST = 100_000


def _count(value: object) -> int:
    if type(value) is not int or not 0 < value < 2**31:
        raise ValueError(value)
    return value


def _seeds(first: object, many: object) -> range:
    if type(first) is not int or _count(many) > _MOST:
        raise ValueError(many)
    return range(first, first + _count(many))
