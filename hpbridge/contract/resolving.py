"""Backends that stand for another optimizer, chosen before a study begins.

A backend whose `BackendSpec.resolve` is not None proposes nothing itself. What it is
asked is: which optimizer for this problem, this budget, with what is installed? Its
answer runs, and is what the record of the study names; so no study needs the rule
again to go on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.contract.backend import Problem

ASKED = "asked_for"
"""The attribute of a study that holds the name that was asked for."""


class Standing(NamedTuple):
    """Why an optimizer cannot run here; both are empty where it can.

    Attributes:
        why_not: One phrase.
        command: What installs it, where it is not installed.
    """

    why_not: str = ""
    command: str = ""


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """For what an optimizer is to be chosen.

    Attributes:
        problem: What is tuned; of an experiment that defines its space while it runs,
            nothing is known of that.
        is_growing: Whether it does.
        n_trials: How many there are to be; None where nobody knows.
        workers: How many run at the same time; None for one.
        standing: ``standing(name)``: whether an optimizer can run the experiment here,
            with its default options.
    """

    problem: Problem
    is_growing: bool = False
    n_trials: int | None = None
    workers: int | None = None
    standing: Callable[[str], Standing]


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """An optimizer that was chosen.

    Attributes:
        optimizer: Its name.
        options: Of it, where they are not its defaults.
        reasons: Why it was chosen, a sentence each: notes of the study.
    """

    optimizer: str
    options: Mapping[str, object] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
