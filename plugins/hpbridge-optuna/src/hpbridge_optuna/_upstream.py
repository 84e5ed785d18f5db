"""Every private name of Optuna that this plugin builds on; nowhere else is one used.

What Optuna calls its modules, and the keys under which it stores things, are no less
private than an attribute with an underscore. Optuna is imported when a name is looked
up: a storage is read without it.

Source:
    Optuna 5.0.0, cmaes 0.13.1; each name is where its path says.
"""

from __future__ import annotations

import inspect
import warnings
from importlib.util import find_spec
from typing import Any

from hpbridge.plugin import Upstream, lazy, quiet

METRIC_NAMES = "study:metric_names"
"""System attribute of a study: what `Study.set_metric_names` was told."""
CONSTRAINTS = "constraints"
"""System attribute of a trial: with ":key", what `Trial.set_constraint` was told; alone
a list, as before Optuna 5."""
ENQUEUED = "fixed_params"
"""System attribute of a trial that waits: what `Study.enqueue_trial` was given."""
PARENTS = ":parent:"
"""Part of a study's system attributes: ids of the parents of a generation."""
CMA_STATE = "optimizer:"
"""Part of a trial's system attributes: CMA-ES as a pickle in hexadecimal text."""
CMA_CLASSES = {"CMA": "_cma", "SepCMA": "_sepcma", "CMAwM": "_cmawm"}
"""The classes that are in such a pickle, with the module of cmaes that has them."""
STORAGE_LOGGERS = ("optuna.storages._rdb.storage", "optuna.storages.journal._storage")
"""What logs while a storage is written."""
GP_LOGGERS = ("optuna._gp.gp", "optuna._gp.batched_lbfgsb", "optuna._gp.optim_mixed")
"""What logs while a Gaussian process is fitted, besides the sampler's own module."""

_OPTUNA = Upstream("optuna", "optuna==5.0.0")
_CMAES = Upstream("cmaes", "cmaes==0.13.1")

# What builds on these names knows whether it still can; by name, since it is above.
_try_quick_way = lazy("hpbridge_optuna.backend.tpe:problems_of_quick_way")


def problems() -> list[str]:
    """Return what the installed Optuna lacks or does otherwise, one sentence each."""
    found = _OPTUNA.problems() or _try_quick_way()
    if find_spec("cmaes") is not None:
        found += _CMAES.problems()
    return found


def _study(storage: Any = None) -> Any:
    import optuna

    with quiet(optuna.storages.InMemoryStorage.__module__):
        return optuna.create_study(storage=storage)


def _trial() -> Any:
    from optuna.trial import create_trial

    return create_trial(value=0.0)


def _live_trial() -> Any:
    return _study().ask()


def _cma_sampler() -> Any:
    from optuna.samplers import CmaEsSampler

    return CmaEsSampler()


def _tpe_sampler() -> Any:
    from optuna.samplers import TPESampler

    return TPESampler()


def _estimator() -> Any:
    import numpy as np
    from optuna.distributions import FloatDistribution

    sampler, observed = _tpe_sampler(), {"x": np.asarray([0.5])}
    make, settings = TPE_ESTIMATOR.of(sampler), TPE_SETTINGS.of(sampler)
    return make(observed, {"x": FloatDistribution(0, 1)}, settings)


_cost = "no algorithm of Optuna's can propose"
FIXED = _OPTUNA.private(
    "optuna.trial:Trial._fixed_params",
    "points that are given to an objective of Optuna's do not reach its samplers",
    example=_live_trial,
)
SUGGEST = _OPTUNA.private("optuna.trial:Trial._suggest", _cost)

_cost = "no space of Optuna's can be read"
AS_DICT = _OPTUNA.private("optuna.distributions:BaseDistribution._asdict", _cost)

_cost = "studies of Optuna's cannot be read, written or gone on with"
STORAGE = _OPTUNA.private("optuna.study:Study._storage", _cost, example=_study)
STUDY_ID = _OPTUNA.private("optuna.study:Study._study_id", _cost, example=_study)
TRIAL_ID = _OPTUNA.private("optuna.trial:FrozenTrial._trial_id", _cost, example=_trial)

_OPTUNA.private(
    "optuna.study.study:_SYSTEM_ATTR_METRIC_NAMES",
    "the names of metrics are not found in studies of Optuna's",
    lambda key: key == METRIC_NAMES,
)
_OPTUNA.private(
    "optuna.study._constrained_optimization:_CONSTRAINTS_KEY",
    "constraints are not found in studies of Optuna's",
    lambda key: key == CONSTRAINTS,
)

_cost = "what a sampler kept with a study of Optuna's is not gone on with"
_OPTUNA.private(
    "optuna.samplers:BaseGASampler._PARENT_CACHE_KEY_PREFIX",
    _cost,
    lambda key: key.endswith(PARENTS),
)
_OPTUNA.private(
    "optuna.samplers:CmaEsSampler._attr_key_optimizer",
    _cost,
    lambda key: f"{key}:".endswith(CMA_STATE),
    example=_cma_sampler,
)
for _name in CMA_CLASSES:
    _CMAES.private(
        f"cmaes:{_name}",
        _cost,
        lambda cls: cls.__module__ == f"cmaes.{CMA_CLASSES[cls.__name__]}",
    )

