"""Print the problem as a script that runs Optuna alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import encode
from hpbridge_optuna.backend.optimizer import STUDY_NAME
from hpbridge_optuna.native.write import (
    pruner_call,
    sampler_call,
    suggestion,
)

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Encoded, Problem


def explain(problem: Problem, algorithm: Algorithm, options: Any, seed: int) -> str:
    """Return a define-by-run script: `suggest_*` calls, conditions as ``if``."""
    encoded = encode(problem, algorithm, options, f"optuna:{algorithm.name}")
    made = sampler_call(algorithm, options, seed, encoded.native)
    own = None
    if (pruning := problem.pruning) is not None:
        own = pruner_call(pruning.name, pruning.options, "optuna.pruners.")
    study = "sampler=sampler"
    if own is not None and pruning is not None:
        # By its name Hyperband deals out the trials.
        study = f"study_name={pruning.study!r}, {study}, pruner={own.source()}"
    shared = options.storage is not None
    flipped: list[int] = []
    if shared:
        name = options.study_name or problem.name or STUDY_NAME
        study += f", study_name={name!r}, storage={_storage(options.storage)}"
        study += ", load_if_exists=True"
        flipped = [k for k, w in enumerate(problem.directions) if w == "maximize"]
    if problem.n_objectives > 1 or flipped:
        ways = ["minimize"] * problem.n_objectives
        for k in flipped:
            ways[k] = "maximize"
        study += f", directions={ways}"
    body = _body(encoded)
    body += encoded.comments("forbid=")
    if problem.n_constraints:
        body.append(
            "# here trial.set_constraint(name, value) for each; <= 0 is feasible"
        )
    run = _RUN if own is None else _RUN_IN_STEPS
    is_named = shared and options.storage.startswith("env:")
    lines = [
        *(["import math", ""] if any("math." in line for line in body) else []),
        *(["import os", ""] if is_named else []),
        "import optuna",
        *(["import hpbridge"] if any("hpbridge." in line for line in body) else []),
        "",
        "trials = []",
        "",
        "",
        "def run(trial):",
        *(f"    {line}" for line in body),
        *(f"    {line}" for line in _flipped(run, flipped, problem.n_objectives)),
        "",
        "",
        f"sampler = optuna.samplers.{made.source()}",
        f"study = optuna.create_study({study})",
        "study.optimize(run, n_trials=n_trials)",
    ]
    return "\n".join(lines) + "\n"


_RUN = ("value = objective(p)", "trials.append((p, value))", "return value")
_RUN_IN_STEPS = (
    "for step, value in enumerate(objective(p), 1):",
    "    trial.report(value, step)",
    "    if trial.should_prune():",
    "        trials.append((p, value))",
    "        raise optuna.TrialPruned",
    "trials.append((p, value))",
    "return value",
)


def _flipped(run: tuple[str, ...], which: list[int], n_values: int) -> list[str]:
    """Return how a trial runs whose study keeps the user's own directions."""
    if not which:
        return list(run)
    line = "return -value"
    if n_values > 1:
        parts = [f"{'-' * (k in which)}value[{k}]" for k in range(n_values)]
        line = f"return {', '.join(parts)}"
    said = "# objective returns what is minimized; the study there is maximized"
    body = [each.replace("report(value", "report(-value") for each in run[:-1]]
    return [*body, said, line]


def _storage(storage: str) -> str:
    kind, _, rest = storage.partition(":")
    if kind == "env":
        return f"os.environ[{rest!r}]"
    if kind == "journal":
        journal = "optuna.storages.journal.JournalFileBackend"
        return f"optuna.storages.JournalStorage({journal}({rest!r}))"
    return repr(storage)


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
