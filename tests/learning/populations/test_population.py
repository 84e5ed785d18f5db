from __future__ import annotations

import math
import random

import pytest

import hpbridge as hpb
from hpbridge.contract.backend import (
    ExhaustedError,
    NotYetError,
    Outcome,
    Problem,
    Suggestion,
)
from hpbridge.contract.execution import LoopSpec
from hpbridge.contract.registry import registry
from hpbridge.engine.plan import Plan
from hpbridge.errors import ContractError, HpbridgeError, UnsupportedFeatureError
from hpbridge.hosts.recipe import GuestRecipe
from hpbridge.trial import State

SPACE = hpb.Space({"rate": hpb.Float(1e-4, 1.0, log=True), "n": hpb.Int(1, 9)})
FAILED = Outcome(State.FAILED)


def create(name="pbt", seed=0, space=SPACE, budget=None, **options):
    spec, algorithm = registry().algorithm(name)
    given = algorithm.options(**{"population_size": 4, **options})
    problem = Problem(space, budget=budget)
    return spec.create(problem, algorithm, given, seed)


def complete(value):
    return Outcome(State.COMPLETE, (value,))


def value_of(params):
    return abs(math.log10(params["rate"]) + 2) + params["n"] / 10


def play(population, n_trials, value=lambda suggestion: value_of(suggestion.params)):
    found = []
    for _ in range(n_trials):
        suggestion = population.ask()
        found.append((suggestion, value(suggestion)))
        population.tell(suggestion, complete(found[-1][1]))
    return found


@pytest.mark.parametrize("name", ["pbt", "pb2"])
def test_the_worst_member_copies_the_best_one_and_the_others_go_on(name):
    played = play(create(name), 24)
    for first in range(4, 24, 4):
        before, now = played[first - 4 : first], played[first : first + 4]
        values = [value for _, value in before]
        ids = [suggestion.id for suggestion, _ in before]
        worst, best = values.index(max(values)), values.index(min(values))
        for member, (suggestion, _) in enumerate(now):
            copied = best if member == worst else member
            assert suggestion.stage.parent == ids[copied]
            assert suggestion.stage.budget == first // 4 + 1
            if member != worst:
                assert suggestion.params == before[member][0].params
    assert {suggestion.stage.parent for suggestion, _ in played[:4]} == {None}


def test_a_member_that_trains_longer_at_first_is_compared_after_that():
    played = play(create(burn_in_period=5.0, perturbation_interval=2.0), 12)
    assert [s.stage.budget for s, _ in played] == [5] * 4 + [7] * 4 + [9] * 4


def test_members_end_with_the_budget():
    budget = hpb.Budget(1, 5, name="epochs")
    population = create(budget=budget, perturbation_interval=2.0)
    played = play(population, 12)
    assert [s.stage.budget for s, _ in played] == [2] * 4 + [4] * 4 + [5] * 4
    with pytest.raises(ExhaustedError, match="each member has trained to 5"):
        population.ask()


def test_a_member_whose_trial_failed_copies_another_one_or_begins_anew():
    population = create()
    first = [population.ask() for _ in range(4)]
    population.tell(first[0], FAILED)
    population.tell(first[1], Outcome(State.PRUNED, (0.5,)))
    population.tell(first[2], Outcome(State.COMPLETE, (0.0,), (1.0,)))  # infeasible
    population.tell(first[3], complete(9.0))
    parents = [population.ask().stage.parent for _ in range(4)]
    assert parents == [first[3].id] * 4

    population = create()
    points = []
    for number in range(12):
        suggestion = population.ask()
        assert suggestion.stage.parent is None
        points.append(suggestion.params)
        outcome = Outcome(State.FAILED, (math.nan,)) if number % 2 else FAILED
        population.tell(suggestion, outcome)
    assert len({repr(point) for point in points}) == 12


def test_a_member_that_nobody_can_help_tries_again_from_its_own_checkpoint():
    population = create(population_size=2)
    first = [population.ask() for _ in range(2)]
    for suggestion in first:
        population.tell(suggestion, complete(1.0))
    for suggestion in [population.ask() for _ in range(2)]:
        population.tell(suggestion, FAILED)
    again = population.ask()
    assert again.stage.parent in {suggestion.id for suggestion in first}
    assert again.stage.budget == 3


