from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.contract.backend import Outcome
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.registry import registry
from hpbridge.errors import SpaceError, UnsupportedFeatureError
from hpbridge.learning.growing import Run, infer_space
from hpbridge.space.parameters import with_when
from hpbridge.trial import State

SOLVER = hpb.Categorical(["adam", "sgd"])
LR = hpb.Float(1e-4, 1, log=True)
MOMENTUM = hpb.Float(0, 1)


def network(trial):
    """The parameters depend on two others, one of them a number."""
    lr = trial.suggest("lr", LR)
    value = (lr - 0.1) ** 2
    if trial.suggest("solver", SOLVER) == "sgd":
        value += trial.suggest("momentum", MOMENTUM)
    for k in range(trial.suggest("layers", hpb.Int(1, 3))):
        value += trial.suggest(f"units{k}", hpb.Int(1, 64)) / 64
    return value


def growing(objective=network, **changed):
    return hpb.Experiment(objective=objective, space=None, name="growing", **changed)


WHOLE = hpb.Space(
    {
        "lr": LR,
        "solver": SOLVER,
        "momentum": hpb.Float(0, 1, when={"solver": "sgd"}),
        "layers": hpb.Int(1, 3),
        "units0": hpb.Int(1, 64),
        "units1": hpb.Int(1, 64, when={"layers": [2, 3]}),
        "units2": hpb.Int(1, 64, when={"layers": 3}),
    }
)

DEFAULTS = [
    f"{spec.name}:{spec.default}"
    for spec in registry().libraries.values()
    if not spec.algorithms[spec.default].is_staged  # which is refused, as tested there
]


@pytest.mark.parametrize("optimizer", DEFAULTS)
def test_the_space_is_found_by_running_on_every_backend(optimizer):
    study = hpb.run(growing(), optimizer, n_trials=14, seed=0, store=":memory:")
    assert {t.state for t in study.trials} == {State.COMPLETE}
    found = {name: (p.when, with_when(p, ())) for name, p in study.space.items()}
    assert found == {name: (p.when, with_when(p, ())) for name, p in WHOLE.items()}
    assert all(WHOLE.violations(t.params) == [] for t in study.trials)


def test_a_static_space_is_known_after_one_trial_and_kept():
    def bowl(trial):
        return trial.suggest("x", hpb.Float(-5, 5)) ** 2

    study = hpb.run(
        growing(bowl), "hyperopt:tpe", n_trials=20, seed=3, store=":memory:"
    )
    static = hpb.Experiment(
        objective=lambda trial: trial["x"] ** 2, space={"x": hpb.Float(-5, 5)}
    )
    first = hpb.run(static, "random", n_trials=1, seed=0, store=":memory:")
    assert "drawn at random, the first trial too" in study.notes[0]
    # The same as a study of the known space that goes on from the first trial.
    past = hpb.Experiment(objective=bowl, space=None)
    one = hpb.run(past, "random", n_trials=1, seed=3, store=":memory:")
    assert first.space == study.space == one.space
    rest = hpb.run(
        static, "hyperopt:tpe", n_trials=19, seed=3, store=":memory:", history=one
    )
    assert [t.params for t in rest.trials] == [t.params for t in study.trials]


def test_a_grown_study_is_in_the_store_with_its_space_and_goes_on(tmp_path):
    store = tmp_path / "store.db"
    study = hpb.run(growing(), "random", n_trials=14, seed=0, store=store)
    assert hpb.load_study(study.name, store).space == study.space
    resumed = hpb.resume(study.name, growing(), store=store, n_trials=20)
    assert [t.params for t in resumed.trials[:14]] == [t.params for t in study.trials]
    assert len(resumed.trials) == 20
    assert "defines its space while it runs" in resumed.notes[-1]


