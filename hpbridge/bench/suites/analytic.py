"""Problems that are formulas, with optima that are known: of the suites fast and full.

They need nothing but Python's own `math`. Noise comes from ``trial.seed`` alone.
"""

from __future__ import annotations

import itertools
import math
import random
from typing import TYPE_CHECKING

from hpbridge.contract.suites import BenchProblem
from hpbridge.experiment import Experiment
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.trial import Trial

_DIXON = "Dixon and Szego, Towards Global Optimisation 2 (1978)"
_OF_THIS_PROJECT = "a formula of this project"


def branin(trial: Mapping[str, float]) -> float:
    """Return the value of Branin's function: three equal valleys."""
    x, y = trial["x"], trial["y"]
    bend = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


_ALPHA = (1.0, 1.2, 3.0, 3.2)
_A6 = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
_P6 = (
    (1312, 1696, 5569, 124, 8283, 5886),
    (2329, 4135, 8307, 3736, 1004, 9991),
    (2348, 1451, 3522, 2883, 3047, 6650),
    (4047, 8828, 8732, 5743, 1091, 381),
)


def hartmann6(trial: Mapping[str, float]) -> float:
    """Return the value of Hartmann's function of six variables."""
    x = [trial[f"x{k}"] for k in range(6)]
    total = 0.0
    for alpha, row, centre in zip(_ALPHA, _A6, _P6, strict=True):
        far = sum(
            a * (v - p * 1e-4) ** 2 for a, v, p in zip(row, x, centre, strict=True)
        )
        total -= alpha * math.exp(-far)
    return total


def rosenbrock(trial: Mapping[str, float]) -> float:
    """Return the value of Rosenbrock's function: a bent, flat valley."""
    x = [trial[f"x{k}"] for k in range(len(trial))]
    pairs = itertools.pairwise(x)
    return math.fsum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairs)


def rastrigin(trial: Mapping[str, float]) -> float:
    """Return the value of Rastrigin's function: a bowl full of holes."""
    x = [trial[f"x{k}"] for k in range(len(trial))]
    return math.fsum(v * v - 10 * math.cos(2 * math.pi * v) + 10 for v in x)


_OFFSETS = {"a": 2.0, "b": 0.0, "c": 1.0, "d": 3.0}


def ackley_mixed(trial: Mapping[str, float]) -> float:
    """Return the value of Ackley's function of numbers, whole numbers and a choice."""
    away = (
        trial["u"] - 0.7,
        trial["v"] + 1.3,
        trial["i"] - 2,
        trial["j"] + 3,
        _OFFSETS[str(trial["c"])],
    )
    square = math.fsum(z * z for z in away) / len(away)
    waves = math.fsum(math.cos(2 * math.pi * z) for z in away) / len(away)
    value = -20 * math.exp(-0.2 * math.sqrt(square)) - math.exp(waves)
    return value + 20 + math.e


def tree(trial: Mapping[str, float]) -> float:
    """Return an error as of three kinds of models, each with parameters of its own.

    The best network has 0, the best support vector machine 0.10, the best neighbours
    0.25.
    """
    kind = str(trial["model"])
    if kind == "svm":
        c, gamma = math.log10(trial["C"]), math.log10(trial["gamma"])
        return 0.10 + 0.05 * (c - 1) ** 2 + 0.05 * (gamma + 3) ** 2
    if kind == "knn":
        return 0.25 + 0.0002 * (trial["k"] - 11) ** 2
    error = 0.08 * (math.log10(trial["lr"]) + 2.5) ** 2
    error += 0.02 * abs(trial["layers"] - 3)
    error += 0.025 * (math.log2(trial["units"]) - 6) ** 2
    error += 0.0 if str(trial["activation"]) == "relu" else 0.05
    return min(error, 2.0)


NOISE = 0.1
"""Standard deviation of the noise of `noisy_bowl`."""


