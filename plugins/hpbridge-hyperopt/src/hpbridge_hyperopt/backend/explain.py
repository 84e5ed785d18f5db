"""Source that runs Hyperopt alone on the same problem."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Categorical, GlobalRandom, Int, encode
from hpbridge_hyperopt.backend.space import Layout, is_randint, lay_out, number_node

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Encoded, Problem

# Where the module has another name than the algorithm.
_MODULES = {"random": "rand"}

_FLAT = '''\
def flat(point):
    """Nested values by name -> values by name."""
    x = {}
    for name, value in point.items():
        x.update(flat(value) if isinstance(value, dict) else {name: value})
    return x
'''

_LOOP = """\
trials = []


def evaluate(point):
    params = decode(%s)
    value = objective(params)
    trials.append((params, value))
    return value

"""

_ONE_POINT = """\
# Nothing is searched, and Hyperopt takes no empty space: every trial is this point.
trials = [(decode({}), objective(decode({}))) for _ in range(n_trials)]
"""


def explain(problem: Problem, algorithm: Algorithm, options: Any, seed: int) -> str:
    """Return the source of `fmin` on the native space."""
    name = algorithm.name
    encoded = encode(problem, algorithm, options, f"hyperopt:{name}")
    layout = lay_out(encoded)
    parts = encoded.comments()
    if parts:
        parts.append("")
    if encoded.native:
        parts += [*_space_source(encoded, layout), ""]
    if layout.branches:
        parts += ["", _FLAT]
    parts += ["", encoded.source(), "", ""]
    if encoded.native:
        parts.append(_LOOP % ("flat(point)" if layout.branches else "point"))
        parts += _call_source(name, options, seed)
    else:
        parts.append(_ONE_POINT)
    body = "\n".join(parts)
    return _imports(body, name if encoded.native else "") + body


def _imports(body: str, algorithm: str) -> str:
    standard = ["import math\n"] if "math." in body else []
    if algorithm == "atpe":
        standard.append("import random\n")
    if "partial(" in body:
        standard.append("from functools import partial\n")
    others = ["import hpbridge\n"] if "hpbridge." in body else []
    if algorithm == "atpe":
        others.append("import lightgbm\n")
    if algorithm:
        modules = re.findall(r"\b(\w+)\.suggest\b", body)
        names = ", ".join(sorted({"fmin", "hp", *modules}))
        others += ["import numpy as np\n", f"from hyperopt import {names}\n"]
    blocks = ["".join(block) for block in (standard, others) if block]
    return "\n".join([*blocks, ""]) if blocks else ""


def _space_source(encoded: Encoded, layout: Layout) -> list[str]:
    nodes: dict[str, str] = {}
    shared: list[str] = []
    for name in reversed(list(encoded.native)):  # as `to_native` does
        nodes[name] = _node_source(name, encoded, layout, nodes)
        if layout.is_shared(name):
            shared.append(f"shared[{name!r}] = {nodes[name]}")
            nodes[name] = f"shared[{name!r}]"
    lines = []
    if any(isinstance(p, Int) for p in encoded.native.values()):
        lines.append("# Half a unit beyond both ends: every int has the same share.")
    if shared:
        lines += ["shared = {}  # drawn in several branches", *shared]
    lines.append("space = {")
    lines += [f"    {name!r}: {nodes[name]}," for name in layout.roots]
    return [*lines, "}"]


def _node_source(
    name: str, encoded: Encoded, layout: Layout, nodes: dict[str, str]
) -> str:
    parameter = encoded.native[name]
    if not isinstance(parameter, Categorical):
        kind, ends = number_node(parameter)
        return f"hp.{kind}({', '.join([repr(name), *(source for _, source in ends)])})"
    if is_randint(name, parameter, layout):
        randint, first = f"hp.randint({name!r}, {parameter.n_values})", parameter.at(0)
        return f"{randint} + {first}" if first else randint
    options = [repr(label) for label in parameter.labels]
    if name in layout.branches:
        options = [
            _dict_source({name: label, **{child: nodes[child] for child in children}})
            for label, children in zip(options, layout.branches[name], strict=True)
        ]
    if parameter.weights is None:
        return f"hp.choice({name!r}, [{', '.join(options)}])"
    pairs = zip(parameter.weights, options, strict=True)
    return f"hp.pchoice({name!r}, [{', '.join(f'({w!r}, {o})' for w, o in pairs)}])"


def _dict_source(items: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key!r}: {value}" for key, value in items.items()) + "}"


def _call_source(algorithm: str, options: Any, seed: int) -> list[str]:
    lines = []
    if algorithm == "atpe":
        lines = [
            "# It draws from the global generators, whatever rstate is; the import of",
            "# lightgbm does too, and comes first therefore.",
            f"random.seed({seed % GlobalRandom.N_SEEDS})",
            f"np.random.seed({seed % GlobalRandom.N_SEEDS})",
        ]
    return [
        *lines,
        "fmin(",
        "    evaluate,",
        "    space,",
        f"    algo={_algo_source(algorithm, options)},",
        "    max_evals=n_trials,",
        f"    rstate=np.random.default_rng({seed}),",
        "    catch_eval_exceptions=True,",
        "    show_progressbar=False,",
        ")",
        "",
    ]


def _algo_source(algorithm: str, options: Any) -> str:
    suggest = _suggest_source(algorithm)
    given = [
        f"{f.name}={getattr(options, f.name)!r}"
        for f in dataclasses.fields(options)
        if getattr(options, f.name) != f.default
    ]
    if algorithm == "mix":  # the library has no default
        pairs = [f"({share!r}, {_suggest_source(n)})" for share, n in options.p_suggest]
        given = [f"p_suggest=[{', '.join(pairs)}]"]
    return f"partial({', '.join([suggest, *given])})" if given else suggest


def _suggest_source(algorithm: str) -> str:
    return f"{_MODULES.get(algorithm, algorithm)}.suggest"