_cost = "Optuna's own log is heard"
for _name in STORAGE_LOGGERS:
    _OPTUNA.private(
        f"{_name}:_logger", _cost, lambda found: found.name in STORAGE_LOGGERS
    )
_OPTUNA.private("optuna._gp:__name__", _cost, lambda _: all(map(find_spec, GP_LOGGERS)))


NEW_TRIAL = _OPTUNA.private(
    "optuna.storages:InMemoryStorage._create_running_trial",
    "each trial is copied in more time",
    lazy("hpbridge_optuna.backend.storage:is_made_quick_to_copy"),
)
_OPTUNA.private(
    "optuna.distributions:FloatDistribution.__repr__",
    "optuna:qmc takes a study of Optuna's for one of another space",
    lazy("hpbridge_optuna.backend.storage:is_shown_alike"),
)

TELL = _OPTUNA.private(
    "optuna.study._tell:_tell_with_warning",
    "a NaN that an objective of Optuna's returns is told to a guest without a value",
    lambda tell: (
        "value_or_values" in inspect.signature(tell).parameters
        and "after_trial" in tell.__code__.co_names
    ),
)


def told_values(n_values: int) -> tuple[float, ...] | None:
    """Return what the trial was told that fails now; None where it is no numbers.

    Optuna has replaced NaN by nothing where it calls a sampler's `after_trial`, from
    which this is called, through other samplers perhaps.
    """
    if TELL.problem():
        return None
    frame, code = inspect.currentframe(), TELL.get().__code__
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    told = None if frame is None else frame.f_locals["value_or_values"]
    each = told if isinstance(told, (list, tuple)) else [told]
    try:
        values = tuple(map(float, each))
    except (TypeError, ValueError):
        return None
    return values if len(values) == n_values else None


_SLOW = "optuna:tpe proposes by Optuna's own code, in more time"
TPE_SAMPLE = _OPTUNA.private(
    "optuna.samplers:TPESampler._sample",
    _SLOW,
    lambda sample: (
        [*inspect.signature(sample).parameters][1:]
        == ["study", "trial", "search_space"]
    ),
)
TPE_COMPARE = _OPTUNA.private("optuna.samplers:TPESampler._compare", _SLOW)


def _of_tpe(name: str) -> Any:
    path = f"optuna.samplers:TPESampler.{name}"
    return _OPTUNA.private(path, _SLOW, example=_tpe_sampler)


TPE_GAMMA = _of_tpe("_gamma")
TPE_RANDOM = _of_tpe("_rng")
TPE_N_CANDIDATES = _of_tpe("_n_ei_candidates")
TPE_ESTIMATOR = _of_tpe("_parzen_estimator_cls")
TPE_SETTINGS = _of_tpe("_parzen_estimator_parameters")
GET_TRIALS = _OPTUNA.private("optuna.study:Study._get_trials", _SLOW)
MIXTURE = _OPTUNA.private(
    "optuna.samplers._tpe.parzen_estimator:_ParzenEstimator._mixture_distribution",
    _SLOW,
    lambda mixture: (mixture.weights, mixture.distributions[0].mu),
    example=_estimator,
)
WEIGHTS = _OPTUNA.private(
    "optuna.samplers._tpe.parzen_estimator:_ParzenEstimator._call_weights_func", _SLOW
)
LOG_MASS = _OPTUNA.private("optuna.samplers._tpe._truncnorm:_log_gauss_mass", _SLOW)
LOG_NORM = _OPTUNA.private("optuna.samplers._tpe._truncnorm:_norm_pdf_logC", _SLOW)

_STEPS = ("n_warmup_steps", "interval_steps")
_MIDDLE = ("n_startup_trials", *_STEPS, "n_min_trials")
_HALVES = ("min_resource", "reduction_factor", "bootstrap_count")
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "MedianPruner": _MIDDLE,
    "PercentilePruner": ("percentile", *_MIDDLE),
    "ThresholdPruner": ("lower", "upper", *_STEPS),
    "PatientPruner": ("patience", "min_delta", "wrapped_pruner"),
    "WilcoxonPruner": ("p_threshold", "n_startup_steps"),
    "SuccessiveHalvingPruner": (*_HALVES, "min_early_stopping_rate"),
    "HyperbandPruner": (*_HALVES, "max_resource"),
}


def _pruner(name: str) -> Any:
    from optuna import pruners

    given: dict[str, tuple[Any, ...]] = {
        "PercentilePruner": (25.0,),
        "ThresholdPruner": (0.0,),
        "PatientPruner": (None, 1),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some call themselves experimental
        return getattr(pruners, name)(*given.get(name, ()))


def _of_pruner(name: str, argument: str) -> Any:
    return _OPTUNA.private(
        f"optuna.pruners:{name}._{argument}",
        f"a {name} of Optuna's is not taken",
        example=lambda: _pruner(name),
    )


PRUNERS = {
    name: {argument: _of_pruner(name, argument) for argument in arguments}
    for name, arguments in _ARGUMENTS.items()
}
"""Of each class of pruners: where it keeps its arguments."""
