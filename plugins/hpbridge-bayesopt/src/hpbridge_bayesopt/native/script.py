"""What a script says beside its objective: its optimizer, and how it maximizes.

Source:
    bayesian-optimization 3.4.0, `BayesianOptimization`, its `maximize`, `probe` and
    `set_gp_params`, the constructors in `acquisition`.
"""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Reading, Script, UnsaidError, registry
from hpbridge_bayesopt.native.read import native_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.plugin import Site, Source

_ACQUISITIONS = {
    "UpperConfidenceBound": "ucb",
    "ExpectedImprovement": "ei",
    "ProbabilityOfImprovement": "poi",
}
_INIT_POINTS, _N_ITER = 5, 25
"""The defaults of `maximize`."""


def read(source: Source, site: Site) -> Script:
    """Read a call of `maximize`, and what made the object that it is called on."""
    import bayes_opt

    assert site.maker is not None
    kind = bayes_opt.BayesianOptimization
    made = Reading(source, source.arguments(site.maker, _names(kind)))
    call = Reading(source, source.arguments(site.call, _names(kind.maximize)))
    optimizer, options = _acquisition(made)
    options |= _of_transformer(made)
    if "allow_duplicate_points" in made:
        options["allow_duplicate_points"] = made.value("allow_duplicate_points")
    space = made.value("pbounds")
    init_points = call.number("init_points") if "init_points" in call else None
    n_iter = call.number("n_iter") if "n_iter" in call else None
    if init_points is not None:
        options["init_points"] = init_points
    points, unsaid = _probed(source, site)
    options |= _of_model(source, site, unsaid)
    n_trials = _INIT_POINTS if init_points is None else init_points
    n_trials += (_N_ITER if n_iter is None else n_iter) + len(points)
    seed = made.seed("random_state")
    made.rest(unsaid=("f", "verbose"))
    call.rest()
    return Script(
        directions=(("target", "maximize"),),
        n_trials=n_trials,
        seed=seed,
        optimizer=optimizer,
        options=options if optimizer else {},
        points=points,
        space=space,
        native=None if space is None else native_of(space),
        not_taken=(*made.not_taken, *call.not_taken, *unsaid),
    )


def _names(function: Any) -> tuple[str, ...]:
    names = tuple(inspect.signature(function).parameters)
    return names[1:] if names[0] == "self" else names


def _acquisition(made: Reading) -> tuple[str, dict[str, Any]]:
    if "acquisition_function" not in made:
        return "bayesopt:ucb", {}  # the default
    node = made.expression("acquisition_function")
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return "bayesopt:ucb", {}
    name = made.source.called(node)
    if not isinstance(node, ast.Call) or name not in _ACQUISITIONS:
        made.not_taken.append(made.named("acquisition_function", node))
        return "", {}
    import bayes_opt

    names = _names(getattr(bayes_opt.acquisition, name))
    given = Reading(made.source, made.source.arguments(node, names))
    algorithm = registry().backend("bayesopt").algorithms[_ACQUISITIONS[name]]
    options = given.options(algorithm.options)
    given.rest(unsaid=("random_state",))
    made.not_taken += [f"{each} of {name}" for each in given.not_taken]
    return f"bayesopt:{algorithm.name}", options


def _of_transformer(made: Reading) -> dict[str, Any]:
    node = made.expression("bounds_transformer")
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return {}
    if not isinstance(node, ast.Call) or made.source.called(node) != (
        "SequentialDomainReductionTransformer"
    ):
        made.not_taken.append(made.named("bounds_transformer", node))
        return {}
    import bayes_opt

    names = _names(bayes_opt.SequentialDomainReductionTransformer)
    given = Reading(made.source, made.source.arguments(node, names))
    kind = registry().backend("bayesopt").algorithms["ucb"].options
    options = given.options(kind)
    given.rest()
    made.not_taken += [f"{each} of bounds_transformer" for each in given.not_taken]
    return {"domain_reduction": True, **options}


def _beside(source: Source, site: Site, name: str) -> Iterator[ast.Call]:
    """Return the calls of another method of the object, above the call."""
    method = site.call.func
    assert isinstance(method, ast.Attribute)
    receiver = ast.dump(method.value)
    for call in source.calls():
        if (
            isinstance(call.func, ast.Attribute)
            and call.func.attr == name
            and ast.dump(call.func.value) == receiver
            and call.lineno < site.call.lineno
            and source.scope_of(call) is source.scope_of(site.call)
        ):
            yield call


def _probed(source: Source, site: Site) -> tuple[tuple[dict[str, Any], ...], list[str]]:
    points: list[dict[str, Any]] = []
    unsaid: list[str] = []
    for call in _beside(source, site, "probe"):
        given = source.arguments(call, ("params", "lazy"))
        try:
            point = source.value(given["params"])
        except (UnsaidError, KeyError):
            point = None
        if isinstance(point, dict):
            points.append(point)
        else:
            unsaid = ["probed points"]
    return tuple(points), unsaid


def _of_model(source: Source, site: Site, unsaid: list[str]) -> dict[str, Any]:
    """Return the options that `set_gp_params` gives; note the others."""
    options: dict[str, Any] = {}
    for call in _beside(source, site, "set_gp_params"):
        given = Reading(source, source.arguments(call, ()))
        options |= {
            name: given.value(name)
            for name in ("alpha", "n_restarts_optimizer")
            if name in given
        }
        given.rest()
        unsaid += [f"{each} of the model" for each in given.not_taken]
    return options
