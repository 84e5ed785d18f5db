"""Checks of what decides a trial: the seed and what was told, and nothing else.

Not the process that it runs in, not the order that `hash` gives, and no other study.
"""

from __future__ import annotations

import functools
import json
import math
import time
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import Problem
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.options import read_options
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.testing.case import (
    N_MAIN,
    SLOW_SECONDS,
    Case,
    Step,
    answer,
    ask,
    complete,
    different,
    in_thread,
    play,
)
from hpbridge.testing.checks import NotApplicable, check, require
from hpbridge.testing.parity import bowl

if TYPE_CHECKING:
    from hpbridge.contract.backend import BackendSpec
    from hpbridge.space.kinds import Searched

N_SEED_TRIALS = 3
N_SLOW_TRIALS = 4

SEEDS = (0, 1, 256, 2**16, 2**31, 2**32 - 1)
"""What a run hands out, its ends among them; alike where a seed is cut to a width."""

# Texts enough that two salts of `hash` never put them into the same order.
_TEXTS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
HASHED: dict[str, Searched] = {
    "choice": Categorical(_TEXTS),
    **{name: Float(0, 1) for name in _TEXTS[:4]},
    **{name: Int(0, 6) for name in _TEXTS[4:]},
}
"""A space whose order of names or of choices shows in what is proposed."""

_OWN_STATE = (
    "keep what an optimizer knows on its instance, made in `__init__`: no global of a "
    "module, no attribute or mutable default of a class"
)
_SORTED = (
    "never draw or learn in the order of a set or of `hash`: sort it, or use a list or "
    "a dict in the order of the space"
)
_SEEDED = (
    "make one generator of `seed` in `create` and take every draw from it: no global "
    "generator, no clock, no process id, no `id()`"
)


def run_hashed(
    spec: BackendSpec,
    name: str,
    n_trials: int,
    seed: int,
    seconds: float = math.inf,
) -> list[dict[str, Any]]:
    """Run an algorithm over `HASHED` and return its points.

    A few of them do where it takes longer than so many seconds.
    """
    case = Case(spec, name)
    optimizer = case.create(case.usable(HASHED), seed)
    until = time.monotonic() + seconds
    steps: list[Step] = []
    for number in range(n_trials):
        if number >= N_SLOW_TRIALS and time.monotonic() > until:
            break
        steps += play(optimizer, 1)
    return [step.params for step in steps]


def _request(case: Case, seed: int = 1) -> dict[str, Any]:
    return {
        "what": "trials",
        "algorithm": case.name,
        "n_trials": N_SLOW_TRIALS if case.is_slow else N_MAIN,
        "seed": seed,
    }


@check(rule=1)
def check_seed(case: Case) -> None:
    """The same seed gives the same trials, another seed gives others."""
    case.need(Feature.SEEDING)
    same, again = _alone(case, SEEDS[0]), _alone(case, SEEDS[0])
    seen = _first_difference(same, again)
    if different(same, again):
        _require_no_shared_state(case)
        require(False, "the same trials from the same seed", seen, _SEEDED)
    others = {SEEDS[0]: _text(same)}
    for seed in SEEDS[1:]:
        text = _text(_alone(case, seed))
        alike = [known for known, other in others.items() if other == text]
        require(
            not alike,
            "other trials from another seed",
            f"the same {len(same)} trials from {alike and alike[0]} and {seed}, {text}",
            "hand the whole seed, 32 bits of it, to the library",
        )
        others[seed] = text


def _alone(case: Case, seed: int) -> list[Step]:
    n_trials = N_SEED_TRIALS if seed == SEEDS[0] or not case.is_slow else 1
    return play(case.create(case.main, seed), n_trials)


def _text(steps: list[Step]) -> str:
    return json.dumps([step.params for step in steps[:1]], default=repr)


def _first_difference(left: list[Step], right: list[Step]) -> str:
    for number, (one, two) in enumerate(zip(left, right, strict=False)):
        if one.params != two.params:
            return f"{one.params} and {two.params} as trial {number}"
    return f"{len(left)} and {len(right)} trials"


def _require_no_shared_state(case: Case) -> None:
    """Skip what is the business of `check_independence`."""
    if _is_same_when_fresh(case):
        msg = "studies share state; see `independence`"
        raise NotApplicable(msg)


def _is_same_when_fresh(case: Case, seed: int = SEEDS[0]) -> bool:
    """Say whether two Pythons in which nothing ran yet give the same trials."""

    def run(python: str) -> Any:
        return case.fresh.ask(_request(case, seed), f"{python}.{seed}.{case.name}")

    key = f"same when fresh, {seed}"
    return case.once(key, lambda: bool(run("3.a") == run("3.b")))


