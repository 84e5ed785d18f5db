"""What a script says beside its objective: the arguments of `gp_minimize` and its kin.

Source:
    scikit-optimize 0.10.2, `gp_minimize`, `forest_minimize`, `gbrt_minimize`,
    `dummy_minimize`.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Reading, Script, registry
from hpbridge_skopt.native.read import from_native

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.plugin import Site, Source

_ALGORITHMS = {
    "gp_minimize": "gp",
    "forest_minimize": "et",
    "gbrt_minimize": "gbrt",
    "dummy_minimize": "random",
}
_FORESTS = {"ET": "et", "RF": "rf"}


def read(source: Source, site: Site) -> Script:
    """Read a call of one of the functions that minimize."""
    import skopt

    function = getattr(skopt, site.entry.name)
    signature = inspect.signature(function).parameters
    call = Reading(source, source.arguments(site.call, tuple(signature)))
    optimizer = _optimizer(site.entry.name, call)
    space = call.value("dimensions")
    native = None if space is None else from_native(space)
    options: dict[str, Any] = {}
    if optimizer:
        name = optimizer.partition(":")[2]
        options = call.options(registry().backend("skopt").algorithms[name].options)
        if "n_random_starts" in call and "n_initial_points" not in options:
            options["n_initial_points"] = call.number("n_random_starts")
    n_trials = call.number("n_calls") if "n_calls" in call else None
    if n_trials is None:
        n_trials = signature["n_calls"].default
    seed = call.seed("random_state")
    points = () if native is None else _points(call, list(native.space))
    if points and "n_initial_points" in signature and optimizer:
        # The library draws so many on top of those that it is given.
        usual = signature["n_initial_points"].default
        n_drawn = options.get("n_initial_points", usual)
        options["n_initial_points"] = n_drawn + len(points)
    call.rest(unsaid=("func", "verbose", "model_queue_size"))
    return Script(
        directions=(("value", "minimize"),),
        n_trials=n_trials,
        seed=seed,
        optimizer=optimizer,
        options=options,
        points=points,
        space=space,
        native=native,
        not_taken=tuple(call.not_taken),
    )


def _optimizer(function: str, call: Reading) -> str:
    name = _ALGORITHMS[function]
    node = call.expression("base_estimator")
    if node is None:
        return f"skopt:{name}"
    forest = call.known(node)
    if function == "forest_minimize" and forest in _FORESTS:
        return f"skopt:{_FORESTS[forest]}"
    call.not_taken.append(call.named("base_estimator", node))
    return ""


def _points(call: Reading, names: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return the points that run first; those whose values are known do not."""
    if "y0" in call and call.known(call.peek("y0")) is not None:
        call.drop("y0", "x0")
        call.not_taken.append("x0 with y0")
        return ()
    given = call.value("x0") or []
    rows = given if given and isinstance(given[0], (list, tuple)) else [given]
    rows = [row for row in rows if row]
    if any(len(row) != len(names) for row in rows):
        call.not_taken.append("x0")
        return ()
    return tuple(dict(zip(names, row, strict=True)) for row in rows)
