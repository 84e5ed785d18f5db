"""Read the study that a `Trials` is, from memory or from a pickle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    DAMAGE,
    PAYLOAD_KEY,
    ForeignStudy,
    ForeignTrial,
    FormatError,
    Hints,
    HpbridgeError,
    inert,
    read_json_text,
    unpack_study,
)
from hpbridge_hyperopt.format.contents import Contents, contents_of, is_trials
from hpbridge_hyperopt.format.documents import OURS, DocumentError, Reader, drawn_of
from hpbridge_hyperopt.format.plain_data import NoJsonError, as_json
from hpbridge_hyperopt.format.write import FORM, OFFSETS
from hpbridge_hyperopt.native.distributions import Draw, row_start
from hpbridge_hyperopt.native.read import is_node_space, read_draws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Space


_HEAD = 2**18

# A pickle of protocol 2 and later, or the first operation of one before.
_FIRST = (b"\x80", b"c", b"(", b"]", b"}")

_MOST_NAMED = 5
_HINT = "it must be a Trials of Hyperopt, or a pickle of one, as fmin writes it"


def recognizes(source: object) -> bool:
    """Say whether a source is a `Trials` or a pickle of one."""
    if not isinstance(source, Path):
        return is_trials(source)
    if not source.is_file():
        return False
    head = inert.head(source, _HEAD)
    if not head.startswith(_FIRST):
        return False
    is_named = b"hyperopt" in head and b"Trials" in head
    return is_named or b"_dynamic_trials" in head or _is_documents(head)


def _is_documents(head: bytes) -> bool:
    words = (b"misc", b"idxs", b"vals", b"tid", b"book_time", b"result")
    return all(word in head for word in words)


def read(source: object, hints: Hints) -> ForeignStudy:
    """Read a study; nothing that is in a file is executed.

    Args:
        source: A path, or a live `Trials`.
        hints: The space, above all: a `Trials` holds none.

    Raises:
        FormatError: If it is no `Trials`, or damaged.

    Source:
        hyperopt 0.3.0, `base.Trials` for the documents; `FMinIter.run` for
        ``trials_save_file``, which is a pickle of the `Trials` alone.
    """
    try:
        return _read(source, hints)
    except HpbridgeError:
        raise
    except DAMAGE as error:
        reason = " ".join(str(error).split())
        problem = f"it is damaged ({type(error).__name__}: {reason:.120})"
        raise FormatError.unreadable(FORM, source, [problem], _HINT) from error


def _read(source: object, hints: Hints) -> ForeignStudy:
    contents = _load(source)
    packed, offsets = _packed(contents, source)
    unclear: list[str] = []
    if packed is None and hints.space is not None:
        offsets = _seen_offsets(contents, hints.space, unclear)
    reader = _reader(hints, packed, offsets)
    read_docs = _read_docs(contents, reader, source)
    trials = [trial for _, trial in read_docs if trial is not None]
    if packed is not None:
        trials = _with_packed(trials, packed)
    _check_metrics(trials, reader, source)
    notes = _notes(contents, reader, read_docs)
    if not is_node_space(hints.native_space):
        notes += unclear
    attributes = _study_attributes(contents, reader)
    notes += _lost_notes(reader)
    name = source.stem if isinstance(source, Path) else str(contents.exp_key or FORM)
    found = packed or ForeignStudy(name=name, trials=(), metrics={})
    return replace(
        found,
        trials=tuple(trials),
        metrics=reader.metrics,
        space=reader.space,
        attributes={**found.attributes, **attributes},
        native=_ids(contents) | _offsets(reader),
        notes=tuple(notes),
    )


def _load(source: object) -> Contents:
    problem = "it holds no Trials"
    try:
        loaded = inert.load(source) if isinstance(source, Path) else source
        contents = contents_of(loaded)
        if contents is not None:
            docs = inert.plain(contents.docs)
            return replace(contents, docs=docs, ids=inert.plain(contents.ids))
    except (inert.InertError, OSError) as error:
        problem = str(error)
    raise FormatError.unreadable(FORM, source, [problem], _HINT)


def _packed(
    contents: Contents, source: object
) -> tuple[ForeignStudy | None, dict[str, int]]:
    """Return the study that `format.write` put in whole, and its offsets."""
    text = contents.attachments.get(PAYLOAD_KEY)
    if text is None:
        return None, {}
    try:
        given = read_json_text(contents.attachments.get(OFFSETS, "{}"))
        offsets = {str(name): int(offset) for name, offset in dict(given).items()}
        return unpack_study(read_json_text(text), FORM), offsets
    except (TypeError, ValueError) as error:
        problem = " ".join(str(error).split())
        hint = f"remove the attachment {PAYLOAD_KEY!r} to read the rest"
        raise FormatError.unreadable(FORM, source, [problem], hint) from error


def _reader(
    hints: Hints, packed: ForeignStudy | None, offsets: Mapping[str, int]
) -> Reader:
    metrics = dict(hints.direction) or {"loss": "minimize"}
    space, loss = hints.space, ("loss", False)
    if packed is not None:
        metrics, space = dict(packed.metrics), packed.space
        main = next(iter(metrics))
        loss = (main, metrics[main] == "maximize")
    if space is None:
        return Reader(None, {}, metrics, loss)
    if packed is None and is_node_space(hints.native_space):
        return Reader(space, read_draws(hints.native_space), metrics, loss)
    draws = {n: Draw(p, offsets.get(n, 0)) for n, p in space.searched.items()}
    return Reader(space, draws, metrics, loss)


def _seen_offsets(
    contents: Contents, space: Space, unclear: list[str]
) -> dict[str, int]:
    """Tell draws of ``hp.randint`` from those of ``hp.choice`` by their values."""
    found = {}
    for name, parameter in space.searched.items():
        first = row_start(parameter)
        if first is None:
            continue
        draw = Draw(parameter, first)
        seen = {value for doc in contents.docs for value in drawn_of(doc, name)}
        are_values = all(draw.is_draw(value) for value in seen)
        are_positions = all(Draw(parameter).is_draw(value) for value in seen)
        if are_values and not are_positions:
            found[name] = first
        elif are_values and seen:
            unclear.append(
                f"{name!r} is read by the positions of its choices, as of hp.choice; "
                "if it is an hp.randint, give Hyperopt's own space"
            )
    return found


def _read_docs(
    contents: Contents, reader: Reader, source: object
) -> list[tuple[Any, ForeignTrial | None]]:
    attachments = _attachments_by_trial(contents)
    found, problems = [], []
    for place, doc in enumerate(contents.docs):
        try:
            if _is_of_other(doc, contents.exp_key):
                continue
            tid = doc.get("tid") if isinstance(doc, dict) else None
            own = attachments.get(str(tid), {})
            found.append((doc, reader.read(doc, own)))
        except DocumentError as error:
            problems.append(f"trial {place} {error}")
    if problems:
        more = len(problems) - _MOST_NAMED
        problems[_MOST_NAMED:] = [f"so are {more} more"] if more > 0 else []
        raise FormatError.unreadable(FORM, source, problems, _HINT)
    return found


def _is_of_other(doc: Any, exp_key: Any) -> bool:
    return (
        exp_key is not None and isinstance(doc, dict) and doc.get("exp_key") != exp_key
    )


def _attachments_by_trial(contents: Contents) -> dict[str, dict[str, Any]]:
    # hyperopt 0.3.0, `Trials.aname`.
    found: dict[str, dict[str, Any]] = {}
    for key, value in contents.attachments.items():
        mark, _, rest = str(key).partition("::")
        tid, has_name, name = rest.partition("::")
        if mark == "ATTACH" and has_name:
            found.setdefault(tid, {})[name] = value
    return found


def _study_attributes(contents: Contents, reader: Reader) -> dict[str, Any]:
    found = {}
    for key, value in contents.attachments.items():
        if str(key).startswith((OURS, "ATTACH::")):
            continue
        try:
            found[str(key)] = as_json(value)
        except NoJsonError:
            reader.lost[str(key)] = None
    return found


def _with_packed(
    trials: list[ForeignTrial], packed: ForeignStudy
) -> list[ForeignTrial]:
    """Return the trials that were written whole; later ones as they are."""
    whole = dict(enumerate(packed.trials))
    return [
        replace(whole.get(trial.native["tid"], trial), native=trial.native)
        for trial in trials
    ]


def _check_metrics(trials: list[ForeignTrial], reader: Reader, source: object) -> None:
    held = dict.fromkeys(name for trial in trials for name in trial.metrics)
    problems = [
        f"no trial has the metric {name!r}; there are {', '.join(map(repr, held))}"
        for name in reader.metrics
        if held and name not in held
    ]
    if problems:
        hint = "give the direction of a metric that is there"
        raise FormatError.unreadable(FORM, source, problems, hint)


def _notes(
    contents: Contents,
    reader: Reader,
    read_docs: list[tuple[Any, ForeignTrial | None]],
) -> list[str]:
    notes = []
    if reader.space is None:
        notes.append(
            "a Trials holds no space: choices are their positions, and conditions are "
            "inferred, until the space is given"
        )
    n_others = len(contents.docs) - len(read_docs)
    if n_others:
        notes.append(f"{n_others} trials have another exp_key and are left out")
    n_unfinished = sum(trial is None for _, trial in read_docs)
    if n_unfinished:
        notes.append(f"{n_unfinished} trials are not finished and are left out")
    tids = [doc["tid"] for doc, _ in read_docs]
    n_shared = len(tids) - len(set(tids))
    if n_shared:
        notes.append(
            f"{n_shared} trials have the id of another one; Hyperopt's algorithms "
            "take them for one, here each is a trial"
        )
    return notes


def _lost_notes(reader: Reader) -> list[str]:
    if not reader.lost:
        return []
    names = ", ".join(repr(name) for name in list(reader.lost)[:_MOST_NAMED])
    more = ", ..." if len(reader.lost) > _MOST_NAMED else ""
    return [
        f"left out is what is no plain data in results and attachments: {names}{more}"
    ]


def _offsets(reader: Reader) -> dict[str, Any]:
    found = {name: draw.offset for name, draw in reader.draws.items() if draw.offset}
    return {"offsets": found} if found else {}


def _ids(contents: Contents) -> dict[str, Any]:
    """Return how many ids were given out, where the next one is then a new one."""
    ids = [each for each in contents.ids if type(each) is int]
    if any(each not in range(len(ids)) for each in ids):
        return {}  # before there is a set of them, which may take for ever
    found = set(ids)
    return {"ids": len(found)} if found == set(range(len(found))) else {}
