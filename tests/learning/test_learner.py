"""What becomes of forbidden proposals, in studies too."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.contract.backend import Optimizer, Outcome, Suggestion
from hpbridge.contract.registry import registry
from hpbridge.errors import ForeignHistoryError, SpaceError
from hpbridge.learning import learner as module
from hpbridge.learning.learner import (
    FEWEST_REJECTIONS,
    MOST_REJECTIONS,
    DrawnSuggestion,
    Learner,
)
from hpbridge.learning.replay import RESUMED
from hpbridge.trial import State

SPACE = hpb.Space({"x": hpb.Float(0, 1)}, forbid=[lambda p: p["x"] > 0.5])


class Stubborn(Optimizer):
    """Proposes what is forbidden, but for the proposals of some numbers."""

    def __init__(self, allowed=(), takes_history=True) -> None:
        self.allowed, self.takes_history = set(allowed), takes_history
        self.n_asked = 0
        self.told, self.observed = [], []

    def ask(self):
        self.n_asked += 1
        x = 0.25 if self.n_asked in self.allowed else 0.75
        return Suggestion(self.n_asked, {"x": x})

    def tell(self, suggestion, outcome) -> None:
        self.told.append((suggestion.id, outcome.state))

    def observe(self, params, outcome) -> None:
        if not self.takes_history:
            name, why = "stubborn", "it takes none"
            raise ForeignHistoryError.refused(name, why)
        self.observed.append(dict(params))


def complete(learner, number):
    suggestion = learner.ask(number)
    learner.learn(suggestion, suggestion.params, Outcome(State.COMPLETE, (1.0,)))
    return suggestion


def test_a_proposal_within_the_limit_is_the_optimizer_s() -> None:
    optimizer = Stubborn(allowed=[MOST_REJECTIONS])
    learner = Learner("a:b", optimizer, SPACE)
    assert complete(learner, 0).params == {"x": 0.25}
    assert optimizer.told[:-1] == [(n, State.FAILED) for n in range(1, MOST_REJECTIONS)]
    assert optimizer.told[-1] == (MOST_REJECTIONS, State.COMPLETE)
    assert learner.notes == learner.drawn == optimizer.observed == []


def test_after_the_limit_a_point_is_drawn_observed_and_noted() -> None:
    optimizer = Stubborn()
    learner = Learner("a:b", optimizer, SPACE, seed=7)
    points = [complete(learner, number).params for number in range(12)]
    assert not any(map(SPACE.forbids, points))
    assert optimizer.observed == points
    assert len({p["x"] for p in points}) == 12
    asked = [MOST_REJECTIONS, 50, 25, 12] + [FEWEST_REJECTIONS] * 8
    assert optimizer.n_asked == sum(asked) == len(optimizer.told)
    (note,) = learner.notes
    assert note == (
        "12 trials were drawn at random from the allowed points, since a:b proposed "
        "forbidden ones only: 0, 1, 2, 3, 4 ..."
    )
    # By seed and number alone.
    other = Learner("a:b", Stubborn(), SPACE, seed=7)
    assert other.ask(5).params == points[5]
    assert Learner("a:b", Stubborn(), SPACE, seed=8).ask(5).params != points[5]


def test_an_allowed_proposal_gives_the_optimizer_its_patience_back() -> None:
    optimizer = Stubborn(allowed=[MOST_REJECTIONS + 1])
    learner = Learner("a:b", optimizer, SPACE)
    assert isinstance(complete(learner, 0), DrawnSuggestion)
    assert not isinstance(complete(learner, 1), DrawnSuggestion)
    before = optimizer.n_asked
    complete(learner, 2)
    assert optimizer.n_asked - before == MOST_REJECTIONS
    assert learner.drawn == [0, 2]


def test_who_takes_no_history_is_not_told_of_it_and_that_is_noted() -> None:
    learner = Learner("a:b", Stubborn(takes_history=False), SPACE)
    complete(learner, 0)
    complete(learner, 1)
    assert len(learner.notes) == 2
    (refusal,) = learner.refusals
    assert "it takes none" in refusal


def test_a_space_in_which_nothing_is_allowed_ends_with_a_sentence() -> None:
    space = hpb.Space({"x": hpb.Float(0, 1)}, forbid=[lambda _p: True])
    with pytest.raises(SpaceError, match="forbids every one of"):
        Learner("a:b", Stubborn(), space).ask(0)


def test_a_recorded_proposal_of_before_the_limit_is_asked_for_again() -> None:
    n_old = 9 * MOST_REJECTIONS
    learner = Learner("a:b", Stubborn(allowed=[n_old]), SPACE)
    assert learner.ask(0, {"x": 0.25}).params == {"x": 0.25}
    assert learner.drawn == []
    drawn = Learner("a:b", Stubborn(), SPACE).ask(0)
    learner = Learner("a:b", Stubborn(allowed=[n_old]), SPACE)
    assert learner.ask(0, drawn.params) == drawn
    assert learner.drawn == [0]


# --- in studies

BAND = hpb.Space(
    {"x": hpb.Float(0, 1), "y": hpb.Float(0, 1), "n": hpb.Int(1, 8)},
    forbid=[lambda p: p["x"] + p["y"] > 0.9],
)
STUCK = "hyperopt:tpe"


def to_the_edge(trial):
    """Its best point is one that nobody may run, on the other side of an edge."""
    return (trial["n"] - 3) ** 2 - trial["x"] - trial["y"]


def experiment(space=BAND):
    return hpb.Experiment(
        objective=to_the_edge,
        space=space,
        name="edge",
        direction={"value": "minimize"},
    )


@pytest.fixture
def _hyperopt():
    if "hyperopt" not in registry().backends:
        pytest.skip("hyperopt's plugin is not installed")


@pytest.mark.usefixtures("_hyperopt")
def test_no_study_ends_while_there_are_allowed_points(tmp_path) -> None:
    store = str(tmp_path / "store.db")
    study = hpb.run(experiment(), STUCK, n_trials=26, seed=0, store=store)
    assert len(study.trials) == 26
    assert not any(BAND.forbids(trial.params) for trial in study.trials)
    (note,) = [note for note in study.notes if "drawn at random" in note]
    goes_on = hpb.run(experiment(), STUCK, n_trials=22, seed=0, store=store)
    goes_on = hpb.resume(
        goes_on.name, experiment=experiment(), n_trials=26, store=store
    )
    assert [t.params for t in goes_on.trials] == [t.params for t in study.trials]
    assert any(RESUMED in note for note in goes_on.notes)
    assert [n for n in goes_on.notes if "drawn at random" in n] == [note]


@pytest.mark.usefixtures("_hyperopt")
def test_workers_and_comparisons_go_on_too(tmp_path) -> None:
    store = str(tmp_path / "store.db")
    tuned = experiment()
    study = hpb.run(tuned, STUCK, n_trials=24, seed=0, workers=2, store=store)
    assert len(study.trials) == 24
    compared = hpb.compare(
        tuned, backends=["random", STUCK], n_trials=24, repeats=1, store=store
    )
    assert all(len(each.trials) == 24 for each in compared.studies)


@pytest.mark.usefixtures("_hyperopt")
def test_a_study_of_when_it_asked_on_is_resumed_bit_for_bit(
    tmp_path, monkeypatch
) -> None:
    space = hpb.Space(
        {"x": hpb.Float(0, 1), "y": hpb.Float(0, 1)},
        forbid=[lambda p: p["x"] + p["y"] > 0.1],
    )
    tuned = hpb.Experiment(objective=lambda t: t["x"], space=space, name="few")
    store = str(tmp_path / "store.db")
    with monkeypatch.context() as before:
        before.setattr(module, "MOST_REJECTIONS", 1000)
        before.setattr(module, "FEWEST_REJECTIONS", 1000)
        old = hpb.run(tuned, "hyperopt:random", n_trials=6, seed=2, store=store)
    assert not any("drawn at random" in note for note in old.notes)
    more = hpb.resume(old.name, experiment=tuned, n_trials=7, store=store)
    assert any(RESUMED in note for note in more.notes)
    assert [t.params for t in more.trials[:6]] == [t.params for t in old.trials]
