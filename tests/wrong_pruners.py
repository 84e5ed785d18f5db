"""Pruners that are wrong in one way each: they prove that the pruner kit can fail.

Each ends what is worse than the mean of complete trials at its step, as `Mean` does,
which keeps every rule, and breaks one.
"""

from __future__ import annotations

import math
import random
import sys
import threading
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from hpbridge.contract.attempt import Reply
from hpbridge.contract.pruning import Pruner, PrunerSpec
from hpbridge.trial import State


@dataclass(frozen=True)
class Options:
    n_startup: int = 3
    share: float = 1.0


class Mean(Pruner):
    """Keeps every rule."""

    notes_running = False

    def __init__(self, options, watched):
        super().__init__(maximizes=watched.maximizes)
        self.options = options
        self.sums = {}
        self.n_complete = 0

    def is_to_end(self, trial, curve):
        step, value = curve.last, curve.values[curve.last]
        total, count = self.sums.get(step, (0.0, 0))
        if self.n_complete < self.options.n_startup or not count:
            return False
        return self.is_better(total / count * self.options.share, value)

    def learn(self, trial, curve, state, value):
        if state is not State.COMPLETE:
            return
        self.n_complete += 1
        for step, reported in curve.values.items():
            if math.isfinite(reported):
                total, count = self.sums.get(step, (0.0, 0))
                self.sums[step] = total + reported, count + 1


def spec(pruner: type[Pruner], **changes) -> PrunerSpec:
    known = {"name": "mean", "summary": "Ends the worse half.", "source": "these tests"}
    known |= {"make": pruner, "options": Options, **getattr(pruner, "changes", {})}
    return PrunerSpec(**{**known, **changes})


class SaysNothing(Mean):
    changes: ClassVar = {"summary": " "}


class NamesNoVersion(Mean):
    changes: ClassVar = {"requires": ("numpy",)}


@dataclass(frozen=True)
class Dated(Options):
    since: date = date(2020, 1, 1)


@dataclass
class Thawed:
    n_startup: int = 3
    share: float = 1.0


@dataclass(frozen=True)
class Paired(Options):
    pair: tuple = (1, 2)


class KeepsADate(Mean):
    changes: ClassVar = {"options": Dated}


class KeepsATuple(Mean):
    changes: ClassVar = {"options": Paired}


class Thaws(Mean):
    changes: ClassVar = {"options": Thawed}


class MakesAFunction(Mean):
    changes: ClassVar = {"make": lambda _options, _watched: print}


class TossesACoin(Mean):
    def is_to_end(self, trial, curve):
        return super().is_to_end(trial, curve) and random.random() < 0.5


class SharesItsSums(Mean):
    shared: ClassVar = {}

    def __init__(self, options, watched):
        super().__init__(options, watched)
        self.sums = self.shared.setdefault(watched.study == "", {})


class CountsReports(Mean):
    """Takes note of what runs, and does not know it from the record."""

    n_reports = 0

    def is_to_end(self, trial, curve):
        self.n_reports += 1
        return super().is_to_end(trial, curve) and self.n_reports > 200


class ForgetsTheRecord(Mean):
    def know(self, trial, reports, state, value):
        self.n_complete += state is State.COMPLETE


class RemembersTheDead(Mean):
    notes_running = True

    def __init__(self, options, watched):
        super().__init__(options, watched)
        self.best = {}

    def is_to_end(self, trial, curve):
        value = curve.values[curve.last]
        least = min(self.best.get(trial, math.inf), value)
        self.best[trial] = least
        return super().is_to_end(trial, curve) and least > 0


class IsAfraidOfNaN(Mean):
    def is_to_end(self, trial, curve):
        round(curve.values[curve.last])
        return super().is_to_end(trial, curve)


class SaysTrue(Mean):
    def report(self, trial, step, value):
        return super().report(trial, step, value) is Reply.STOP


class WantsReports(Mean):
    def learn(self, trial, curve, state, value):
        super().learn(trial, curve, state, value)
        self.last_value = curve.values[curve.last]


class EndsNobody(Mean):
    def is_to_end(self, trial, curve):
        return False


class EndsAll(Mean):
    def is_to_end(self, trial, curve):
        return True


class HoldsALock(Mean):
    def __init__(self, options, watched):
        super().__init__(options, watched)
        self.lock = threading.Lock()


class LosesItself(Mean):
    def __getstate__(self):
        return {**vars(self), "sums": {}}


class Talks(Mean):
    def learn(self, trial, curve, state, value):
        super().learn(trial, curve, state, value)
        if trial == 0:
            sys.stdout.write("learnt")


class DrawsFromTheProcess(Mean):
    def is_to_end(self, trial, curve):
        random.random()
        return super().is_to_end(trial, curve)


class ReadsItAll(Mean):
    def __init__(self, options, watched):
        super().__init__(options, watched)
        self.past = []

    def learn(self, trial, curve, state, value):
        super().learn(trial, curve, state, value)
        self.past.append(curve)

    def is_to_end(self, trial, curve):
        for _ in range(3):
            sorted(sum(past.values.values()) for past in self.past)
        return super().is_to_end(trial, curve)
