"""Find the comparison that another one is to go on with, or begin a new one."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpbridge.drivers.choosing import FUTURES
from hpbridge.engine.broken import ask_anew, settings_in
from hpbridge.store.record import ComparisonRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.drivers.choosing import GivenDriver
    from hpbridge.engine.contest import Contest
    from hpbridge.store import Database
    from hpbridge.store.settings import Settings

# By what a comparison is the same one; trials and repeats may be added to it.
_KIND = {
    "reference": "another experiment",
    "space": "another space",
    "metrics": "other metrics",
    "optimizers": "other optimizers or options",
    "seed": "another seed",
    "shared_start": "another shared start",
    "pruner": "another pruner",
}

_Found = tuple["Contest", tuple[int, str], tuple[str, ...]]


def find_comparison(
    database: Database,
    contest: Contest,
    asked: Mapping[str, Any],
    said: Mapping[str, int | None],
    *,
    resume: bool,
) -> _Found:
    """Return the contest as it is to run, the id and name of its record, and notes.

    Args:
        database: Where it is, or will be.
        contest: What is asked for.
        asked: The settings that were given; of one that goes on, the others are as
            they were.
        said: Its repeats, seed and shared start, None where that was not said; as
            the settings.
        resume: Whether to go on with the last one of its kind.
    """
    notes: tuple[str, ...] = ()
    name = contest.experiment.name
    if resume:
        known = database.comparisons()
        wanted = json.loads(contest.settings_json())
        wanted = {k: v for k, v in wanted.items() if said.get(k, v) is not None}
        for found in reversed(known):
            if found.experiment == name and not _differences(found, wanted):
                return _gone_on(database, contest, asked, said["repeats"], found)
        notes = (_why_none(database, contest, known, wanted),)
    record = ComparisonRecord(
        name=f"{name}-comparison",
        experiment=name,
        created_at=time.time(),
        settings=contest.settings_json(),
    )
    return contest, database.add_comparison(record), notes


def _differences(record: ComparisonRecord, wanted: dict[str, Any]) -> list[str]:
    known = settings_in(record)  # damaged, it is none that anybody means
    return [
        text
        for key, text in _KIND.items()
        if key in wanted and known.get(key) != wanted[key]
    ]


def _gone_on(
    database: Database,
    contest: Contest,
    asked: Mapping[str, Any],
    repeats: int | None,
    record: ComparisonRecord,
) -> _Found:
    """Return what a comparison that is there is to become: never less than it was."""
    known, notes, counts = settings_in(record), [], []
    for key, n_asked in (("n_trials", asked.get("n_trials")), ("repeats", repeats)):
        n_known = known.get(key)
        n_known = n_known if isinstance(n_known, int) else 0
        counts.append(max(n_asked or 0, n_known) or 1)
        if n_asked is not None and n_asked < n_known:
            notes.append(
                f"{record.name!r} goes on with {key}={n_known}, as it was begun, "
                f"not {n_asked}"
            )
    n_trials, n_repeats = counts
    settings, driver = _as_it_was(database, contest, record)
    settings = replace(settings, **{**asked, "n_trials": n_trials})
    contest = replace(
        contest,
        settings=settings,
        repeats=n_repeats,
        driver=driver,
        seed=_whole(known.get("seed"), contest.seed),
        shared_start=_whole(known.get("shared_start"), contest.shared_start),
    )
    ask_anew(database, record, contest.settings_json())
    return contest, (record.id, record.name), tuple(notes)


def _whole(value: object, otherwise: int) -> int:
    """Return a number of a record, which may be damaged."""
    return value if type(value) is int else otherwise


def _as_it_was(
    database: Database, contest: Contest, record: ComparisonRecord
) -> tuple[Settings, GivenDriver | None]:
    """Return how the studies of a comparison were run last, and the driver for others.

    Where they have several drivers, each has that of its optimizer.
    """
    studies = database.studies(comparison_id=record.id)
    settings = studies[-1].settings.budget if studies else contest.settings
    drivers = {study.settings.driver for study in studies}
    if contest.driver is None and len(drivers) == 1:
        (driver,) = drivers
        is_named = driver and not driver.startswith(FUTURES)
        return settings, driver if is_named else None
    return settings, contest.driver


def _why_none(
    database: Database,
    contest: Contest,
    known: list[ComparisonRecord],
    wanted: dict[str, Any],
) -> str:
    same = [each for each in known if each.experiment == contest.experiment.name]
    if not same:
        why = f"there is none of {contest.experiment.name!r} in {database.url}"
    else:
        differences = ", ".join(_differences(same[-1], wanted))
        why = f"the last one, {same[-1].name!r}, has {differences}"
    return f"no comparison to go on with: {why}; a new one began"
