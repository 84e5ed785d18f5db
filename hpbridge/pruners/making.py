"""Make the pruners that the core offers; see `hpbridge.contract.offered_pruners`."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from hpbridge.pruners.choosing import chosen_pruner, make_pruner
from hpbridge.pruners.halving import HalvingPruner, RayHalvingPruner
from hpbridge.pruners.hyperband import HyperbandPruner
from hpbridge.pruners.patient import PatientPruner
from hpbridge.pruners.percentile import PercentilePruner
from hpbridge.pruners.promotion import PromotionPruner, Rungs
from hpbridge.pruners.race import RacePruner, WinLossPruner
from hpbridge.pruners.threshold import ThresholdPruner
from hpbridge.pruners.wilcoxon import WilcoxonPruner

if TYPE_CHECKING:
    from hpbridge.contract import offered_pruners as offered
    from hpbridge.contract.pruning import Pruner, Watched


def median(options: offered.Median, watched: Watched) -> Pruner:
    """Return the pruner at the median."""
    given = asdict(options)
    return PercentilePruner(maximizes=watched.maximizes, percentile=50.0, **given)


def percentile(options: offered.Percentile, watched: Watched) -> Pruner:
    """Return the pruner at a percentile."""
    return PercentilePruner(maximizes=watched.maximizes, **asdict(options))


def threshold(options: offered.Threshold, watched: Watched) -> Pruner:
    """Return the pruner of what leaves a range."""
    return ThresholdPruner(maximizes=watched.maximizes, **asdict(options))


def patient(options: offered.Patient, watched: Watched) -> Pruner:
    """Return the pruner that waits, around another one."""
    wrapped = None
    if options.wrapped is not None:
        chosen = chosen_pruner((options.wrapped, options.wrapped_options))
        wrapped = make_pruner(chosen, watched)
    return PatientPruner(
        maximizes=watched.maximizes,
        patience=options.patience,
        min_delta=options.min_delta,
        wrapped=wrapped,
    )


def wilcoxon(options: offered.Wilcoxon, watched: Watched) -> Pruner:
    """Return the pruner by the signed-rank test."""
    return WilcoxonPruner(maximizes=watched.maximizes, **asdict(options))


def halving(options: offered.Halving, watched: Watched) -> Pruner:
    """Return Optuna's successive halving."""
    return HalvingPruner(maximizes=watched.maximizes, **asdict(options))


def ray_halving(options: offered.RayHalving, watched: Watched) -> Pruner:
    """Return Ray's asynchronous successive halving."""
    return RayHalvingPruner(maximizes=watched.maximizes, **asdict(options))


def promotion(options: offered.Promotion, watched: Watched) -> Pruner:
    """Return asynchronous successive halving that pauses."""
    factor = options.reduction_factor
    first = options.min_resource * factor**options.min_early_stopping_rate
    return PromotionPruner(
        maximizes=watched.maximizes,
        rungs=Rungs(math.ceil(first), factor),
        max_resource=options.max_resource,
    )


def hyperband(options: offered.Hyperband, watched: Watched) -> Pruner:
    """Return Hyperband that stops."""
    given = asdict(options)
    return HyperbandPruner(maximizes=watched.maximizes, study=watched.study, **given)


def race(options: offered.Race, watched: Watched) -> Pruner:
    """Return the race by the paired t test."""
    return RacePruner(maximizes=watched.maximizes, **asdict(options))


def win_loss(options: offered.Race, watched: Watched) -> Pruner:
    """Return the race by the sign test."""
    return WinLossPruner(maximizes=watched.maximizes, **asdict(options))
