"""What a script says beside its objective: the arguments of `fmin`.

Source:
    hyperopt 0.3.0, `fmin` and `Trials.fmin`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Reading, Script, registry
from hpbridge_hyperopt.native.read import from_native, read_draws

if TYPE_CHECKING:
    from hpbridge.plugin import Site, Source

_SILENT = (
    "fn",
    "allow_trials_fmin",
    "catch_eval_exceptions",
    "verbose",
    "return_argmin",
    "show_progressbar",
)
_MODULES = {"tpe": "tpe", "rand": "random", "anneal": "anneal", "mix": "mix"}
_MODULES["atpe"] = "atpe"


def read(source: Source, site: Site) -> Script:
    """Read a call of `fmin`."""
    import hyperopt

    names = tuple(inspect.signature(hyperopt.fmin).parameters)
    call = Reading(source, source.arguments(site.call, names))
    optimizer, options = _algorithm(call)
    space = call.value("space")
    native = None if space is None else from_native(space)
    points = () if native is None else _points(call, space)
    _leave_fresh_trials(call)
    said: dict[str, Any] = {
        "n_trials": call.number("max_evals"),
        "timeout": call.number("timeout", float),
        "target": call.number("loss_threshold", float),
        "seed": call.seed("rstate"),
    }
    call.rest(unsaid=_SILENT)
    return Script(
        directions=(("loss", "minimize"),),
        optimizer=optimizer,
        options=options,
        points=points,
        space=space,
        native=native,
        not_taken=tuple(call.not_taken),
        **said,
    )


def _algorithm(call: Reading) -> tuple[str, dict[str, Any]]:
    if "algo" not in call:
        return "hyperopt:tpe", {}  # the default
    node = call.expression("algo")
    given = None if node is None else call.known(node)
    if given is None:
        call.not_taken.append("algo" if node is None else call.named("algo", node))
        return "", {}
    options: dict[str, Any] = {}
    if isinstance(given, functools.partial):
        options, given = dict(given.keywords), given.func
    package, _, module = str(getattr(given, "__module__", "")).partition(".")
    name = _MODULES.get(module, "")
    if package != "hyperopt" or not name or not hasattr(given, "__name__"):
        call.not_taken.append(call.named("algo", node))
        return "", {}
    kind = registry().backend("hyperopt").algorithms[name].options
    fields = {field.name for field in dataclasses.fields(kind)}
    call.not_taken += [f"{key} of {name}" for key in options if key not in fields]
    kept = {key: value for key, value in options.items() if key in fields}
    if "p_suggest" in kept:
        kept["p_suggest"] = [[p, _called(each)] for p, each in kept["p_suggest"]]
    return f"hyperopt:{name}", kept


def _called(suggest: Any) -> str:
    module = str(getattr(suggest, "__module__", "")).rpartition(".")[2]
    return _MODULES.get(module, module)


def _points(call: Reading, space: object) -> tuple[dict[str, Any], ...]:
    """Return the points to evaluate first, choices by their labels."""
    if "trials" in call and "points_to_evaluate" in call:
        call.drop("points_to_evaluate")
        call.not_taken.append("points_to_evaluate, as by fmin beside trials=")
        return ()
    given = call.value("points_to_evaluate") or ()
    draws = read_draws(space)
    points = [
        {name: draws[name].plain(value) for name, value in point.items()}
        for point in given
        if isinstance(point, dict) and point.keys() <= draws.keys()
    ]
    if len(points) < len(given):
        call.not_taken.append("points_to_evaluate")
        return ()
    return tuple(points)


def _leave_fresh_trials(call: Reading) -> None:
    """Drop a `Trials` of its own, which holds nothing yet."""
    if call.source.called(call.peek("trials")) == "Trials":
        call.drop("trials")
