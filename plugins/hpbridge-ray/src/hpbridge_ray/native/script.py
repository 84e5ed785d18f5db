"""What a script says beside its objective: its `Tuner`, or the arguments of `tune.run`.

Source:
    ray 2.60.0, `Tuner`, `TuneConfig`, `RunConfig`, `tune.run`, the search classes.
"""

from __future__ import annotations

import ast
import datetime as dt
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import HpbridgeError, Reading, Script, registry
from hpbridge_ray.native.read import from_native
from hpbridge_ray.native.scheduler import asha_of_script

if TYPE_CHECKING:
    from hpbridge.plugin import NativeSpace, Site, Source

_SEARCHERS = {
    "OptunaSearch": ("optuna", "seed"),
    "HyperOptSearch": ("hyperopt", "random_state_seed"),
    "TuneBOHB": ("bohb", "seed"),
    "BasicVariantGenerator": ("random", "random_state"),
}
_ASHA = ("max_t", "grace_period", "reduction_factor")
"""The options of our pruner that decides as Ray's ASHA."""
_STEP = "training_iteration"
_WAYS = {"max": "maximize", "min": "minimize"}
# Where files go and what is printed; which cluster has what.
_SILENT = (
    "trainable",
    "run_or_experiment",
    "reuse_actors",
    "trial_name_creator",
    "trial_dirname_creator",
    "chdir_to_trial_dir",
    "name",
    "storage_path",
    "storage_filesystem",
    "local_dir",
    "verbose",
    "progress_reporter",
    "log_to_file",
    "sync_config",
    "checkpoint_config",
    "raise_on_failed_trial",
    "fail_fast",
    "resources_per_trial",
    "tune_config",
    "run_config",
)


def read(source: Source, site: Site) -> Script:
    """Read a call of `Tuner.fit` or of `tune.run`."""
    call = _arguments(source, site)
    space = call.value("param_space", call.value("config"))
    native = from_native(space) if isinstance(space, Mapping) else None
    stop = call.value("stop") if _is_plain(call, "stop") else None
    searcher = _searcher(call, space)
    metric, mode = call.value("metric"), call.value("mode")
    metric = metric or searcher.directions[0][0]
    found = _scheduled(call, metric or "")
    metric = metric or found.get("metric")
    mode = mode or searcher.directions[0][1] or found.get("mode")
    way = _WAYS.get(mode or "", "")
    n_trials = call.number("num_samples")
    if _grids(space):
        if n_trials is not None and n_trials != 1:
            call.not_taken.append(f"num_samples={n_trials} of a grid")
        n_trials = None
    elif n_trials == -1:
        n_trials = None
    if found.get("stop_last_trials"):
        stop = _until_last(call, site, {} if stop is None else stop, found)
    if native is not None and isinstance(stop, dict) and stop:
        native = _stopping(native, stop)
    timeout = _seconds(call)
    call.rest(unsaid=_SILENT)
    return Script(
        directions=((metric or "", way),) if way else (),
        n_trials=n_trials,
        timeout=timeout,
        seed=searcher.seed,
        optimizer=searcher.optimizer,
        options=searcher.options,
        pruner=("asha:ray", {name: found[name] for name in _ASHA}) if found else None,
        points=searcher.points,
        space=space,
        native=native,
        not_taken=(*call.not_taken, *searcher.not_taken),
    )


def _scheduled(call: Reading, metric: str) -> Mapping[str, Any]:
    """Return the arguments of a scheduler that we have; note any other.

    Args:
        call: Of the script.
        metric: As of `asha_of_script`.
    """
    node = call.expression("scheduler")
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return {}
    scheduler = call.known(node)
    name = call.source.called(node) or call.named("", node).lstrip("=")
    if name == "FIFOScheduler":
        return {}  # which stops nothing
    found: Mapping[str, Any] = {}
    problems = ["its arguments are known only while the script runs"]
    if scheduler is not None:
        try:
            found, problems = asha_of_script(scheduler, metric)
        except HpbridgeError as error:
            problems = list(error.problems)
    if problems:
        call.not_taken.insert(0, f"scheduler {name} ({'; '.join(problems)})")
        return {}
    return found


