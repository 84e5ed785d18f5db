"""Checks that an optimizer learns from the right trial, value and state.

Most run twins: two optimizers of one seed that are told something else of the same
proposals. What they propose next must differ at some time, or what differs between
them never reached the library. Nothing here is left to chance.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import Outcome
from hpbridge.contract.capabilities import (
    AS_LAST_REPORT,
    AS_WORST,
    FROM_NO_TRIAL,
    LEARNS_REPORTS,
    LEFT_OUT,
    NOT_LEARNT,
    POLICIES,
    Feature,
)
from hpbridge.space.parameters import Float, Int
from hpbridge.testing.case import Step, answer, ask, complete
from hpbridge.testing.checks import NotApplicable, check, require
from hpbridge.trial import State

if TYPE_CHECKING:
    from hpbridge.contract.backend import Optimizer
    from hpbridge.space.space import Space
    from hpbridge.testing.case import Case

Tell = Callable[["Optimizer", list[Step]], None]
"""Tells one of twins of the trials of a round."""

MAX_SLOPE_TRIALS = 150
MAX_WINDOW = 40
CLEAR_GAP = 0.2
"""Of 40 trials each, drawn at random, the difference of the means deviates by 0.05."""
N_ROUNDS = 25
N_ALIKE = 8
"""Rounds of twins that are not to part; the model is reached after about five."""
N_ONLY_FAILED = 12

FAILED = Outcome(State.FAILED)
NAN = Outcome(State.FAILED, (math.nan,))


def need_learner(case: Case) -> None:
    """Go on only if the algorithm learns.

    Raises:
        NotApplicable: If it does not.
    """
    if not case.algorithm.learns:
        msg = "it does not declare that it learns"
        raise NotApplicable(msg)


def slope_space(case: Case) -> Space:
    """Return two parameters of one kind, ``x`` and ``y``.

    Raises:
        NotApplicable: If it searches neither floats nor ints.
    """
    parameter = Float(0, 1) if case.can(Feature.FLOAT) else Int(0, 1000)
    return case.usable({"x": parameter, "y": parameter}, 2)


def place(space: Space, step: Step) -> float:
    """Return where on a slope a trial is, in [0, 1]: x goes up it, y goes down."""
    parameter = space["x"]
    assert isinstance(parameter, Float | Int)
    x, y = step.params["x"], step.params["y"]
    return float((x + parameter.high - y) / 2 / parameter.high)


def _is_unlucky(step: Step) -> bool:
    """Say whether a trial fails: one in three, wherever it is."""
    return int((step.params["x"] * 2 + step.params["y"]) * 99_991) % 3 == 0


def descent(case: Case, *, with_failures: bool) -> tuple[bool, str]:
    """Let two optimizers go down a slope, one of them from the other side.

    Args:
        case: What learns.
        with_failures: Whether a third of the trials fails, wherever they are.

    Returns:
        Whether they parted, and where they were at the end.
    """
    space = slope_space(case)
    down, up = case.create(space), case.create(space)
    low: list[float] = []
    high: list[float] = []
    # A learner is soon sure; asking goes on only for one that is not. Null: without
    # learning, or with the sign flipped, the two means differ by 0 or the wrong way.
    while len(low) < MAX_SLOPE_TRIALS:
        low.append(_slide(down, space, 1, with_failures=with_failures))
        high.append(_slide(up, space, -1, with_failures=with_failures))
        last = min(len(low) // 2, MAX_WINDOW)
        gap = mean(high[-last:]) - mean(low[-last:]) if last >= 3 else 0.0
        # What the end is judged by says as much of as many trials before it.
        if gap > (CLEAR_GAP if last == MAX_WINDOW else 0.3):
            return True, ""
    where = f"means {mean(low[-MAX_WINDOW:]):.2f} and {mean(high[-MAX_WINDOW:]):.2f}"
    return False, where


def _slide(
    optimizer: Optimizer, space: Space, sign: int, *, with_failures: bool
) -> float:
    """Run one trial of a slope and return where on it, in [0, 1], it was."""
    step = ask(optimizer)
    where = place(space, step)
    # All values above 0, below that of any trial that is told as 0 by mistake.
    value = 1 + where if sign > 0 else 2 - where
    is_failed = with_failures and _is_unlucky(step)
    bad = NAN if where < 0.3 else FAILED
    answer(optimizer, step, bad if is_failed else complete(value))
    return where


def mean(values: list[float]) -> float:
    """Return the mean."""
    return math.fsum(values) / len(values)


def learns_despite_failures(case: Case) -> tuple[bool, str]:
    """Return `descent` with failures, run once."""
    return case.once("descent", lambda: descent(case, with_failures=True))


@check(rule=4)
def check_failures(case: Case) -> None:
    """Where trials fail, they neither attract it nor keep it from learning."""
    need_learner(case)
    has_learnt, where = learns_despite_failures(case)
    if has_learnt:
        return
    if not case.once("clean", lambda: descent(case, with_failures=False))[0]:
        msg = "it does not learn without failures either; see `direction`"
        raise NotApplicable(msg)
    require(
        False,
        "to go down a slope of which one trial in three fails, as it does when none "
        f"fails, at the latest after {MAX_SLOPE_TRIALS} trials",
        where,
        "tell a failed trial in the library's own idiom, or with the worst value so "
        "far; never as 0.0, a good value, or NaN",
    )


@check(rule=4)
def check_only_failures(case: Case) -> None:
    """If all trials fail it goes on, and not with the same point again and again."""
    space = case.plain
    optimizer = case.create(space)
    n_trials = 6 if case.is_slow else N_ONLY_FAILED
    points: list[dict[str, Any]] = []
    for number in range(n_trials):
        step = ask(optimizer)
        points.append(step.params)
        answer(optimizer, step, NAN if number % 2 else FAILED)
    if space.size is not None:
        return
    n_distinct = len({tuple(sorted(point.items())) for point in points})
    require(
        n_distinct > n_trials / 2,
        f"most of {n_trials} proposals to differ when each one fails",
        f"{n_distinct} different ones, the last {points[-1]}",
        "tell the library of failed trials too: it waits for the result of a point, or "
        "proposes it again",
    )


def part(
    case: Case,
    space: Space,
    at_once: int,
    tells: tuple[Tell, Tell],
    n_rounds: int = N_ROUNDS,
    **problem: int,
) -> bool:
    """Say whether twins that are told otherwise propose something else at some time.

    Args:
        case: What is made twice with one seed.
        space: What is searched.
        at_once: How many proposals a round has.
        tells: How each twin is told of the trials of a round.
        n_rounds: At most.
        problem: As of `Case.create`.
    """
    case.need(Feature.SEEDING)
    twins = [case.create(space, **problem) for _ in tells]
    for _ in range(n_rounds):
        rounds = [[ask(twin) for _ in range(at_once)] for twin in twins]
        one, two = ([step.params for step in steps] for steps in rounds)
        if one != two:
            return True
        for twin, steps, tell in zip(twins, rounds, tells, strict=True):
            tell(twin, steps)
    return False


@check(rule=4)
def check_whose_outcome(case: Case) -> None:
    """An outcome belongs to the suggestion that it is told of, not to the last one."""
    need_learner(case)
    case.need(Feature.PENDING)
    case.need(Feature.OUT_OF_ORDER)
    space = slope_space(case)

    def in_order(twin: Optimizer, steps: list[Step]) -> None:
        for step in steps:
            answer(twin, step, complete(place(space, step)))

    def swapped(twin: Optimizer, steps: list[Step]) -> None:
        # The same values one after the other, each told of the other trial.
        for step, other in zip(steps, reversed(steps), strict=True):
            answer(twin, other, complete(place(space, step)))

    require(
        part(case, space, 2, (in_order, swapped)),
        "other proposals when the outcomes of two pending trials are swapped",
        "the same",
        "look up what you proposed by `suggestion.id`, not the last or the oldest one "
        "that is pending, and tell the library of that",
    )


@check(rule=4)
def check_told_failures(case: Case) -> None:
    """The library is told of a failed trial, or it is declared that it ignores them."""
    need_learner(case)
    case.need(Feature.PENDING)
    case.need(Feature.FAILED_TRIALS)
    note = case.capabilities[Feature.FAILED_TRIALS].note
    if note.startswith(LEFT_OUT.note):
        raise NotApplicable(note)
    space = slope_space(case)
    counts = [itertools.count(), itertools.count()]

    def tell(twin: Optimizer, steps: list[Step], which: int) -> None:
        (step,) = steps
        if next(counts[which]) % 3:
            answer(twin, step, complete(place(space, step)))
        elif not which:
            answer(twin, step, FAILED)  # the other twin is not told of this one

    require(
        part(case, space, 1, (lambda o, s: tell(o, s, 0), lambda o, s: tell(o, s, 1))),
        "failed trials to make a difference to what comes",
        "the proposals of an optimizer that was not told of them",
        "tell the library that the trial failed; where it leaves failed trials out by "
        "itself, declare `Feature.FAILED_TRIALS: LEFT_OUT`",
    )


@check(rule=4)
def check_pruned(case: Case) -> None:
    """What it learns of a trial that was ended early is the policy that it declares."""
    need_learner(case)
    case.need(Feature.PRUNED_TRIALS)
    policy = case.capabilities.of_pruned
    known = "; or ".join(repr(each.note) for each in POLICIES)
    require(
        policy is not None,
        f"a note on {Feature.PRUNED_TRIALS.name} that begins with {known}",
        repr(case.capabilities[Feature.PRUNED_TRIALS].note),
    )
    assert policy is not None
    space = slope_space(case)
    if policy is LEARNS_REPORTS:
        require(
            _part_by_pruned(case, space, (_pruned_at(1), _pruned_at(9)), every=1),
            "other proposals when pruned trials have reported something else",
            "the same",
            "hand `outcome.reports` over, or declare another policy",
        )
    like = _TOLD_AS.get(policy.note)
    require(
        like is None or not _part_by_pruned(case, space, (_pruned_at(3), like[1])),
        f"the proposals of an optimizer that is told {like and like[0]} instead of "
        "pruned ones",
        "others",
        "declare what the library is told, as the note on Feature.PRUNED_TRIALS",
    )


def _value_of_pruned(where: float) -> float:
    """Return a value that is better than that of every complete trial."""
    return where - 1.5


def _pruned_at(step: int) -> Callable[[float], Outcome]:
    def outcome(where: float) -> Outcome:
        last = _value_of_pruned(where) * (1 if step < 9 else -1)
        return Outcome(State.PRUNED, (last,), reports=((0, 7.0), (step, last)))

    return outcome


_TOLD_AS: dict[str, tuple[str, Callable[[float], Outcome]]] = {
    AS_LAST_REPORT.note: (
        "complete trials with their last report",
        lambda where: complete(_value_of_pruned(where)),
    ),
    AS_WORST.note: ("infinite values", lambda _: complete(math.inf)),
    NOT_LEARNT.note: ("failed trials", lambda _: FAILED),
    FROM_NO_TRIAL.note: ("failed trials", lambda _: FAILED),
}
"""What each policy amounts to: in words, and as a function of the place on a slope."""


def _part_by_pruned(
    case: Case,
    space: Space,
    kinds: tuple[Callable[[float], Outcome], ...],
    every: int = 3,
) -> bool:
    """Say whether twins part of which every so many trials are told in either way."""
    counts = [itertools.count() for _ in kinds]

    def tell(twin: Optimizer, steps: list[Step], which: int) -> None:
        (step,) = steps
        where = place(space, step)
        is_other = next(counts[which]) % every == every // 2
        answer(twin, step, kinds[which](where) if is_other else complete(where))

    tells: tuple[Tell, Tell] = (lambda o, s: tell(o, s, 0), lambda o, s: tell(o, s, 1))
    return part(case, space, 1, tells, n_rounds=N_ROUNDS if every == 1 else N_ALIKE)


@check(rule=2)
def check_every_metric(case: Case) -> None:
    """Each of several metrics counts."""
    need_learner(case)
    case.need(Feature.MULTI_OBJECTIVE)
    space = slope_space(case)
    for flipped in range(2):

        def tell(twin: Optimizer, steps: list[Step], sign: int, at: int) -> None:
            (step,) = steps
            x, y = place(space, step), float(step.params["x"])
            values = [x, y]
            values[at] *= sign
            answer(twin, step, Outcome(State.COMPLETE, (values[0], values[1])))

        tells: tuple[Tell, Tell] = (
            lambda o, s, at=flipped, say=tell: say(o, s, 1, at),  # type: ignore[misc]
            lambda o, s, at=flipped, say=tell: say(o, s, -1, at),  # type: ignore[misc]
        )
        require(
            part(case, space, 1, tells, n_objectives=2),
            f"metric {flipped + 1} of 2 to make a difference when its sign is flipped",
            "the same proposals",
            "hand all of `outcome.values` to the library, or declare `no(...)`",
        )


@check(rule=2)
def check_every_constraint(case: Case) -> None:
    """Whether constraints are kept makes a difference."""
    need_learner(case)
    case.need(Feature.CONSTRAINTS)
    space = slope_space(case)

    def tell(twin: Optimizer, steps: list[Step], sign: int) -> None:
        (step,) = steps
        where = place(space, step)
        broken = sign * (where - 0.5)
        outcome = Outcome(State.COMPLETE, (where,), (broken,))
        answer(twin, step, outcome)

    require(
        part(
            case,
            space,
            1,
            (lambda o, s: tell(o, s, 1), lambda o, s: tell(o, s, -1)),
            n_constraints=1,
        ),
        "other proposals when the other half of the space keeps the constraint",
        "the same",
        "hand `outcome.constraints` to the library, or declare `no(...)`",
    )
