"""The members of an optimizer that is made of others: made, checked, encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.capabilities import Capabilities
from hpbridge.encoding.encode import encode as encode_alone
from hpbridge.encoding.encoded import Encoded
from hpbridge.learning.choice import Choice

if TYPE_CHECKING:
    from hpbridge.contract.backend import Algorithm, Optimizer, Problem
    from hpbridge.contract.members import Member, MembersOptions


def choice_of(member: Member, options: MembersOptions) -> Choice:
    """Return a member with its options, as it is chosen where it runs alone."""
    return Choice(member.spec, member.algorithm, options.of_member(member))


def create_member(
    member: Member, problem: Problem, options: MembersOptions, seed: int
) -> Optimizer:
    """Return a fresh member for a problem, as far as its library takes it.

    Args:
        member: One of those that `options` are of.
        problem: What all members search. One that takes a single value, or no
            constraints, is told what the core makes of them, as where it runs alone.
        options: Of all members.
        seed: Of this one.
    """
    return choice_of(member, options).create(problem, seed)


def refine(
    problem: Problem, algorithm: Algorithm, options: MembersOptions
) -> list[str]:
    """Say what speaks against a problem beyond what all members can do.

    Args:
        problem: What is to be run.
        algorithm: With members.
        options: Of all members.
    """
    if len(algorithm.members) == 1:
        (member,) = algorithm.members
        own = member.algorithm
        if own.refine is None:
            return []
        return list(own.refine(problem, own, options.of_member(member)))
    reasons = []
    for member in algorithm.members:
        choice = choice_of(member, options)
        if choice.shared_place:
            reasons.append(
                f"{member.name} shares its trials with others, in "
                f"{choice.shared_place}: members learn from those of their study"
            )
        reasons += [f"{member.name}: {text}" for text in _beyond(choice, problem)]
    return reasons


def _beyond(choice: Choice, problem: Problem) -> list[str]:
    """Say what speaks against a problem in every way in which it might be told."""
    algorithm = choice.algorithm
    if algorithm.refine is None:
        return []
    found: list[str] = []
    for told in choice.ways(problem):
        if algorithm.capabilities.reasons_against(told.problem):
            continue
        found = list(algorithm.refine(told.problem, algorithm, choice.options))
        if not found:
            break
    return found


def encode(problem: Problem, algorithm: Algorithm, options: MembersOptions) -> Encoded:
    """Return the space as the members search it: each by itself, where there are more.

    Args:
        problem: That all members can search.
        algorithm: With members.
        options: Of all members.
    """
    if len(algorithm.members) == 1:
        (member,) = algorithm.members
        own = options.of_member(member)
        return encode_alone(problem, member.algorithm, own, member.name)
    notes = []
    for member in algorithm.members:
        choice = choice_of(member, options)
        told = choice.told(problem)
        assert told is not None
        inner = encode_alone(
            told.problem, member.algorithm, choice.options, member.name
        )
        notes += [
            (what, encoding, f"{member.name}: {text}")
            for what, encoding, text in [*inner.notes(), *told.emulations()]
        ]
    return Encoded(problem.space, Capabilities({}), notes=notes)
