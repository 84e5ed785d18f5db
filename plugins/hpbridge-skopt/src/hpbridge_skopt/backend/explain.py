"""Print the problem as a script that runs scikit-optimize alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Call, Name, changed_options, encode
from hpbridge_skopt.backend.space import library_seed
from hpbridge_skopt.native.write import dimensions

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Problem

# What a script may use, in the order of its import lines.
_PLAIN_IMPORTS = {
    "math": "import math",
    "hpbridge": "import hpbridge",
    "np": "import numpy as np",
}
_FROM_IMPORTS = {
    "sklearn.dummy": ["DummyRegressor"],
    "sklearn.ensemble": ["GradientBoostingRegressor"],
    "skopt": ["forest_minimize", "gbrt_minimize", "gp_minimize"],
    "skopt.learning": ["GradientBoostingQuantileRegressor"],
    "skopt.optimizer": ["base_minimize"],
    "skopt.space": ["Categorical", "Integer", "Real"],
    "skopt.space.transformers": ["Normalize"],
}
_RUN = """\
trials = []


def run(values):
    names = [dimension.name for dimension in dimensions]
    params = decode(dict(zip(names, values)))
    value = objective(params)
    trials.append((params, value))
    return value"""
_NOTHING_TO_SEARCH = """\
# Nothing is left to search, and skopt takes no empty space.
trials = []
for _ in range(n_trials):
    params = decode({})
    trials.append((params, objective(params)))"""
_RANDOM = """\
# This is what skopt.dummy_minimize does. It crashes under scikit-learn 1.6 and newer,
# which it asks whether None is a regressor. It draws a seed for a model and drops it.
rng = np.random.RandomState({seed})
rng.randint(0, np.iinfo(np.int32).max)
base_minimize(
    run,
    dimensions,
    DummyRegressor(),
    n_calls=n_trials,
    n_initial_points=n_trials,
    acq_optimizer="sampling",
    random_state=rng,
)"""


def explain(problem: Problem, algorithm: Algorithm, options: Any, seed: int) -> str:
    """Return a script: dimensions, `decode`, and the library's own function."""
    encoded = encode(problem, algorithm, options, f"skopt:{algorithm.name}")
    if not encoded.native:
        notes = "\n".join(encoded.comments())
        return _script([notes, encoded.source(), _NOTHING_TO_SEARCH])
    calls = dimensions(encoded, algorithm, options)
    repairs = (
        [_repair("FullInteger")] if "FullInteger" in {c.name for c in calls} else []
    )
    if algorithm.name == "gbrt":
        repairs.append(_repair("RepairedGBRT"))
    if algorithm.name == "random":
        call = _RANDOM.format(seed=library_seed(seed))
    else:
        call = _minimize(algorithm.name, options, library_seed(seed))
    space = [f"    {dimension.source()}," for dimension in calls]
    space = [*encoded.comments(), "dimensions = [", *space, "]"]
    return _script([*repairs, "\n".join(space), encoded.source(), _RUN, call])


def _script(sections: list[str]) -> str:
    text = "\n\n\n".join(sections)
    used = set(re.findall(r"\w+", text))
    imports = [line for name, line in _PLAIN_IMPORTS.items() if name in used]
    for module, names in _FROM_IMPORTS.items():
        needed = [name for name in names if name in used]
        if needed:
            imports.append(f"from {module} import {', '.join(needed)}")
    gap = "\n\n\n" if text.startswith(("class", "def")) else "\n\n"
    return "\n".join(imports) + gap * bool(imports) + text + "\n"


def _repair(name: str) -> str:
    """Return the source of a class of `_repairs`, without importing the library."""
    text = Path(__file__).with_name("repairs.py").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            source = ast.get_source_segment(text, node) or ""
            return source.replace("  # type: ignore[misc]", "")
    raise LookupError(name)


def _minimize(algorithm: str, options: Any, seed: int) -> str:
    given = changed_options(options)
    if options.initial_point_generator == "random":
        # The library refuses fewer calls than initial points.
        least = f"min({options.n_initial_points}, n_trials)"
        given["n_initial_points"] = Name(least)
    function = {"gp": "gp_minimize", "gbrt": "gbrt_minimize"}.get(
        algorithm, "forest_minimize"
    )
    model: dict[str, Any] = {}
    if function == "forest_minimize":
        model = {"base_estimator": algorithm.upper()}
    if function == "gbrt_minimize":
        model = {"base_estimator": _gbrt_model(seed, options.n_jobs)}
    named = {**model, "n_calls": Name("n_trials"), **given, "random_state": seed}
    return Call(function, (Name("run"), Name("dimensions")), named).wrapped()


def _gbrt_model(seed: int, n_jobs: int) -> Call:
    """Describe the model that `skopt.utils.cook_estimator` makes."""
    quantile = {"n_estimators": 30, "loss": "quantile"}
    named = {
        "base_estimator": Call("GradientBoostingRegressor", (), quantile),
        "random_state": Call("np.random.RandomState", (seed,)),
        **({"n_jobs": n_jobs} if n_jobs != 1 else {}),
    }
    return Call("RepairedGBRT", (), named)