def noisy_bowl(trial: Trial) -> dict[str, float]:
    """Return the value of a bowl with noise, and without as ``noise_free``."""
    x, y = trial["x"] - 0.3, trial["y"] + 0.4
    value = x * x + 2 * y * y + 0.5 * x * y
    noise = random.Random(trial.seed).gauss(0.0, NOISE)
    return {"value": value + noise, "noise_free": value}


N_STEPS = 81
"""Steps of a learning curve."""

BEST_RATE = 0.010009360178572279
"""The learning rate whose curve ends lowest, with a dropout of 0.2."""


def curve_at(step: int, lr: float, dropout: float) -> float:
    """Return the loss of a training after so many steps.

    A small learning rate ends lower and gets there later, so that curves cross.
    """
    scale = math.log10(lr)
    final = 0.05 + 0.04 * (scale + 2) ** 2 + 0.15 * (dropout - 0.2) ** 2
    rate: float = 0.02 * 10 ** (0.45 * (scale + 4))
    loss: float = final + (1 - final) * math.exp(-rate * step)
    return loss


def curve(trial: Trial) -> float:
    """Report the loss of a training after each step, and return the last one."""
    loss = math.inf
    for step in range(1, N_STEPS + 1):
        loss = curve_at(step, trial["lr"], trial["dropout"])
        trial.report(loss, step)
        if trial.should_prune():
            break
    return loss


def seconds_of(units: float, layers: float) -> float:
    """Return how long a network of `costed_net` trains."""
    return 2.0 + 0.05 * units * layers


def costed_net(trial: Trial) -> float:
    """Return the error of a network that takes the longer, the larger it is."""
    units, layers = trial["units"], trial["layers"]
    trial.took(seconds_of(units, layers))
    error: float = 0.08 * (math.log10(trial["lr"]) + 2.5) ** 2
    error += 0.3 / (1 + math.log2(units)) + 0.02 * abs(layers - 3)
    return error


def zdt1(trial: Mapping[str, float]) -> dict[str, float]:
    """Return the two values of ZDT1, of five variables."""
    x = [trial[f"x{k}"] for k in range(5)]
    g = 1 + 9 * math.fsum(x[1:]) / 4
    return {"f1": x[0], "f2": g * (1 - math.sqrt(x[0] / g))}


def _box(n: int, low: float, high: float) -> dict[str, Float]:
    return {f"x{k}": Float(low, high) for k in range(n)}


def _branin() -> Experiment:
    space = {"x": Float(-5, 10), "y": Float(0, 15)}
    return Experiment(objective=branin, space=space, name="branin")


def _hartmann6() -> Experiment:
    return Experiment(objective=hartmann6, space=_box(6, 0, 1), name="hartmann6")


def _rosenbrock4() -> Experiment:
    return Experiment(objective=rosenbrock, space=_box(4, -5, 10), name="rosenbrock4")


def _rastrigin10() -> Experiment:
    space = _box(10, -5.12, 5.12)
    return Experiment(objective=rastrigin, space=space, name="rastrigin10")


def _ackley_mixed() -> Experiment:
    space = {
        "u": Float(-5, 5),
        "v": Float(-5, 5),
        "i": Int(-5, 5),
        "j": Int(-5, 5),
        "c": Categorical(["a", "b", "c", "d"]),
    }
    return Experiment(objective=ackley_mixed, space=space, name="ackley_mixed")


def _tree() -> Experiment:
    svm, net = {"model": "svm"}, {"model": "net"}
    space = {
        "model": Categorical(["svm", "net", "knn"]),
        "C": Float(1e-3, 1e4, log=True, when=svm),
        "gamma": Float(1e-6, 1, log=True, when=svm),
        "lr": Float(1e-5, 1, log=True, when=net),
        "layers": Int(1, 8, when=net),
        "units": Int(8, 1024, log=True, when=net),
        "activation": Categorical(["tanh", "relu", "elu"], when=net),
        "k": Int(1, 50, when={"model": "knn"}),
    }
    return Experiment(objective=tree, space=space, name="tree")


