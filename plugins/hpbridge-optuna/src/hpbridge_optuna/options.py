"""Options of the samplers, by Optuna's own names and with its own defaults.

Left out are the seed, what Optuna deprecates, what is no plain data (samplers,
operators, functions, arrays, trials), and the switches of its own warnings.

Source:
    Optuna 5.0.0, the constructors in `optuna.samplers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TPEOptions:
    """Options of `optuna.samplers.TPESampler`.

    Raises:
        ValueError: If there would be no candidate to choose from.
    """

    n_startup_trials: int = 10
    """Trials that are drawn at random before the model is used."""
    n_ei_candidates: int = 24
    """Candidates from which each proposal is chosen."""
    multivariate: bool | None = None
    """Model parameters jointly; None does so for one metric and not for several."""
    group: bool = False
    """Model the parameters of each branch of a conditional space jointly."""
    constant_liar: bool = True
    """Count running trials as bad, so that the next proposal avoids them."""

    def __post_init__(self) -> None:
        # Optuna would accept it, and fail in the first trial after the random ones.
        if self.n_ei_candidates < 1:
            msg = f"'n_ei_candidates' must be at least 1, got {self.n_ei_candidates}"
            raise ValueError(msg)


@dataclass(frozen=True)
class GPOptions:
    """Options of `optuna.samplers.GPSampler`."""

    n_startup_trials: int = 10
    """Trials that are drawn at random before the model is used."""
    deterministic_objective: bool = False
    """The objective has no noise: the same point always gives the same value."""


@dataclass(frozen=True)
class CmaEsOptions:
    """Options of `optuna.samplers.CmaEsSampler`.

    Raises:
        ValueError: If the population is too small to have parents.
    """

    n_startup_trials: int = 1
    """Trials that are drawn at random before the strategy starts."""
    consider_pruned_trials: bool = False
    """Learn from pruned trials by their last reported value."""
    popsize: int | None = None
    """Trials a generation; None for ``4 + floor(3 ln d)`` of d numeric parameters."""
    use_separable_cma: bool = False
    """Adapt only the variances, in linear time."""
    with_margin: bool = False
    """Keep a margin of probability for every value of an integer or stepped one."""
    lr_adapt: bool = False
    """Adapt the learning rate, for multimodal and noisy objectives."""

    def __post_init__(self) -> None:
        # Optuna would accept it, and fail in the first trial after the random ones.
        if self.popsize is not None and self.popsize < 2:  # noqa: PLR2004 - two parents
            msg = f"'popsize' must be at least 2 or None, got {self.popsize}"
            raise ValueError(msg)


@dataclass(frozen=True)
class QMCOptions:
    """Options of `optuna.samplers.QMCSampler`."""

    qmc_type: Literal["sobol", "halton"] = "sobol"
    """The sequence."""
    scramble: bool = False
    """Randomize the sequence by the seed."""


@dataclass(frozen=True)
class BruteForceOptions:
    """Options of `optuna.samplers.BruteForceSampler`."""

    avoid_premature_stop: bool = False
    """Go on until every point has finished, even if points are run twice for it."""


@dataclass(frozen=True)
class NSGAIIOptions:
    """Options of `optuna.samplers.NSGAIISampler`."""

    population_size: int = 50
    """Trials a generation."""
    mutation_prob: float | None = None
    """Probability that a child's parameter is redrawn; None for 1 / parameters."""
    crossover_prob: float = 0.9
    """Probability that a child has two parents."""
    swapping_prob: float = 0.5
    """Probability that a parameter comes from the second parent."""


@dataclass(frozen=True)
class NSGAIIIOptions(NSGAIIOptions):
    """Options of `optuna.samplers.NSGAIIISampler`.

    Raises:
        ValueError: If there would be no reference point.
    """

    dividing_parameter: int = 3
    """How finely the reference points divide each metric."""

    def __post_init__(self) -> None:
        # Optuna would accept it, and fail in the first trial of the second generation.
        if self.dividing_parameter < 1:
            got = self.dividing_parameter
            msg = f"'dividing_parameter' must be at least 1, got {got}"
            raise ValueError(msg)
