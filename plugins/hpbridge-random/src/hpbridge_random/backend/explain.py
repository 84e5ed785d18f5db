"""What a sceptical user pastes into a file of their own."""

from __future__ import annotations

import pprint
import textwrap
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import encode

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Problem


def explain(problem: Problem, algorithm: Algorithm, options: Any, seed: int) -> str:
    """Return source that draws the same trials without the bridge's optimizer."""
    encoded = encode(problem, algorithm, options, f"random:{algorithm.name}")
    data = pprint.pformat(problem.space.to_json(), sort_dicts=False)
    source = f"""\
import random

import hpbridge

space = hpbridge.Space.from_json(
{textwrap.indent(data, "    ")}
)
rng = random.Random({seed})
trials = []
for _ in range(n_trials):
    params = space.sample(rng)
    trials.append((params, objective(params)))
"""
    return "\n".join([*encoded.comments(), source])
