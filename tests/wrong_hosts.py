"""Hosts that are wrong in one way each: they prove that the host kit can fail.

Each is a loop around a guest, as a library has it, and breaks one rule of `Loop`,
which keeps them all.
"""

from __future__ import annotations

import contextlib
import copy
import math
import random
from dataclasses import replace
from typing import ClassVar

from hpbridge.contract.backend import ExhaustedError, Outcome
from hpbridge.contract.hosting import HostSpec
from hpbridge.errors import HpbridgeError
from hpbridge.hosts.conversation import Conversation, NoProposal
from hpbridge.hosts.recipe import GuestRecipe
from hpbridge.testing import Hosted, Recorder
from hpbridge.trial import State

SPEC = HostSpec(name="loop", summary="a loop", line='loop("{optimizer}")')


class Loop:
    """Keeps every rule."""

    spec = SPEC

    def begin(self, optimizer, experiment, seed):
        return Conversation(GuestRecipe(optimizer, seed=seed), experiment.space)

    def run(self, optimizer, experiment, n_trials, seed):
        recorder = Recorder(experiment, seed)
        talk = self.begin(optimizer, experiment, seed)
        self.drive(talk, recorder, range(n_trials))
        return recorder.trials

    def resumed(self, optimizer, experiment, n_trials, seed):
        recorder = Recorder(experiment, seed)
        talk = self.begin(optimizer, experiment, seed)
        self.drive(talk, recorder, range(n_trials // 2))
        talk = self.brought_back(talk)
        self.drive(talk, recorder, range(n_trials // 2, n_trials))
        return recorder.trials

    def brought_back(self, talk):
        return copy.deepcopy(talk)

    def drive(self, talk, recorder, numbers):
        for number in numbers:
            point = self.ask(talk, number)
            if isinstance(point, NoProposal):
                self.end(talk)
                return
            result = recorder.run(self.ran(point, number))
            self.tell(talk, number, point, self.outcome(recorder, result))

    def ask(self, talk, number):
        return talk.propose(number)

    def end(self, talk):
        pass

    def ran(self, point, number):
        return point

    def outcome(self, recorder, result):
        value = recorder.loss(result)
        if math.isnan(value):
            return Outcome(State.FAILED)
        return Outcome(State.COMPLETE, (value,))

    def tell(self, talk, number, point, outcome):
        talk.ended(number, outcome)


def hosted(wrong: type[Loop]) -> Hosted:
    loop = wrong()
    return Hosted(loop.spec, loop.run, resumed=loop.resumed)


class NamesNoOptimizer(Loop):
    spec = replace(SPEC, line="loop()")


class DrawsTheFirst(Loop):
    def ran(self, point, number):
        return {**point, "n": 1 + point["n"] % 9} if number == 0 else point


class Rounds(Loop):
    def ran(self, point, number):
        return {**point, "x": round(point["x"], 12)}


class DropsTheSeed(Loop):
    def begin(self, optimizer, experiment, seed):
        return super().begin(optimizer, experiment, random.randrange(2**31))


class FixesTheSeed(Loop):
    def begin(self, optimizer, experiment, seed):
        return super().begin(optimizer, experiment, 4)


class RefusesLate(Loop):
    def run(self, optimizer, experiment, n_trials, seed):
        Recorder(experiment, seed).run({"x": 0.5, "lr": 0.5, "n": 1, "c": "a"})
        return super().run(optimizer, experiment, n_trials, seed)


class RefusesInItsOwnWords(Loop):
    def begin(self, optimizer, experiment, seed):
        try:
            return super().begin(optimizer, experiment, seed)
        except HpbridgeError as error:
            msg = "no"
            raise ValueError(msg) from error


class RefusesNothing(Loop):
    def begin(self, optimizer, experiment, seed):
        try:
            return super().begin(optimizer, experiment, seed)
        except HpbridgeError:
            return super().begin("random", experiment, seed)


class ForgetsToTell(Loop):
    def tell(self, talk, number, point, outcome):
        if number != 1:
            super().tell(talk, number, point, outcome)


class TellsTwice(Loop):
    def tell(self, talk, number, point, outcome):
        super().tell(talk, number, point, outcome)
        talk.seen(point, outcome)


class ObservesItsOwn(Loop):
    def tell(self, talk, number, point, outcome):
        talk.seen(point, outcome)


class TellsWrongValues(Loop):
    def outcome(self, recorder, result):
        return Outcome(State.COMPLETE, (0.0,))


class IgnoresTheDirection(Loop):
    def outcome(self, recorder, result):
        recorder.sign = 1.0
        return super().outcome(recorder, result)


class AsksAhead(Loop):
    def run(self, optimizer, experiment, n_trials, seed):
        recorder, recipe = Recorder(experiment, seed), GuestRecipe(optimizer, seed=seed)
        choice = recipe.choice(experiment.space)
        learner = recipe.learner(choice, experiment.space, seed)
        waiting = [learner.ask(0)]
        for number in range(n_trials):
            with contextlib.suppress(ExhaustedError):
                waiting.append(learner.ask(number + 1))
            if len(waiting) <= number:
                break
            params = dict(waiting[number].params)
            outcome = self.outcome(recorder, recorder.run(params))
            learner.learn(waiting[number], params, outcome)
        return recorder.trials


class TakesFailuresForValues(Loop):
    def outcome(self, recorder, result):
        value = recorder.loss(result)
        return Outcome(State.COMPLETE, (0.0 if math.isnan(value) else value,))


class StopsAtAFailure(Loop):
    def outcome(self, recorder, result):
        outcome = super().outcome(recorder, result)
        if outcome.state is State.FAILED:
            raise RuntimeError(result.error)
        return outcome


class RaisesAtTheEnd(Loop):
    def end(self, talk):
        raise ExhaustedError(talk.exhausted)


class GoesRoundAgain(Loop):
    def ask(self, talk, number):
        point = super().ask(talk, number)
        if isinstance(point, NoProposal):
            return next(iter(talk._said.told()))[0]
        return point


class ForgetsHalfway(Loop):
    def brought_back(self, talk):
        return Conversation(talk.recipe, talk.space)


# Mistakes thought out without a look at the checks.


class CallsPrunedComplete(Loop):
    def outcome(self, recorder, result):
        if result.state is State.PRUNED:
            last = result.reports[-1][1] if result.reports else 0.0
            return Outcome(State.COMPLETE, (last,))
        return super().outcome(recorder, result)


class FailuresAreWorst(Loop):
    def outcome(self, recorder, result):
        value = recorder.loss(result)
        return Outcome(State.COMPLETE, (1e9 if math.isnan(value) else value,))


class TellsAbsoluteValues(Loop):
    def outcome(self, recorder, result):
        outcome = super().outcome(recorder, result)
        values = tuple(abs(value) for value in outcome.values)
        return Outcome(outcome.state, values)


class TellsTheOneBefore(Loop):
    before = None

    def tell(self, talk, number, point, outcome):
        told, self.before = self.before or outcome, outcome
        talk.ended(number, told)


class RoundsPoints(Loop):
    def ran(self, point, number):
        return {n: round(v, 2) if type(v) is float else v for n, v in point.items()}


class TellsInTheEnd(Loop):
    def drive(self, talk, recorder, numbers):
        said = []
        for number in numbers:
            point = self.ask(talk, number)
            if isinstance(point, NoProposal):
                break
            said.append((number, self.outcome(recorder, recorder.run(point))))
        for number, outcome in said:
            talk.ended(number, outcome)


class SharesTheTalk(Loop):
    talks: ClassVar = {}

    def begin(self, optimizer, experiment, seed):
        made = super().begin(optimizer, experiment, seed)
        return self.talks.setdefault(optimizer, made)


OTHERS = (
    CallsPrunedComplete,
    FailuresAreWorst,
    TellsAbsoluteValues,
    TellsTheOneBefore,
    RoundsPoints,
    TellsInTheEnd,
    SharesTheTalk,
)
