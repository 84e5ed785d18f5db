"""What the record of a contest says beside its values: when, where, with what."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.summary import by_optimizer
from hpbridge.report import texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hpbridge.store.record import StudyRecord


@dataclass(frozen=True, kw_only=True)
class Record:
    """What all studies of a contest have in common, and where they differ.

    Attributes:
        name: Of the comparison.
        n_studies: How many there are.
        begin: When the first one was created, Unix time.
        end: When the last one was changed.
        versions: The different versions of each library, in the order of use.
        machines: On which machines they ran.
        drivers: Whose loops ran the trials, and with how many workers.
        options: Options of each optimizer, as text.
        budgets: The limits of studies, as text: each once.
        shared: The numbers of points that studies of one seed had in common.
        notes: What was noted with studies: each once, with how many have it.
        settings: What was asked for, as the comparison's record holds it.
    """

    name: str
    n_studies: int
    begin: float
    end: float
    versions: Mapping[str, tuple[str, ...]]
    machines: tuple[str, ...]
    drivers: tuple[str, ...]
    options: Mapping[str, str]
    budgets: tuple[str, ...]
    shared: tuple[int, ...]
    notes: Mapping[str, int]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ran(self) -> str:
        """When the studies ran."""
        begin, end = texts.moment(self.begin), texts.moment(self.end)
        return begin if begin == end else f"{begin} to {end}"


def record_of(
    name: str, studies: Sequence[StudyRecord], settings: str | None = None
) -> Record:
    """Return what the studies of a comparison say of how they ran.

    Args:
        name: Of the comparison.
        studies: At least one; with or without their trials.
        settings: JSON of what was asked for, where the record has it.
    """
    pairs = [(k, v) for study in studies for k, v in study.versions.items()]
    options = {
        optimizer: ", ".join(f"{k}={v!r}" for k, v in those[0].options.items())
        for optimizer, those in by_optimizer(studies).items()
    }
    notes: dict[str, int] = {}
    for study in studies:
        for note in study.notes:
            notes[note] = notes.get(note, 0) + 1
    return Record(
        name=name,
        n_studies=len(studies),
        begin=min(study.created_at for study in studies),
        end=max(study.updated_at for study in studies),
        versions=_versions(pairs),
        machines=_once(texts.machine(study.machine) for study in studies),
        drivers=_once(_driver_of(study) for study in studies),
        options=options,
        budgets=_once(_budget_of(study) for study in studies),
        shared=tuple(sorted({len(study.settings.shared) for study in studies})),
        notes=notes,
        settings=_read(settings),
    )


def _versions(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for library, version in pairs:
        found.setdefault(library, {})[version] = None
    return {library: tuple(sorted(found[library])) for library in sorted(found)}


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))


def _driver_of(study: StudyRecord) -> str:
    workers = study.settings.budget.workers
    return f"{study.settings.driver or 'local'}, {workers} at once"


def _budget_of(study: StudyRecord) -> str:
    limit = study.settings.budget.timeout
    return "" if limit is None else f"at most {limit:g} seconds a study"


def _read(settings: str | None) -> dict[str, Any]:
    try:
        found = json.loads(settings or "{}")
    except ValueError:  # damaged: what it says is not known
        return {}
    return found if isinstance(found, dict) else {}
