"""Options of the samplers, by Optuna's own names and with its own defaults.

Left out are the seed, what Optuna deprecates, what is no plain data (samplers,
operators, functions, arrays, trials), and the switches of its own warnings.

Source:
    Optuna 5.0.0, the constructors in `optuna.samplers`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from hpbridge.plugin import masked

_PASSWORD = re.compile(r"[?&](\w*password|passwd|pwd)=", re.IGNORECASE)
_OF_A_PROCESS = re.compile(r"sqlite(\+\w+)?://(/?(:memory:.*)?)?$")


@dataclass(frozen=True)
class SharedOptions:
    """Where the trials are in common with those of other processes.

    Raises:
        ValueError: If it is no such place, or a URL with a password.
    """

    storage: str | None = None
    """An Optuna storage that other processes share: a database URL without a password,
    journal:FILE, or env:NAME for what an environment variable says. None: its own."""
    study_name: str | None = None
    """Of Optuna's study in the storage; None for the experiment's name."""

    def __post_init__(self) -> None:
        if self.storage is None:
            if self.study_name is not None:
                msg = "'study_name' is of a study in a 'storage', and there is none"
                raise ValueError(msg)
            return
        is_url = "://" in self.storage
        if is_url and (
            masked(self.storage) != self.storage or _PASSWORD.search(self.storage)
        ):
            msg = (
                "'storage' has a password, which would be kept with the study: "
                "put the URL in an environment variable and give env:NAME"
            )
            raise ValueError(msg)
        kind, _, rest = self.storage.partition(":")
        if not is_url and not (kind in {"env", "journal"} and rest):
            msg = (
                "'storage' must be a database URL, journal:FILE or env:NAME, "
                f"got {self.storage!r}"
            )
            raise ValueError(msg)
        if _OF_A_PROCESS.match(self.storage):
            msg = f"'storage' {self.storage!r} is in this process's memory alone"
            raise ValueError(msg)

    @property
    def place(self) -> str:
        """The storage in a sentence; empty where there is none."""
        return f"the storage {self.storage}" if self.storage is not None else ""


@dataclass(frozen=True)
class TPEOptions(SharedOptions):
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
        super().__post_init__()
        # Optuna would accept it, and fail in the first trial after the random ones.
        if self.n_ei_candidates < 1:
            msg = f"'n_ei_candidates' must be at least 1, got {self.n_ei_candidates}"
            raise ValueError(msg)


@dataclass(frozen=True)
class GPOptions(SharedOptions):
    """Options of `optuna.samplers.GPSampler`."""

    n_startup_trials: int = 10
    """Trials that are drawn at random before the model is used."""
    deterministic_objective: bool = False
    """The objective has no noise: the same point always gives the same value."""


@dataclass(frozen=True)
class CmaEsOptions(SharedOptions):
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
        super().__post_init__()
        # Optuna would accept it, and fail in the first trial after the random ones.
        if self.popsize is not None and self.popsize < 2:  # noqa: PLR2004 - two parents
            msg = f"'popsize' must be at least 2 or None, got {self.popsize}"
            raise ValueError(msg)


@dataclass(frozen=True)
class QMCOptions(SharedOptions):
    """Options of `optuna.samplers.QMCSampler`."""

    qmc_type: Literal["sobol", "halton"] = "sobol"
    """The sequence."""
    scramble: bool = False
    """Randomize the sequence by the seed."""


@dataclass(frozen=True)
class BruteForceOptions(SharedOptions):
    """Options of `optuna.samplers.BruteForceSampler`."""

    avoid_premature_stop: bool = False
    """Go on until every point has finished, even if points are run twice for it."""


@dataclass(frozen=True)
class NSGAIIOptions(SharedOptions):
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
        super().__post_init__()
        # Optuna would accept it, and fail in the first trial of the second generation.
        if self.dividing_parameter < 1:
            got = self.dividing_parameter
            msg = f"'dividing_parameter' must be at least 1, got {got}"
            raise ValueError(msg)
