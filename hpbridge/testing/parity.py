"""The parity check: the bridge's trials are the library's own, bit for bit.

The native side is the very source that `hpbridge explain` prints, executed: the
library's high-level call on the native space.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.backend import ExhaustedError, Outcome, Problem
from hpbridge.categorical import Categorical
from hpbridge.options import read_options
from hpbridge.parameters import Float, Int
from hpbridge.priors import Normal
from hpbridge.space import Space
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.backend import BackendSpec

Run = list[tuple[dict[str, Any], float]]
"""(parameters in plain values, value) of each trial, in the order of running."""

PARITY_SPACES: dict[str, Space] = {
    "float": Space({"x": Float(-5, 5), "y": Float(0, 3)}),
    "log": Space({"lr": Float(1e-5, 1e-1, log=True), "n": Int(1, 1000, log=True)}),
    "int": Space({"a": Int(-3, 9), "b": Int(1, 40)}),
    "step": Space({"f": Float(0, 1, step=0.3), "k": Int(1, 60, step=7)}),
    "categorical": Space(
        {"c": Categorical(["a", "b", "c"]), "d": Categorical([None, 2, True, "x"])}
    ),
    "conditional": Space(
        {
            "solver": Categorical(["adam", "sgd"]),
            "lr": Float(1e-4, 1, log=True),
            "momentum": Float(0, 0.99, when={"solver": "sgd"}),
            "nesterov": Categorical([True, False], when={"solver": "sgd"}),
            "beta": Float(0.5, 0.999, when={"solver": "adam"}),
        }
    ),
    "mixed": Space(
        {
            "x": Float(-5, 5),
            "lr": Float(1e-5, 1e-1, log=True),
            "n": Int(1, 9),
            "batch": Int(16, 256, log=True),
            "drop": Float(0, 0.5, step=0.1),
            "c": Categorical(["a", "b", "c"]),
            "size": Categorical(["s", "m", "l"], ordered=True),
            "w": Categorical(["p", "q"], weights=[0.8, 0.2]),
            "g": Float(0, 10, prior=Normal(4, 2)),
        }
    ),
}
"""A space a mode. Each algorithm is compared on those that it supports."""


def bowl(params: Mapping[str, Any]) -> float:
    """Return a value to minimize that depends on every active parameter.

    Deterministic over processes, and without ties between different points.
    """
    total = 0.0
    for name, value in params.items():
        shift = (sum(map(ord, name)) % 7) / 7
        if isinstance(value, bool) or value is None:
            total += 0.3 if value else 0.1 + shift
        elif isinstance(value, str):
            total += (sum(map(ord, value)) % 5) / 5 + shift / 10
        else:
            total += (math.asinh(value) - shift) ** 2
    return total


def run_bridge(  # noqa: PLR0913, PLR0917 - an optimizer, a problem and a budget
    spec: BackendSpec,
    algorithm: str,
    space: Space,
    n_trials: int,
    seed: int,
    options: Mapping[str, object] | None = None,
    objective: Callable[[Mapping[str, Any]], float] = bowl,
) -> Run:
    """Run an optimizer by the contract alone: ask, objective, tell.

    A value that is NaN is told as failed, as a run does.
    """
    read = read_options(algorithm, spec.algorithms[algorithm].options, options or {})
    optimizer = spec.create(Problem(space), algorithm, read, seed)
    trials: Run = []
    while len(trials) < n_trials:
        try:
            suggestion = optimizer.ask()
        except ExhaustedError:
            break
        params = dict(suggestion.params)
        value = float(objective(params))
        state = State.FAILED if math.isnan(value) else State.COMPLETE
        optimizer.tell(suggestion, Outcome(state, (value,)))
        trials.append((params, value))
    return trials


def run_native(  # noqa: PLR0913, PLR0917 - the same as `run_bridge`
    spec: BackendSpec,
    algorithm: str,
    space: Space,
    n_trials: int,
    seed: int,
    options: Mapping[str, object] | None = None,
    objective: Callable[[Mapping[str, Any]], float] = bowl,
) -> Run:
    """Run the library alone: execute what `explain` prints.

    Raises:
        TypeError: If the backend explains nothing.
    """
    if spec.explain is None:
        msg = f"backend {spec.name!r} has no explain"
        raise TypeError(msg)
    read = read_options(algorithm, spec.algorithms[algorithm].options, options or {})
    source = spec.explain(Problem(space), algorithm, read, seed)
    names: dict[str, Any] = {"objective": objective, "n_trials": n_trials}
    exec(compile(source, f"<{spec.name}:{algorithm}>", "exec"), names)
    return [(dict(params), float(value)) for params, value in names["trials"]]
