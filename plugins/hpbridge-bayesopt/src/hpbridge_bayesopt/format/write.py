"""Write a study as a state that `BayesianOptimization.load_state` opens.

Source:
    bayesian-optimization 3.4.0, `BayesianOptimization._load_state_dict`: it takes no
    notice of keys that it does not know, registers every point, refuses known ones, and
    lets each acquisition function pick its own parameters.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    PAYLOAD_KEY,
    Categorical,
    Float,
    FormatError,
    Int,
    Parameter,
    State,
    pack_study,
    source_of,
    whole_file,
)
from hpbridge_bayesopt.format.read import NAME
from hpbridge_bayesopt.native.write import bound, ends

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import FinishedTrial, Label, Study

PBOUNDS_KEY = "hpbridge:pbounds"
"""Source of the ``pbounds`` that the optimizer must be made with."""

_KERNEL = {"length_scale": 1.0, "length_scale_bounds": [1e-5, 1e5], "nu": 2.5}


def write(study: Study, target: str) -> tuple[str, ...]:
    """Write a state.

    Native are the complete trials with a finite target, each point once; the whole
    study rides along.

    Raises:
        FormatError: If the target exists or cannot be written, or if no trial has a
            finite target.
    """
    searched = {
        name: parameter
        for name, parameter in study.space.searched.items()
        if parameter.n_values != 1  # as a constant
    }
    rows: dict[tuple[float, ...], FinishedTrial] = {}
    for trial in study.trials:
        if _has_target(study, trial):
            rows.setdefault(_row(trial.params, searched), trial)
    if not rows or not searched:
        problem = f"none of its {len(study.trials)} trials has a finite target"
        if rows:
            problem = "its space has nothing to search"
        hint = "write it as 'json', which holds every study"
        raise FormatError.unwritable(NAME, target, [problem], hint)
    state = _state(study, searched, rows)
    with whole_file(NAME, Path(target)) as path:
        path.write_text(json.dumps(state, indent=2), encoding="utf-8")
    return tuple(_notes(study, len(study.trials) - len(rows)))


def _has_target(study: Study, trial: FinishedTrial) -> bool:
    if trial.state is not State.COMPLETE:
        return False
    metrics = [study.main_metric, *(bound.metric for bound in study.bounds)]
    return all(math.isfinite(trial.metrics.get(m, math.nan)) for m in metrics)


def _state(
    study: Study,
    searched: Mapping[str, Parameter],
    rows: Mapping[tuple[float, ...], FinishedTrial],
) -> dict[str, Any]:
    metrics = [bound.metric for bound in study.bounds]
    values: Any = None
    if metrics:
        values = [[trial.metrics[m] for m in metrics] for trial in rows.values()]
        values = [value[0] for value in values] if len(metrics) == 1 else values
    return {
        # First, since that is what a state is recognized by.
        "pbounds": {name: _float_range(p) for name, p in searched.items()},
        "transformed_bounds": None,
        "keys": list(searched),
        "params": [list(row) for row in rows],
        "target": [
            -study.sign * trial.metrics[study.main_metric] for trial in rows.values()
        ],
        "constraint_values": values,
        "gp_params": {
            "kernel": _KERNEL,
            "alpha": 1e-6,
            "normalize_y": True,
            "n_restarts_optimizer": 5,
        },
        "allow_duplicate_points": False,
        "verbose": 0,
        "random_state": None,
        "acquisition_params": _acquisition(study),
        PBOUNDS_KEY: _source(searched),
        PAYLOAD_KEY: pack_study(study),
    }


def _acquisition(study: Study) -> dict[str, Any]:
    """Return parameters in which every acquisition function finds its own."""
    options = study.options if study.backend == NAME else {}
    base = {
        "kappa": options.get("kappa", 2.576),
        "xi": options.get("xi", 0.01),
        "exploration_decay": options.get("exploration_decay"),
        "exploration_decay_delay": options.get("exploration_decay_delay"),
    }
    return {
        **base,
        "base_acquisitions_params": [base] * 3,
        "gains": [0.0] * 3,
        "previous_candidates": None,
        "base_acquisition_params": base,
        "dummies": [],
        "strategy": "max",
        "atol": 1e-5,
        "rtol": 1e-8,
    }


def _row(
    params: Mapping[str, Label], searched: Mapping[str, Parameter]
) -> tuple[float, ...]:
    """Return a point as the library's floats; of an inactive parameter the first."""
    row: list[float] = []
    for name, parameter in searched.items():
        if isinstance(parameter, Categorical):
            index = parameter.index(params[name]) if name in params else 0
            row += [float(k == index) for k in range(parameter.n_values)]
        else:
            row.append(float(params.get(name, ends(parameter)[0])))
    return tuple(row)


def _float_range(parameter: Parameter) -> list[float]:
    if isinstance(parameter, Categorical):
        return [0.0, 1.0]
    return [float(end) for end in ends(parameter)]


def _source(searched: Mapping[str, Parameter]) -> str:
    return source_of({name: bound(name, p) for name, p in searched.items()})


def _notes(study: Study, n_left: int) -> list[str]:
    found = []
    if n_left:
        found.append(
            f"{n_left} trials without a finite target or of a point that is there"
            " already ride along; only hpbridge sees them"
        )
    if study.sign > 0:
        metric = study.main_metric
        found.append(f"{metric!r} is negated, since the library maximizes")
    if study.space.is_conditional:
        found.append(
            "inactive parameters have their first value; hpbridge reads them back as"
            " inactive"
        )
    scaled = [
        name
        for name, p in study.space.searched.items()
        if isinstance(p, (Float, Int)) and p.log
    ]
    if scaled:
        found.append(f"{scaled} are not log-scaled to the library")
    return found
