"""Studies that have what a study may have, for the checks of formats.

They are made by hand, not run: what a format does to them must not hang on any
optimizer.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import Part
from hpbridge.experiment import Constraint
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.priors import LogNormal, Normal
from hpbridge.space.quantized import Quantized
from hpbridge.space.space import Space
from hpbridge.store.record import Status
from hpbridge.store.settings import Settings, StudySettings
from hpbridge.study import Study
from hpbridge.trial import FinishedTrial, State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

N_TRIALS = 8
_FAILED, _INFINITE, _PRUNED = 2, 3, 4
"""The trials that fail, are infinite, are pruned, where any is."""

_STAGES: dict[int, dict[str, Any]] = {
    0: {"budget": 1, "bracket": 0, "rung": 0},
    1: {"budget": 1.5, "bracket": 1, "rung": 0},
    5: {"budget": 3, "bracket": 0, "rung": 1, "parent": 0},
    6: {"budget": 9, "parent": 5},
}

_NOTED = {"author": "x", "tags": ["a", {"b": 1}], "n": 3, "none": None}
_NOTED |= {"most": math.inf, "inf": "inf", "least": [-math.inf]}
_STARTED = 1_700_000_000.0

NEEDS = {Part.ERRORS: {Part.FAILED}}
"""Parts that a study can only have along with others."""


def whole(parts: Collection[Part]) -> set[Part]:
    """Return parts together with those that they need."""
    return set(parts).union(*(NEEDS.get(part, set()) for part in parts))


def sample_study(parts: Collection[Part] = ()) -> Study:
    """Return a study that has these parts, and those that every study has."""
    has = whole(parts)
    metrics = {"loss": "maximize" if Part.DIRECTIONS in has else "minimize"}
    if Part.SEVERAL in has:
        metrics["gain"] = "minimize"
    bounds = (Constraint("loss", 1, 6.5),) if Part.CONSTRAINTS in has else ()
    space = _space(has)
    return Study(
        id=1,
        name="sample",
        experiment="sample",
        backend="random",
        algorithm="random",
        seed=1,
        options={},
        space=space,
        metrics=metrics,
        settings=StudySettings(Settings(N_TRIALS), "local", bounds),
        status=Status.FINISHED,
        created_at=_STARTED,
        updated_at=_STARTED + N_TRIALS,
        trials=tuple(_trials(space, has)),
        attributes=_NOTED if Part.STUDY_ATTRIBUTES in has else {},
    )


def _space(has: Collection[Part]) -> Space:
    labels = {"small": (1,), "large": (2, 3)}
    space: dict[str, Any] = {
        "lr": Float(1e-4, 1, log=True),
        "n": Int(1, 9),
        "x": Float(0, 1, step=0.25),
        "c": Categorical(labels if Part.LABELS in has else ["a", "b"]),
    }
    if Part.CONDITIONS in has:
        first = space["c"].labels[0]
        space["m"] = Float(0, 1, when={"c": first})
        space["k"] = Int(1, 3, when={"n": [1, 2, 3, 4, 5, 6]})
    if Part.PRIORS in has:
        space["p"] = Float(0, 10, prior=Normal(4, 2))
        space["q"] = Float(-math.inf, math.inf, prior=Normal(4, 2))
        space["i"] = Int(0, math.inf, prior=Normal(4, 2))
        space["o"] = Quantized(0, math.inf, 0.5, prior=LogNormal(0, 1))
        space["w"] = Categorical(["u", "v"], weights=[0.75, 0.25])
    if Part.CONSTANTS in has:
        space["fixed"] = 7
    return Space(space)


def _trials(space: Space, has: Collection[Part]) -> list[FinishedTrial]:
    rng = random.Random("hpbridge sample study")
    return [_trial(number, space, space.sample(rng), has) for number in range(N_TRIALS)]


def _trial(
    number: int, space: Space, params: dict[str, Any], has: Collection[Part]
) -> FinishedTrial:
    state, metrics, error = _end(number, params, has)
    reports: list[tuple[int, float]] = []
    stage = _STAGES.get(number, {}) if Part.STAGES in has else {}
    if Part.REPORTS in has:
        reports = [(step, params["lr"] * (step + 1)) for step in range(3)]
    return FinishedTrial(
        number=number,
        state=state,
        params=params,
        values=space.to_objects(params),
        metrics=metrics,
        tells_before=number,
        told=number,
        reports=tuple(reports),
        error=error,
        seed=number,
        worker="main",
        asked_at=_STARTED + number,
        started_at=_STARTED + number + 0.25,
        ask_seconds=0.0625,
        run_seconds=0.5,
        tell_seconds=0.03125,
        attributes=_NOTED if Part.ATTRIBUTES in has else {},
        **stage,
    )


def _end(
    number: int, params: dict[str, Any], has: Collection[Part]
) -> tuple[State, dict[str, float], str | None]:
    if Part.FAILED in has and number == _FAILED:
        error = "ValueError: too large" if Part.ERRORS in has else "ValueError"
        return State.FAILED, {}, error
    if Part.PRUNED in has and number == _PRUNED:
        return State.PRUNED, {}, None
    is_infinite = Part.NON_FINITE in has and number == _INFINITE
    metrics = {"loss": math.inf if is_infinite else params["lr"] + params["n"]}
    if Part.SEVERAL in has:
        metrics["gain"] = -float(params["n"])
    if Part.FURTHER in has:
        metrics["seconds"] = 0.25 * number
    return State.COMPLETE, metrics, None


def _of_trials(take: Callable[[FinishedTrial], Any]) -> Callable[[Study], Any]:
    return lambda study: [take(trial) for trial in study.trials]


ASPECTS: dict[Part, Callable[[Study], Any]] = {
    Part.SPACE: lambda study: {
        name: p
        for name, p in study.space.to_json()["parameters"].items()
        if name in {"lr", "n", "x"}
    },
    Part.CONDITIONS: lambda study: (
        {n: dict(p.when) for n, p in study.space.items() if p.when},
        [sorted(trial.params) for trial in study.trials],
    ),
    Part.PRIORS: lambda study: [study.space["p"], study.space["w"]],
    Part.CONSTANTS: lambda study: study.space["fixed"],
    Part.LABELS: _of_trials(lambda trial: trial.params["c"]),
    Part.DIRECTIONS: lambda study: list(study.metrics.values()),
    Part.SEVERAL: lambda study: (
        list(study.metrics.items()),
        [trial.metrics.get("gain") for trial in study.trials],
    ),
    Part.FURTHER: _of_trials(lambda trial: trial.metrics.get("seconds")),
    Part.FAILED: _of_trials(lambda trial: (trial.state is State.FAILED, trial.params)),
    Part.ERRORS: _of_trials(lambda trial: trial.error),
    Part.PRUNED: _of_trials(lambda trial: (trial.state is State.PRUNED, trial.params)),
    Part.STAGES: _of_trials(
        lambda trial: (trial.budget, trial.bracket, trial.rung, trial.parent)
    ),
    Part.REPORTS: _of_trials(lambda trial: trial.reports),
    Part.NON_FINITE: _of_trials(lambda trial: trial.metrics.get("loss")),
    # Optuna and Hyperopt keep times in microseconds and milliseconds.
    Part.TIMES: _of_trials(
        lambda trial: (round(trial.started_at, 2), round(trial.run_seconds, 2))
    ),
    Part.ATTRIBUTES: _of_trials(lambda trial: trial.attributes),
    Part.STUDY_ATTRIBUTES: lambda study: study.attributes,
    Part.CONSTRAINTS: lambda study: (
        study.bounds,
        [study.is_feasible(trial) for trial in study.trials],
    ),
}
"""What must be the same of two studies for the part to be held."""


def aspect(part: Part, study: Study) -> Any:
    """Return what must be the same of a study; why there is none, where there is."""
    try:
        return ASPECTS[part](study)
    except (KeyError, AttributeError) as error:
        return f"nothing ({type(error).__name__}: {error})"
