"""Train a small network on two moons: a program that knows nothing of hpbridge.

It gets its parameters as arguments, prints a line an epoch, and the loss at its end.
"""

from __future__ import annotations

import argparse
import math
import os
import random


def moons(n, rng):
    """Return points of two half moons, and which of the two each is on."""
    points = []
    for k in range(n):
        angle, side = rng.uniform(0, math.pi), k % 2
        x, y = math.cos(angle), math.sin(angle)
        x, y = (1 - x, 0.5 - y) if side else (x, y)
        points.append(((x + rng.gauss(0, 0.2), y + rng.gauss(0, 0.2)), side))
    return points


class Network:
    """One hidden layer, logistic loss, stochastic gradient descent."""

    def __init__(self, hidden, lr, momentum, rng):
        self.lr, self.momentum = lr, momentum
        self.w = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(hidden)]
        self.v = [rng.gauss(0, 1) / hidden for _ in range(hidden + 1)]
        self.dw = [[0.0] * 3 for _ in range(hidden)]
        self.dv = [0.0] * (hidden + 1)

    def forward(self, point):
        x, y = point
        hidden = [math.tanh(a * x + b * y + c) for a, b, c in self.w]
        score = sum(v * h for v, h in zip(self.v, [*hidden, 1.0], strict=True))
        return hidden, 1 / (1 + math.exp(-max(min(score, 30), -30)))

    def step(self, point, side):
        hidden, p = self.forward(point)
        error, inputs = p - side, (*point, 1.0)
        for k, h in enumerate([*hidden, 1.0]):
            self.dv[k] = self.momentum * self.dv[k] - self.lr * error * h
        for k, h in enumerate(hidden):
            slope = error * self.v[k] * (1 - h * h)
            for j, value in enumerate(inputs):
                change = self.momentum * self.dw[k][j] - self.lr * slope * value
                self.dw[k][j] = change
                self.w[k][j] += change
        self.v = [v + d for v, d in zip(self.v, self.dv, strict=True)]

    def loss(self, data):
        total = 0.0
        for point, side in data:
            p = self.forward(point)[1]
            total -= math.log(max(p if side else 1 - p, 1e-12))
        return total / len(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--hidden", type=int, default=8)
    parser.add_argument("--optimizer", choices=["plain", "momentum"], default="plain")
    parser.add_argument("--momentum", type=float, default=0.0)
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args()
    rng = random.Random(int(os.environ.get("HPBRIDGE_SEED", "0")))
    train, valid = moons(100, random.Random(1)), moons(200, random.Random(2))
    network = Network(given.hidden, given.lr, given.momentum, rng)
    for epoch in range(1, given.epochs + 1):
        rng.shuffle(train)
        for point, side in train:
            network.step(point, side)
        print(f"epoch {epoch} loss {network.loss(valid):.6f}", flush=True)
    print(network.loss(valid))


if __name__ == "__main__":
    main()
