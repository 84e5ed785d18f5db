"""`hpbridge enqueue`: queue a point by hand."""

from __future__ import annotations

import json as json_
from typing import TYPE_CHECKING, Annotated

import typer

from hpbridge.cli.arguments import JsonOption, StoreOption, StudyArg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.space.kinds import Parameter
    from hpbridge.space.space import Space


def enqueue(
    study: StudyArg,
    params: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE", help="Every active parameter.")
    ],
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Queue a point: the study runs it next, now or when it goes on."""
    from hpbridge.cli.output import margin, print_json, screen
    from hpbridge.engine.requests import enqueue as enqueue_point
    from hpbridge.engine.requests import learns_of_points
    from hpbridge.store import open_store
    from hpbridge.store.record import Status

    database = open_store(store)
    record = database.study(study)
    point = read_point(record.space, params)
    (queued,) = enqueue_point(record.id, point, store=database)
    if json:
        print_json({"study": record.name, "params": queued})
        return
    goes_on = record.status in {Status.RUNNING, Status.OPEN}
    when = "it runs next" if goes_on else "it runs when the study goes on"
    screen().print(f"Study {record.name}: queued, {when}.")
    why_not = learns_of_points(record)
    if why_not is not None:
        margin().print(f"Note: {why_not}")


def read_point(space: Space, words: list[str]) -> dict[str, object]:
    """Return the values that words of a command give parameters, as far as they are.

    Raises:
        OptionError: If a word is not KEY=VALUE.
    """
    from hpbridge.cli.arguments import read_settings

    read: Mapping[str, object] = read_settings(words, "KEY=VALUE")
    return {n: _value(space, n, str(text)) for n, text in read.items()}


def _value(space: Space, name: str, text: str) -> object:
    parameter: Parameter | None = space.get(name)
    labels = getattr(parameter, "labels", None)
    if labels is not None:
        return next((label for label in labels if str(label) == text), text)
    try:
        return json_.loads(text)
    except ValueError:
        return text
