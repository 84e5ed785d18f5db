"""Write a study as an `OptimizeResult` that the library's own tools open."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import skopt
from skopt.space import Space
from skopt.utils import create_result

from hpbridge.plugin import (
    PAYLOAD_KEY,
    Categorical,
    FormatError,
    State,
    pack_study,
    quiet,
    whole_file,
)
from hpbridge_skopt.format.read import NAME
from hpbridge_skopt.native.write import dimension, make

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import FinishedTrial, Label, Parameter, Study

_N_CANDIDATES = 100
_FAILURES = (TypeError, ValueError, ArithmeticError)
_NO_MODEL = (
    "the library could not model the points, so that its plot_objective has nothing to "
    "draw"
)


def write(study: Study, target: str) -> tuple[str, ...]:
    """Write a study with `skopt.dump`.

    Native are the complete trials with a finite value; the whole study rides along.

    Raises:
        FormatError: If the target exists or cannot be written, or if no trial has a
            finite value.
    """
    trials = [trial for trial in study.trials if _has_value(study, trial)]
    if not trials:
        problem = f"none of its {len(study.trials)} trials has a finite value"
        hint = "write it as 'json', which holds trials of any state"
        raise FormatError.unwritable(NAME, target, [problem], hint)
    natives = {
        name: _native(name, p, target) for name, p in study.space.searched.items()
    }
    points = [
        [native.value(trial.params) for native in natives.values()] for trial in trials
    ]
    values = [study.sign * trial.metrics[study.main_metric] for trial in trials]
    result = _result(points, values, [native.dimension for native in natives.values()])
    result[PAYLOAD_KEY] = json.dumps(pack_study(study))
    with whole_file(NAME, Path(target)) as path:
        skopt.dump(result, path)
    notes = _notes(study, len(study.trials) - len(trials))
    is_modelled = bool(result.models) or not _can_model(points, list(natives))
    return tuple(notes if is_modelled else [*notes, _NO_MODEL])


def _native(name: str, parameter: Parameter, target: str) -> _Native:
    """Return a parameter as the library's.

    Raises:
        FormatError: If it has none like that, such as whole numbers beyond 64 bits.
    """
    try:
        return _Native(name, parameter)
    except _FAILURES as error:
        problem = (
            f"the library cannot hold {name!r}: {' '.join(str(error).split()):.120}"
        )
        hint = "write it as 'json', which holds any space"
        raise FormatError.unwritable(NAME, target, [problem], hint) from error


def _has_value(study: Study, trial: FinishedTrial) -> bool:
    if trial.state is not State.COMPLETE:
        return False
    return math.isfinite(trial.metrics[study.main_metric])


def _result(points: list[list[Any]], values: list[float], dimensions: list[Any]) -> Any:
    """Return a result with one model, which `plot_objective` draws."""
    space = Space(dimensions)
    result = create_result(points, values, space, specs={"args": {}, "function": NAME})
    result.models = []
    if not _can_model(points, dimensions):
        return result
    with quiet(), contextlib.suppress(*_FAILURES):
        optimizer = skopt.Optimizer(
            dimensions,
            "ET",  # in a moment, whatever the size of the study
            n_initial_points=1,
            acq_func="EI",
            acq_optimizer="sampling",
            acq_optimizer_kwargs={"n_points": _N_CANDIDATES},
            random_state=0,
        )
        optimizer.tell(points, values)
        result.models, result.space = optimizer.models, optimizer.space
    return result


def _can_model(points: list[Any], dimensions: list[Any]) -> bool:
    return bool(dimensions) and len(points) > 1  # a model needs two


class _Native:
    """A parameter as a dimension of the library, for its plots."""

    def __init__(self, name: str, parameter: Parameter) -> None:
        self.name = name
        self._texts: dict[Any, Any] = {}
        if isinstance(parameter, Categorical):
            labels = parameter.labels
            choices = _as_choices(labels)
            self._texts = dict(zip(map(_key, labels), choices, strict=True))
        choices = list(self._texts.values())
        self.dimension = make(dimension(name, parameter, choices=choices))

    def value(self, params: Mapping[str, Label]) -> Any:
        """Return the library's value; of an inactive parameter its first one."""
        if self.name not in params:
            return self.dimension.bounds[0]
        value = params[self.name]
        return self._texts[_key(value)] if self._texts else value


def _key(label: Label) -> Any:
    return (type(label), label)  # True is 1 to a dict


def _as_choices(labels: tuple[Label, ...]) -> list[Any]:
    """Return choices that every encoder of the library takes."""
    is_text = all(isinstance(label, str) for label in labels)
    is_number = all(type(label) in {int, float} for label in labels)
    return list(labels) if is_text or is_number else [str(label) for label in labels]


def _notes(study: Study, n_left: int) -> list[str]:
    found = []
    if n_left:
        found.append(
            f"{n_left} trials without a finite value ride along; only hpbridge sees"
            " them"
        )
    if study.sign < 0:
        metric = study.main_metric
        found.append(f"{metric!r} is negated, since scikit-optimize minimizes")
    if study.space.is_conditional:
        found.append(
            "inactive parameters have their first value in x_iters; hpbridge reads them"
            " back as inactive"
        )
    return found
