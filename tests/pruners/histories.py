"""Random histories of trials, told to a pruner of ours and to Optuna's or Ray's own."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hpbridge.contract.attempt import Reply
from hpbridge.trial import State

ODD = (math.nan, math.inf, -math.inf, 0.0, -0.0)


@dataclass
class Event:
    """A report (value at a step), or the end of a trial (state, final value)."""

    trial: int
    step: int | None = None
    value: float = 0.0
    state: str = ""


def history(
    rng: random.Random, *, at_once: int = 3, most_if_equal: int = 30
) -> Iterator[Event]:
    """Yield what some interleaved trials report and come to.

    Values are often equal, sometimes no numbers; steps have gaps, come late and twice.
    Whoever draws from it sends True where the trial is to end.

    Args:
        at_once: Trials that run at the same time, at most.
        most_if_equal: Steps of a trial, at most, where values are often equal.
    """
    digits = rng.choice([0, 1, 6])
    share_odd = rng.choice([0.0, 0.0, 0.02, 0.2])
    most = rng.choice([4, 9, 30])
    if digits < 6:
        most = min(most, most_if_equal)
    waiting, number, running = rng.randint(2, 14), 0, {}
    n_at_once = rng.randint(1, at_once)
    while waiting or running:
        while waiting and len(running) < n_at_once:
            running[number] = -1 if rng.random() < 0.5 else 0
            number, waiting = number + 1, waiting - 1
        trial = rng.choice(list(running))
        value = round(rng.gauss(0, 1), digits)
        if rng.random() < share_odd:
            value = rng.choice(ODD)
        last = running[trial]
        if last >= most or rng.random() < 0.06:
            del running[trial]
            state = rng.choice(["complete"] * 4 + ["failed"])
            final = value if math.isfinite(value) else 0.5
            yield Event(trial, value=final, state=state)
            continue
        step = _step(rng, last)
        running[trial] = max(step, last)
        if (yield Event(trial, step, value)):
            del running[trial]
            yield Event(trial, state="pruned")


def _step(rng: random.Random, last: int) -> int:
    kind = rng.random()
    if kind < 0.8:
        return last + 1
    return last + rng.randint(2, 6) if kind < 0.95 else rng.randint(0, max(last, 0))


def of_ours(pruner):
    """Return a function that tells an event to a pruner of ours."""

    def decide(event):
        if event.state:
            value = event.value if event.state == "complete" else None
            pruner.end(event.trial, State(event.state), value)
            return None
        answer = pruner.report(event.trial, event.step, event.value)
        return answer is Reply.STOP

    return decide


def of_record(pruner):
    """Return a function that lets a pruner know each trial when the next one begins.

    So half of them were watched by nobody. A trial that died and runs again is told
    before each one.
    """
    reports = []

    def decide(event):
        if event.state:
            value = event.value if event.state == "complete" else None
            if event.trial % 2:
                pruner.end(event.trial, State(event.state), value)
            else:  # forgotten, and read from the record
                pruner.begin_again(event.trial)
                pruner.know(event.trial, reports, State(event.state), value)
            reports.clear()
            return None
        if not reports:
            for step in range(3):
                pruner.report(event.trial, step, math.nan if step else -99.0)
            pruner.begin_again(event.trial)
        reports.append((event.step, event.value))
        return pruner.report(event.trial, event.step, event.value) is Reply.STOP

    return decide


Decide = Callable[[Event], bool | None]


def play(seed: int, ours: Decide, theirs: Decide, **settings: int) -> int:
    """Tell a history to both, and require the same decisions; return how many ended."""
    events = history(random.Random(seed), **settings)
    told, n_ended = None, 0
    told_so_far = []
    try:
        while True:
            event = events.send(told) if told is not None else next(events)
            told_so_far.append(event)
            own, other = ours(event), theirs(event)
            assert own == other, (seed, own, other, told_so_far)
            told = bool(own)
            n_ended += told
    except StopIteration:
        return n_ended
