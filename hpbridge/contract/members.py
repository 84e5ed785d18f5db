"""Optimizers that are made of others: what one is, given its members.

The algorithm of a backend that takes members (`Algorithm.takes_members`) says how they
share the trials; whom a name joins says the rest. With one member it is that member in
all that it can and needs. With several it can what all of them can, and each learns
from the trials of the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

from hpbridge.contract.capabilities import (
    AS_MEMBERS,
    KNOWN_SO_FAR,
    YES,
    Capabilities,
    Capability,
    Feature,
    Support,
)
from hpbridge.contract.lazy import lazy
from hpbridge.contract.optimizers import JOIN
from hpbridge.contract.options import read_options, told_apart
from hpbridge.errors import OptimizerNameError, OptionError, UnsupportedFeatureError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from hpbridge.contract.backend import Algorithm, BackendSpec

MEMBERS = "members"
"""The option that holds the options of members, by their names."""
MEMBER = "member"
"""In `FinishedTrial.native`: the name of the member that proposed the trial."""


@dataclass(frozen=True)
class Member:
    """An optimizer that another one has as a member."""

    spec: BackendSpec
    algorithm: Algorithm

    @property
    def name(self) -> str:
        """Backend and algorithm, as in ``optuna:tpe``."""
        return f"{self.spec.name}:{self.algorithm.name}"

    @property
    def requires(self) -> tuple[str, ...]:
        """What must be installed for it."""
        return (*self.spec.requires, *self.algorithm.requires)


@dataclass(frozen=True)
class MembersOptions:
    """What the options of an algorithm that takes members extend."""

    members: dict[str, Any] = field(default_factory=dict)
    """The options of its members, by their names: as in ``-o skopt:gp.acq_func=EI``, or
    ``{"skopt:gp": {"acq_func": "EI"}}``; by a backend's name for all of that backend.
    """

    of: ClassVar[tuple[Any, ...]] = ()
    """The members, in a class that knows them."""

    @classmethod
    def gathered(cls, given: Mapping[str, object], optimizer: str) -> dict[str, object]:
        """Return options as `read_options` takes them, from how users write them.

        Args:
            given: By name, as users write them.
            optimizer: For the error.

        Raises:
            OptionError: If a name leads to no member, or to one option twice.
        """
        if not cls.of:
            return dict(given)
        gathering = _Gathering(cls.of, {each.name for each in fields(cls)} - {MEMBERS})
        found = gathering.gathered(given)
        if gathering.problems:
            raise OptionError.invalid(optimizer, gathering.problems)
        return found

    def __post_init__(self) -> None:
        found, problems = {}, []
        for member in self.of:
            given = self.members.get(member.name, {})
            try:
                read = read_options(member.name, member.algorithm.options, given)
            except OptionError as error:
                told = told_apart(error.problems)
                problems += [f"{member.name}: {problem}" for problem in told]
            else:
                found[member.name] = dict(vars(read))
        if problems:
            raise ValueError("; ".join(problems))
        object.__setattr__(self, MEMBERS, found)

    def of_member(self, member: Member) -> Any:
        """Return the options of a member, an instance of its dataclass."""
        return member.algorithm.options(**self.members[member.name])


class _Gathering:
    """Sorts options by the members that they are for."""

    def __init__(self, members: Sequence[Member], own: Collection[str]) -> None:
        self._members, self._own = members, own
        self._found: dict[str, dict[str, object]] = {}
        self._of_backend: dict[str, dict[str, object]] = {}
        self.problems: list[str] = []

    def gathered(self, given: Mapping[str, object]) -> dict[str, object]:
        own: dict[str, object] = {}
        for name, value in given.items():
            who, dot, option = str(name).partition(".")
            if name == MEMBERS and isinstance(value, dict):
                for each, options in value.items():
                    self._add_all(str(each), options)
            elif dot:
                self._add(who, option, value)
            elif self._whose(who) is not None:
                self._add_all(who, value)
            else:
                self._check_own(str(name))
                own[str(name)] = value
        by_member = {
            each.name: {
                **self._of_backend.get(each.spec.name, {}),
                **self._found.get(each.name, {}),
            }
            for each in self._members
        }
        return {**own, MEMBERS: by_member}

    def _whose(self, who: str) -> dict[str, dict[str, object]] | None:
        """Return where the options of a name are kept; None if it is no member's."""
        if any(who == member.name for member in self._members):
            return self._found
        if any(who == member.spec.name for member in self._members):
            return self._of_backend
        return None

    def _add_all(self, who: str, options: object) -> None:
        if not isinstance(options, dict):
            self.problems.append(f"{who!r} must be options by name, got {options!r}")
            return
        for option, value in options.items():
            self._add(who, str(option), value)

    def _add(self, who: str, option: str, value: object) -> None:
        kept = self._whose(who)
        if kept is None:
            names = ", ".join(member.name for member in self._members)
            self.problems.append(
                f"{f'{who}.{option}'!r} is for no member: they are {names}"
            )
            return
        of_one = kept.setdefault(who, {})
        if option in of_one:
            self.problems.append(f"{f'{who}.{option}'!r} is there twice")
        of_one[option] = value

    def _check_own(self, name: str) -> None:
        """Say where an option is none of its own but a member's."""
        whose = [
            f"{member.name}.{name}"
            for member in self._members
            if name not in self._own
            and any(each.name == name for each in fields(member.algorithm.options))
        ]
        if whose:
            written = " or ".join(map(repr, whose))
            self.problems.append(f"{name!r} is an option of members: write {written}")