def test_choices_are_handed_out_and_recorded_by_their_labels():
    seen = []

    def objective(trial):
        shape = trial.suggest("shape", hpb.Categorical({"a": (1, 2), "b": (3,)}))
        assert (
            trial.suggest("shape", hpb.Categorical({"a": (1, 2), "b": (3,)})) == shape
        )
        seen.append(shape)
        return len(shape)

    study = hpb.run(growing(objective), "random", n_trials=8, seed=0, store=":memory:")
    assert [t.values["shape"] for t in study.trials] == seen
    assert {t.params["shape"] for t in study.trials} == {"a", "b"}


def test_a_trial_that_fails_halfway_tells_nothing_of_what_it_lacks():
    def objective(trial):
        x = trial.suggest("x", hpb.Float(0, 1))
        if trial.number in {1, 4}:
            raise ValueError
        return x + trial.suggest("y", hpb.Float(0, 1))

    study = hpb.run(
        growing(objective), "optuna:tpe", n_trials=8, seed=0, store=":memory:"
    )
    assert [t.state for t in study.trials].count(State.FAILED) == 2
    assert not study.space.is_conditional
    assert study.notes == ()


def test_what_cannot_be_told_apart_is_said_and_always_proposed():
    def objective(trial):
        x = trial.suggest("x", hpb.Float(0, 1))
        return x if x < 0.5 else x + trial.suggest("y", hpb.Float(0, 1))

    study = hpb.run(
        growing(objective), "hyperopt:tpe", n_trials=10, seed=1, store=":memory:"
    )
    assert {t.state for t in study.trials} == {State.COMPLETE}
    assert not study.space.is_conditional
    assert study.notes[1].startswith("trials that do not ask for 'y' are not learned")
    assert [("y" in t.params) for t in study.trials] == [
        t.params["x"] >= 0.5 for t in study.trials
    ]


@pytest.mark.parametrize("optimizer", ["random", "optuna:tpe"])
def test_another_kind_of_the_same_parameter_ends_the_study_in_a_sentence(optimizer):
    def objective(trial):
        choices = ["a", "b", "c"][: 2 + trial.number]
        return len(trial.suggest("c", hpb.Categorical(choices)))

    with pytest.raises(SpaceError) as caught:
        hpb.run(growing(objective), optimizer, n_trials=5, seed=0, store=":memory:")
    changed = "'c' was Categorical(['a', 'b']) and is now Categorical(['a', 'b', 'c'])"
    assert changed in str(caught.value)
    assert "only the range of a number may differ" in caught.value.hint


def shrinking(trial):
    a = trial.suggest("a", hpb.Float(0, 1))
    return a - trial.suggest("b", hpb.Float(0, 1 - a))


@pytest.mark.parametrize("optimizer", ["random", "hyperopt:tpe", "skopt:et"])
def test_a_range_that_depends_on_a_value_is_widened_and_said(optimizer):
    study = hpb.run(
        growing(shrinking), optimizer, n_trials=15, seed=1, store=":memory:"
    )
    assert {t.state for t in study.trials} == {State.COMPLETE}
    assert all(t.params["b"] <= 1 - t.params["a"] for t in study.trials)
    widest = max(1 - t.params["a"] for t in study.trials)
    assert study.space["b"] == hpb.Float(0, widest)
    assert any("the range of 'b' differs from trial to trial" in n for n in study.notes)


def test_a_point_that_is_given_may_be_a_part_of_one():
    experiment = growing(baseline=[{"solver": "sgd"}, {"lr": 0.5, "layers": 3}])
    study = hpb.run(experiment, "hyperopt", n_trials=4, seed=0, store=":memory:")
    assert "what a point that was given leaves open is drawn" in study.notes[0]
    first, second, third = study.trials[:3]
    assert first.params["solver"] == "sgd"
    assert (second.params["lr"], second.params["layers"]) == (0.5, 3)
    assert [t.origin for t in study.trials[:3]] == ["baseline", "baseline", "asked"]
    assert third.state is State.COMPLETE


