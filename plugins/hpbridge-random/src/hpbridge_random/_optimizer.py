from __future__ import annotations

import pprint
import random
import textwrap
from typing import TYPE_CHECKING

from hpbridge.plugin import Optimizer, Outcome, Suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Label, Space


class RandomOptimizer(Optimizer):
    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._rng = random.Random(seed)
        self._n_asked = 0

    def ask(self) -> Suggestion:
        suggestion = Suggestion(self._n_asked, self._space.sample(self._rng))
        self._n_asked += 1
        return suggestion

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Random search learns nothing."""

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """Nothing from others either; what is accepted is ignored like its own."""


def explain(space: Space, seed: int) -> str:
    data = pprint.pformat(space.to_json(), sort_dicts=False)
    return f"""\
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