def combine(
    spec: BackendSpec, variant: Algorithm, members: Sequence[Member]
) -> Algorithm:
    """Return the algorithm that a variant is with these members.

    Args:
        spec: The backend that takes members.
        variant: One of its algorithms.
        members: At least one.

    Raises:
        OptimizerNameError: If one is there twice, or chooses another itself.
        UnsupportedFeatureError: If they cannot learn from each other, each by name.
    """
    names = [member.name for member in members]
    is_default = variant.name == spec.default
    name = ("" if is_default else f"{variant.name}:") + JOIN.join(names)
    optimizer = f"{spec.name}:{name}"
    choosers = [member.name for member in members if member.spec.resolve is not None]
    if choosers:
        problems = [
            f"{each!r} cannot be a member: it chooses others" for each in choosers
        ]
        hint = "name the members themselves, as in portfolio:optuna:tpe+skopt:gp"
        raise OptimizerNameError.wrong(optimizer, problems, hint)
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        problems = [f"{each!r} is a member twice" for each in twice]
        hint = "a member is named once; others are told apart by their algorithms"
        raise OptimizerNameError.wrong(optimizer, problems, hint)
    if len(members) > 1 and (reasons := _against_sharing(members)):
        raise UnsupportedFeatureError.refused(optimizer, reasons)
    made = _alone(members[0]) if len(members) == 1 else _together(variant, members)
    kind = variant.options
    options = type(kind.__name__, (kind,), {"of": tuple(members)})
    return replace(
        made,
        name=name,
        summary=f"{variant.summary[:-1]}: {', '.join(names)}.",
        options=options,
        takes_members=True,
        requires=tuple(
            dict.fromkeys(r for m in members for r in m.requires),
        ),
        quick={**variant.quick, MEMBERS: {m.name: m.algorithm.quick for m in members}},
        remarks=_remarks,
        refine=lazy("hpbridge.learning.members:refine"),
        encode=lazy("hpbridge.learning.members:encode"),
        members=tuple(members),
    )


