"""Print the problem as a script that runs Optuna alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import encode
from hpbridge_optuna.native.write import sampler_call, suggestion

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Encoded, Problem


def explain(problem: Problem, algorithm: Algorithm, options: Any, seed: int) -> str:
    """Return a define-by-run script: `suggest_*` calls, conditions as ``if``."""
    encoded = encode(problem, algorithm, options, f"optuna:{algorithm.name}")
    made = sampler_call(algorithm, options, seed, encoded.native)
    study = "sampler=sampler"
    if problem.n_objectives > 1:
        study += f", directions={['minimize'] * problem.n_objectives}"
    body = _body(encoded)
    body += encoded.comments("forbid=")
    if problem.n_constraints:
        body.append(
            "# here trial.set_constraint(name, value) for each; <= 0 is feasible"
        )
    lines = [
        *(["import math", ""] if any("math." in line for line in body) else []),
        "import optuna",
        *(["import hpbridge"] if any("hpbridge." in line for line in body) else []),
        "",
        "trials = []",
        "",
        "",
        "def run(trial):",
        *(f"    {line}" for line in body),
        "    value = objective(p)",
        "    trials.append((p, value))",
        "    return value",
        "",
        "",
        f"sampler = optuna.samplers.{made.source()}",
        f"study = optuna.create_study({study})",
        "study.optimize(run, n_trials=n_trials)",
    ]
    return "\n".join(lines) + "\n"


def _body(encoded: Encoded) -> list[str]:
    lines = ["p = {}"]
    for name in encoded.codecs:
        condition = encoded.condition_source(name, "p")
        indent = "    " if condition else ""
        if condition:
            lines.append(f"if {condition}:")
        body = [*encoded.comments(name), *_assignment(name, encoded)]
        lines += [f"{indent}{line}" for line in body]
    return lines


def _assignment(name: str, encoded: Encoded) -> list[str]:
    codec = encoded.codecs[name]
    if codec.native is None:
        return [f"p[{name!r}] = {codec.source('')}"]
    suggest = suggestion(name, codec.native).source()
    if codec.name == "native":
        return [f"p[{name!r}] = {suggest}"]
    return [f"x = {suggest}", f"p[{name!r}] = {codec.source('x')}"]
