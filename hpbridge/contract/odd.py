"""What is wrong with an object that was named as an objective, and what to do."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, Any

from hpbridge.errors import ExperimentError, ExperimentNotFoundError
from hpbridge.experiment import Experiment

if TYPE_CHECKING:
    from collections.abc import Callable


def explain_odd(given: object, name: str) -> ExperimentError:
    """Return the error for what is no objective, with what would be one."""
    if isinstance(given, Experiment):
        problem = "it has a space and directions of its own; --space and --direction "
        return ExperimentError.invalid(name, [problem + "are for functions"])
    return ExperimentError.no_objective(name, _what_it_is(given, name))


def check_search(reference: str, tree: ast.AST) -> None:
    """Refuse a file, before it is run, that holds a search like scikit-learn's instead.

    Raises:
        ExperimentNotFoundError: If it makes such a search and no experiment.
    """
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [getattr(f, "id", getattr(f, "attr", "")) for f in calls]
    found = next((name for name in named if name.endswith("SearchCV")), "")
    if not found or {"Experiment", "Evaluation"} & {*named}:
        return
    hint = (
        "change one line of it, `from hpbridge.sklearn import BridgeSearchCV`, and run "
        "it with `python`; or name a function that a library calls"
    )
    reason = f"its {found} runs a search of its own"
    raise ExperimentNotFoundError.because(reference, reason, hint)


def _what_it_is(given: object, name: str) -> str:
    if inspect.ismodule(given):
        return "it is a module"
    if _is_of_lightning(given):
        return (
            "it is Lightning's: write a function that makes model and Trainer, calls "
            "`trainer.fit(model)` and returns "
            '`trainer.callback_metrics["val_loss"].item()`'
        )
    if isinstance(given, type):
        return (
            f"it is a class: make an object that is called with a trial, "
            f"`objective = {name}(...)` at the top level, and name that"
        )
    if not callable(given):
        return f"it is {given!r:.80}, which cannot be called"
    return _what_it_takes(given, name)


def _is_of_lightning(given: object) -> bool:
    kind = given if isinstance(given, type) else type(given)
    roots = {each.__module__.partition(".")[0] for each in kind.__mro__}
    return bool(roots & {"lightning", "pytorch_lightning"})


def _what_it_takes(function: Callable[..., Any], name: str) -> str:
    if _is_of_hydra(function):
        return (
            "it is a Hydra application, whose search stands in its configuration: "
            "write a function that builds the configuration with `hydra.compose` from "
            "a trial's parameters and calls what it calls"
        )
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return "what it takes cannot be told"
    needed = [
        each.name
        for each in parameters.values()
        if each.default is each.empty
        and each.kind not in {each.VAR_POSITIONAL, each.VAR_KEYWORD}
    ]
    if len(needed) > 1:
        first, *others = needed
        bound = ", ".join(f"{other}={other}" for other in others)
        return (
            f"it takes {', '.join(needed)}: bind all but the first, as in "
            f"`bound = functools.partial({name}, {bound})` or `bound = lambda {first}: "
            f"{name}({', '.join(needed)})` at the top level, and name that"
        )
    if not parameters:
        return "it takes no argument, so that nothing of it can be tuned"
    return "it asks for no parameter in sight, so that its space is not known"


def _is_of_hydra(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    places = {getattr(code, "co_filename", ""), getattr(function, "__module__", "")}
    is_wrapper = hasattr(function, "__wrapped__")
    return is_wrapper and any("hydra" in str(place) for place in places)