def test_infinite_values_have_a_place():
    values = [math.inf, -math.inf, 0.0, 1.0]
    population = create()
    first = play(population, 4, lambda suggestion: values[suggestion.id])
    assert population.ask().stage.parent == first[1][0].id


@pytest.mark.parametrize("synch", [False, True])
@pytest.mark.parametrize(
    ("name", "n_seeds", "n_trials"), [("pbt", 20, 100), ("pb2", 1, 25)]
)
def test_it_goes_on_however_its_trials_end(name, n_seeds, n_trials, synch):
    for seed in range(n_seeds):
        rng = random.Random(seed)
        population = create(name, synch=synch, population_size=5)
        running: list[Suggestion] = []
        told = 0
        while told < n_trials:
            try:
                if len(running) < 7:
                    running.append(population.ask())
                    continue
            except NotYetError:
                assert running
            ended = running.pop(rng.randrange(len(running)))
            is_lost = rng.random() < 0.2
            outcome = FAILED if is_lost else complete(value_of(ended.params))
            population.tell(ended, outcome)
            told += 1


def test_members_that_wait_are_compared_when_all_have_come_as_far():
    population = create(synch=True)
    first = [population.ask() for _ in range(4)]
    for suggestion in first[:3]:
        population.tell(suggestion, complete(1.0))
    with pytest.raises(NotYetError):
        population.ask()
    population.tell(first[3], complete(0.0))
    assert {population.ask().stage.budget for _ in range(4)} == {2}
    with pytest.raises(NotYetError):
        population.ask()


def test_what_is_drawn_depends_on_the_member_and_not_on_when_it_is_asked():
    one, two = create(seed=3), create(seed=3)
    in_turn = [one.ask() for _ in range(4)]
    for suggestion in in_turn:
        one.tell(suggestion, complete(suggestion.params["rate"]))
    at_once = [two.ask() for _ in range(4)]
    for suggestion in reversed(at_once):
        two.tell(suggestion, complete(suggestion.params["rate"]))
    nexts = [[each.ask().params for _ in range(4)] for each in (one, two)]
    assert nexts[0] == nexts[1]


def objective(trial):
    return value_of(trial) + 1 / trial.budget


def experiment(**more):
    budget = hpb.Budget(1, 6, name="epochs")
    return hpb.Experiment(
        objective=objective, space=SPACE, name="e", budget=budget, **more
    )


def points(study):
    return [
        (t.params, t.budget, t.parent, t.metrics.get("value")) for t in study.trials
    ]


@pytest.mark.parametrize("backend", ["pbt", "pb2"])
def test_a_study_is_the_same_twice_and_when_it_goes_on(backend, tmp_path):
    given = {"backend": backend, "seed": 5, "options": {"population_size": 4}}
    whole = hpb.run(experiment(), **given, n_trials=24, store=":memory:")
    again = hpb.run(experiment(), **given, n_trials=24, store=":memory:")
    assert points(again) == points(whole)
    store = tmp_path / "s.db"
    part = hpb.run(experiment(), **given, n_trials=9, store=store)
    resumed = hpb.resume(part.name, experiment(), store=store, n_trials=24)
    assert points(resumed) == points(whole)
    assert any("bit for bit" in note for note in resumed.notes)


def training(trial):
    state = trial.load({"trained": 0, "params": []})
    begun = state["trained"]
    for _ in range(begun, int(trial.budget)):
        state["trained"] += 1
        state["params"] = [*state["params"], trial["rate"]]
    trial.save(state)
    trial.set_attribute("begun", begun)
    trial.set_attribute("params", state["params"])
    return value_of(trial)


def test_each_member_trains_on_from_the_checkpoint_that_it_copies(tmp_path):
    trained = hpb.Experiment(objective=training, space=SPACE, name="t")
    study = hpb.run(
        trained,
        "pbt",
        n_trials=16,
        seed=0,
        options={"population_size": 4, "perturbation_interval": 3},
        store=tmp_path / "s.db",
    )
    for trial in study.trials:
        chain = [trial]
        while chain[0].parent is not None:
            chain.insert(0, study.trials[chain[0].parent])
        assert trial.attributes["begun"] == trial.budget - 3
        rates = [each.params["rate"] for each in chain for _ in range(3)]
        assert trial.attributes["params"] == rates
    assert study.notes == ()


