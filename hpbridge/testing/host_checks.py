"""Checks of hosts: a guest is itself inside, and hears of everything once."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from hpbridge.contract.capabilities import Feature
from hpbridge.errors import HpbridgeError
from hpbridge.testing.checks import CheckFailed, Kit, NotApplicable, require
from hpbridge.testing.host_case import N_TRIALS, SEED, HostCase, loss
from hpbridge.testing.spy import SPY, spied
from hpbridge.trial import State, TrialPruned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.testing.hosted import Trials
    from hpbridge.testing.spy import Spy

RULES = {
    1: "a guest is itself",
    2: "refuse before the first trial",
    3: "everything is told, and once",
    4: "bad outcomes are outcomes",
    5: "the end is no error",
    6: "it goes on where it was",
}
"""The rules of `hpbridge.contract.backend.HostSpec` in a few words."""

HOSTS = Kit("host", RULES)

_FEW = 3


def _points(trials: Trials) -> list[dict[str, Any]]:
    return [dict(params) for params, _ in trials]


def _values(trials: Trials) -> list[str]:
    return [repr(value) for _, value in trials]  # so that NaN equals NaN


@HOSTS.check(1, per_backend=True)
def check_record(case: HostCase) -> None:
    """Its record says what it is, and which line of a script changes."""
    spec = case.spec
    is_name = re.fullmatch(r"[a-z]+", spec.name) is not None
    require(is_name, "a name of lower-case letters", spec.name)
    require(bool(spec.summary.strip()), "a summary", "none")
    require("{optimizer}" in spec.line, "{optimizer} in the line", spec.line)
    for requirement in spec.requires:
        require(">=" in requirement, "the oldest version after >=", requirement)


@HOSTS.check(1)
def check_parity(case: HostCase) -> None:
    """An optimizer proposes inside what it proposes alone, bit for bit."""
    experiment = case.experiment()
    alone = case.alone(case.name, experiment)
    inside = case.inside(case.name, experiment)
    require(_points(inside) == _points(alone), f"{_points(alone)}", _points(inside))
    require(_values(inside) == _values(alone), f"{_values(alone)}", _values(inside))


@HOSTS.check(1, per_backend=True)
def check_seed(case: HostCase) -> None:
    """The same seed gives the same trials, and another one gives others."""
    experiment = case.experiment()
    with spied():
        first, second, other = (
            _points(case.inside(f"{SPY}:{SPY}", experiment, seed=seed))
            for seed in (SEED, SEED, SEED + 1)
        )
    require(first == second, f"{first} again", second)
    require(first != other, "other trials of another seed", "the same")


@HOSTS.check(2, per_backend=True)
def check_refusals(case: HostCase) -> None:
    """What cannot run is refused before the first trial, in a sentence with a hint."""
    ran: list[object] = []

    def note(trial: Mapping[str, Any]) -> float:
        ran.append(trial)
        return 0.0

    experiment = case.experiment(objective=note)
    kind = next(iter(experiment.space.searched.values()))
    with spied(lacks=kind.feature):
        for optimizer in (f"{SPY}:{SPY}", "nothing", f"{SPY}:nothing"):
            expected = f"an error of hpbridge with one hint for {optimizer!r}"
            try:
                case.inside(optimizer, experiment, 1)
            except HpbridgeError as error:
                require(bool(error.hint), expected, f"no hint in {str(error)!r}")
            except Exception as error:  # a plugin may raise anything
                msg = f"expected {expected}; saw {type(error).__name__}: {error}"
                raise CheckFailed(msg) from error
            else:
                require(False, expected, "none")
    require(not ran, "no trial before it", f"{len(ran)}")


@HOSTS.check(3, per_backend=True)
def check_told(case: HostCase) -> None:
    """Every proposal runs as it is, and is told once with the value that it came to."""
    trials, spy = case.spy(case.experiment())
    _require_told(trials, spy)
    values = [told.outcome.values for told in spy.told]
    expected = [(loss(params),) for params in spy.asked[: len(values)]]
    require(values == expected, f"the values {expected}", values)


def _require_told(trials: Trials, spy: Spy) -> None:
    require(len(trials) == N_TRIALS, f"{N_TRIALS} trials", len(trials))
    require(_points(trials) == spy.asked, f"{spy.asked} to run", _points(trials))
    foreign = [told.params for told in spy.told if not told.is_own]
    require(not foreign, "its own trials told as such", f"observed: {foreign}")
    # Of the last one nothing depends any more.
    told = [each.params for each in spy.told]
    is_all = told in (spy.asked, spy.asked[:-1])
    require(is_all, f"each of {spy.asked} told, once and in order", told)


@HOSTS.check(3, per_backend=True)
def check_direction(case: HostCase) -> None:
    """What is maximized reaches the optimizer as what is minimized."""
    _, spy = case.spy(case.experiment(direction="maximize"))
    values = [told.outcome.values for told in spy.told]
    expected = [(-loss(params),) for params in spy.asked[: len(values)]]
    require(bool(values) and values == expected, f"the values {expected}", values)


@HOSTS.check(3, per_backend=True)
def check_one_at_a_time(case: HostCase) -> None:
    """An optimizer that takes one trial at a time is asked when none is open."""
    trials, spy = case.spy(case.experiment(), lacks=Feature.PENDING)
    require(len(trials) == N_TRIALS, f"{N_TRIALS} trials", len(trials))
    require(spy.at_once == 0, "no trial open when it was asked", spy.at_once)


def _fragile(trial: Any) -> float:
    if trial.number == 1:
        msg = "it fails"
        raise ValueError(msg)
    if trial.number == 2:
        return math.nan
    if trial.number == _FEW:
        trial.report(1.0, 1)
        raise TrialPruned
    return loss(trial)


@HOSTS.check(4, per_backend=True)
def check_bad_outcomes(case: HostCase) -> None:
    """A trial that fails, is pruned or comes to NaN is told as such, and no other."""
    n_trials = N_TRIALS + 1
    trials, spy = case.spy(case.experiment(objective=_fragile), n_trials)
    require(len(trials) == n_trials, f"{n_trials} trials", len(trials))
    require(_points(trials) == spy.asked, f"{spy.asked} to run", _points(trials))
    told = [(each.params, each.outcome.state) for each in spy.told]
    for number, params in enumerate(spy.asked[: len(told)]):
        is_good = number not in {1, 2, _FEW}
        states = [state for point, state in told if point == params]
        is_right = len(states) == 1 and (states[0] is State.COMPLETE) == is_good
        how = "complete" if is_good else "failed or pruned"
        require(is_right, f"trial {number} told as {how}, once", states)


@HOSTS.check(5, per_backend=True)
def check_exhausted(case: HostCase) -> None:
    """An optimizer that has nothing left ends the host's loop, and what ran counts."""
    trials, spy = case.spy(case.experiment(), most=_FEW)
    require(len(trials) == _FEW, f"{_FEW} trials and an end", len(trials))
    require(_points(trials) == spy.asked, f"{spy.asked} to run", _points(trials))


@HOSTS.check(6, per_backend=True)
def check_resumed(case: HostCase) -> None:
    """Saved or pickled halfway it goes on as if it had never stopped."""
    way = case.hosted.resumed
    if way is None:
        msg = "the host has no way to be saved and gone on with"
        raise NotApplicable(msg)
    experiment = case.experiment()
    with spied():
        whole = case.inside(f"{SPY}:{SPY}", experiment)
        halves = case.inside(f"{SPY}:{SPY}", experiment, way=way)
    require(_points(halves) == _points(whole), f"{_points(whole)}", _points(halves))
