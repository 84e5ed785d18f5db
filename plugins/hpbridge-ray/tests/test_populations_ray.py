"""Our populations beside Ray Tune's own PBT and PB2."""

from __future__ import annotations

import math
import random
import warnings

import numpy as np
import pandas as pd
import pytest
import ray
from packaging.version import Version
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import PopulationBasedTraining, pb2, pbt

import hpbridge as hpb
from hpbridge.contract.backend import Outcome, Problem
from hpbridge.learning.populations.bandit import select
from hpbridge.learning.populations.explore import explore
from hpbridge.learning.populations.explorers import Bandit, Perturbing
from hpbridge.learning.populations.population import Population, Segment
from hpbridge.trial import State
from hpbridge_ray import SPEC

as_now = pytest.mark.skipif(
    Version(ray.__version__) < Version("2.56"),
    reason="this Ray explores and selects in another way than the one restated",
)


@as_now
def test_rays_explore_leaves_the_space_and_ours_does_not():
    mutations = {"rate": tune.uniform(0, 1), "n": tune.randint(1, 10)}
    space = hpb.Space({"rate": hpb.Float(0, 1), "n": hpb.Int(1, 9)})
    theirs = ours = {"rate": 0.9, "n": 9}
    for _ in range(4):
        theirs, _ = pbt._explore(theirs, mutations, 0.0, (1.2,), None)
        ours = explore(
            space, ours, random.Random(0), resample_probability=0.0, factors=(1.2,)
        )
    assert theirs == {"rate": pytest.approx(1.866, abs=1e-3), "n": 19}
    assert ours == {"rate": 1.0, "n": 9}
    stuck, _ = pbt._explore({"rate": 0.0, "n": 1}, mutations, 0.0, (1.2,), None)
    assert stuck == {"rate": 0.0, "n": 1}


@as_now
def test_quantiles_are_rays():
    rng = random.Random(0)
    for size in range(2, 13):
        fraction = rng.choice([0.0, 0.1, 0.25, 0.3, 0.5])
        scores = [rng.choice([0.0, 1.0, rng.random()]) for _ in range(size)]
        scheduler = PopulationBasedTraining(
            hyperparam_mutations={"x": [1, 2]}, quantile_fraction=fraction
        )
        trials = [Trial("any", stub=True) for _ in scores]
        for trial, score in zip(trials, scores, strict=True):
            state = scheduler._trial_state[trial] = pbt._PBTTrialState(trial)
            state.last_score = score
        theirs = [[trials.index(t) for t in each] for each in scheduler._quantiles()]
        space = hpb.Space({"x": hpb.Float(0, 1)})
        population = Population(
            space,
            Perturbing(space, 0.25, (1.2,)),
            0,
            size=size,
            quantile_fraction=fraction,
            interval=1,
        )
        for k, score in enumerate(scores):
            population._members[k].done.append(
                Segment(k, k, {"x": 0.5}, 0, 1, None, score)
            )
        ours = [
            [segment.member for segment in each] for each in population._quantiles(1)
        ]
        assert ours == theirs


@as_now
@pytest.mark.parametrize("seed", range(6))
def test_the_bandit_selects_what_rays_does_to_the_last_bit(seed):
    rng = np.random.RandomState(seed)
    n_rows, n_params = int(rng.randint(1, 30)), int(rng.randint(1, 4))
    bounds = {f"p{k}": (float(k), k + 2.0) for k in range(n_params)}
    times = np.sort(rng.randint(1, 10, n_rows)).astype(float)
    numbers = [rng.uniform(*ends, size=n_rows) for ends in bounds.values()]
    rows = np.column_stack([times, rng.rand(n_rows), *numbers])
    gains = rng.randn(n_rows)
    running = None
    if seed % 2:
        running = np.column_stack([rng.uniform(*e, size=3) for e in bounds.values()])
    np.random.seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pb2._select_config(rows, gains, running, rows[-1, :2], bounds, 2)
        ours = select(
            rows,
            gains,
            running,
            rows[-1, :2].copy(),
            np.array([*bounds.values()]),
            np.random.RandomState(seed),
        )
    assert ours.tolist() == theirs.tolist()


class _Drawing(random.Random):
    """Gives the bandit the seed that Ray's global generator has."""

    def randint(self, a, b):
        return 7


