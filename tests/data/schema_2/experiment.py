"""The experiments behind the data of this folder: `make.py` ran them.

Whatever a trial can come to is bound to its number, so that every optimizer meets all
of it, and a study that is resumed comes to the same.
"""

from __future__ import annotations

import math

import hpbridge as hpb

SPACE = hpb.Space(
    {
        "rate": hpb.Float(1e-4, 1, log=True),
        "share": hpb.Float(0, 1, step=0.25),
        "noise": hpb.Float(0, 10, prior=hpb.Normal(4, 2)),
        "layers": hpb.Int(1, 9),
        "batch": hpb.Int(8, 512, log=True),
        "rounds": hpb.Int(10, 50, step=10),
        "width": hpb.Quantized(1, 10, 0.5),
        "block": hpb.Categorical({"small": (1,), "large": (2, 3)}),
        "size": hpb.Categorical([1, 2, 4], ordered=True),
        "extra": hpb.Categorical([None, True, "yes"]),
        "solver": hpb.Categorical(["adam", "sgd"], weights=[3, 1]),
        "momentum": hpb.Float(0, 0.99, when={"solver": "sgd"}),
        "nesterov": hpb.Categorical([False, True], when={"solver": "sgd"}),
        "damping": hpb.Float(0, 1, when={"nesterov": True}),
        "data": "digits",
        "folds": 3,
    },
    forbid=[{"solver": "sgd", "block": "large"}],
)


START = {"rate": 0.01, "share": 0.5, "noise": 4, "layers": 2, "batch": 64}
START |= {"rounds": 20, "width": 2.5, "size": 2}


def train(trial):
    """Every outcome a trial can have."""
    value = -((math.log10(trial["rate"]) + 2) ** 2) - abs(trial["share"] - 0.5)
    value -= trial.get("momentum", 0.5) + len(trial["block"]) / trial["folds"]
    for step in range(3):
        trial.report(value * (3 - step), step)
    trial.set_attribute("author", "ada")
    trial.set_attribute("parts", ["a", {"n": trial.number, "none": None}])
    if trial.number == 2:
        problem = "the matrix is singular\nin row 3"
        raise ValueError(problem)
    if trial.number == 4:
        reason = "it looks bad"
        raise hpb.TrialPruned(reason)
    if trial.number == 5:
        value = -math.inf
    if trial.number == 6:
        value = math.nan
    return {"accuracy": value, "seconds": 0.25 * trial["layers"]}


def two_metrics(trial):
    """Two metrics that have a direction, and a third one that has none."""
    found = train(trial)
    return {"cost": found["seconds"], "accuracy": found["accuracy"], "n": trial.number}


def simple(trial):
    """What Optuna itself can search."""
    return (trial["x"] - 1) ** 2 + trial["n"] + len(trial["kind"])


bounded = hpb.Experiment(
    name="bounded",
    objective=train,
    space=SPACE,
    direction={"accuracy": "maximize"},
    constraints={"seconds": "<= 1.5"},
    baseline={**START, "block": (1,), "extra": None, "solver": "adam"},
)
free = hpb.Experiment(
    name="free", objective=train, space=SPACE, direction={"accuracy": "maximize"}
)
two = hpb.Experiment(
    name="two",
    objective=two_metrics,
    space=SPACE,
    direction={"cost": "minimize", "accuracy": "maximize"},
)
plain = hpb.Experiment(
    name="plain",
    objective=simple,
    space={
        "x": hpb.Float(-5, 5),
        "n": hpb.Int(1, 9),
        "kind": hpb.Categorical(["one", "three"]),
    },
)


def study_of_optuna(options, seed):
    """Run a study that is Optuna's own, with what only Optuna notes."""
    import optuna

    def objective(trial):
        x, n = trial.suggest_float("x", -5, 5), trial.suggest_int("n", 1, 9)
        trial.set_user_attr("sum", x + n)
        kind = trial.suggest_categorical("kind", ["one", "three"])
        return (x - 1) ** 2 + n + len(kind)

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.NSGAIISampler(**options, seed=seed)
    study = optuna.create_study(sampler=sampler, study_name="of-optuna")
    study.set_user_attr("owner", {"name": "ada"})
    study.enqueue_trial({"x": 1.5}, user_attrs={"by": "hand"})
    study.optimize(objective, n_trials=7)
    return study
