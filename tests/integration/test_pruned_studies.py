"""Every pruner under every library: a study runs, also with workers, and resumes."""

from __future__ import annotations

import itertools

import pytest

import hpbridge as hpb
from hpbridge.contract.registry import registry

PRUNERS = {
    "median": ("median", {"n_startup_trials": 2}),
    "percentile": ("percentile", {"percentile": 40.0, "n_startup_trials": 2}),
    "threshold": ("threshold", {"upper": 4.0}),
    "patient": ("patient", {"patience": 1}),
    "wilcoxon": ("wilcoxon", {}),
    "sha": ("sha", {"reduction_factor": 2}),
    "asha:ray": ("asha:ray", {"reduction_factor": 2, "max_t": 50}),
    "hyperband": ("hyperband", {"reduction_factor": 2}),
}
LIBRARIES = ("optuna", "hyperopt", "skopt", "bayesopt", "ray", "random")
BACKENDS = [
    name
    for name, spec in registry().backends.items()
    if name in LIBRARIES and not registry().missing(spec, spec.algorithms[spec.default])
]
SPACE = {"x": hpb.Float(-2, 2), "y": hpb.Float(0, 1)}
N_TRIALS = 9


def curve(trial):
    final = (trial["x"] - 0.5) ** 2 + trial["y"]
    wave = int(final * 1000) % 3
    for step in range(1, 7):
        trial.report(final + (3 - wave * step) / step, step)
        if trial.should_prune():
            raise hpb.TrialPruned
    return final


def experiment():
    # Nested, it goes to a worker by value.
    def objective(trial):
        return curve(trial)

    return hpb.Experiment(objective=objective, space=SPACE, name="e")


def told(study):
    return [(dict(t.params), t.state, t.reports, t.metrics) for t in study.trials]


CASES = list(itertools.product(BACKENDS, PRUNERS))


@pytest.mark.parametrize(("backend", "pruner"), CASES)
def test_a_study_with_a_pruner_resumes_bit_for_bit(backend, pruner, tmp_path):
    settings = {"seed": 1, "driver": "local", "pruner": PRUNERS[pruner]}
    whole = hpb.run(
        experiment(), backend, n_trials=N_TRIALS, store=":memory:", **settings
    )
    assert len(whole.trials) == N_TRIALS
    store = tmp_path / "store.db"
    first = hpb.run(experiment(), backend, n_trials=4, store=store, **settings)
    study = hpb.resume(first.name, experiment(), n_trials=N_TRIALS, store=store)
    assert "resumed: replay reproduced" in " ".join(study.notes)
    assert told(study) == told(whole)


def test_most_pruners_ended_trials_there():
    ended = set()
    for name, pruner in PRUNERS.items():
        settings = {"seed": 1, "store": ":memory:", "pruner": pruner}
        study = hpb.run(experiment(), "random", n_trials=20, **settings)
        if any(trial.state is hpb.State.PRUNED for trial in study.trials):
            ended.add(name)
    assert len(ended) >= len(PRUNERS) - 1, ended


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_study_with_a_pruner_runs_in_two_workers_and_resumes(backend, tmp_path):
    store = tmp_path / "store.db"
    given = {"workers": 2, "driver": "local", "pruner": PRUNERS["sha"]}
    study = hpb.run(experiment(), backend, n_trials=6, seed=1, store=store, **given)
    assert len(study.trials) == 6
    assert {t.state for t in study.trials} <= {hpb.State.PRUNED, hpb.State.COMPLETE}
    again = hpb.resume(study.name, experiment(), n_trials=8, store=store)
    assert len(again.trials) == 8
    assert "resumed: replay reproduced" in " ".join(again.notes)
