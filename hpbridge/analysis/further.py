"""What was found of a study after it had ended: each in a sentence, from the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.analysis.confirmed import CONFIRMATIONS
from hpbridge.analysis.nested import NESTED, Nested

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.study import Study

THRESHOLDS = "thresholds"
"""The attribute of a study that holds the thresholds that were chosen for its models: a
list, the last one last, of what `hpbridge.evaluation.threshold.Threshold` writes."""


def further_of(study: Study) -> dict[str, str]:
    """Return the last of each kind, by a title.

    Args:
        study: Any study.
    """
    found = {}
    confirmed = _last(study, CONFIRMATIONS)
    if confirmed is not None:
        found["Confirmed"] = f"{confirmed['sentence']}."
    nested = _last(study, NESTED)
    if nested is not None:
        found["Nested cross-validation"] = f"{Nested(nested).sentence}."
    threshold = _last(study, THRESHOLDS)
    if threshold is not None:
        found["Threshold"] = f"{threshold['sentence']}."
    return found


def _last(study: Study, name: str) -> Mapping[str, Any] | None:
    noted = study.attributes.get(name)
    return noted[-1] if isinstance(noted, list) and noted else None