def _against_sharing(members: Sequence[Member]) -> list[str]:
    """Say which of several members cannot learn from the trials of the others."""
    reasons = []
    for member in members:
        can = member.algorithm.capabilities
        if member.algorithm.is_staged:
            reasons.append(
                f"{member.name} cannot be one of several members: its trials are parts "
                "of trainings, which go on from its own checkpoints"
            )
        elif not can.can(Feature.FOREIGN_HISTORY):
            reasons.append(
                f"{member.name} cannot be one of several members, which learn from "
                f"each other's trials: {can.why_not(Feature.FOREIGN_HISTORY)}"
            )
    return reasons


def _alone(member: Member) -> Algorithm:
    """Return what an algorithm with one member can: what the member can."""
    algorithm = member.algorithm
    after, shares = algorithm.after, algorithm.shares

    def options_after(options: MembersOptions, n_past: int) -> MembersOptions:
        assert after is not None
        own = after(options.of_member(member), n_past)
        return replace(options, members={member.name: dict(vars(own))})

    def shared(options: MembersOptions) -> str:
        assert shares is not None
        return shares(options.of_member(member))

    return replace(
        algorithm,
        after=None if after is None else options_after,
        shares=None if shares is None else shared,
    )


def _together(variant: Algorithm, members: Sequence[Member]) -> Algorithm:
    """Return what an algorithm with several members can: what all of them can."""
    algorithms = [member.algorithm for member in members]
    return replace(
        variant,
        capabilities=_what_all_can(members),
        cost_per_ask="; ".join(
            f"{m.name}: {m.algorithm.cost_per_ask}"
            for m in members
            if m.algorithm.cost_per_ask
        ),
        takes_budgets=all(each.takes_budgets for each in algorithms),
        learns=any(each.learns for each in algorithms),
        starts_random=all(each.starts_random for each in algorithms),
        linear_algebra=any(each.linear_algebra for each in algorithms),
    )


def _what_all_can(members: Sequence[Member]) -> Capabilities:
    found = {feature: _of_all(feature, members) for feature in Feature}
    found[Feature.FOREIGN_HISTORY] = YES
    if found[Feature.PRUNED_TRIALS].support.is_usable:
        learnt = [
            _said(m.name, m.algorithm.capabilities[Feature.PRUNED_TRIALS], "")
            for m in members
        ]
        note = f"{AS_MEMBERS.note}: {'; '.join(learnt)}"
        found[Feature.PRUNED_TRIALS] = replace(AS_MEMBERS, note=note)
    if found[Feature.DEFINE_BY_RUN].support.is_usable:
        found[Feature.DEFINE_BY_RUN] = KNOWN_SO_FAR
    return Capabilities(found)


def _of_all(feature: Feature, members: Sequence[Member]) -> Capability:
    """Return how several members come by a feature; why not, of those that do not."""
    can = [(m.name, m.algorithm.in_a_run(feature)) for m in members]
    unable = [(name, each) for name, each in can if not each.support.is_usable]
    if unable:
        told = [_said(name, each, each.support.value) for name, each in unable]
        return Capability(Support.UNSUPPORTED, "; ".join(told))
    if all(each == can[0][1] for _, each in can) and can[0][1].encoding is None:
        return can[0][1]
    told = [_said(name, each, each.support.value) for name, each in can]
    is_native = all(each.support is Support.NATIVE for _, each in can)
    return Capability(
        Support.NATIVE if is_native else Support.EMULATED, "; ".join(told)
    )


def _said(name: str, capability: Capability, otherwise: str) -> str:
    encoding = capability.encoding
    kind = encoding if isinstance(encoding, str) else getattr(encoding, "name", "")
    return f"{name}: {capability.note or kind or otherwise}"


def _remarks(options: MembersOptions, n_trials: int, workers: int) -> list[str]:
    """Return what users should know of a study of members before it begins."""
    return [
        f"{member.name}: {text}" if len(options.of) > 1 else text
        for member in options.of
        if member.algorithm.remarks is not None
        for text in member.algorithm.remarks(
            options.of_member(member), n_trials, workers
        )
    ]
