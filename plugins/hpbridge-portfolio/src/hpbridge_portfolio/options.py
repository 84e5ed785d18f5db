"""The options of each way to share the trials."""

from __future__ import annotations

from dataclasses import dataclass

from hpbridge.plugin import MembersOptions


@dataclass(frozen=True)
class EqualOptions(MembersOptions):
    """Options of `equal`."""


@dataclass(frozen=True)
class EliminationOptions(MembersOptions):
    """Options of `elimination`."""

    n_warmup_trials: int = 10
    """How many trials of each member end before the best member goes on alone."""

    def __post_init__(self) -> None:
        if self.n_warmup_trials < 1:
            msg = f"'n_warmup_trials' must be at least 1, got {self.n_warmup_trials}"
            raise ValueError(msg)
        super().__post_init__()


@dataclass(frozen=True)
class GumbelOptions(MembersOptions):
    """Options of `gumbel`."""

    window: int = 50
    """Among how many of the latest trials a new one is ranked, and how many of its
    latest trials a member is judged by."""
    exploration: float = 0.3
    """By how much the draw of a member with one trial is spread, in units of the
    reward, which is between 0 and 1; it falls with the root of its trials. 0 always
    asks the member with the best reward so far."""

    def __post_init__(self) -> None:
        problems = []
        if self.window < 1:
            problems.append(f"'window' must be at least 1, got {self.window}")
        if not 0 <= self.exploration < float("inf"):
            problems.append(
                f"'exploration' must be at least 0 and finite, got {self.exploration!r}"
            )
        if problems:
            raise ValueError("; ".join(problems))
        super().__post_init__()
