"""Options of the algorithms, by the names that Ray's search classes give them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HyperOptOptions:
    """What `ray.tune.search.hyperopt.HyperOptSearch` takes."""

    n_initial_points: int = 20
    """Trials drawn at random before the model is used."""
    gamma: float = 0.25
    """Fraction of the best trials that the model counts as good."""


@dataclass(frozen=True)
class BohbOptions:
    """What `ray.tune.search.bohb.TuneBOHB` hands to hpbandster as ``bohb_config``."""

    min_points_in_model: int | None = None
    """Trials that a density is built from at least; None: one more than parameters."""
    top_n_percent: int = 15
    """Percentage of the best trials that the model counts as good."""
    num_samples: int = 64
    """Candidates drawn from the model for each suggestion."""
    random_fraction: float = 1 / 3
    """Fraction of suggestions drawn at random even when there is a model."""
    bandwidth_factor: float = 3.0
    """Widens the density from which the candidates are drawn."""
    min_bandwidth: float = 1e-3
    """Smallest bandwidth of a density, so that it never collapses."""
