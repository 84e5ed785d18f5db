"""The backends that the core offers: those with no library behind them.

Declarations only, as of `hpbridge.contract.builtin`. Options are named, and default, as
those of Ray Tune's class of the same algorithm, where it has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hpbridge.contract.backend import Algorithm, BackendSpec
from hpbridge.contract.capabilities import (
    NOT_LEARNT,
    SPACE_FEATURES,
    YES,
    Capabilities,
    Capability,
    Feature,
    Support,
    no,
)
from hpbridge.contract.lazy import lazy

_FEWEST_MEMBERS = 2


@dataclass(frozen=True)
class Pb2Options:
    """Options of `pb2`."""

    population_size: int = 10
    """How many members there are. ``n_trials`` is this by the number of intervals."""
    quantile_fraction: float = 0.25
    """The share of the population that copies, and that is copied; 0 for nobody."""
    perturbation_interval: float = 1.0
    """How far a member trains before it is compared, in the unit of the budget."""
    burn_in_period: float = 0.0
    """How far it trains, at least, before it is compared for the first time."""
    synch: bool = False
    """Whether members wait for each other; it makes a difference with workers."""
    resample_probability: float = 0.25
    """With which a parameter is drawn anew; of `pb2`, what the bandit leaves."""
    perturbation_factors: tuple[float, ...] = (1.2, 0.8)
    """One of which moves what is not drawn anew; of `pb2`, likewise."""

    def __post_init__(self) -> None:
        problems = [text for holds, text in self._conditions() if not holds]
        if problems:
            raise ValueError("; ".join(problems))

    def _conditions(self) -> list[tuple[bool, str]]:
        share, chance = self.quantile_fraction, self.resample_probability
        interval, burn_in = self.perturbation_interval, self.burn_in_period
        factors = self.perturbation_factors
        largest = float("inf")
        return [
            (
                self.population_size >= _FEWEST_MEMBERS,
                f"'population_size' must be at least {_FEWEST_MEMBERS}, got "
                + str(self.population_size),
            ),
            (
                0 <= share <= 1 / 2,
                f"'quantile_fraction' must be in [0, 0.5], got {share!r}",
            ),
            (
                0 <= chance <= 1,
                f"'resample_probability' must be in [0, 1], got {chance!r}",
            ),
            (
                0 < interval < largest,
                f"'perturbation_interval' must be above 0, got {interval!r}",
            ),
            (
                0 <= burn_in < largest,
                f"'burn_in_period' must be at least 0, got {burn_in!r}",
            ),
            (
                bool(factors) and all(0 < each < largest for each in factors),
                f"'perturbation_factors' must be numbers above 0, got {factors!r}",
            ),
        ]


@dataclass(frozen=True)
class PbtOptions(Pb2Options):
    """Options of `pbt`."""


_LOST = Capability(
    Support.NATIVE, "a member whose trial failed copies another one, as the worst do"
)

_BEYOND = Capability(
    Support.NATIVE, "a member beyond a bound copies another one, as the worst do"
)

_ENDED = Capability(
    Support.NATIVE, f"{NOT_LEARNT.note}; their members copy another one"
)

CAPABILITIES = Capabilities(
    {
        **dict.fromkeys(SPACE_FEATURES, YES),
        Feature.MULTI_OBJECTIVE: no("members are compared by one value"),
        Feature.CONSTRAINTS: _BEYOND,
        Feature.FAILED_TRIALS: _LOST,
        Feature.PRUNED_TRIALS: _ENDED,
        Feature.SEEDING: YES,
        Feature.FOREIGN_HISTORY: no("a member goes on from its own checkpoints"),
        Feature.PENDING: YES,
        Feature.OUT_OF_ORDER: YES,
        Feature.REPLAY: YES,
        Feature.DEFINE_BY_RUN: no("members would begin anew as the space grows"),
    }
)

_QUICK = {"population_size": 6}
_COMMON: dict[str, Any] = {
    "capabilities": CAPABILITIES,
    "recommended_trials": "10 members, 10 intervals or more",
    "quick": _QUICK,
    "is_staged": True,
    "remarks": lazy("hpbridge.learning.populations.making:remarks_on_population"),
    "refine": lazy("hpbridge.learning.populations.making:reasons_against_population"),
}

PBT = BackendSpec(
    name="pbt",
    summary="Population-based training, on our own loop.",
    requires=(),
    algorithms={
        "pbt": Algorithm(
            name="pbt",
            summary="The worst members copy the best, and vary what they copied.",
            options=PbtOptions,
            native_call="hpbridge.run",
            cost_per_ask="O(members)",
            source="Jaderberg et al., arXiv:1711.09846, 2017",
            **_COMMON,
        )
    },
    create=lazy("hpbridge.learning.populations.making:create"),
    explain=lazy("hpbridge.learning.populations.making:explain"),
)

PB2 = BackendSpec(
    name="pb2",
    summary="Population-based bandits, on our own loop.",
    requires=(),
    algorithms={
        "pb2": Algorithm(
            name="pb2",
            summary="As PBT, but a Gaussian process over the gains says what to try.",
            options=Pb2Options,
            native_call="hpbridge.run",
            cost_per_ask="O(n^3) in intervals, at most 1000",
            source="Parker-Holder et al., NeurIPS 2020",
            requires=("scikit-learn>=1.5",),
            extra="sklearn",
            **_COMMON,
        )
    },
    create=lazy("hpbridge.learning.populations.making:create"),
    explain=lazy("hpbridge.learning.populations.making:explain"),
)

BACKENDS = (PBT, PB2)
