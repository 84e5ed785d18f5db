"""The pruners that the core offers, with their options.

Declarations only, as of `hpbridge.contract.builtin`. Options are named, and default, as
those of the library's class that a pruner restates; where they do not, it says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hpbridge.contract.lazy import lazy
from hpbridge.contract.pruning import PrunerSpec


def _refuse(*pairs: tuple[bool, str]) -> None:
    """Raise a `ValueError` with every sentence whose condition does not hold."""
    problems = [text for holds, text in pairs if not holds]
    if problems:
        raise ValueError("; ".join(problems))


@dataclass(frozen=True)
class Median:
    """Options of `median`."""

    n_startup_trials: int = 5
    n_warmup_steps: int = 0
    interval_steps: int = 1
    n_min_trials: int = 1

    def __post_init__(self) -> None:
        _refuse(*_of_steps(self))


@dataclass(frozen=True)
class Percentile:
    """Options of `percentile`."""

    percentile: float
    n_startup_trials: int = 5
    n_warmup_steps: int = 0
    interval_steps: int = 1
    n_min_trials: int = 1

    def __post_init__(self) -> None:
        is_share = 0 <= self.percentile / 100 <= 1
        wrong = f"'percentile' must be in [0, 100], got {self.percentile!r}"
        _refuse((is_share, wrong), *_of_steps(self))


_LEAST_STEPS = {
    "n_startup_trials": 0,
    "n_warmup_steps": 0,
    "interval_steps": 1,
    "n_min_trials": 1,
}


def _of_steps(options: Any) -> list[tuple[bool, str]]:
    """Return the conditions that options of steps have in common."""
    found = []
    for name, least in _LEAST_STEPS.items():
        value = getattr(options, name, least)
        text = f"{name!r} must be at least {least}, got {value!r}"
        found.append((value >= least, text))
    return found


@dataclass(frozen=True)
class Threshold:
    """Options of `threshold`."""

    lower: float | None = None
    upper: float | None = None
    n_warmup_steps: int = 0
    interval_steps: int = 1

    def __post_init__(self) -> None:
        low, high = self.lower, self.upper
        is_given = not (low is None and high is None)
        is_range = low is None or high is None or low <= high
        _refuse(
            (is_given, "'lower' or 'upper' must be given"),
            (is_range, f"'upper' must be at least 'lower', got {high!r}"),
            *_of_steps(self),
        )


@dataclass(frozen=True)
class Patient:
    """Options of `patient`."""

    patience: int
    min_delta: float = 0.0
    wrapped: str | None = None
    wrapped_options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _refuse(
            (self.patience >= 0, f"'patience' must be at least 0, got {self.patience}"),
            (self.min_delta >= 0, f"'min_delta' must be >= 0, got {self.min_delta}"),
        )


@dataclass(frozen=True)
class Wilcoxon:
    """Options of `wilcoxon`."""

    p_threshold: float = 0.1
    n_startup_steps: int = 2

    def __post_init__(self) -> None:
        p, n = self.p_threshold, self.n_startup_steps
        _refuse(
            (0 <= p <= 1, f"'p_threshold' must be in [0, 1], got {p!r}"),
            (n >= 0, f"'n_startup_steps' must be at least 0, got {n!r}"),
        )


@dataclass(frozen=True)
class Race:
    """Options of `race:ttest` and `race:winloss`, as of finetune's ``control_race``."""

    alpha: float = 0.05
    burn_in: int = 3
    num_ties: int = 10

    def __post_init__(self) -> None:
        alpha, burn_in, ties = self.alpha, self.burn_in, self.num_ties
        _refuse(
            (0 < alpha < 1, f"'alpha' must be in (0, 1), got {alpha!r}"),
            (burn_in >= 2, f"'burn_in' must be at least 2, got {burn_in!r}"),  # noqa: PLR2004
            (ties >= 0, f"'num_ties' must be at least 0, got {ties!r}"),
        )


@dataclass(frozen=True)
class Halving:
    """Options of `sha` and `asha:optuna`."""

    min_resource: int | None = None
    reduction_factor: int = 4
    min_early_stopping_rate: int = 0
    bootstrap_count: int = 0

    def __post_init__(self) -> None:
        least, rate = self.min_resource, self.min_early_stopping_rate
        factor, count = self.reduction_factor, self.bootstrap_count
        _refuse(
            (least is None or least >= 1, f"'min_resource' must be >= 1, got {least}"),
            (factor > 1, f"'reduction_factor' must be at least 2, got {factor}"),
            (rate >= 0, f"'min_early_stopping_rate' must be >= 0, got {rate}"),
            (count >= 0, f"'bootstrap_count' must be at least 0, got {count}"),
            (
                count == 0 or least is not None,
                "'bootstrap_count' > 0 needs 'min_resource'",
            ),
        )


@dataclass(frozen=True)
class RayHalving:
    """Options of `asha:ray`.

    `stop_last_trials` is True in Ray, where a trial that is stopped there is complete.
    """

    max_t: int = 100
    grace_period: int = 1
    reduction_factor: float = 4.0
    stop_last_trials: bool = False

    def __post_init__(self) -> None:
        most, grace, factor = self.max_t, self.grace_period, self.reduction_factor
        _refuse(
            (most >= 1, f"'max_t' must be at least 1, got {most}"),
            (1 <= grace <= most, f"'grace_period' must be in [1, max_t], got {grace}"),
            (factor > 1, f"'reduction_factor' must be above 1, got {factor}"),
        )


