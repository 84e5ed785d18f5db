"""What a study has and a format does not hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import Part
from hpbridge.learning.ask import stage_of
from hpbridge.space.categorical import Categorical
from hpbridge.space.constants import note_of_constants
from hpbridge.space.parameters import Constant
from hpbridge.space.shaped import Shaped
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.space.space import Space
    from hpbridge.study import Study


def _any_parameter(says: Callable[[Any], Any]) -> Callable[[Study], bool]:
    return lambda study: any(says(parameter) for parameter in study.space.values())


def _any_trial(says: Callable[[Any], Any]) -> Callable[[Study], bool]:
    return lambda study: any(says(trial) for trial in study.trials)


def _is_shaped(parameter: object) -> bool:
    if isinstance(parameter, Shaped):
        return parameter.prior is not None
    return isinstance(parameter, Categorical) and parameter.weights is not None


_HAS: dict[Part, Callable[[Study], bool]] = {
    Part.SPACE: lambda _: True,
    Part.CONDITIONS: lambda study: study.space.is_conditional,
    Part.PRIORS: _any_parameter(_is_shaped),
    Part.CONSTANTS: _any_parameter(lambda p: isinstance(p, Constant)),
    Part.LABELS: _any_parameter(lambda p: isinstance(p, Categorical)),
    Part.DIRECTIONS: lambda study: "maximize" in study.metrics.values(),
    Part.SEVERAL: lambda study: len(study.metrics) > 1,
    Part.FURTHER: lambda study: any(
        name not in study.metrics for trial in study.trials for name in trial.metrics
    ),
    Part.FAILED: _any_trial(lambda trial: trial.state is State.FAILED),
    Part.ERRORS: _any_trial(lambda trial: trial.error),
    Part.PRUNED: _any_trial(lambda trial: trial.state is State.PRUNED),
    Part.STAGES: _any_trial(stage_of),
    Part.REPORTS: _any_trial(lambda trial: trial.reports),
    Part.NON_FINITE: _any_trial(
        lambda trial: any(math.isinf(value) for value in trial.metrics.values())
    ),
    Part.TIMES: _any_trial(lambda trial: trial.started_at or trial.run_seconds),
    Part.ATTRIBUTES: _any_trial(lambda trial: trial.attributes),
    Part.STUDY_ATTRIBUTES: lambda study: bool(study.attributes),
    Part.CONSTRAINTS: lambda study: bool(study.bounds),
}


def losses_of(study: Study, form: str, holds: frozenset[Part]) -> tuple[str, ...]:
    """Return one sentence for each part that a study has and a format does not hold."""
    return tuple(
        f"{form} does not hold {part.value}"
        for part, has in _HAS.items()
        if part not in holds and has(study)
    )


def unwritten(space: Space, form: str) -> tuple[str, ...]:
    """Return one sentence for what no format holds of a space.

    Those are functions of ``forbid=``, and constants of which only the text is kept.
    """
    constants = {n: p.value for n, p in space.items() if isinstance(p, Constant)}
    return (
        *(
            f"{form} does not hold the function {n!r} of forbid="
            for n in space.functions
        ),
        *note_of_constants(constants),
    )
