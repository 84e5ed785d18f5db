"""Options of the algorithms, with the library's own names and defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Name -> (what must hold, in words; the check). None stands for an option that is off.
_RULES: dict[str, tuple[str, Callable[[float], bool]]] = {
    "init_points": ("at least 0", lambda value: value >= 0),
    "alpha": ("above 0", lambda value: value > 0),
    "n_restarts_optimizer": ("at least 0", lambda value: value >= 0),
    "kappa": ("at least 0", lambda value: value >= 0),
    "xi": ("at least 0", lambda value: value >= 0),
    "exploration_decay": ("above 0 and at most 1", lambda value: 0 < value <= 1),
    "exploration_decay_delay": ("at least 0", lambda value: value >= 0),
    "gamma_osc": ("above 0", lambda value: value > 0),
    "gamma_pan": ("above 0", lambda value: value > 0),
    "eta": ("above 0", lambda value: value > 0),
}


@dataclass(frozen=True)
class CommonOptions:
    """What all algorithms of the library share.

    Raises:
        ValueError: If a number is out of its range, with one sentence.

    Source:
        bayesian-optimization 3.4.0: the defaults of `BayesianOptimization`, its
        `maximize` and its `GaussianProcessRegressor`, and of
        `SequentialDomainReductionTransformer`.
    """

    init_points: int = 5
    """Random points before the model proposes; as in the library, at least one where
    nothing is known, and drawn on top of observed history."""
    alpha: float = 1e-6
    """Noise variance that the Gaussian process assumes, of targets scaled to unit
    variance."""
    n_restarts_optimizer: int = 5
    """Random restarts of each fit of the kernel's length scale."""
    allow_duplicate_points: bool = False
    """Run a point again when it is proposed again, for noisy objectives. When off, such
    a proposal is skipped."""
    domain_reduction: bool = False
    """Shrink the searched region around the best point after each proposal (sequential
    domain reduction). Only for spaces that the library searches as floats."""
    gamma_osc: float = 0.7
    """Domain reduction: how oscillations of the best point scale the region."""
    gamma_pan: float = 1.0
    """Domain reduction: how a steady drift of the best point scales the region."""
    eta: float = 0.9
    """Domain reduction: how fast the region shrinks around a best point at rest."""
    minimum_window: float | dict[str, float] = 0.0
    """Domain reduction: the smallest width of the region, for all parameters or by
    name, in the unit that the library searches (the logarithm for log scales)."""

    def __post_init__(self) -> None:
        for name, (words, holds) in _RULES.items():
            value = getattr(self, name, None)
            if value is not None and not (math.isfinite(value) and holds(value)):
                msg = f"{name!r} must be {words} and finite, got {value!r}"
                raise ValueError(msg)


def after(options: CommonOptions, n_past: int) -> CommonOptions:
    """Return the options with what trials that are known leave of the start-up."""
    return replace(options, init_points=max(options.init_points - n_past, 0))


@dataclass(frozen=True)
class DecayOptions(CommonOptions):
    """How exploration fades."""

    exploration_decay: float | None = None
    """Factor on `kappa` or `xi` after each proposal; None leaves them as they are."""
    exploration_decay_delay: int | None = None
    """Proposals before the decay begins; None begins at once."""


@dataclass(frozen=True)
class UCBOptions(DecayOptions):
    """Options of `ucb`.

    Source:
        bayesian-optimization 3.4.0, `UpperConfidenceBound`.
    """

    kappa: float = 2.576
    """Standard deviations above the mean; more explores more."""


@dataclass(frozen=True)
class ImprovementOptions(DecayOptions):
    """Options of `ei` and `poi`.

    Source:
        bayesian-optimization 3.4.0: `xi` has no default of its own; 0.01 is what
        `BayesianOptimization` passes to the `ExpectedImprovement` that it makes.
    """

    xi: float = 0.01
    """Improvement below which nothing counts; more explores more."""


@dataclass(frozen=True)
class HedgeOptions(DecayOptions):
    """Options of `hedge`: those of its three members.

    Source:
        bayesian-optimization 3.4.0, `GPHedge`.
    """

    kappa: float = 2.576
    """Standard deviations above the mean, for the upper confidence bound."""
    xi: float = 0.01
    """Improvement below which nothing counts, for the other two."""