@dataclass(frozen=True)
class Promotion:
    """Options of `asha:promotion`."""

    min_resource: int = 1
    max_resource: int | None = None
    reduction_factor: float = 4.0
    min_early_stopping_rate: int = 0

    def __post_init__(self) -> None:
        least, most = self.min_resource, self.max_resource
        factor, rate = self.reduction_factor, self.min_early_stopping_rate
        _refuse(
            (least >= 1, f"'min_resource' must be at least 1, got {least}"),
            (
                most is None or most >= least,
                f"'max_resource' must be at least 'min_resource', got {most}",
            ),
            (factor > 1, f"'reduction_factor' must be above 1, got {factor}"),
            (rate >= 0, f"'min_early_stopping_rate' must be >= 0, got {rate}"),
        )


@dataclass(frozen=True)
class Hyperband:
    """Options of `hyperband`."""

    min_resource: int = 1
    max_resource: int | None = None
    reduction_factor: int = 3
    bootstrap_count: int = 0

    def __post_init__(self) -> None:
        least, most = self.min_resource, self.max_resource
        factor, count = self.reduction_factor, self.bootstrap_count
        _refuse(
            (least >= 1, f"'min_resource' must be at least 1, got {least}"),
            (
                most is None or most >= least,
                f"'max_resource' must be at least 'min_resource', got {most}",
            ),
            (factor > 1, f"'reduction_factor' must be at least 2, got {factor}"),
            (count >= 0, f"'bootstrap_count' must be at least 0, got {count}"),
            (
                count == 0 or most is not None,
                "'bootstrap_count' > 0 needs 'max_resource'",
            ),
        )


_MAKING = "hpbridge.pruners.making"
_OPTUNA = "Optuna 5.0.0, optuna.pruners."

PRUNERS = (
    PrunerSpec(
        name="median",
        summary="Ends what is worse than the median of complete trials at its step.",
        make=lazy(f"{_MAKING}:median"),
        options=Median,
        source=f"{_OPTUNA}MedianPruner",
    ),
    PrunerSpec(
        name="percentile",
        summary="The same at any percentile.",
        make=lazy(f"{_MAKING}:percentile"),
        options=Percentile,
        source=f"{_OPTUNA}PercentilePruner",
    ),
    PrunerSpec(
        name="threshold",
        summary="Ends what is no number, or leaves a range.",
        make=lazy(f"{_MAKING}:threshold"),
        options=Threshold,
        source=f"{_OPTUNA}ThresholdPruner",
    ),
    PrunerSpec(
        name="patient",
        summary="Ends what has not improved for some steps, or asks another one then.",
        make=lazy(f"{_MAKING}:patient"),
        options=Patient,
        source=f"{_OPTUNA}PatientPruner",
    ),
    PrunerSpec(
        name="wilcoxon",
        summary="Ends what the signed-rank test finds worse than the best trial.",
        make=lazy(f"{_MAKING}:wilcoxon"),
        options=Wilcoxon,
        source=f"{_OPTUNA}WilcoxonPruner",
    ),
    PrunerSpec(
        name="race:ttest",
        summary="Racing over folds: ends what the paired t test finds worse.",
        make=lazy(f"{_MAKING}:race"),
        options=Race,
        source="R package finetune, tune_race_anova (Kuhn, 2014), of two",
        of_folds=True,
    ),
    PrunerSpec(
        name="race:winloss",
        summary="Racing over folds: ends what loses more of them, by the sign test.",
        make=lazy(f"{_MAKING}:win_loss"),
        options=Race,
        source="R package finetune, tune_race_win_loss (Kuhn, 2014), of two",
        of_folds=True,
    ),
    PrunerSpec(
        name="sha",
        summary="Successive halving: at each rung, only the best go on.",
        make=lazy(f"{_MAKING}:halving"),
        options=Halving,
        source=f"{_OPTUNA}SuccessiveHalvingPruner",
        rungs=lazy("hpbridge.pruners.rungs:halving_rungs"),
    ),
    PrunerSpec(
        name="asha:optuna",
        summary="Asynchronous successive halving that stops: the same as sha.",
        make=lazy(f"{_MAKING}:halving"),
        options=Halving,
        source=f"{_OPTUNA}SuccessiveHalvingPruner (Li et al., 2020)",
    ),
    PrunerSpec(
        name="asha:ray",
        summary="Asynchronous successive halving that stops, by Ray's rules.",
        make=lazy(f"{_MAKING}:ray_halving"),
        options=RayHalving,
        source="Ray 2.60.0, ray.tune.schedulers.AsyncHyperBandScheduler",
    ),
    PrunerSpec(
        name="asha:promotion",
        summary="Asynchronous successive halving that pauses, and promotes the best.",
        make=lazy(f"{_MAKING}:promotion"),
        options=Promotion,
        source="Li et al., 2020, arXiv 1810.05934, algorithm 2",
        pauses=True,
    ),
    PrunerSpec(
        name="hyperband",
        summary="Successive halving in brackets that begin at other rungs.",
        make=lazy(f"{_MAKING}:hyperband"),
        options=Hyperband,
        source=f"{_OPTUNA}HyperbandPruner (Li et al., 2018)",
        rungs=lazy("hpbridge.pruners.rungs:hyperband_rungs"),
    ),
)