@as_now
def test_members_that_have_done_the_same_get_the_same_parameters_as_under_ray():
    space = hpb.Space({"rate": hpb.Float(0.0, 1.0), "decay": hpb.Float(1.0, 3.0)})
    bandit = Bandit(Perturbing(space, 0.25, (1.2, 0.8)))
    rng = random.Random(1)
    rows, last = [], {}
    for step in (1.0, 2.0, 3.0):
        for member in range(3):
            before = last.get(member)
            params = before.params if before else space.sample(rng)
            segment = Segment(len(rows), member, params, step - 1, step, before)
            segment.score = rng.random() + step
            bandit.learn(segment)
            last[member] = segment
            rows.append([str(member), step, *params.values(), segment.score])
    data = pd.DataFrame(rows, columns=["Trial", "Time", "rate", "decay", "Reward"])
    bounds = {"rate": (0.0, 1.0), "decay": (1.0, 3.0)}
    np.random.seed(7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, _ = pb2._explore(data, bounds, None, "2", "0", dict(last[2].params))
    assert bandit.explore(last[2], _Drawing(0), []) == theirs


def _trained(backend, budget=12, **more):
    def train(trial):
        weight, step = trial.load((4.0, 0))
        while step < trial.budget:
            weight, step = weight * (1 - trial["rate"]) + 0.01 * trial["n"], step + 1
        trial.save((weight, step))
        if trial.number in more.get("fails", ()):
            msg = "no good"
            raise ValueError(msg)
        return weight**2

    experiment = hpb.Experiment(
        objective=train,
        space={"rate": hpb.Float(0.1, 1.0), "n": hpb.Int(1, 9)},
        budget=hpb.Budget(2, budget, name="steps"),
        name="t",
    )
    return hpb.run(
        experiment,
        backend,
        n_trials=more.get("n_trials", 24),
        seed=0,
        driver="local",
        options={"population_size": 4, "perturbation_interval": 2},
        store=":memory:",
    )


@pytest.mark.parametrize("backend", ["ray:pbt", "ray:pb2"])
def test_rays_populations_go_on_from_each_other_and_are_the_same_again(backend):
    study, again = _trained(backend), _trained(backend)
    assert study.notes == ()
    assert [t.params for t in study.trials] == [t.params for t in again.trials]
    for trial in study.trials:
        begin = 0 if trial.parent is None else study.trials[trial.parent].budget
        assert trial.budget == begin + 2
    children = [t.parent for t in study.trials if t.parent is not None]
    assert len(children) > len({*children})  # some were copied


@pytest.mark.parametrize("backend", ["ray:pbt", "ray:pb2"])
def test_rays_populations_end_with_their_budget_and_bear_failures(backend):
    study = _trained(backend, budget=4, n_trials=30, fails=(0, 5))
    assert study.stop_reason == "exhausted: each member has trained to 4"
    failed = [t.number for t in study.trials if t.error]
    assert failed == [0, 5]
    assert all(t.parent not in failed for t in study.trials)


@pytest.mark.parametrize("name", ["pbt", "pb2"])
def test_rays_populations_stay_inside_the_space(name):
    parameters = {
        "rate": hpb.Float(1e-3, 1.0, log=True),
        "sign": hpb.Float(-2.0, -1.0),
        "n": hpb.Int(-3, 9),
        "step": hpb.Float(0.0, 1.0, step=0.25),
    }
    if name == "pbt":
        parameters["kind"] = hpb.Categorical(["a", 1, None])
        parameters["more"] = hpb.Int(1, 5, log=True, when={"kind": "a"})
    space, rng = hpb.Space(parameters), random.Random(0)
    algorithm = SPEC.algorithms[name]
    options = algorithm.options(population_size=8, quantile_fraction=0.5)
    optimizer = SPEC.create(Problem(space), algorithm, options, 1)
    for _ in range(80 if name == "pb2" else 3000):
        suggestion = optimizer.ask()
        assert space.violations(suggestion.params) == []
        value = rng.choice([rng.random(), math.inf, -math.inf])
        state = rng.choice([State.COMPLETE, State.COMPLETE, State.FAILED])
        values = (value,) if state is State.COMPLETE else ()
        optimizer.tell(suggestion, Outcome(state, values))


def test_rays_populations_leave_the_random_state_of_the_process():
    random.seed(5)
    np.random.seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist()
    _trained("ray:pbt")
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
