"""Options of the algorithms and drivers, by the names that Ray gives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from hpbridge.plugin import read_resources
from hpbridge_ray.scheduling import KNOWN, kept


def _check_resources(text: str) -> None:
    wanted = read_resources(text)
    amounts = {"cpu": wanted.cpus, "gpu": wanted.gpus, **wanted.custom}
    for name, amount in amounts.items():
        if amount > 1 and amount % 1:
            msg = f"{name!r} must be whole beyond 1 for Ray, got {amount:g}"
            raise ValueError(msg)


@dataclass(frozen=True)
class RayOptions:
    """Where actors are started, and what each of them is to have."""

    address: str | None = None
    """Of the Ray: ``HOST:PORT``, ``ray://HOST:PORT``, ``auto``, ``local``; by default
    the one that ``RAY_ADDRESS`` names, or a local one."""
    resources: str = ""
    """Of each trial, as in ``cpu=2,gpu=0.5,memory=4GiB,my_custom=1``; a processor by
    default."""
    placement: Literal["DEFAULT", "SPREAD", "PACK", "STRICT_PACK", "STRICT_SPREAD"] = (
        "DEFAULT"
    )
    """How actors are laid on nodes: Ray's scheduling strategy, or the strategy of a
    placement group that reserves a bundle for each worker."""
    label_selector: dict[str, str] | None = None
    """Labels that a node must have, as in ``{"gpu-type": "H100"}``."""
    runtime_env: dict[str, Any] | None = None
    """What the actors' processes are given: Ray's ``pip``, ``working_dir``,
    ``env_vars`` ..."""

    def __post_init__(self) -> None:
        _check_resources(self.resources)
        if self.placement not in {"DEFAULT", "SPREAD"} and self.label_selector:
            msg = (
                f"'placement' {self.placement} reserves bundles, where no "
                "'label_selector' counts: give one of them"
            )
            raise ValueError(msg)


@dataclass(frozen=True)
class TuneOptions:
    """Where a Tuner runs, what its trials are to have, and what schedules them."""

    address: str | None = None
    """As of the driver ``ray``."""
    resources: str = ""
    """Of each trial, as of the driver ``ray``."""
    scheduler: Any = None
    """Of Ray's: ``asha``, ``median_stopping``, ``hyperband``, ``fifo``, or in Python an
    object. It judges each report, in the place of a pruner."""
    scheduler_options: dict[str, Any] = field(default_factory=dict)
    """Arguments of a scheduler that is given by name."""

    def __post_init__(self) -> None:
        _check_resources(self.resources)
        object.__setattr__(self, "scheduler", kept(self.scheduler))
        if self.scheduler_options and self.scheduler not in KNOWN:
            msg = "'scheduler_options' are of a scheduler that is given by name"
            raise ValueError(msg)


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


_FEWEST_MEMBERS = 2


@dataclass(frozen=True)
class Pb2Options:
    """What `ray.tune.schedulers.pb2.PB2` takes."""

    population_size: int = 10
    """How many members there are: ``num_samples`` of a Tuner. ``n_trials`` is this by
    the number of intervals."""
    perturbation_interval: float = 1.0
    """How far a member trains before it is compared, in the unit of the budget."""
    quantile_fraction: float = 0.25
    """The share of the population that copies, and that is copied; 0 for nobody."""
    synch: bool = False
    """Whether members wait for each other before they are compared."""

    def __post_init__(self) -> None:
        problems = [text for holds, text in self._conditions() if not holds]
        if problems:
            raise ValueError("; ".join(problems))

    def _conditions(self) -> list[tuple[bool, str]]:
        size, interval = self.population_size, self.perturbation_interval
        share = self.quantile_fraction
        return [
            (
                size >= _FEWEST_MEMBERS,
                f"'population_size' must be at least {_FEWEST_MEMBERS}, got {size}",
            ),
            (
                0 < interval < float("inf"),
                f"'perturbation_interval' must be above 0, got {interval!r}",
            ),
            (
                0 <= share <= 1 / 2,
                f"'quantile_fraction' must be in [0, 0.5], got {share!r}",
            ),
        ]


@dataclass(frozen=True)
class PbtOptions(Pb2Options):
    """What `ray.tune.schedulers.PopulationBasedTraining` takes."""

    burn_in_period: float = 0.0
    """How far a member trains, at least, before it is compared for the first time."""
    resample_probability: float = 0.25
    """With which a parameter is drawn anew."""
    perturbation_factors: tuple[float, ...] = (1.2, 0.8)
    """One of which a number that is not drawn anew is multiplied by."""

    def _conditions(self) -> list[tuple[bool, str]]:
        burn_in, chance = self.burn_in_period, self.resample_probability
        factors = self.perturbation_factors
        largest = float("inf")
        return [
            *super()._conditions(),
            (
                0 <= burn_in < largest,
                f"'burn_in_period' must be at least 0, got {burn_in!r}",
            ),
            (
                0 <= chance <= 1,
                f"'resample_probability' must be in [0, 1], got {chance!r}",
            ),
            (
                bool(factors) and all(0 < each < largest for each in factors),
                f"'perturbation_factors' must be numbers above 0, got {factors!r}",
            ),
        ]
