"""The parity check: the bridge's trials are the library's own, bit for bit.

The native side is the very source that `hpbridge explain` prints, executed: the
library's high-level call on the native space.
"""

from __future__ import annotations

import math
import warnings
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import ExhaustedError, Outcome, Problem
from hpbridge.contract.options import read_options
from hpbridge.errors import UnsupportedFeatureError
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.priors import Normal
from hpbridge.space.space import Space
from hpbridge.testing.checks import CheckFailed
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hpbridge.contract.backend import Algorithm, BackendSpec

Run = list[tuple[dict[str, Any], float]]
"""(parameters in plain values, value) of each trial, in the order of running."""

SEEDS = (0, 1, 2)
"""The seeds of a parity test: the same everywhere, and picked by no result."""

PARITY_SPACES: dict[str, Space] = {
    "float": Space({"x": Float(-5, 5), "y": Float(0, 3)}),
    "log": Space({"lr": Float(1e-5, 1e-1, log=True), "n": Int(1, 1000, log=True)}),
    "int": Space({"a": Int(-3, 9), "b": Int(1, 40)}),
    "step": Space({"f": Float(0, 1, step=0.3), "k": Int(1, 60, step=7)}),
    "categorical": Space(
        {
            "c": Categorical(["a", "b", "c"]),
            "d": Categorical([None, 2, True, "x"]),
            "e": Categorical([0.1, 0.2, 0.3]),
        }
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
            "e": Float(-math.inf, math.inf, prior=Normal(0, 1)),
            "i": Int(0, math.inf, prior=Normal(3, 2)),
        }
    ),
}
"""A space a mode. Each algorithm is compared on those that it supports."""

COUNTABLE_SPACES: dict[str, Space] = {
    "log": Space({"n": Int(1, 20, log=True), "m": Int(2, 5, log=True)}),
    "conditional": Space(
        {
            "solver": Categorical(["adam", "sgd"]),
            "n": Int(1, 3),
            "momentum": Float(0, 0.9, step=0.3, when={"solver": "sgd"}),
            "nesterov": Categorical([True, False], when={"solver": "sgd"}),
            "batch": Int(2, 5, log=True, when={"solver": "adam", "n": [1, 2]}),
        }
    ),
    "mixed": Space(
        {
            "n": Int(1, 3),
            "batch": Int(2, 4, log=True),
            "drop": Float(0, 0.5, step=0.25),
            "c": Categorical(["a", None, 2]),
            "size": Categorical(["s", "l"], ordered=True),
        }
    ),
}
"""What stands in for a mode under an algorithm that counts every point of a space."""


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
    record = spec.algorithms[algorithm]
    read = read_options(algorithm, record.options, options or {})
    optimizer = spec.create(Problem(space), record, read, seed)
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
    record = spec.algorithms[algorithm]
    read = read_options(algorithm, record.options, options or {})
    source = spec.explain(Problem(space), record, read, seed)
    names: dict[str, Any] = {"objective": objective, "n_trials": n_trials}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own are not the bridge's
        exec(compile(source, f"<{spec.name}:{algorithm}>", "exec"), names)
    return [(dict(params), float(value)) for params, value in names["trials"]]


def check_parity(  # noqa: PLR0913, PLR0917 - the same as `run_bridge`
    spec: BackendSpec,
    algorithm: str,
    space: Space,
    n_trials: int,
    seed: int,
    options: Mapping[str, object] | None = None,
    objective: Callable[[Mapping[str, Any]], float] = bowl,
) -> Run:
    """Run both sides, check that they are the same, and return the trials.

    Raises:
        CheckFailed: If they differ in a parameter or a value, types and last bits
            included, or in their number.
    """
    args = (spec, algorithm, space, n_trials, seed, options, objective)
    bridge = run_bridge(*args)
    check_same(bridge, run_native(*args))
    return bridge


def check_same(bridge: Run, native: Run) -> None:
    """Compare two runs trial by trial.

    Unlike with ``==``, True is not 1, 0.0 is not -0.0, and NaN is NaN. A numpy scalar
    of the native side counts as the number that it holds.

    Raises:
        CheckFailed: At the first trial that differs.
    """
    pairs = zip_longest(bridge, native)
    for number, (ours, theirs) in enumerate(pairs):
        if _exact(ours) != _exact(theirs):
            msg = f"trial {number}: the bridge has {ours}, the library alone {theirs}"
            raise CheckFailed(msg)


def _exact(trial: tuple[dict[str, Any], float] | None) -> object:
    if trial is None:
        return None
    params, value = trial
    return {name: _bits(each) for name, each in params.items()}, _bits(value)


def _bits(value: Any) -> str:
    plain = value.item() if hasattr(value, "item") else value
    return plain.hex() if isinstance(plain, float) else repr(plain)


def space_of(algorithm: Algorithm, mode: str) -> Space | None:
    """Return the space of a mode that the algorithm can search; None if there is none.

    That is the one of `PARITY_SPACES` where possible, else of `COUNTABLE_SPACES`.
    """
    for spaces in (PARITY_SPACES, COUNTABLE_SPACES):
        space = spaces.get(mode)
        if space and not algorithm.reasons_against(Problem(space)):
            return space
    return None


def parity_cells(
    spec: BackendSpec, excused: Mapping[tuple[str, str], str]
) -> list[tuple[str, str, int]]:
    """Return (algorithm, mode, seed) of all that is to be compared.

    Args:
        spec: The backend.
        excused: The reason why a mode of an algorithm is not compared, in a sentence.
    """
    return [
        (name, mode, seed)
        for name in spec.algorithms
        for mode in PARITY_SPACES
        if (name, mode) not in excused
        for seed in SEEDS
    ]


def parity_gaps(
    spec: BackendSpec,
    compared: Iterable[tuple[str, str, int]],
    excused: Mapping[tuple[str, str], str],
) -> list[str]:
    """Return what is neither compared nor excused, and the excuses that are not true.

    Every algorithm is to be compared in every mode with all of `SEEDS`. Only a mode
    that the algorithm refuses can be excused.
    """
    done = set(compared)
    cells = [(name, mode) for name in spec.algorithms for mode in PARITY_SPACES]
    gaps = [
        f"{cell} is excused, but does not exist" for cell in set(excused) - {*cells}
    ]
    for name, mode in cells:
        missing = [seed for seed in SEEDS if (name, mode, seed) not in done]
        if (name, mode) not in excused:
            if missing:
                gaps.append(f"{name} in mode {mode} lacks seeds {missing}")
        elif len(missing) < len(SEEDS):
            gaps.append(f"{name} in mode {mode} is excused, and compared")
        elif not _refuses(spec, name, mode):
            gaps.append(f"{name} in mode {mode} is excused, but runs")
    return gaps


def _refuses(spec: BackendSpec, algorithm: str, mode: str) -> bool:
    record = spec.algorithms[algorithm]
    space = space_of(record, mode) or PARITY_SPACES[mode]
    try:
        spec.create(Problem(space), record, record.options(), 0)
    except UnsupportedFeatureError:
        return True
    return False
