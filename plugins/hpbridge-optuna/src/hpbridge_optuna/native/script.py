"""What a script says beside its objective: its study, and how it optimizes.

Source:
    Optuna 5.0.0, `create_study`, `load_study`, `Study.optimize`, the constructors in
    `optuna.samplers`.
"""

from __future__ import annotations

import ast
import dataclasses
import warnings
from typing import TYPE_CHECKING, Any, TypeAlias

from hpbridge.plugin import (
    HpbridgeError,
    Reading,
    Script,
    UnsaidError,
    is_instance_of,
    registry,
)
from hpbridge_optuna._upstream import ENQUEUED
from hpbridge_optuna.native.pruner import pruner_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Site, Source

_Pruner: TypeAlias = "tuple[str, Mapping[str, Any]]"

_OPTIMIZE = ("func", "n_trials", "timeout", "n_jobs", "catch", "callbacks")
_SILENT = ("func", "catch", "gc_after_trial", "show_progress_bar")
_SAMPLERS = {
    "TPESampler": "tpe",
    "GPSampler": "gp",
    "CmaEsSampler": "cmaes",
    "RandomSampler": "random",
    "QMCSampler": "qmc",
    "BruteForceSampler": "bruteforce",
    "NSGAIISampler": "nsga2",
    "NSGAIIISampler": "nsga3",
}
_INSTEAD = {
    "GridSampler": "`--backend optuna:grid` tries every point of a space with steps",
    "PartialFixedSampler": "a range of one value in the space fixes a parameter",
}
"""Of samplers that are none of an algorithm's, what there is for them."""
_FIRST = {"RandomSampler": ("seed",), "BruteForceSampler": ("seed",)}
"""The parameters that a sampler takes by their place."""
_WARNINGS = ("warn_independent_sampling", "warn_asynchronous_seeding")


def read(source: Source, site: Site) -> Script:
    """Read a call of `Study.optimize` and the study that it is called on."""
    call = Reading(source, source.arguments(site.call, _OPTIMIZE))
    made = {} if site.maker is None else source.arguments(site.maker, ())
    study = Reading(source, made)
    live = _live(source, site)
    sampler = _sampler(source, study, live)
    directions = _directions(source, site, study, live)
    points, unsaid = _points(source, site, live)
    study.drop("study_name", "load_if_exists")
    pruner, left = _pruner(source, study, live, len(directions))
    if study.expression("storage") is not None:
        left.append("storage")  # which may hold a password
    study.rest()
    script = dataclasses.replace(
        sampler,
        directions=directions,
        n_trials=call.number("n_trials"),
        timeout=call.number("timeout", float),
        points=points,
        pruner=pruner,
    )
    if call.expression("callbacks") is not None:
        call.not_taken.append("callbacks")
    call.rest(unsaid=_SILENT)
    left += [*unsaid, *study.not_taken, *call.not_taken, *sampler.not_taken]
    return dataclasses.replace(script, not_taken=tuple(left))


def _live(source: Source, site: Site) -> Any:
    """Return the study of a script whose top level made it; None where none did."""
    method = site.call.func
    if not isinstance(method, ast.Attribute) or not isinstance(method.value, ast.Name):
        return None
    if source.is_local(method.value):
        return None
    found = source.module.get(method.value.id)
    return found if is_instance_of(found, "optuna", "Study") else None


def _directions(
    source: Source, site: Site, study: Reading, live: Any
) -> tuple[tuple[str, str], ...]:
    said = [study.value("direction"), *(study.value("directions") or ())]
    ways = [way if isinstance(way, str) else way.name.lower() for way in said if way]
    if live is not None:
        ways = [way.name.lower() for way in live.directions]
    is_usual = source.called(site.maker) == "create_study" and not study.not_taken
    return tuple(("", way) for way in ways or (["minimize"] if is_usual else []))


