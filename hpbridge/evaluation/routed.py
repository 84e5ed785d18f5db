"""Weights and other metadata, to those who asked for them: as `cross_validate` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn import get_config
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


def params_of_fit(estimator: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the given metadata goes to an estimator's ``fit``.

    All but groups, unless metadata is routed: then what is asked for.
    """
    if not _is_routed():
        return {name: value for name, value in params.items() if name != GROUPS}
    mapping = MethodMapping().add(caller="fit", callee="fit")
    router = MetadataRouter(owner="Evaluation").add(
        estimator=estimator, method_mapping=mapping
    )
    asked = get_routing_for_object(estimator).consumes("fit", params)
    given = {name: params[name] for name in asked}
    return dict(process_routing(router, "fit", **given).estimator.fit)


def params_of_score(scorer: Scorer, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the given metadata goes to a scorer, by the scorer's own names."""
    if not _is_routed() or not hasattr(scorer, "get_metadata_routing"):
        return {}
    mapping = MethodMapping().add(caller="fit", callee="score")
    router = MetadataRouter(owner="Evaluation").add(
        scorer=scorer, method_mapping=mapping
    )
    asked = get_routing_for_object(scorer).consumes("score", params)
    given = {name: params[name] for name in asked}
    return dict(process_routing(router, "fit", **given).scorer.score)


def _is_routed() -> bool:
    return bool(get_config().get("enable_metadata_routing", False))