def _until_last(call: Reading, site: Site, stop: Any, asha: Mapping[str, Any]) -> Any:
    """Return at what a class ends, which has no end of its own, with a scheduler's.

    Note that a function does not end there.
    """
    last = asha["max_t"]
    if isinstance(call.known(site.objective), type):
        if not isinstance(stop, dict):
            return stop
        return {**stop, _STEP: min(stop.get(_STEP, last), last)}
    call.not_taken.append(
        f"the end of a trial at max_t={last} (a function ends by itself)"
    )
    return stop


def _names(function: Any) -> tuple[str, ...]:
    return tuple(name for name in inspect.signature(function).parameters)


def _arguments(source: Source, site: Site) -> Reading:
    """Return all arguments as if they were those of one call."""
    from ray import tune

    if site.maker is None:
        return Reading(source, source.arguments(site.call, _names(tune.run)))
    given = source.arguments(site.maker, _names(tune.Tuner))
    for name, names in (("tune_config", _names(tune.TuneConfig)), ("run_config", ())):
        inner = source.seen(given.get(name))
        if isinstance(inner, ast.Call):
            given |= source.arguments(inner, names)
        elif inner is not None and not isinstance(inner, ast.Constant):
            given[f"of {name}"] = inner
    return Reading(source, given)


def _is_plain(call: Reading, name: str) -> bool:
    return isinstance(call.known(call.peek(name)), dict)


def _stopping(native: NativeSpace, stop: Mapping[str, float]) -> NativeSpace:
    """Let a class run until a metric is reached, as the Tuner would."""
    from dataclasses import replace

    wrap = native.wrap
    assert wrap is not None

    def until_then(trainable: Any) -> Any:
        from hpbridge_ray.native.objective import until

        is_class = isinstance(trainable, type)
        return wrap(until(trainable, **stop) if is_class else trainable)

    return replace(native, wrap=until_then)


def _seconds(call: Reading) -> float | None:
    given = call.known(call.peek("time_budget_s"))
    if isinstance(given, dt.timedelta):
        call.drop("time_budget_s")
        return given.total_seconds()
    found = call.number("time_budget_s", float)
    return None if found is None else float(found)


def _grids(space: object) -> bool:
    """Say whether something of a ``param_space`` is a grid."""
    if not isinstance(space, Mapping):
        return False
    return "grid_search" in space or any(map(_grids, space.values()))


def _all_grids(space: object) -> bool:
    from hpbridge_ray.native.read import is_domain

    if not isinstance(space, Mapping):
        return not is_domain(space)
    return "grid_search" in space or all(map(_all_grids, space.values()))


def _searcher(call: Reading, space: object) -> Script:
    """Return what the search class says; its metric and mode as a direction."""
    nothing = (("", ""),)
    node = call.expression("search_alg")
    while call.source.called(node) == "ConcurrencyLimiter":
        assert isinstance(node, ast.Call)
        inner = call.source.arguments(node, ("searcher", "max_concurrent", "batch"))
        node = call.source.seen(inner.get("searcher"))
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        name = "grid" if _grids(space) and _all_grids(space) else "random"
        return Script(optimizer=f"ray:{name}", directions=nothing)
    name = call.source.called(node)
    if not isinstance(node, ast.Call) or name not in _SEARCHERS:
        left = f"search_alg {name}" if name else call.named("search_alg", node)
        return Script(not_taken=(left,), directions=nothing)
    algorithm, seed_name = _SEARCHERS[name]
    given = Reading(call.source, call.source.arguments(node, ("space",)))
    kind = registry().backend("ray").algorithms[algorithm].options
    direction = (given.value("metric") or "", given.value("mode") or "")
    options, seed = given.options(kind), given.seed(seed_name)
    points = given.value("points_to_evaluate") or ()
    is_whole = all(isinstance(p, Mapping) for p in points)
    if not is_whole:
        given.not_taken.append("points_to_evaluate")
    given.rest(unsaid=("max_concurrent", "study_name"))
    return Script(
        directions=(direction,),
        seed=seed,
        optimizer=f"ray:{algorithm}",
        options=options,
        points=tuple(map(dict, points)) if is_whole else (),
        not_taken=tuple(f"{each} of {name}" for each in given.not_taken),
    )
