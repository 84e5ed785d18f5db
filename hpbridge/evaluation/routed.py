"""Weights and other metadata, to those who asked for them: as `cross_validate` does."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from sklearn import get_config
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
    process_routing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.evaluation.metrics import Scorer

GROUPS = "groups"
"""What is for splitters, unless somebody asks for it."""

_WEIGHT = "sample_weight"


def params_of_fit(estimator: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the given metadata goes to an estimator's ``fit``.

    All but groups, unless metadata is routed: then what is asked for.
    """
    if not _is_routed():
        return {name: value for name, value in params.items() if name != GROUPS}
    return _route(estimator, "fit", params)


def params_of_score(scorer: Scorer, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the given metadata goes to a scorer, by the scorer's own names."""
    if not _is_routed() or not hasattr(scorer, "get_metadata_routing"):
        return {}
    return _route(scorer, "score", params)


def of_dummy(
    dummy: Any,
    estimator: Any,
    scorers: Mapping[str, Scorer],
    params: Mapping[str, Any],
) -> tuple[Any, dict[str, Any]]:
    """Return a dummy that is weighed as an estimator is, and what goes with its rows.

    It has no steps: the weights of a step of a pipeline are its own.
    """
    given = params_of_fit(estimator, params)
    weight = next((v for n, v in given.items() if n.endswith(_WEIGHT)), None)
    if not _is_routed():
        return dummy, {} if weight is None else {_WEIGHT: weight}
    kept = {name for s in scorers.values() for name in _asked_of_scorer(s, params)}
    of_scorers = {name: params[name] for name in kept}
    if weight is None:
        return dummy.set_fit_request(sample_weight=False), of_scorers
    own = "weight_of_fit"
    return dummy.set_fit_request(sample_weight=own), {**of_scorers, own: weight}


def routing_problems(
    estimator: Any, scorers: Mapping[str, Scorer], params: Mapping[str, Any]
) -> list[str]:
    """Say what nobody would take of what goes with the rows."""
    kind = type(estimator).__name__
    own = {n: v for n, v in params.items() if n != GROUPS and v is not None}
    if not _is_routed():
        if isinstance(estimator, Pipeline):
            return _of_pipeline(estimator, own)
        return [f"fit of {kind} takes no {n}" for n in own if not _takes(estimator, n)]
    unasked = [n for n in own if not _asks_for(n, estimator, scorers)]
    asked = {name: own[name] for name in own if name not in unasked}
    return [
        *(
            f"{name} is requested by neither {kind} nor a metric: metadata routing is "
            f"enabled, so say who takes it, as in set_fit_request({name}=True)"
            for name in unasked
        ),
        *_undecided(estimator, scorers, asked),
    ]


def _undecided(
    estimator: Any, scorers: Mapping[str, Scorer], params: Mapping[str, Any]
) -> list[str]:
    """Return a sentence for each that says neither that it takes it nor that not."""
    found = []
    for name, each in {"": estimator, **scorers}.items():
        if not hasattr(each, "get_metadata_routing"):
            continue
        callee = "score" if name else "fit"
        try:
            process_routing(_router(each, callee), "fit", **params)
            if isinstance(get_routing_for_object(each), MetadataRouter):
                process_routing(each, callee, **_route(each, callee, params))
        except TypeError:  # it is for another
            continue
        except UnsetMetadataPassedError as error:
            names = ", ".join(error.unrequested_params)
            step = re.search(r"requested for (\w+)\.", str(error))
            who = f"the metric {name!r}" if name else step[1] if step else "a step"
            say = (
                f"get_scorer({name!r}).set_score_request" if name else "set_fit_request"
            )
            found.append(
                f"{who} says neither that it takes {names} nor that it does not: "
                f"{say}({names}=True), or =False"
            )
    return found


def _of_pipeline(pipeline: Pipeline, params: Mapping[str, Any]) -> list[str]:
    steps = dict(pipeline.steps)
    *_, last = steps
    found = []
    for name in params:
        of, _, own = name.partition("__")
        if of not in steps or not own:
            found.append(
                f"{name} does not say for which step of the pipeline: give it in "
                f"params= as '{last}__{name}', or enable scikit-learn's metadata "
                "routing"
            )
        elif not _takes(steps[of], own):
            found.append(f"fit of {type(steps[of]).__name__} takes no {own}")
    return found


def _takes(estimator: Any, name: str) -> bool:
    """Say whether ``fit`` takes an argument, as far as can be seen."""
    try:
        known = inspect.signature(estimator.fit).parameters
    except (AttributeError, TypeError, ValueError):
        return True
    return name in known or any(p.kind == p.VAR_KEYWORD for p in known.values())


def _asks_for(name: str, estimator: Any, scorers: Mapping[str, Scorer]) -> bool:
    if get_routing_for_object(estimator).consumes("fit", [name]):
        return True
    return any(_asked_of_scorer(scorer, [name]) for scorer in scorers.values())


def _asked_of_scorer(scorer: Scorer, names: Any) -> set[str]:
    if not hasattr(scorer, "get_metadata_routing"):
        return set()
    return set(get_routing_for_object(scorer).consumes("score", list(names)))


def _route(each: Any, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    asked = get_routing_for_object(each).consumes(method, params.keys())
    given = {name: params[name] for name in asked}
    return dict(process_routing(_router(each, method), "fit", **given).it[method])


def _router(each: Any, method: str) -> MetadataRouter:
    mapping = MethodMapping().add(caller="fit", callee=method)
    return MetadataRouter(owner="Evaluation").add(it=each, method_mapping=mapping)


def _is_routed() -> bool:
    return bool(get_config().get("enable_metadata_routing", False))
