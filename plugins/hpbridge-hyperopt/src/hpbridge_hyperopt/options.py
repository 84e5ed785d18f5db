"""Options of Hyperopt's algorithms: the library's own names and defaults.

Source:
    hyperopt 0.3.0, `tpe.suggest`, `anneal.AnnealingAlgo`, `mix.suggest`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TpeOptions:
    """Options of `hyperopt.tpe.suggest`.

    Raises:
        ValueError: If a value is out of its range.
    """

    prior_weight: float = 1.0
    """Weight of the prior among the observations; above 0. Larger explores more."""
    n_startup_jobs: int = 20
    """How many random trials come before the model is used."""
    n_EI_candidates: int = 24  # noqa: N815 - the library's name
    """How many candidates are drawn; the one with the best ratio is proposed."""
    gamma: float = 0.25
    """The best ``ceil(gamma * sqrt(n))`` of n trials, at most 25, count as good."""

    def __post_init__(self) -> None:
        _require(self.prior_weight > 0, "prior_weight", "above 0", self.prior_weight)
        startup = self.n_startup_jobs
        _require(startup >= 0, "n_startup_jobs", "at least 0", startup)
        candidates = self.n_EI_candidates
        _require(candidates >= 1, "n_EI_candidates", "at least 1", candidates)
        _require(self.gamma > 0, "gamma", "above 0", self.gamma)


@dataclass(frozen=True)
class AnnealOptions:
    """Options of `hyperopt.anneal.suggest`.

    Raises:
        ValueError: If a value is out of its range.
    """

    avg_best_idx: float = 2.0
    """Mean rank, from 1, of the good trial around which the next one is drawn."""
    shrink_coef: float = 0.1
    """How fast the neighbourhood shrinks: after n trials its width is
    ``1 / (1 + n * shrink_coef)`` of the range."""

    def __post_init__(self) -> None:
        _require(
            self.avg_best_idx >= 1, "avg_best_idx", "at least 1", self.avg_best_idx
        )
        _require(self.shrink_coef >= 0, "shrink_coef", "at least 0", self.shrink_coef)


@dataclass(frozen=True)
class MixOptions:
    """Options of `hyperopt.mix.suggest`.

    Raises:
        ValueError: If the probabilities are negative or do not sum to 1.
    """

    p_suggest: tuple[tuple[float, Literal["random", "anneal", "tpe"]], ...] = (
        (0.1, "random"),
        (0.2, "anneal"),
        (0.7, "tpe"),
    )
    """Pairs of a probability and the algorithm, with its default options, that
    proposes a trial with it. The default is the example of the library's docstring."""

    def __post_init__(self) -> None:
        shares = [share for share, _ in self.p_suggest]
        # Tighter than the library's own check: numpy's multinomial takes no more.
        is_whole = math.isclose(math.fsum(shares), 1.0, abs_tol=1e-12)
        is_valid = is_whole and all(share >= 0 for share in shares)
        _require(is_valid, "p_suggest", "probabilities that sum to 1", self.p_suggest)


def _require(holds: bool, name: str, wanted: str, value: object) -> None:
    if not holds:
        msg = f"{name!r} must be {wanted}, got {value!r}"
        raise ValueError(msg)
