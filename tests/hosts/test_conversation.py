"""A guest and its host: what is proposed, told, refused, and brought back."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle
import threading

import pytest

import hpbridge as hpb
from hpbridge.contract.backend import ExhaustedError, Outcome
from hpbridge.contract.capabilities import Feature, no
from hpbridge.contract.registry import registry
from hpbridge.errors import (
    ForeignHistoryError,
    HistoryWarning,
    SpaceError,
    UnsupportedFeatureError,
)
from hpbridge.hosts.conversation import OBSERVED, Conversation, NoProposal
from hpbridge.hosts.recipe import GuestRecipe
from hpbridge.trial import State
from tests.wrong_plugins import Wrapped, declaring, spec_of

SPACE = hpb.Space(
    {
        "x": hpb.Float(-1, 1),
        "n": hpb.Int(1, 9),
        "c": hpb.Categorical({"a": [1], "b": 2}),
    }
)
POINT = {"x": 0.5, "n": 3, "c": "b"}
FAILED = Outcome(State.FAILED)


def complete(value):
    return Outcome(State.COMPLETE, (float(value),))


class Listening(Wrapped):
    """Random search that keeps what it is told."""

    def __init__(self, problem, seed):
        super().__init__(problem, seed)
        self.heard = []

    def tell(self, suggestion, outcome):
        self.heard.append((dict(suggestion.params), outcome))

    def observe(self, params, outcome):
        self.heard.append((dict(params), outcome, "observed"))


class Deaf(Listening):
    """Learns from nothing but its own trials, and has three of them."""

    n_left = 3

    def ask(self):
        if not self.n_left:
            msg = "it had three points"
            raise ExhaustedError(msg)
        self.n_left -= 1
        return super().ask()

    def observe(self, params, outcome):
        reason = "it is deaf"
        raise ForeignHistoryError.refused(type(self).__name__, reason)


class Forgetful(Listening):
    """Proposes something else each time that it is made."""

    n_made = 0

    def __init__(self, problem, seed):
        type(self).n_made += 1
        super().__init__(problem, seed + self.n_made)


@pytest.fixture
def offer(monkeypatch):
    """Return a function that registers an optimizer, and returns its name."""

    def register(optimizer, lacks=()):
        can = declaring(dict.fromkeys(lacks, no("it is a test")))
        spec = spec_of(optimizer, capabilities=can)
        spec = dataclasses.replace(spec, name="guest")
        monkeypatch.setitem(registry().backends, "guest", spec)
        return "guest"

    return register


def talk_with(optimizer, **given):
    return Conversation(GuestRecipe(optimizer, seed=0), SPACE, **given)


def heard(talk):
    return talk._transcript.learner._optimizer.heard


def loss(params):
    return params["x"] ** 2 + params["n"]


def run(talk, keys):
    """Run a trial for each key, with a report each; return the points."""
    points = []
    for key in keys:
        params = talk.propose(key)
        talk.report(key, 1, loss(params) + 1)
        talk.ended(key, complete(loss(params)))
        points.append(params)
    return points


def test_a_guest_proposes_what_it_proposes_alone() -> None:
    def objective(trial):
        value = trial["x"] ** 2 + trial["n"]
        trial.report(value + 1, 1)
        return value

    one = hpb.Experiment(objective=objective, space=SPACE)
    alone = hpb.run(one, "optuna:tpe", n_trials=15, seed=0, store=":memory:")
    assert run(talk_with("optuna:tpe"), range(15)) == [t.params for t in alone.trials]


def test_a_trial_is_matched_by_its_name_and_has_its_reports(offer) -> None:
    talk = talk_with(offer(Listening))
    first, second = talk.propose("first"), talk.propose("second")
    talk.report("second", 1, 4.0)
    talk.report("second", 2, math.nan)
    talk.report("unknown", 1, 4.0)
    assert talk.open == ("first", "second")
    talk.ended("second", Outcome(State.PRUNED))
    talk.ended("first", complete(2))
    talk.ended("first", complete(3))  # again: nothing
    talk.ended("unknown", complete(3))
    (pruned, how), told = heard(talk)
    assert (pruned, told) == (second, (first, complete(2)))
    assert (how.state, how.reports[0]) == (State.PRUNED, (1, 4.0))
    assert math.isnan(how.values[0])
    assert talk.open == talk.notes == ()
    assert talk.values(first)["c"] in ([1], 2)


def test_a_trial_that_failed_and_ran_again_is_told_again(offer) -> None:
    talk = talk_with(offer(Listening))
    point = talk.propose(7)
    talk.ended(7, FAILED)
    talk.ended(7, complete(1))
    assert heard(talk) == [(point, FAILED), (point, complete(1), "observed")]


def test_a_host_without_names_is_matched_by_points_the_earliest_first(offer) -> None:
    class Same(Listening):
        def change(self, _):
            return dict(POINT)

    talk = talk_with(offer(Same))
    assert talk.propose() == talk.propose() == POINT
    other = {**POINT, "x": 0.25}
    talk.seen(other, complete(0))
    talk.seen({**POINT, "c": 2}, complete(1))  # the choice itself, not its label
    talk.seen(POINT, complete(2))
    talk.seen(POINT, complete(3))
    assert heard(talk) == [
        (other, complete(0), "observed"),
        (POINT, complete(1)),
        (POINT, complete(2)),
        (POINT, complete(3), "observed"),
    ]


def test_a_point_from_elsewhere_is_not_taken_for_a_trial_with_a_name(offer) -> None:
    talk = talk_with(offer(Listening))
    point = talk.propose("mine")
    talk.seen(point, complete(1))
    assert heard(talk) == [(point, complete(1), "observed")]
    assert talk.open == ("mine",)


def test_what_the_host_ran_instead_of_the_proposal_is_observed(offer) -> None:
    talk = talk_with(offer(Listening))
    proposed = talk.propose(0)
    ran = {**proposed, "x": 0.125, "more": 9}
    talk.ended(0, complete(1), ran)
    talk.propose(1)
    talk.ended(1, FAILED, {})  # it ended before it had its parameters
    talk.ended(2, complete(2), POINT)
    first, second, third, fourth = heard(talk)
    assert first == (proposed, FAILED)
    assert second == ({**proposed, "x": 0.125}, complete(1), "observed")
    assert third[1:] == (FAILED,)
    assert fourth == (POINT, complete(2), "observed")


def test_what_is_no_point_of_the_space_is_noted_and_said_once() -> None:
    said = []
    talk = talk_with("random", say=said.append)
    talk.seen({"x": 0.5, "n": 3}, FAILED)  # stopped before it had all parameters
    assert said == []
    for _ in range(2):
        talk.seen({**POINT, "n": 99}, FAILED)
    talk.ended(5, complete(1), {"x": 0.5})
    lacking = "'n' is active but has no value; 'c' is active but has no value"
    assert said == [
        "a trial is not learned from: 'n' is 99, outside [1, 9]",
        f"trial 5 is not learned from: {lacking}",
    ]
    assert talk.notes == tuple(said)


def test_what_a_guest_refuses_is_noted_and_said_once(offer) -> None:
    talk = talk_with(offer(Deaf))
    with pytest.warns(HistoryWarning, match="it is deaf"):
        refusal = talk.seen(POINT, complete(1))
    assert talk.seen(POINT, complete(2)) is not None  # and no further warning
    assert isinstance(refusal, ForeignHistoryError)
    assert refusal.reason == "it is deaf"
    assert talk.notes == (
        "Optimizer 'Deaf' cannot learn from this history: it is deaf.",
    )
    again = talk_with("guest", say=pytest.fail)
    again.restore(talk.state())
    again.seen(POINT, complete(3))
    assert again.notes == talk.notes


def test_a_note_of_the_host_is_said_once() -> None:
    said = []
    talk = talk_with("random", say=said.append)
    talk.note("it ignores the constraints")
    talk.note("it ignores the constraints")
    assert said == ["it ignores the constraints"] == list(talk.notes)


class Stuck(Listening):
    """Proposes one point, whatever it is told."""

    def change(self, params):
        return {"x": 0.75}


def test_who_proposes_forbidden_points_only_gets_drawn_ones_also_later(offer) -> None:
    space = hpb.Space({"x": hpb.Float(0, 1)}, forbid=[lambda p: p["x"] > 0.5])
    said = []
    talk = Conversation(GuestRecipe(offer(Stuck), seed=0), space, say=said.append)
    first = [talk.propose("a"), talk.propose("b")]
    talk.ended("a", complete(1))
    assert (*first[0].values(), *first[1].values()) < (0.5, 0.5)
    assert heard(talk)[-1] == (first[0], complete(1), "observed")
    assert len(said) == 1
    assert said[0].endswith("guest:random proposed forbidden ones only: 0")
    again = copy.copy(talk)
    assert again.propose("c") == talk.propose("c")
    assert again.notes == talk.notes
    assert talk.notes[0].startswith("3 trials were drawn at random")
    assert len(said) == 1


def test_who_takes_one_trial_at_a_time_is_asked_when_none_is_open(offer) -> None:
    name = offer(Listening, [Feature.PENDING])
    talk = talk_with(name)
    assert isinstance(talk.propose("a"), dict)
    assert talk.propose("b") is NoProposal.WAIT
    talk.ended("a", complete(1))
    assert isinstance(talk.propose("b"), dict)
    hurried = talk_with(name, cannot_wait="max_queue_len=2")
    hurried.propose("a")
    reason = "max_queue_len=2 needs several at once: the library cannot .it is a test"
    with pytest.raises(UnsupportedFeatureError, match=reason) as caught:
        hurried.propose("b")
    assert "optuna:tpe" in caught.value.hint
    assert "guest" not in caught.value.hint
    hurried.ended("a", complete(1))
    assert isinstance(hurried.propose("b"), dict)
    talk_with("random").check_several("it")


def test_the_end_waits_for_what_runs_where_the_host_can_wait(offer) -> None:
    name = offer(Deaf)
    talk, hurried = talk_with(name), talk_with(name, cannot_wait="it")
    for key in range(3):
        talk.propose(key)
        hurried.propose(key)
    assert talk.propose(3) is NoProposal.WAIT
    assert talk.exhausted is None
    assert hurried.propose(3) is NoProposal.DONE
    for key in range(3):
        talk.ended(key, complete(1))
    assert talk.propose(3) is NoProposal.DONE
    assert talk.exhausted == hurried.exhausted == "it had three points"


def test_points_of_the_host_come_first_and_are_observed(offer) -> None:
    talk = talk_with(offer(Listening), points=[POINT])
    saved = talk.state()
    assert run(talk, "ab")[0] == POINT
    assert heard(talk)[0][2] == "observed"
    again = talk_with("guest")
    again.restore(saved)
    assert again.propose("a") == POINT


@pytest.mark.parametrize("way", [pickle.loads, copy.deepcopy, json.loads])
def test_it_goes_on_bit_for_bit_where_it_was(way) -> None:
    whole = run(talk_with("optuna:tpe"), range(20))
    talk = talk_with("optuna:tpe", points=[])
    run(talk, range(14))
    talk.propose(14)
    talk.report(14, 1, loss(whole[14]) + 1)
    if way is json.loads:
        again = Conversation(GuestRecipe("optuna:tpe"), SPACE)
        again.restore(json.loads(json.dumps(talk.state())))
    else:
        again = way(pickle.dumps(talk) if way is pickle.loads else talk)
    # A copy of a copy that has not been used, too.
    for one in (again, copy.deepcopy(copy.copy(again))):
        assert one.open == (14,)
        one.ended(14, complete(loss(whole[14])))
        assert run(one, range(15, 20)) == whole[15:]
        assert one.notes == ()
        assert one.seed == 0


def test_nameless_trials_failures_and_history_are_relived() -> None:
    def play(talk, steps):
        open_ = []
        for step in steps:
            if step == "ask":
                open_.append(talk.propose())
            elif step == "fail":
                talk.seen(open_.pop(0), Outcome(State.FAILED, (math.nan,)))
            elif step == "see":
                talk.seen(POINT, complete(-3))
            else:
                talk.seen(open_.pop(), complete(loss(POINT)))
        return open_

    steps = ["ask", "ask", "tell", "see", "fail", "ask", "ask", "ask", "tell"] * 3
    talk = talk_with("optuna:tpe")
    left = play(talk, steps)
    again = copy.deepcopy(talk)
    assert [dict(t.params) for t in again._said.open.values()] == left
    for one in (talk, again):
        one.seen(left[0], complete(0))
    assert [talk.propose() for _ in range(3)] == [again.propose() for _ in range(3)]


@pytest.mark.parametrize("lacks", [(), (Feature.REPLAY,)])
def test_who_does_not_propose_the_same_again_observes_and_says_so(offer, lacks) -> None:
    talk = talk_with(offer(Forgetful, lacks))
    first, second = talk.propose("a"), talk.propose("b")
    talk.ended("a", complete(1))
    again = talk_with("guest")
    again.restore(talk.state())
    assert again.notes == (OBSERVED,)
    assert heard(again) == [(first, complete(1), "observed")]
    again.ended("b", complete(2))
    assert heard(again)[1] == (second, complete(2), "observed")
    assert copy.deepcopy(again).notes == (OBSERVED,)


def test_a_state_of_another_search_is_refused() -> None:
    saved = talk_with("random").state()
    other = Conversation(GuestRecipe("optuna:tpe"), hpb.Space({"x": hpb.Float(0, 1)}))
    with pytest.raises(SpaceError) as caught:
        other.restore({**saved, "schema": 99})
    assert caught.value.problems == (
        "it has schema 99; this hpbridge knows 1",
        "it is of 'random:random', not of 'optuna:tpe'",
        "it has searched another space",
    )


def test_a_state_of_before_it_had_a_number_is_restored() -> None:
    """As the searcher of Ray Tune wrote it."""
    whole = run(talk_with("optuna:tpe"), "abc")
    told = {"state": "complete", "values": [loss(whole[0])], "reports": [[1, 9.0]]}
    failed = {"state": "failed", "values": ["nan"], "reports": []}
    state = {
        "optimizer": "optuna:tpe",
        "space": SPACE.to_json(),
        "seed": 0,
        "points": [POINT],
        "events": [
            ["ask", "a", whole[0]],
            ["tell", "a", told],
            ["point", "p", POINT],
            ["ask", "b", whole[1]],
            ["observe", POINT, told],
            ["tell", "p", failed],
            ["tell", "p", told],
        ],
        "reports": {"b": [[1, "inf"]]},
    }
    talk = Conversation(GuestRecipe("optuna:tpe"), SPACE)
    talk.restore(json.loads(json.dumps(state)))
    assert talk.notes == ()
    assert talk.open == ("b",)
    assert talk.state()["reports"] == [["b", [[1, "inf"]]]]
    assert talk.propose("next") == POINT
    assert [params for params, _ in talk._said.told()].count(POINT) == 3


def test_a_state_is_json_whatever_the_choices_are() -> None:
    space = hpb.Space({"float": hpb.Categorical([math.inf, "nan", None, 0.5])})
    talk = Conversation(GuestRecipe("optuna:tpe", seed=0), space)
    points = [talk.propose(key) for key in range(12)]
    for key in range(8):
        talk.ended(key, complete(key))
    assert "inf" in [point["float"] for point in points[:8]]
    again = Conversation(GuestRecipe("optuna:tpe"), space)
    again.restore(json.loads(json.dumps(talk.state(), allow_nan=False)))
    assert again.notes == ()
    assert again.propose(12) == talk.propose(12)


def test_another_knows_all_and_draws_otherwise(offer) -> None:
    talk = talk_with(offer(Listening))
    points = run(talk, range(3))
    talk.seen(POINT, complete(5))
    talk.propose(3)
    other = talk.another(1)
    assert [(params, kind) for params, _, kind in heard(other)] == [
        (params, "observed") for params in [*points, POINT]
    ]
    assert other.open == ()
    assert other.seed == 1
    assert other.propose(3) != talk.propose(4)


def test_threads_share_a_conversation() -> None:
    talk = talk_with("optuna:tpe")
    points = {}

    def work(first):
        for key in range(first, first + 10):
            points[key] = talk.propose(key)
            talk.report(key, 1, 0.0)
            talk.ended(key, complete(loss(points[key])))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(0, 40, 10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(points) == list(range(40))
    assert len(list(talk._said.told())) == 40
    assert talk.open == ()


def test_several_values_and_constraints_go_to_who_can() -> None:
    recipe = GuestRecipe("optuna:nsga2", n_objectives=2, n_constraints=1, seed=0)
    talk = Conversation(recipe, SPACE)
    talk.propose(0)
    talk.ended(0, Outcome(State.COMPLETE, (1.0, 2.0), (0.5,)))
    again = copy.deepcopy(talk)
    ((_, outcome),) = again._said.told()
    assert outcome == Outcome(State.COMPLETE, (1.0, 2.0), (0.5,))
    assert again.propose(1) == talk.propose(1)
    with pytest.raises(UnsupportedFeatureError, match=r"value0.*value1") as caught:
        Conversation(GuestRecipe("skopt:gp", n_objectives=2), SPACE)
    assert "optuna:nsga2" in caught.value.hint
