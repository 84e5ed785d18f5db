"""Studies that hpbridge did not run: what a reader returns, and what a format is.

A plugin registers a `StudyFormat` through the hook `hpbridge_study_formats`. Its
reader turns a file, a URL or a live object into a `ForeignStudy`; its writer does the
reverse with a `hpbridge.study.Study`. Reading never runs code that is in the source
(`hpbridge.formats.inert.reader` reads pickles), never changes it, and never makes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.space.kinds import Searched
    from hpbridge.space.space import Space
    from hpbridge.study import Study
    from hpbridge.trial import State


class Part(Enum):
    """Something that a study has and a format may hold. The value is the table's row.

    Each is tested both ways: what a format declares comes back equal, what it does not
    declare is named in the notes of the one who writes.
    """

    SPACE = "the space"
    """Kinds, ranges, scales and steps of the parameters."""
    CONDITIONS = "conditions"
    """``when=`` of the parameters."""
    PRIORS = "priors and weights"
    CONSTANTS = "constants"
    LABELS = "labels of choices"
    """A choice comes back by its label, not as an index or a text."""
    DIRECTIONS = "directions"
    SEVERAL = "several metrics"
    """Every metric with a direction."""
    FURTHER = "further metrics"
    """Metrics that were returned without a direction."""
    FAILED = "failed trials"
    ERRORS = "error texts"
    PRUNED = "pruned trials"
    STAGES = "budgets of trials"
    """With brackets, rungs, and which trials went on from which."""
    REPORTS = "intermediate values"
    NON_FINITE = "infinite values"
    TIMES = "start and duration"
    ATTRIBUTES = "attributes of trials"
    STUDY_ATTRIBUTES = "attributes of the study"
    CONSTRAINTS = "constraints on metrics"
    """The bounds, and with them which trials are feasible."""


@dataclass(frozen=True)
class ForeignTrial:
    """One trial as a reader found it.

    Attributes:
        params: Active searched parameters by name: plain values, labels, or the choice
            objects of the space. Numpy scalars are taken for what they hold.
        metrics: Every metric, in its own unit and direction.
        reports: Intermediate values (step, value), in the main metric's direction.
    """

    state: State
    params: Mapping[str, object]
    metrics: Mapping[str, float] = field(default_factory=dict)
    reports: tuple[tuple[int, float], ...] = ()
    error: str | None = None
    started_at: float | None = None
    """Unix time, seconds."""
    run_seconds: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What the user noted with the trial: any values, made plain when it is read."""
    native: Mapping[str, Any] = field(default_factory=dict)
    """What its library keeps with it and needs to go on: JSON data."""
    budget: float | None = None
    """How far it went, where that was chosen for it."""
    bracket: int | None = None
    rung: int | None = None
    parent: int | None = None
    """The place in its study of the trial that it went on from, if it did."""


@dataclass(frozen=True)
class ForeignStudy:
    """A study as a reader found it.

    Attributes:
        trials: Finished trials in the order in which they were asked for. What still
            runs is left out, and said so in the notes.
        space: None where the source holds none.
        parameters: Then what each parameter was searched as, in the order in which
            they were asked for; `hpbridge.space.gathering` infers when each is there.
            Where the source does not say that either, the ranges of the values seen
            stand for it, which the import says.
        metrics: Direction by metric, in order; the first is the main one.
        bounds: Constraints on metrics, as `hpbridge.Experiment` takes them.
        algorithm: The backend's name of the algorithm that ran it, where known.
        backend: The backend that ran it, where the format is no library's own.
        notes: What the source does not hold, and what was left out, one sentence each.
    """

    name: str
    trials: tuple[ForeignTrial, ...]
    metrics: Mapping[str, str]
    space: Space | None = None
    parameters: Mapping[str, Searched] = field(default_factory=dict)
    bounds: Mapping[str, str] = field(default_factory=dict)
    algorithm: str = ""
    backend: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What the user noted with the study: any values, made plain when it is read."""
    native: Mapping[str, Any] = field(default_factory=dict)
    """The library's own state, where the source holds it: JSON data."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hints:
    """What the user says of a source, since the source may not hold it.

    Attributes:
        name: Of the study, in a source that holds several.
        space: The space that it searched.
        native_space: The library's own space that `space` was read from, if it was.
        direction: Direction by metric; of one or several, the first is the main one.
        columns: Of a table: the column of each ``param:NAME``, ``metric:NAME``,
            ``state`` and so on, by the names of the results schema.
        defaults: Values for trials that lack a parameter, which was added later.
        without: Parameters that are to be none of a space that is inferred.
    """

    name: str | None = None
    space: Space | None = None
    native_space: object = None
    direction: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudyFormat:
    """One way in which studies are kept.

    Attributes:
        recognizes: ``recognizes(source) -> bool``, quickly and without importing the
            library. `source` is a `pathlib.Path`, a URL (a string), or an object of
            the library. Looks at magic bytes and keys, not at the name alone.
        read: ``read(source, hints) -> ForeignStudy``. Raises `FormatError`.
        write: ``write(study, target) -> notes``: writes to a path or URL that holds
            nothing yet, and returns one sentence for everything that the format
            cannot hold and the study has. Must not import the library where plain
            files do.
        holds: What comes back after writing and reading.
        looks_for: What it recognizes, for the error that says what was tried.
        backend: The backend whose library it belongs to, if any.
    """

    name: str
    """As in ``hpbridge export --to NAME``."""
    summary: str
    looks_for: str
    recognizes: Callable[[object], bool]
    read: Callable[[Any, Hints], ForeignStudy]
    write: Callable[[Study, str], tuple[str, ...]] | None = None
    holds: frozenset[Part] = frozenset()
    requires: tuple[str, ...] = ()
    """Requirements of `write`, or of `read` for live objects."""
    is_general: bool = False
    """Whether it reads whatever is of a kind, such as any table: a format that knows
    more of a source goes before it."""
    backend: str = ""