def _pruner(
    source: Source, study: Reading, live: Any, n_metrics: int
) -> tuple[_Pruner | None, list[str]]:
    """Return the study's pruner as ours, and a phrase of one that is not taken."""
    given = "pruner" in study
    node = study.expression("pruner")
    prunes = any(
        isinstance(each.func, ast.Attribute) and each.func.attr == "should_prune"
        for each in source.calls()
    )
    # Without a question, there is nothing that is not taken.
    is_none = isinstance(node, ast.Constant) and not prunes
    if is_none or not (given or prunes):
        return None, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that Optuna's is experimental: ours will run
        pruner = study.known(node) or getattr(live, "pruner", None)
    name = source.called(node) if pruner is None else type(pruner).__name__
    if pruner is None and (not given or isinstance(node, ast.Constant)):
        name, pruner = "MedianPruner", _default()
    if name == "NopPruner":
        return None, []
    said = f"pruner {name}" if name else study.named("pruner", node)
    if n_metrics > 1:
        return None, [f"{said} (it decides by one metric)"]
    if pruner is None:
        return None, [f"{said} (its arguments are known only while the script runs)"]
    try:
        return pruner_of(pruner), []
    except HpbridgeError as error:
        return None, [f"{said} ({'; '.join(error.problems)})"]


def _default() -> Any:
    import optuna

    return optuna.pruners.MedianPruner()


def _sampler(source: Source, study: Reading, live: Any) -> Script:
    given = "sampler" in study
    node = study.expression("sampler")
    name = source.called(node)
    if not isinstance(node, ast.Call) or not name:
        if live is not None:
            return _of_class(type(live.sampler).__name__, is_whole=not given)
        is_none = isinstance(node, ast.Constant)
        return Script(not_taken=("its sampler",) if given and not is_none else ())
    reading = Reading(source, source.arguments(node, _FIRST.get(name, ())))
    if name not in _SAMPLERS:
        return Script(seed=reading.number("seed"), not_taken=(_not_taken(name),))
    algorithm = registry().backend("optuna").algorithms[_SAMPLERS[name]]
    options = {
        field.name: reading.value(field.name)
        for field in dataclasses.fields(algorithm.options)
        if field.name in reading
    }
    seed = reading.number("seed")
    reading.rest(unsaid=_WARNINGS)
    return Script(
        seed=seed,
        optimizer=f"optuna:{algorithm.name}",
        options=options,
        not_taken=tuple(f"{each} of {name}" for each in reading.not_taken),
    )


def _not_taken(sampler: str) -> str:
    instead = _INSTEAD.get(sampler)
    return f"sampler {sampler}" + (f" ({instead})" if instead else "")


def _of_class(name: str, *, is_whole: bool) -> Script:
    """Return what the class of a sampler alone says."""
    if is_whole and name in {"TPESampler", "NSGAIISampler"}:
        return Script()  # the default
    if name not in _SAMPLERS:
        return Script(not_taken=(_not_taken(name),))
    left = (f"arguments of {name}",)
    return Script(optimizer=f"optuna:{_SAMPLERS[name]}", not_taken=left)


def _points(
    source: Source, site: Site, live: Any
) -> tuple[tuple[dict[str, Any], ...], list[str]]:
    """Return the points that are enqueued, and a phrase for those that are not told."""
    if live is not None:
        trials = live.get_trials(deepcopy=False)
        waiting = [trial for trial in trials if trial.state.name == "WAITING"]
        fixed = [trial.system_attrs.get(ENQUEUED, {}) for trial in waiting]
        return tuple(map(dict, fixed)), []
    method = site.call.func
    assert isinstance(method, ast.Attribute)
    receiver, scope = ast.dump(method.value), source.scope_of(site.call)
    points: list[dict[str, Any]] = []
    unsaid: list[str] = []
    for call in source.calls():
        if not isinstance(call.func, ast.Attribute):
            continue
        is_ours = call.func.attr == "enqueue_trial" and call.lineno <= site.call.lineno
        if not is_ours or ast.dump(call.func.value) != receiver:
            continue
        try:
            given = source.arguments(call, ("params",))
            point = source.value(given["params"])
        except (UnsaidError, KeyError):
            point = None
        if isinstance(point, dict) and source.scope_of(call) is scope:
            points.append(point)
        else:
            unsaid = ["enqueued points"]
    return tuple(points), unsaid
