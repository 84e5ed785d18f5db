"""The source of the library's own run of the same problem."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from bayes_opt.parameter import CategoricalParameter

from hpbridge.plugin import Call, Categorical, encode
from hpbridge_bayesopt.backend.optimizer import MAX_REPEATS
from hpbridge_bayesopt.backend.repairs import categorical_class
from hpbridge_bayesopt.backend.space import size_of
from hpbridge_bayesopt.native import write

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Encoded, Problem
    from hpbridge_bayesopt.options import CommonOptions

_QUIET = """
warnings.simplefilter("ignore")  # of ints and choices, and of 0/0 at known points"""

_TARGET = """
trials = []


def target(**x):
    params = {params}
    value = objective(params)
    trials.append((params, value))
    return -value  # the library maximizes
"""

_CONSTRAINT = """

def constraint(**x):  # constraints(params) gives one number each, <= 0 is feasible
    return {value}
"""

_LOOP = """
# One iteration a call makes the same proposals as one call with all iterations. A
# proposal that was tried before uses up an iteration and does not call the target.
repeats = 0
while len(trials) < n_trials and repeats < {max_repeats}:
    n_before = len(trials)
{step}
    repeats = repeats + 1 if len(trials) == n_before else 0
del trials[n_trials:]  # if there are more initial points
"""

_STEP = "    optimizer.maximize(init_points=0, n_iter=1)"

_STEP_OR_RANDOM = """\
    try:
        optimizer.maximize(init_points=0, n_iter=1)
    except NoValidPointRegisteredError:  # nothing feasible yet: a random point
        optimizer.maximize(init_points=1, n_iter=0)"""


def explain(
    problem: Problem, algorithm: Algorithm, options: CommonOptions, seed: int
) -> str:
    encoded = encode(problem, algorithm, options, f"bayesopt:{algorithm.name}")
    notes = encoded.notes()
    body = ["", *encoded.comments()]
    definitions = [*_repairs(encoded), *([encoded.source()] if notes else [])]
    for definition in definitions:
        body += ["", "", definition]
    if definitions:
        body.append("")
    params = "decode(x)" if notes else "x"
    body.append(_TARGET.format(params=params))
    if problem.n_constraints:
        one = "[0]" if problem.n_constraints == 1 else ""
        body.append(_CONSTRAINT.format(value=f"constraints({params}){one}"))
    choices = categorical_class().__name__
    native = encoded.native
    made = write.optimizer(problem, native, algorithm.name, options, seed, choices)
    body += ["", made.wrapped("optimizer = ")]
    if gp_arguments := write.gp_arguments(options):
        body.append(Call("optimizer.set_gp_params", (), gp_arguments).source())
    body.append(f"optimizer.maximize(init_points={options.init_points}, n_iter=0)")
    size = size_of(encoded)
    if size is not None and not options.allow_duplicate_points:
        body.append(f"n_trials = min(n_trials, {size})  # the space has no more points")
    step = _STEP_OR_RANDOM if problem.n_constraints else _STEP
    body.append(_LOOP.format(max_repeats=MAX_REPEATS, step=step).rstrip())
    text = "\n".join(body)
    return f"{_imports(text)}\n{text}\n"


def _repairs(encoded: Encoded) -> list[str]:
    """Return the source of our own class for choices, where it is used."""
    has_choices = any(isinstance(p, Categorical) for p in encoded.native.values())
    if not has_choices or categorical_class() is CategoricalParameter:
        return []
    source = inspect.getsource(categorical_class())
    return [source.replace("  # type: ignore[misc]", "").rstrip()]


def _imports(text: str) -> str:
    """Return the imports of what the source uses."""
    from_library = ["BayesianOptimization", "acquisition"]
    if "SequentialDomainReductionTransformer" in text:
        from_library.insert(1, "SequentialDomainReductionTransformer")
    wanted = {
        "import math": "math.",
        "import warnings": "",
        "": "",
        "import numpy as np": "np.",
        f"from bayes_opt import {', '.join(from_library)}": "",
        "from bayes_opt.exception import NoValidPointRegisteredError": "NoValidPoint",
        "from bayes_opt.parameter import CategoricalParameter": "CategoricalParameter",
        "from scipy.optimize import NonlinearConstraint": "NonlinearConstraint",
        "\nimport hpbridge": "hpbridge.",
        _QUIET: "",
    }
    return "\n".join(line for line, used in wanted.items() if used in text)
