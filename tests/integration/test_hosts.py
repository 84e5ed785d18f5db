"""Every optimizer inside every host proposes what it proposes alone."""

from __future__ import annotations

import importlib

import pytest

import hpbridge as hpb
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.registry import is_met, registry
from hpbridge.learning.choice import able, problem_of

N_TRIALS = 5
SEED = 4

MIXED = {
    "x": hpb.Float(-5, 5),
    "lr": hpb.Float(1e-4, 1, log=True),
    "n": hpb.Int(1, 9),
    "c": hpb.Categorical(["a", "b", "d"]),
}
COUNTABLE = {
    "n": hpb.Int(1, 9),
    "c": hpb.Categorical(["a", "b", "d"]),
}
"""For those that search a grid."""


HOSTED = {
    name: importlib.import_module(f"hosted_{name}").HOSTED for name in registry().hosts
}


def objective(trial):
    return (trial.get("x", 0.5) - 1) ** 2 + trial["n"] + (trial["c"] == "b")


def experiment(space):
    return hpb.Experiment(objective=objective, space=space, name="host")


def cells():
    for host in HOSTED.values():
        for spec in registry().backends.values():
            names = spec.algorithms if host.is_quick else [spec.default]
            for name in names:
                yield cell(host, f"{spec.name}:{name}")


def cell(host, *optimizer):
    """Return a parameter; those of a slow host share what it starts."""
    marks = [] if host.is_quick else [pytest.mark.xdist_group(host.spec.name)]
    return pytest.param(host.spec.name, *optimizer, marks=marks)


CELLS = list(cells())


def problem_for(host, optimizer):
    """Return an experiment that both can have; None where the optimizer has none."""
    for space in (MIXED, COUNTABLE):
        one = experiment(space)
        if optimizer in able(problem_of(one)) and not HOSTED[host].reasons_against(
            one.space
        ):
            return one
    return None


@pytest.mark.parametrize(("host", "optimizer"), CELLS)
def test_a_guest_proposes_what_it_proposes_alone(host, optimizer):
    spec, algorithm = registry().algorithm(optimizer)
    missing = [*registry().missing(spec, algorithm), *needs(host)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    one = problem_for(host, optimizer)
    assert one is not None, "no space that both can have"
    alone = hpb.run(
        one, optimizer, n_trials=N_TRIALS, seed=SEED, store=":memory:", driver="local"
    )
    inside = HOSTED[host].run(optimizer, one, N_TRIALS, SEED)
    assert [dict(params) for params, _ in inside] == [t.params for t in alone.trials]
    assert [value for _, value in inside] == [
        trial.metrics[one.main_metric] for trial in alone.trials
    ]


def needs(host):
    return [each for each in registry().hosts[host].requires if not is_met(each)]


def unable():
    """Return an optimizer that cannot search a float, and two that there are not."""
    found = (
        f"{spec.name}:{algorithm.name}"
        for spec in registry().backends.values()
        for algorithm in spec.algorithms.values()
        if not algorithm.capabilities.can(Feature.FLOAT)
    )
    backend = next(iter(registry().backends))
    return [next(found), "nothing", f"{backend}:nothing"]


@pytest.mark.parametrize("host", [cell(host) for host in HOSTED.values()])
def test_a_guest_that_cannot_search_the_space_is_refused_before_a_trial(host):
    ran = []

    def spy(trial):
        ran.append(trial)
        return 0.0

    one = hpb.Experiment(objective=spy, space={"x": hpb.Float(0, 1)}, name="spy")
    for optimizer in unable():
        with pytest.raises(hpb.HpbridgeError) as caught:
            HOSTED[host].run(optimizer, one, 1, 0)
        assert str(caught.value).count("Hint: ") == 1
    assert ran == []


@pytest.mark.parametrize("host", registry().hosts)
def test_the_line_of_a_host_names_the_optimizer(host):
    assert "{optimizer}" in registry().hosts[host].line
