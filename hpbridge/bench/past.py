"""Find the bench that another one is to go on with, or begin a new one."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from hpbridge.bench.optimizers import reference_among
from hpbridge.bench.problems import YOURS
from hpbridge.store.record import ComparisonRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.bench.entry import Entry
    from hpbridge.store import Database


class Past(NamedTuple):
    """A bench of a store, and what was asked of it."""

    record: ComparisonRecord
    settings: dict[str, Any]

    @property
    def options(self) -> dict[str, dict[str, Any]]:
        """The options of its optimizers, by name."""
        return {name: dict(options) for name, options in self.settings["optimizers"]}

    def again(self, database: Database) -> Past:
        """Return it as the store has it by now."""
        for record in database.comparisons():
            settings = settings_of(record) if record.id == self.record.id else None
            if settings is not None:
                return Past(record, settings)
        return self


_COUNTS = ("seed", "seeds", "workers")


def settings_of(record: ComparisonRecord) -> dict[str, Any] | None:
    """Return what was asked of a bench; None where the record is of none."""
    try:
        settings = json.loads(record.settings)
        is_one = isinstance(settings["suite"], str)
        is_one &= all(type(n) is int for n in settings["problems"].values())
        is_one &= all(type(settings[name]) is int for name in _COUNTS)
        is_one &= all(
            isinstance(name, str) and isinstance(options, dict)
            for name, options in settings["optimizers"]
        )
    except (TypeError, ValueError, KeyError, AttributeError):
        return None
    return settings if is_one else None


def find_past(
    database: Database, suite: str, problems: Mapping[str, object], seed: int | None
) -> tuple[Past | None, str]:
    """Return the last bench of a suite, or why there is none.

    Args:
        database: Where it may be.
        suite: Its name; one of any experiments has at least one of these problems.
        problems: By name.
        seed: Of its first studies; None for any.
    """
    there = None
    for record in reversed(database.comparisons()):
        settings = settings_of(record)
        if settings is None or settings["suite"] != suite:
            continue
        if suite == YOURS and not settings["problems"].keys() & problems.keys():
            continue
        if seed is None or seed == settings["seed"]:
            return Past(record, settings), ""
        there = there or record
    if there is not None:
        return None, f"the last one, {there.name!r}, has another seed"
    return None, f"there is none of {suite!r} in {database.url}"


def gone_on(entry: Entry, past: Past, given: Mapping[str, Any]) -> Entry:
    """Return what a bench that is there is to become: never less than it was.

    Args:
        entry: What is asked for now.
        past: What was asked for before.
        given: The arguments that were given; what was not is as it was.
    """
    known, options = past.settings, past.options
    named = {} if given["backends"] is None else entry.optimizers
    optimizers: dict[str, Mapping[str, object]] = {**options}
    for name, its_options in named.items():
        optimizers[name] = its_options or options.get(name, {})
    whole, asked = entry.suite, given["n_trials"]
    # Of any experiments, those that are there are named.
    is_named = given["problems"] is not None or whole.name == YOURS
    n_trials: dict[str, int] = {}
    for name in whole.problems:
        if name in known["problems"] and asked is None:
            n_trials[name] = known["problems"][name]
        elif name in known["problems"] or (is_named and name in entry.n_trials):
            least = known["problems"].get(name, 0)
            n_trials[name] = max(whole.trials_of(name, asked), least)
    chosen = {n: each for n, each in whole.problems.items() if n in n_trials}
    settings: dict[str, Any] = {
        name: known.get(name)
        for name in ("workers", "timeout", "timeout_trial")
        if given[name] is None
    }
    return replace(
        entry,
        suite=replace(whole, problems=chosen),
        optimizers=optimizers,
        n_trials=n_trials,
        seeds=max(known["seeds"], given["seeds"] or 0),
        seed=known["seed"],
        settings=replace(entry.settings, **settings),
        reference=known.get("reference") or reference_among(optimizers),
    )


def other_options(entry: Entry, past: Past) -> str:
    """Return which optimizer has other options than in a past bench; empty for none."""
    known = past.options
    for name, options in entry.optimizers.items():
        as_kept = json.loads(json.dumps(dict(options), default=str))
        if options and name in known and known[name] != as_kept:
            return f"it has other options of {name}"
    return ""


def begin(database: Database, entry: Entry) -> tuple[int, str]:
    """Add a bench to a store; return its number and its name."""
    suite = entry.suite.name
    record = ComparisonRecord(
        name=f"{suite}-bench",
        experiment=suite,
        created_at=time.time(),
        settings=entry.settings_json(),
    )
    return database.add_comparison(record)
