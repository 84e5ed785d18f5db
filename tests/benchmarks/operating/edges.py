"""HPB201 and HPB202: what the scores say of the ranges that were searched."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.operating.scenario import Scenario
from benchmarks.operating.searches import in_all_settings, search, spoke

import hpbridge as hpb

if TYPE_CHECKING:
    from hpbridge.study import Study

NOISE = 0.03
"""Of a score, as folds have it; the scores differ by about 1 over the space."""


def surface(
    rng: np.random.Generator, centers: np.ndarray, weights: np.ndarray
) -> tuple[Any, dict[str, hpb.Float]]:
    """Return an objective with an optimum there, and its space.

    Parabolas, cones or a parabola that levels off; half of the ranges are logarithmic.
    """
    kind = rng.integers(3)
    is_log = rng.random(len(centers)) < 0.5
    space = {
        f"x{k}": hpb.Float(1e-3, 1e3, log=True) if log else hpb.Float(0, 1)
        for k, log in enumerate(is_log)
    }

    def objective(trial: Any) -> float:
        given = np.array([trial[name] for name in space])
        places = np.where(is_log, (np.log10(np.maximum(given, 1e-3)) + 3) / 6, given)
        away = weights * np.abs(places - centers) ** (1 if kind == 1 else 2)
        value = float(away.sum())
        value = 1 - math.exp(-value) if kind == 2 else value
        return value + NOISE * rng.normal()

    return objective, space


def weights_of(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return weights up to a factor of four from each other."""
    return np.exp(rng.uniform(-0.7, 0.7, n))


def beyond(n: int, optimizer: str, seed: int) -> Study:
    """Return a search whose optimum lies beyond an end, by 0.05 to 0.5 of the range."""
    rng = np.random.default_rng(seed)
    centers = rng.uniform(0.25, 0.75, n)
    by = rng.uniform(0.05, 0.5)
    centers[0] = 1 + by if rng.random() < 0.5 else -by
    return search(*surface(rng, centers, weights_of(rng, n)), optimizer, seed)


def within(optimizer: str, seed: int) -> Study:
    """Return a search whose optimum lies well within the ranges."""
    rng = np.random.default_rng(seed)
    centers = rng.uniform(0.2, 0.8, 2)
    return search(*surface(rng, centers, weights_of(rng, 2)), optimizer, seed)


def idle(n_active: int, n_idle: int, optimizer: str, seed: int) -> Study:
    """Return a search with parameters that do nothing, and others with an optimum."""
    rng = np.random.default_rng(seed)
    n = n_active + n_idle
    weights = weights_of(rng, n)
    weights[:n_idle] = 0.0
    return search(*surface(rng, rng.uniform(0.2, 0.8, n), weights), optimizer, seed)


def at_the_edge_of_what_was_tried(study: Study) -> bool:
    """Say what skore's SKD014 says: the best value is the least or greatest tried.

    Source:
        skore 0.28.0, `skore/_checks/skd014_hyperparams_at_search_edge.py`.
    """
    best = study.best_by_main_metric()
    if best is None:
        return False
    tried = {n: [t.params[n] for t in study.trials] for n in study.space.searched}
    return any(best.params[n] in {min(v), max(v)} for n, v in tried.items())


_EDGE = {"ours": spoke("HPB201"), "skores": {"SKD014": at_the_edge_of_what_was_tried}}
_IDLE = {"ours": spoke("HPB202")}

SCENARIOS = (
    Scenario(
        "HPB201",
        "optimum beyond one of 2 ranges",
        True,
        in_all_settings(lambda optimizer, seed: beyond(2, optimizer, seed)),
        **_EDGE,
    ),
    Scenario(
        "HPB201",
        "optimum beyond one of 4 ranges",
        True,
        in_all_settings(lambda optimizer, seed: beyond(4, optimizer, seed)),
        **_EDGE,
    ),
    Scenario(
        "HPB201",
        "optimum within both of 2 ranges",
        False,
        in_all_settings(within),
        **_EDGE,
    ),
    Scenario(
        "HPB201",
        "4 parameters that do nothing",
        False,
        in_all_settings(lambda optimizer, seed: idle(0, 4, optimizer, seed)),
        **_EDGE,
    ),
    Scenario(
        "HPB201",
        "4 parameters that do nothing beside one with its optimum within",
        False,
        in_all_settings(lambda optimizer, seed: idle(1, 4, optimizer, seed)),
        **_EDGE,
    ),
    Scenario(
        "HPB202",
        "1 of 4 parameters does nothing",
        True,
        in_all_settings(lambda optimizer, seed: idle(3, 1, optimizer, seed)),
        **_IDLE,
    ),
    Scenario(
        "HPB202",
        "each of 4 parameters matters",
        False,
        in_all_settings(lambda optimizer, seed: idle(4, 0, optimizer, seed)),
        **_IDLE,
    ),
)