def test_a_point_that_is_given_outside_of_the_range_is_a_sentence():
    experiment = growing(baseline={"lr": 7.0})
    with pytest.raises(SpaceError, match="A point that was given is not in the"):
        hpb.run(experiment, "random", n_trials=4, seed=0, store=":memory:")


def test_a_space_that_the_algorithm_cannot_search_ends_the_study():
    unable = next(
        f"{spec.name}:{algorithm.name}"
        for spec in registry().libraries.values()
        for algorithm in spec.algorithms.values()
        if not algorithm.capabilities.can(Feature.FLOAT)
    )
    with pytest.raises(UnsupportedFeatureError, match="'x' needs float"):
        hpb.run(
            growing(lambda t: t.suggest("x", hpb.Float(0, 1))),
            unable,
            n_trials=3,
            store=":memory:",
        )


def test_suggesting_in_a_given_space_fails_the_trial_with_a_sentence():
    experiment = hpb.Experiment(
        objective=lambda t: t.suggest("y", hpb.Float(0, 1)), space={"x": hpb.Int(1, 2)}
    )
    study = hpb.run(experiment, "random", n_trials=1, seed=0, store=":memory:")
    assert "'y' is suggested, but the experiment was given" in study.trials[0].error


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"workers": 2}, "workers must be 1"),
        ({"timeout_trial": 1.0}, "timeout_trial must be None"),
    ],
)
def test_it_runs_in_this_process_only(settings, problem):
    with pytest.raises(hpb.HpbridgeError, match=problem):
        hpb.run(growing(), "random", n_trials=1, store=":memory:", **settings)


def test_a_comparison_of_it_runs_one_trial_at_a_time():
    settings = {"backends": ["random", "optuna"], "n_trials": 3, "store": ":memory:"}
    with pytest.raises(hpb.HpbridgeError, match="jobs must be 1, since the objective"):
        hpb.compare(growing(), jobs=2, **settings)
    comparison = hpb.compare(growing(), jobs=1, seed=0, **settings)
    assert {len(study.trials) for study in comparison.studies} == {3}


def test_a_growing_study_goes_on_from_another_one(tmp_path):
    store = tmp_path / "store.db"
    first = hpb.run(growing(), "random", n_trials=14, seed=0, store=store)
    study = hpb.run(
        growing(), "hyperopt:tpe", n_trials=5, seed=0, store=store, history=first.name
    )
    assert len(study.trials) == 19
    assert study.space == first.space
    assert {t.state for t in study.trials} == {State.COMPLETE}


def asked(**values):
    parameters = {"c": SOLVER, "n": hpb.Int(1, 9), "x": LR, "y": MOMENTUM}
    return Run(
        {name: (parameters[name], value) for name, value in values.items()},
        Outcome(State.COMPLETE, (1.0,)),
    )


def test_the_parent_of_fewest_values_is_taken_for_the_condition():
    trials = [asked(c="adam", n=3, x=0.1), asked(c="sgd", n=5)]
    assert infer_space(trials)["x"].when == (("c", ("adam",)),)
    trials = [asked(c="adam", n=3, x=0.1), asked(c="adam", n=5)]
    assert infer_space(trials)["x"].when == (("n", (1, 2, 3)),)


def test_attributes_of_a_trial_are_kept(tmp_path):
    def objective(trial):
        trial.set_attribute("note", {"a": [1, trial.number]})
        trial.set_attribute("set", {trial.number})
        return trial["x"]

    experiment = hpb.Experiment(objective=objective, space={"x": hpb.Float(0, 1)})
    for workers in (1, 2):
        store = tmp_path / f"{workers}.db"
        study = hpb.run(
            experiment, "random", n_trials=3, seed=0, store=store, workers=workers
        )
        loaded = hpb.load_study(study.name, store)
        said = "the attribute 'set' is no plain data (set): its text is kept"
        assert loaded.notes.count(said) == 1
        for trial in loaded.trials:
            assert trial.attributes == {
                "note": {"a": [1, trial.number]},
                "set": f"{{{trial.number}}}",
            }
