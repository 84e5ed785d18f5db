"""What was found of a study after it had ended: each in a sentence, from the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hpbridge.analysis.confirmed import CONFIRMATIONS
from hpbridge.analysis.nested import NESTED

if TYPE_CHECKING:
    from hpbridge.study import Study

THRESHOLDS = "thresholds"
"""The attribute of a study that holds the thresholds that were chosen for its models: a
list, the last one last, of what `hpbridge.evaluation.threshold.Threshold` writes."""


_TITLES = {
    "Confirmed": CONFIRMATIONS,
    "Nested cross-validation": NESTED,
    "Threshold": THRESHOLDS,
}


def further_of(study: Study) -> dict[str, str]:
    """Return the last of each kind, by a title.

    Args:
        study: Any study.
    """
    found = {}
    for title, name in _TITLES.items():
        noted = study.attributes.get(name)
        last = noted[-1] if isinstance(noted, list) and noted else None
        sentence = last.get("sentence") if isinstance(last, Mapping) else None
        if isinstance(sentence, str):
            found[title] = f"{sentence}."
    return found