@check(rule=1)
def check_independence(case: Case) -> None:
    """A study knows nothing of another one, before it or beside it."""
    case.need(Feature.SEEDING)
    before = _alone(case, SEEDS[0])
    optimizer, other = case.create(case.main, SEEDS[0]), case.create(case.main, 7)
    beside: list[Step] = []
    for _ in range(N_SEED_TRIALS):
        beside += play(optimizer, 1)
        play(other, 1, lambda params: -bowl(params))
    if not different(before, beside):
        return
    if not _is_same_when_fresh(case):
        msg = "the same seed gives other trials by itself; see `seed`"
        raise NotApplicable(msg)
    seen = f"state that studies share: {_first_difference(before, beside)}"
    expected = "a study that another one in the same process does not change"
    require(False, expected, seen, _OWN_STATE)


@check(rule=1)
def check_processes(case: Case) -> None:
    """The same seed gives the same trials in every process, whatever salts `hash`."""
    case.need(Feature.SEEDING)
    request = _request(case)

    def here(n_trials: int, seconds: float = math.inf) -> Any:
        points = run_hashed(case.spec, case.name, n_trials, request["seed"], seconds)
        return json.loads(json.dumps(points, default=repr))

    run = here(request["n_trials"], SLOW_SECONDS)
    request["n_trials"] = len(run)
    expected = "the same trials in every process"
    if _trials(case.fresh.ask(request)) == run:
        return
    if not _is_same_when_fresh(case, 1):
        if here(len(run)) != run:
            msg = "the same seed gives other trials in this process; see `seed`"
            raise NotApplicable(msg)
        require(False, expected, "others in each", _SEEDED)
    salted = [_trials(case.fresh.ask(request, f"{n}.{case.name}")) for n in (4, 5)]
    if salted[0] == salted[1]:  # what differs is what ran before it: see `independence`
        return
    pairs = enumerate(zip(*salted, strict=False))
    number, two = next((n, (a, b)) for n, (a, b) in pairs if a != b)
    seen = f"trial {number} as {two[0]} under PYTHONHASHSEED=4, as {two[1]} under 5"
    require(False, expected, seen, _SORTED)


def _trials(said: dict[str, Any]) -> Any:
    if "raised" in said:
        require(False, "trials in another process", said["raised"])
    return said["trials"]


@check(rule=1)
def check_threads(case: Case) -> None:
    """It may be asked and told in any thread, by one at a time."""
    case.need(Feature.SEEDING)
    n_trials = len(case.main_run)
    optimizer = case.create(case.main)
    steps: list[Step] = []
    for _ in range(n_trials):
        step = in_thread(functools.partial(ask, optimizer))
        steps.append(step)
        outcome = complete(bowl(step.params))
        in_thread(functools.partial(answer, optimizer, step, outcome))
    require(
        not different(steps, case.main_run) or not _is_same_when_fresh(case, 1),
        "the trials of one thread when each call comes from another",
        _first_difference(case.main_run, steps),
        "bind no generator, connection or state to the thread that made it",
    )


@check(rule=1)
def check_explained_trials(case: Case) -> None:
    """What `explain` prints runs in an empty file, and gives the same trials."""
    _require_explained(case, {}, "")


def _require_explained(case: Case, options: dict[str, object], under: str) -> None:
    if case.spec.explain is None:
        msg = "it explains nothing"
        raise NotApplicable(msg)
    # What fails here too is told by the exception itself, and once.
    _ = case.main_run
    explained = read_options(
        case.optimizer, case.algorithm.options, {**case.algorithm.quick, **options}
    )
    case.spec.explain(Problem(case.main), case.algorithm, explained, 1)
    said = case.fresh.ask(
        {
            "what": "explained",
            "algorithm": case.name,
            "options": options,
            "compare": case.can(Feature.SEEDING),
        }
    )
    if "raised" in said:
        require(False, f"a run in another process{under}", said["raised"])
    require(
        "source" not in said,
        f"the printed source to run{under}",
        said.get("source", ""),
        "print all that the source uses: the import of every module, `encoded.source()`"
        " and the imports that it needs, and the values themselves, not their names",
    )
    require(
        "differs" not in said,
        f"the printed source to give the trials of the optimizer{under}",
        said.get("differs", ""),
        "make both from one description: the same space, seed and options",
    )
