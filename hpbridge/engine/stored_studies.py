"""Many studies of a store, each read when it is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

from hpbridge.study import study_of

if TYPE_CHECKING:
    from hpbridge.store import Database
    from hpbridge.store.record import StudyRecord
    from hpbridge.study import Study


class StoredStudies(Sequence["Study"]):
    """The studies of a comparison; none of them is kept in memory.

    Args:
        database: Where they are.
        comparison_id: Of the comparison.
        order: By experiment, optimizer and seed: in which they come; others follow.
    """

    def __init__(
        self,
        database: Database,
        comparison_id: int,
        order: Iterable[tuple[str, str, int]] = (),
    ) -> None:
        self.database, self.comparison_id = database, comparison_id
        self._places = {run: place for place, run in enumerate(order)}

    @cached_property
    def records(self) -> list[StudyRecord]:
        """What the store holds of them, but for their trials."""
        found = self.database.studies(comparison_id=self.comparison_id)
        places, last = self._places, len(self._places)
        return sorted(
            found,
            key=lambda r: places.get((r.experiment, r.label, r.seed or 0), last),
        )

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, at: int) -> Study: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Study, ...]: ...
    def __getitem__(self, at: int | slice) -> Study | tuple[Study, ...]:
        if isinstance(at, slice):
            return tuple(map(self._read, self.records[at]))
        return self._read(self.records[at])

    def _read(self, record: StudyRecord) -> Study:
        trials = self.database.trials(record).finished
        return study_of(record, trials, home=self.database)
