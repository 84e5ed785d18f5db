"""Checks of pruners: decided by the record alone, whatever it holds, and at once."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import math
import random
import re
import statistics
import time
from typing import TYPE_CHECKING

from hpbridge.contract.attempt import Reply
from hpbridge.testing.checks import CheckFailed, Kit, require
from hpbridge.testing.pruner_case import (
    Answers,
    PrunerCase,
    name_of,
    recorded,
    trials,
    watch,
)
from hpbridge.trial import State

if TYPE_CHECKING:
    from hpbridge.contract.pruning import Pruner

RULES = {
    1: "it says what it is",
    2: "the record alone decides",
    3: "every report is answered",
    4: "it is asked elsewhere",
    5: "it answers at once",
}
"""The rules of `hpbridge.contract.pruning.Pruner` in a few words."""

PRUNERS = Kit("pruner", RULES)

MOST_MS = 1.0
"""That a report may take, of the processor's time, with 2,000 trials in the study."""


@PRUNERS.check(1)
def check_record(case: PrunerCase) -> None:
    """Its record says what it is and whence it comes, and what it needs."""
    spec = case.spec
    is_name = re.fullmatch(r"[a-z][a-z0-9_]*(:[a-z0-9_]+)?", spec.name) is not None
    require(is_name, "a name of lower-case letters, name or name:variant", spec.name)
    require(bool(spec.summary.strip()), "a summary", "none")
    require(bool(spec.source.strip()), "a source: a library's class, a paper", "none")
    for requirement in spec.requires:
        require(">=" in requirement, "the oldest version after >=", requirement)


@PRUNERS.check(1)
def check_options(case: PrunerCase) -> None:
    """Its options are a frozen dataclass of plain data, as JSON keeps it."""
    options = case.spec.options
    parameters = getattr(options, "__dataclass_params__", None)
    is_frozen = parameters is not None and parameters.frozen
    require(is_frozen, "a frozen dataclass", options)
    given = dataclasses.asdict(case.read())
    try:
        kept = json.loads(json.dumps(given))
    except (TypeError, ValueError) as error:
        msg = f"expected options that JSON can hold; saw {error}"
        raise CheckFailed(msg) from error
    require(kept == given, f"{given} again, kept as JSON", kept)


@PRUNERS.check(2)
def check_same(case: PrunerCase) -> None:
    """Told the same, it answers the same, whatever else happens in the process."""
    for seed in range(4):
        told = trials(seed, odd=seed % 2 == 1)
        random.seed(seed)
        first = watch(case.make(), told)
        random.seed(seed + 1)
        _same(watch(case.make(), told), first, "what it answered before")


@PRUNERS.check(2)
def check_studies(case: PrunerCase) -> None:
    """Studies share nothing: another one beside it changes no answer."""
    told, others = trials(1), trials(2)
    alone = watch(case.make(), told)
    own, other = case.make(), case.make("other", maximizes=True)
    beside: Answers = []
    for trial, foreign in zip(told, others, strict=True):
        watch(other, [foreign])
        beside += watch(own, [trial])
    _same(beside, alone, "what it answers alone")


@PRUNERS.check(2)
def check_known(case: PrunerCase) -> None:
    """A trial that is known from the record counts as if it had been watched."""
    for seed in range(6):
        told = trials(seed, odd=seed % 2 == 1)
        watched, knowing = case.make(), case.make()
        answers = watch(watched, told[:20])
        recorded(knowing, told[:20], answers)
        _same(
            watch(knowing, told[20:]),
            watch(watched, told[20:]),
            "what one answers that watched the first 20 trials",
        )


@PRUNERS.check(2)
def check_begin_again(case: PrunerCase) -> None:
    """What a trial reported that died and runs again counts no more."""
    for seed in range(4):
        told = trials(seed)
        plain = watch(case.make(), told)
        pruner = case.make()
        again: Answers = []
        for trial in told:
            for step, value in trial.reports[: trial.number % 9]:
                pruner.report(trial.number, step, value - 9.0)
            pruner.begin_again(trial.number)
            again += watch(pruner, [trial])
        _same(again, plain, "what it answers where no trial died")


