"""What each member of an optimizer had of a study: trials, time, its best."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.contract.members import MEMBER, MEMBERS

if TYPE_CHECKING:
    from hpbridge.study import Study


@dataclass(frozen=True)
class MemberPart:
    """The part that one member had.

    Attributes:
        n_trials: That it proposed.
        ask_seconds: That its proposals took. What members learn of the others' trials,
            they compute when they are told or when they propose next.
        best: The best value of the main metric among its feasible trials.
    """

    name: str
    n_trials: int
    ask_seconds: float
    best: float | None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


def members_of(study: Study) -> tuple[MemberPart, ...]:
    """Return the parts of members, in their order; empty where there are none."""
    found = [t for t in study.trials if MEMBER in t.native]
    if not found:
        return ()
    metric = study.main_metric
    better = max if study.metrics[metric] == "maximize" else min
    kept = study.options.get(MEMBERS, {})
    names = dict.fromkeys([*kept, *(str(t.native[MEMBER]) for t in found)])
    parts = []
    for name in names:
        own = [t for t in found if t.native[MEMBER] == name]
        values = [t.metrics[metric] for t in own if study.is_feasible(t)]
        best = better(values, default=None)
        seconds = sum(t.ask_seconds for t in own)
        parts.append(MemberPart(name, len(own), seconds, best))
    return tuple(parts)