def test_an_objective_that_saves_nothing_is_told_of():
    given = {"n_trials": 12, "seed": 0, "options": {"population_size": 4}}
    study = hpb.run(experiment(), "pbt", **given, store=":memory:")
    (note,) = study.notes
    assert note.startswith("trial 4 was to go on from trial ")
    assert "began anew" in note
    assert "trial.save(state)" in note


def test_workers_train_members_side_by_side():
    for synch in (False, True):
        study = hpb.run(
            experiment(),
            "pbt",
            n_trials=24,
            seed=1,
            options={"population_size": 4, "synch": synch},
            workers=2,
            store=":memory:",
        )
        assert sorted(t.budget for t in study.trials) == sorted([*range(1, 7)] * 4)
        by_number = {trial.number: trial for trial in study.trials}
        for trial in study.trials:
            begin = 0 if trial.parent is None else by_number[trial.parent].budget
            assert trial.budget == begin + 1


def test_what_it_cannot_do_is_said_before_the_first_trial():
    two = {"a": "minimize", "b": "minimize"}
    with pytest.raises(UnsupportedFeatureError, match="'a', 'b' need several metrics"):
        hpb.run(experiment(direction=two), "pbt", store=":memory:")
    grows = hpb.Experiment(
        objective=lambda t: t.suggest("x", hpb.Float(0, 1)), space=None, name="g"
    )
    with pytest.raises(UnsupportedFeatureError, match="defines its space"):
        hpb.run(grows, "pbt", store=":memory:")
    with pytest.raises(UnsupportedFeatureError, match="checkpoints of others"):
        GuestRecipe("pbt").choice(SPACE)
    wrong = {
        "population_size": 1,
        "quantile_fraction": 0.6,
        "resample_probability": 2,
        "perturbation_interval": 0,
        "burn_in_period": -1,
        "perturbation_factors": (),
    }
    with pytest.raises(HpbridgeError) as caught:
        hpb.run(experiment(), "pbt", options=wrong, store=":memory:")
    for name in wrong:
        assert f"'{name}' must be" in str(caught.value)
    for options, text in [
        ({"perturbation_interval": 7}, "no member would be compared"),
        ({"perturbation_interval": 1.5}, "counted in whole numbers"),
    ]:
        with pytest.raises(UnsupportedFeatureError, match=text):
            hpb.run(experiment(), "pbt", options=options, store=":memory:")


def test_a_population_that_varies_nothing_says_so():
    one = hpb.Space({"x": hpb.Int(3, 3)})
    assert create(space=one).notes == [
        "nothing is varied: each parameter has one value"
    ]
    choices = hpb.Space({"x": hpb.Categorical(["a", "b"])})
    (note,) = create(space=choices, resample_probability=0.0).notes
    assert "no parameter has neighbours" in note
    (note,) = create(quantile_fraction=0.0).notes
    assert note == "no member copies another one: 'quantile_fraction' is 0"
    assert create().notes == []


class _Waiting:
    notes = ()

    def ask(self):
        raise NotYetError


def test_an_optimizer_that_waits_for_nothing_breaks_the_contract(monkeypatch):
    spec, _ = registry().algorithm("pbt")
    made = type(spec)(**{**vars(spec), "create": lambda *_: _Waiting()})
    monkeypatch.setitem(registry().backends, "pbt", made)
    with pytest.raises(ContractError, match="waits for a trial to end, and none runs"):
        hpb.run(experiment(), "pbt", store=":memory:")


def test_what_does_not_come_out_even_is_said():
    given = {"seed": 0, "options": {"population_size": 4}, "store": ":memory:"}
    trained = hpb.Experiment(objective=training, space=SPACE, name="t")
    notes = {n: hpb.run(trained, "pbt", n_trials=n, **given).notes for n in (4, 8, 9)}
    assert notes[8] == ()
    assert "of which none is compared" in notes[4][0]
    (note,) = notes[9]
    assert note.startswith("n_trials=9 is no multiple of population_size=4: 1 member")
    study = hpb.run(trained, "pbt", n_trials=8, workers=5, **given)
    assert "no more trials than members" in study.notes[0]


def test_a_driver_whose_trials_have_no_checkpoints_is_refused(monkeypatch):
    apart = LoopSpec(name="apart", summary="A loop of its own.", run=pytest.fail)
    monkeypatch.setattr(Plan, "place", apart)
    with pytest.raises(HpbridgeError, match="driver must be another one than 'apart'"):
        hpb.run(experiment(), "pbt", store=":memory:")