@PRUNERS.check(3)
def check_odd_reports(case: PrunerCase) -> None:
    """NaN, infinities, late and repeated steps are answered as any other report."""
    for seed in range(6):
        watch(case.make(maximizes=seed % 2 == 1), trials(seed, odd=True))
    for value in (math.nan, math.inf, -math.inf):
        pruner = case.make()
        for number in range(9):
            for step in (0, 1, 1, 0, 10**9):
                name_of(pruner.report(number, step, value))
            pruner.end(number, State.COMPLETE, value)


@PRUNERS.check(3)
def check_ends(case: PrunerCase) -> None:
    """A trial may end that never reported, whatever it comes to."""
    pruner = case.make()
    for number, state in enumerate([*State] * 2):
        pruner.end(number, state, 0.5 if state is State.COMPLETE else None)
        pruner.know(number + 50, (), state, 0.5 if state is State.COMPLETE else None)
    pruner.begin_again(99)
    name_of(pruner.report(100, 1, 0.5))


@PRUNERS.check(3)
def check_decides(case: PrunerCase) -> None:
    """It ends some trials, and lets others go on to their end."""
    found = [watch(case.make(), trials(seed)) for seed in range(6)]
    told = [
        (k, number, answer)
        for k, each in enumerate(found)
        for number, _, answer in each
    ]
    begun = {(k, number) for k, number, _ in told}
    stopped = {(k, number) for k, number, answer in told if answer == Reply.STOP.name}
    paused = {(k, number) for k, number, answer in told if answer == Reply.PAUSE.name}
    some = f"some of {len(begun)} trials to"
    require(bool(stopped | paused), f"{some} be ended, or to be paused", "none")
    require(len(stopped) < len(begun), f"{some} go on", "each was ended")


@PRUNERS.check(4)
def check_pickles(case: PrunerCase) -> None:
    """It goes through cloudpickle at any time, and goes on there as it would here."""
    import cloudpickle

    told = trials(5)
    pruner = case.make()
    pruner.know(70, told[0].reports, State.COMPLETE, told[0].value)
    watch(pruner, told[:15])
    for step, value in told[15].reports[:2]:
        pruner.report(71, step, value)
    try:
        copy: Pruner = cloudpickle.loads(cloudpickle.dumps(pruner))
    except Exception as error:  # noqa: BLE001 - a stranger's object may raise anything
        require(False, "a pruner that cloudpickle takes", error)
    here = watch(pruner, told[16:])
    _same(watch(copy, told[16:]), here, "what the one answers that it is a copy of")


@PRUNERS.check(4)
def check_quiet(case: PrunerCase) -> None:
    """It prints nothing, and leaves the generators of the process as they are."""
    import numpy as np

    before = random.getstate(), repr(np.random.get_state())
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        watch(case.make(), trials(6, odd=True))
    require(not said.getvalue(), "nothing to be printed", said.getvalue()[:200])
    after = random.getstate(), repr(np.random.get_state())
    require(before == after, "random and numpy.random as they were", "they changed")


@PRUNERS.check(5)
def check_quick(case: PrunerCase) -> None:
    """With 2,000 trials in the study, half of the reports take less than 1 ms."""
    pruner = case.make()
    for trial in trials(7, 2000):
        pruner.know(trial.number, trial.reports, trial.state, trial.value)
    taken = []
    for trial in trials(8, 20):
        for step, value in trial.reports:
            started = time.process_time()
            pruner.report(5000 + trial.number, step, value)
            taken.append(time.process_time() - started)
    median = 1e3 * statistics.median(taken)
    require(median < MOST_MS, f"less than {MOST_MS:g} ms a report", f"{median:.2f} ms")


def _same(seen: Answers, expected: Answers, what: str) -> None:
    """Require the same answers, and name the first that differs."""
    for one, other in zip(seen, expected, strict=False):
        number, place, answer = one
        told = f"{what}: {other[2]} at report {other[1]} of trial {other[0]}"
        require(one == other, told, f"{answer} at report {place} of trial {number}")
    require(len(seen) == len(expected), f"{what}: {len(expected)} answers", len(seen))