def _noisy_bowl() -> Experiment:
    space = {"x": Float(-1, 1), "y": Float(-1, 1)}
    return Experiment(objective=noisy_bowl, space=space, name="noisy_bowl")


def _curve() -> Experiment:
    space = {"lr": Float(1e-5, 1, log=True), "dropout": Float(0, 0.9)}
    return Experiment(objective=curve, space=space, name="curve")


def _costed_net() -> Experiment:
    space = {
        "lr": Float(1e-5, 1, log=True),
        "units": Int(8, 1024, log=True),
        "layers": Int(1, 8),
    }
    return Experiment(objective=costed_net, space=space, name="costed_net")


def _zdt1_5() -> Experiment:
    return Experiment(
        objective=zdt1,
        space=_box(5, 0, 1),
        name="zdt1_5",
        direction={"f1": "minimize", "f2": "minimize"},
    )


_CONTINUOUS = frozenset({"continuous"})

BRANIN = BenchProblem(
    name="branin",
    make=_branin,
    dimension=2,
    kinds=_CONTINUOUS,
    optimum=10 / (8 * math.pi),
    optimum_of="formula",
    n_trials=30,
    source=_DIXON,
)
HARTMANN6 = BenchProblem(
    name="hartmann6",
    make=_hartmann6,
    dimension=6,
    kinds=_CONTINUOUS,
    optimum=-3.322368011415512,
    optimum_of="formula",
    n_trials=60,
    source=_DIXON,
)
ROSENBROCK4 = BenchProblem(
    name="rosenbrock4",
    make=_rosenbrock4,
    dimension=4,
    kinds=_CONTINUOUS,
    optimum=0.0,
    optimum_of="formula",
    n_trials=60,
    source="Rosenbrock, The Computer Journal 3 (1960)",
)
RASTRIGIN10 = BenchProblem(
    name="rastrigin10",
    make=_rastrigin10,
    dimension=10,
    kinds=_CONTINUOUS,
    optimum=0.0,
    optimum_of="formula",
    n_trials=100,
    source="Rastrigin, Systems of Extremal Control (1974)",
)
ACKLEY_MIXED = BenchProblem(
    name="ackley_mixed",
    make=_ackley_mixed,
    dimension=5,
    kinds=frozenset({"mixed"}),
    optimum=0.0,
    optimum_of="formula",
    n_trials=60,
    source="Ackley (1987), with whole numbers and a choice",
)
TREE = BenchProblem(
    name="tree",
    make=_tree,
    dimension=8,
    kinds=frozenset({"mixed", "conditional"}),
    optimum=0.0,
    optimum_of="formula",
    n_trials=60,
    source=_OF_THIS_PROJECT,
)
NOISY_BOWL = BenchProblem(
    name="noisy_bowl",
    make=_noisy_bowl,
    dimension=2,
    kinds=frozenset({"continuous", "noisy"}),
    optimum=0.0,
    optimum_of="formula",
    scored_by="noise_free",
    noise=NOISE,
    n_trials=40,
    source=_OF_THIS_PROJECT,
)
CURVE = BenchProblem(
    name="curve",
    make=_curve,
    dimension=2,
    kinds=frozenset({"continuous", "curve"}),
    optimum=0.050002443392517394,
    optimum_of="formula",
    n_trials=30,
    source=_OF_THIS_PROJECT,
)
COSTED_NET = BenchProblem(
    name="costed_net",
    make=_costed_net,
    dimension=3,
    kinds=frozenset({"mixed", "costed"}),
    optimum=0.3 / 11,
    optimum_of="formula",
    n_trials=40,
    is_costed=True,
    source=_OF_THIS_PROJECT,
)
ZDT1_5 = BenchProblem(
    name="zdt1_5",
    make=_zdt1_5,
    dimension=5,
    kinds=frozenset({"continuous", "several metrics"}),
    optimum=10 - 1 / 3,
    optimum_of="formula",
    reference_point=(1.0, 10.0),
    n_trials=60,
    source="Zitzler, Deb and Thiele, Evolutionary Computation 8 (2000)",
)
