"""Studies to show on pages, and pages of them."""

from __future__ import annotations

import math
from dataclasses import replace

import hpbridge as hpb
from hpbridge.report.page import write_report

HOSTILE = "</script><script>document.title='owned'</script><b>&amp;"

SPACE = {
    "solver": hpb.Categorical(["adam", "sgd"]),
    "lr": hpb.Float(1e-5, 1e-1, log=True),
    "momentum": hpb.Float(0, 0.9, when={"solver": "sgd"}),
    HOSTILE: hpb.Int(1, 64, log=True),
    "fixed": 3,
}


def run(objective, *, space=None, backend="random", n_trials=20, seed=0, **experiment):
    made = hpb.Experiment(
        name=experiment.pop("name", "digits"),
        space=space or {"x": hpb.Float(0, 1)},
        objective=objective,
        **experiment,
    )
    return hpb.run(made, backend, n_trials=n_trials, seed=seed, store=":memory:")


def study_of(values, *, at=None, optimizer="random", **changes):
    """Return a study whose trials have these values; None fails; one second each."""

    def objective(trial):
        if values[trial.number] is None:
            msg = "no value"
            raise RuntimeError(msg)
        return values[trial.number]

    direction = changes.pop("direction", "minimize")
    study = run(objective, n_trials=len(values), direction=direction)
    at = at or [float(k) for k in range(1, len(values) + 1)]
    trials = [
        replace(
            trial,
            asked_at=1000.0 + finished - 0.75,
            ask_seconds=0.25,
            started_at=1000.0 + finished - 0.75,
            run_seconds=0.75,
            tell_seconds=0.0,
        )
        for trial, finished in zip(study.trials, at, strict=True)
    ]
    return replace(study, trials=tuple(trials), algorithm=optimizer, **changes)


def accuracy(trial):
    if trial.number in {3, 5}:
        raise ValueError(HOSTILE)
    value = 0.9 - 0.1 * abs(math.log10(trial["lr"]) + 3) + trial.get("momentum", 0) / 20
    return {"accuracy": value, "fit_seconds": float(trial.number)}


def hostile_study(seed=0, n_trials=20):
    direction = {"accuracy": "maximize"}
    return run(
        accuracy,
        space=SPACE,
        name=HOSTILE,
        direction=direction,
        seed=seed,
        n_trials=n_trials,
    )


def page_of(studies, tmp_path, **more):
    path = tmp_path / "page.html"
    write_report(studies, path, **{"title": "A page", **more})
    return path.read_text(encoding="utf-8")
