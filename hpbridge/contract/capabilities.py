"""What an algorithm can do: features, levels of support, the check before a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from hpbridge.space.features import Feature

if TYPE_CHECKING:
    from hpbridge.contract.backend import Problem
    from hpbridge.space.space import Space


__all__ = [
    "AS_LAST_REPORT",
    "AS_MEMBERS",
    "AS_WORST",
    "FROM_NO_TRIAL",
    "KNOWN_SO_FAR",
    "LEARNS_REPORTS",
    "LEFT_OUT",
    "NOT_LEARNT",
    "POLICIES",
    "SPACE_FEATURES",
    "YES",
    "Capabilities",
    "Capability",
    "Feature",
    "Support",
    "emulated",
    "needs_of",
    "no",
    "with_more",
]

SPACE_FEATURES = (
    Feature.FLOAT,
    Feature.FLOAT_LOG,
    Feature.FLOAT_STEP,
    Feature.FLOAT_PRIOR,
    Feature.INT,
    Feature.INT_LOG,
    Feature.INT_STEP,
    Feature.INT_PRIOR,
    Feature.QUANTIZED,
    Feature.CATEGORICAL,
    Feature.CATEGORICAL_ORDERED,
    Feature.CATEGORICAL_WEIGHTS,
    Feature.CONDITIONAL,
    Feature.FORBIDDEN,
)
"""The features of a search space."""


class Support(Enum):
    """How an algorithm comes by a feature. The value is the cell of the table."""

    NATIVE = "yes"
    """The library does it."""
    EMULATED = "emulated"
    """hpbridge does it around the library; a note says how."""
    UNIMPLEMENTED = "not yet"
    """The library can, the plugin does not yet."""
    UNSUPPORTED = "no"
    """The library cannot."""
    UNDECLARED = "?"
    """The plugin is older than the feature."""

    @property
    def is_usable(self) -> bool:
        """Whether an experiment that needs the feature can run."""
        return self in {Support.NATIVE, Support.EMULATED}


@dataclass(frozen=True)
class Capability:
    """One feature of one algorithm.

    Raises:
        ValueError: If it is emulated and neither a note nor an encoding says how.
    """

    support: Support
    note: str = ""
    """How it is emulated, or why it is refused; one phrase."""
    encoding: str | type | None = None
    """For a kind of parameter: the name of a codec of the core
    (`hpbridge.encoding.encoded.CODECS`), or a plugin's own `Codec`, as the class or as
    ``"module:Class"``. Its module does not import the library."""

    def __post_init__(self) -> None:
        if self.support is Support.EMULATED and not (self.note or self.encoding):
            msg = "an emulated capability needs a note or an encoding"
            raise ValueError(msg)


YES = Capability(Support.NATIVE)
"""The library does it."""

KNOWN_SO_FAR = Capability(
    Support.EMULATED, "searches what earlier trials asked for, draws the rest at random"
)
"""Of `Feature.DEFINE_BY_RUN`: what the core does around any optimizer."""

LEFT_OUT = Capability(
    Support.NATIVE, "the library leaves failed trials out of what it learns"
)
"""Of `Feature.FAILED_TRIALS`: a failed trial changes nothing in what comes."""

LEARNS_REPORTS = Capability(
    Support.NATIVE, "learns from their reports, by the library's own rules"
)
"""Of `Feature.PRUNED_TRIALS`, as are the next ones: the library has pruned trials."""
AS_LAST_REPORT = Capability(
    Support.EMULATED, "told as complete trials with their last report"
)
"""What a trial has reported last counts as its value."""
AS_WORST = Capability(Support.EMULATED, "told as complete trials of an infinite value")
"""A trial that was ended early counts as worse than every other one."""
NOT_LEARNT = Capability(Support.NATIVE, "leaves them out of what it learns")
"""A trial that was ended early changes as little as one that failed."""
FROM_NO_TRIAL = Capability(Support.NATIVE, "learns from no trial")
"""Of an algorithm that does not learn."""

AS_MEMBERS = Capability(Support.NATIVE, "each member by its own rules")
"""Of an optimizer that is made of several."""

POLICIES = (
    LEARNS_REPORTS,
    AS_LAST_REPORT,
    AS_WORST,
    NOT_LEARNT,
    FROM_NO_TRIAL,
    AS_MEMBERS,
)
"""Of `Feature.PRUNED_TRIALS`; what is declared may say more behind one of these."""

BY_THE_CORE: Mapping[Feature, str] = {
    Feature.MULTI_OBJECTIVE: "told as one value, under weights drawn for each proposal",
    Feature.CONSTRAINTS: "a trial beyond a bound is told as worse than every other one",
}
"""What a run does around any optimizer that cannot do it, and how."""

_UNDECLARED = Capability(Support.UNDECLARED, "the plugin is older than this feature")


def emulated(encoding: str | type, note: str = "") -> Capability:
    """Return the capability of a feature that an encoding emulates."""
    return Capability(Support.EMULATED, note, encoding)


def with_more(capability: Capability, more: str) -> Capability:
    """Return a capability whose note says more, behind a semicolon."""
    return replace(capability, note=f"{capability.note}; {more}")


def no(note: str) -> Capability:
    """Return the capability of a feature that the library cannot have."""
    return Capability(Support.UNSUPPORTED, note)


class Capabilities(Mapping[Feature, Capability]):
    """What one algorithm declares; a feature that it does not name is undeclared.

    Example:
        >>> Capabilities({Feature.FLOAT: YES})[Feature.INT].support
        <Support.UNDECLARED: '?'>
    """

    def __init__(self, declared: Mapping[Feature, Capability]) -> None:
        self._declared = dict(declared)

    def __getitem__(self, feature: Feature) -> Capability:
        return self._declared.get(feature, _UNDECLARED)

    def __contains__(self, feature: object) -> bool:
        return feature in self._declared

    def __iter__(self) -> Iterator[Feature]:
        return iter(self._declared)

    def __len__(self) -> int:
        return len(self._declared)

    def but(self, changed: Mapping[Feature, Capability]) -> Capabilities:
        """Return a copy in which these features are declared otherwise."""
        return Capabilities({**self._declared, **changed})

    def can(self, feature: Feature) -> bool:
        """Say whether an experiment that needs the feature can run."""
        return self[feature].support.is_usable

    def in_a_run(self, feature: Feature) -> Capability:
        """Return how a run comes by a feature: by the algorithm or by the core."""
        own = self[feature]
        if own.support.is_usable or feature not in BY_THE_CORE:
            return own
        note = f"{BY_THE_CORE[feature]}; by itself, {self.why_not(feature)}"
        return Capability(Support.EMULATED, note)

    @property
    def of_pruned(self) -> Capability | None:
        """What it learns of pruned trials, of `POLICIES`; None where it is not said."""
        note = self[Feature.PRUNED_TRIALS].note
        return next((each for each in POLICIES if note.startswith(each.note)), None)

    def reasons_against(self, problem: Problem) -> list[str]:
        """Return why a problem cannot be run, one sentence for all that needs more."""
        needs = [
            (f"{name!r} needs", feature) for name, feature in needs_of(problem.space)
        ]
        if problem.n_objectives > 1:
            needs.append((_who_of_metrics(problem), Feature.MULTI_OBJECTIVE))
        if problem.n_constraints:
            needs.append((_who_of_bounds(problem), Feature.CONSTRAINTS))
        return [
            f"{who} {feature.value}: {self.why_not(feature)}"
            for who, feature in needs
            if not self.can(feature)
        ]

    def why_not(self, feature: Feature) -> str:
        """Return in a few words why a feature cannot be used."""
        capability = self[feature]
        words = {
            Support.UNIMPLEMENTED: "the plugin does not do it yet",
            Support.UNSUPPORTED: "the library cannot",
        }.get(capability.support, "not declared")
        return f"{words} ({capability.note})" if capability.note else words


def _who_of_metrics(problem: Problem) -> str:
    if problem.metrics:
        return f"the metrics {', '.join(map(repr, problem.metrics))} need"
    return f"{problem.n_objectives} metrics need"


def _who_of_bounds(problem: Problem) -> str:
    if problem.bounds:
        return f"the bounds on {', '.join(map(repr, problem.bounds))} need"
    count = problem.n_constraints
    return "1 constraint needs" if count == 1 else f"{count} constraints need"


def needs_of(space: Space) -> list[tuple[str, Feature]]:
    """Return (what needs it, feature) for a space, in order."""
    found = []
    for name, parameter in space.searched.items():
        if parameter.n_values != 1:
            found.append((name, parameter.feature))
    found += [(name, Feature.CONDITIONAL) for name, p in space.items() if p.when]
    if space.is_restricted:
        found.append(("forbid=", Feature.FORBIDDEN))
    return found
