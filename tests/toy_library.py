"""A small optimizer that learns, as a library would bring it: it knows no hpbridge.

`tests/wrong_learners.py` bridges it, rightly and wrongly.
"""

from __future__ import annotations

import math
import random


class Elites:
    """Draws at random, then around one of the best quarter of what it knows.

    Args:
        draw: Draws a point at random.
        move: Returns a point near another one.
        seed: Of its own generator.
        start: How many trials are drawn at random.
    """

    def __init__(self, draw, move, seed, start=10):
        self.draw, self.move, self.start = draw, move, start
        self.rng = random.Random(seed)
        self.known = []

    def ask(self):
        if len(self.known) < self.start:
            return self.draw(self.rng)
        best = sorted(self.known, key=lambda known: known[0])
        _, parent = best[self.rng.randrange(math.ceil(len(best) / 4))]
        return self.move(self.rng, parent)

    def tell(self, point, value):
        """Learn a value to minimize; None of a failed trial, which ranks last."""
        self.known.append((math.inf if value is None else value, dict(point)))
