"""Options of the algorithms: scikit-optimize's own names and defaults.

Source:
    scikit-optimize 0.10.2, the signatures of `gp_minimize`, `forest_minimize` and
    `gbrt_minimize`. What a design does to the marginals was measured with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

Design: TypeAlias = Literal["random", "sobol", "halton", "hammersly", "lhs", "grid"]
TreeAcquisition: TypeAlias = Literal["EI", "LCB", "PI", "gp_hedge"]
GPAcquisition: TypeAlias = Literal["gp_hedge", "EI", "LCB", "PI", "MES", "PVRS"]

# These have no gradient.
_WITHOUT_GRADIENT = ("MES", "PVRS")


@dataclass(frozen=True)
class ModelOptions:
    """What all algorithms with a surrogate model share.

    Raises:
        ValueError: If a value is out of its range, with every reason.
    """

    n_initial_points: int = 10
    """How many points are tried before the first model is fitted. Trials that failed
    do not count."""
    initial_point_generator: Design = "random"
    """The design of these points. Any but `random` is made in full when the study
    begins; it gives the first and the last of three or more choices half the share of
    the others, and ignores `weights=`, as in the library."""
    n_points: int = 10000
    """How many random candidates the acquisition function is computed at, per trial."""
    xi: float = 0.01
    """How much better than the best value a point must be expected to be; for `EI` and
    `PI`."""
    kappa: float | Literal["inf"] = 1.96
    """How much of the predicted standard deviation counts; for `LCB`. `inf` explores
    only."""
    n_jobs: int = 1
    """Number of cores that fit the model or optimize the acquisition function; -1 for
    all."""

    def __post_init__(self) -> None:
        if isinstance(self.kappa, float) and math.isinf(self.kappa):
            object.__setattr__(self, "kappa", "inf")
        problems = self.problems()
        if problems:
            raise ValueError("; ".join(problems))

    def problems(self) -> list[str]:
        """Return what is wrong with the values, one sentence each."""
        found = [
            f"{name!r} must be at least 1, got {value}"
            for name, value in [
                ("n_initial_points", self.n_initial_points),
                ("n_points", self.n_points),
            ]
            if value < 1
        ]
        if self.n_jobs == 0:
            found.append("'n_jobs' must not be 0")
        if not math.isfinite(self.xi):
            found.append(f"'xi' must be finite, got {self.xi}")
        if self.kappa != "inf" and not math.isfinite(self.kappa):
            found.append(f"'kappa' must be a number or 'inf', got {self.kappa}")
        return found


@dataclass(frozen=True)
class GPOptions(ModelOptions):
    """Options of `gp`."""

    acq_func: GPAcquisition = "gp_hedge"
    """The acquisition function. `gp_hedge` chooses among `EI`, `LCB` and `PI` by what
    they gained. `PVRS` takes time that grows with the square of `n_points`; 1000 is
    bearable. `MES` draws from NumPy's global generator, which no seed reaches."""
    acq_optimizer: Literal["auto", "sampling", "lbfgs"] = "auto"
    """`sampling` takes the best candidate, `lbfgs` improves the best few by their
    gradient, `auto` is `lbfgs` where there is a gradient: not in a space of choices
    only, nor under `MES` and `PVRS`."""
    n_restarts_optimizer: int = 5
    """How many candidates `lbfgs` begins with."""
    noise: float | Literal["gaussian"] = "gaussian"
    """Variance of the objective's noise; `gaussian` estimates it, 0 assumes none."""

    def problems(self) -> list[str]:
        """Return what is wrong with the values, one sentence each."""
        found = super().problems()
        if self.n_restarts_optimizer < 1:
            number = self.n_restarts_optimizer
            found.append(f"'n_restarts_optimizer' must be at least 1, got {number}")
        if self.noise != "gaussian" and not 0 <= self.noise < math.inf:
            found.append(f"'noise' must be at least 0 and finite, got {self.noise}")
        if self.acq_optimizer == "lbfgs" and self.acq_func in _WITHOUT_GRADIENT:
            found.append(
                f"acq_optimizer='lbfgs' needs a gradient, and acq_func="
                f"{self.acq_func!r} has none"
            )
        return found


@dataclass(frozen=True)
class ForestOptions(ModelOptions):
    """Options of `et` and `rf`."""

    acq_func: TreeAcquisition = "EI"
    """The acquisition function. `gp_hedge` chooses among the three others by what they
    gained."""


@dataclass(frozen=True)
class GBRTOptions(ModelOptions):
    """Options of `gbrt`."""

    acq_func: TreeAcquisition = "LCB"
    """The acquisition function. `gp_hedge` chooses among the three others by what they
    gained."""
