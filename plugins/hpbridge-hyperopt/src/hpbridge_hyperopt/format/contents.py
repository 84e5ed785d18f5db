"""What a `Trials` holds, in memory or as read of a pickle, without Hyperopt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import inert, is_instance_of
from hpbridge_hyperopt.host.plain_mongo import refuse_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEEPEST = 3


@dataclass(frozen=True)
class Contents:
    """What a `Trials` holds.

    Attributes:
        docs: Its documents, in the order in which they were asked for.
        ids: The trial ids that it gave out.
        exp_key: Where it is not None, only documents with it belong to the study.
        attachments: By name.
    """

    docs: list[Any]
    ids: list[int]
    exp_key: Any
    attachments: Mapping[str, Any]


def is_trials(source: object) -> bool:
    """Say whether an object is a `Trials`, or a `SparkTrials`, say, that extends it."""
    return is_instance_of(source, "hyperopt.base", "Trials")


def contents_of(source: object) -> Contents | None:
    """Return what a `Trials`, or what was read of one, holds; None where it is none.

    Args:
        source: A `Trials`; or what `inert` made of one, of a list of its
            documents, or of a list or dict with one in it.

    Raises:
        HpbridgeError: If it is Hyperopt's own `MongoTrials`.
    """
    if is_trials(source):
        refuse_plain(source, is_own=False)
        return _contents(vars(source))
    for found in _within(source, 0):
        return _contents(found.state)
    if isinstance(source, (list, tuple)) and source and all(map(_is_doc, source)):
        ids = [doc.get("tid") for doc in source]
        return Contents(list(source), ids, None, {})
    return None


def _within(value: Any, depth: int) -> Iterator[inert.Stub]:
    if isinstance(value, inert.Stub):
        if isinstance(value.state, dict) and "_dynamic_trials" in value.state:
            yield value
    elif depth < _DEEPEST and isinstance(value, (dict, list, tuple)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _within(each, depth + 1)


def _is_doc(value: object) -> bool:
    return isinstance(value, dict) and {"tid", "misc", "state", "result"} <= set(value)


def _contents(state: Mapping[str, Any]) -> Contents | None:
    docs, ids = state["_dynamic_trials"], state.get("_ids", ())
    attachments = state.get("attachments", {})
    if not isinstance(docs, list) or not isinstance(attachments, dict):
        return None
    kept = list(ids) if isinstance(ids, (set, frozenset, list, tuple)) else []
    return Contents(docs, kept, state.get("_exp_key"), attachments)
