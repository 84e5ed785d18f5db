"""Source that runs Hyperopt alone on the same problem."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Call, GlobalRandom, Int, Name, changed_options, encode
from hpbridge_hyperopt.backend.space import Layout, lay_out
from hpbridge_hyperopt.native.distributions import row_of
from hpbridge_hyperopt.native.write import to_nodes

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
    shared: list[str] = []

    def as_node(name: str, call: Call) -> Name:
        source = call.source()
        if call.name == "hp.randint" and (first := row_of(encoded.native[name])):
            source += f" + {first}"
        if layout.is_shared(name):
            shared.append(f"shared[{name!r}] = {source}")
            source = f"shared[{name!r}]"
        return Name(source)

    space = to_nodes(encoded, layout, as_node)
    lines = []
    if any(isinstance(p, Int) for p in encoded.native.values()):
        lines.append("# Half a unit beyond both ends: every int has the same share.")
    if shared:
        lines += ["shared = {}  # drawn in several branches", *shared]
    lines.append("space = {")
    lines += [f"    {name!r}: {node.name}," for name, node in space.items()]
    return [*lines, "}"]


def _call_source(algorithm: str, options: Any, seed: int) -> list[str]:
    lines = []
    if algorithm == "atpe":
        lines = [
            "# It draws from the global generators, whatever rstate is; the import of",
            "# lightgbm does too, and comes first therefore.",
            f"random.seed({seed % GlobalRandom.N_SEEDS})",
            f"np.random.seed({seed % GlobalRandom.N_SEEDS})",
        ]
    given = {
        "algo": _algo(algorithm, options),
        "max_evals": Name("n_trials"),
        "rstate": Call("np.random.default_rng", (seed,)),
        "catch_eval_exceptions": True,
        "show_progressbar": False,
    }
    call = Call("fmin", (Name("evaluate"), Name("space")), given)
    return [*lines, call.wrapped(), ""]


def _algo(algorithm: str, options: Any) -> Call | Name:
    suggest, given = _suggest(algorithm), changed_options(options)
    if algorithm == "mix":  # the library has no default
        given = {"p_suggest": [(share, _suggest(n)) for share, n in options.p_suggest]}
    return Call("partial", (suggest,), given) if given else suggest


def _suggest(algorithm: str) -> Name:
    return Name(f"{_MODULES.get(algorithm, algorithm)}.suggest")
