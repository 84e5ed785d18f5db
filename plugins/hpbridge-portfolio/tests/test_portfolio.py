from __future__ import annotations

import pytest

from hpbridge.errors import OptimizerError
from hpbridge.plugin import (
    ExhaustedError,
    Float,
    ForeignHistoryError,
    Int,
    Optimizer,
    Outcome,
    Space,
    State,
    Suggestion,
)
from hpbridge_portfolio.backend.making import member_seed
from hpbridge_portfolio.backend.portfolio import MOST_FORBIDDEN, Portfolio
from hpbridge_portfolio.backend.turns import (
    Elimination,
    Equal,
    Gumbel,
    ranks_of,
    score_of,
    share_beaten,
)

LINE = Space({"x": Float(0, 1)})


class Fixed(Optimizer):
    """Proposes one value, a given number of times; keeps what it hears."""

    def __init__(self, x, most=10_000, refuses=False):
        self.x, self.left, self.refuses = x, most, refuses
        self.told, self.observed, self.notes = [], [], []

    def ask(self):
        if not self.left:
            msg = "all is said"
            raise ExhaustedError(msg)
        self.left -= 1
        return Suggestion(self.left, {"x": self.x})

    def tell(self, suggestion, outcome):
        self.told.append((suggestion.id, suggestion.params["x"], outcome))

    def observe(self, params, outcome):
        if self.refuses:
            why = "it hears nobody"
            raise ForeignHistoryError.refused(type(self).__name__, why)
        self.observed.append((params["x"], outcome))


def portfolio(turns, *members, space=LINE):
    named = {f"m{k}": member for k, member in enumerate(members)}
    return Portfolio(space, named, turns)


def complete(value):
    return Outcome(State.COMPLETE, (value,))


def play(optimizer, n_trials, value=lambda x: x):
    members = []
    for _ in range(n_trials):
        suggestion = optimizer.ask()
        members.append(suggestion.member)
        optimizer.tell(suggestion, complete(value(suggestion.params["x"])))
    return members


def test_members_are_asked_in_turn_and_each_hears_of_all_trials():
    one, two = Fixed(0.25), Fixed(0.75)
    assert play(portfolio(Equal(2), one, two), 6) == ["m0", "m1"] * 3
    assert [x for _, x, _ in one.told] == [0.25] * 3
    assert [x for x, _ in one.observed] == [0.75] * 3
    assert [x for _, x, _ in two.told] == [0.75] * 3
    assert [x for x, _ in two.observed] == [0.25] * 3


def test_trials_that_run_side_by_side_are_told_to_whom_they_are_of():
    one, two = Fixed(0.25), Fixed(0.75)
    optimizer = portfolio(Equal(2), one, two)
    asked = [optimizer.ask() for _ in range(4)]
    assert [each.member for each in asked] == ["m0", "m1", "m0", "m1"]
    for suggestion in reversed(asked):
        optimizer.tell(suggestion, complete(0.0))
    assert [number for number, _, _ in one.told] == [9998, 9999]
    assert len(two.observed) == 2


@pytest.mark.parametrize("state", [State.FAILED, State.PRUNED])
def test_bad_outcomes_reach_every_member(state):
    one, two = Fixed(0.25), Fixed(0.75)
    optimizer = portfolio(Equal(2), one, two)
    outcome = Outcome(state)
    optimizer.tell(optimizer.ask(), outcome)
    assert one.told[0][2] is outcome
    assert two.observed == [(0.25, outcome)]


def test_a_trial_from_elsewhere_takes_no_turn_and_all_observe_it():
    one, two = Fixed(0.25), Fixed(0.75)
    optimizer = portfolio(Equal(2), one, two)
    optimizer.observe({"x": 0.5}, complete(1.0))
    assert optimizer.ask().member == "m0"
    assert one.observed == two.observed == [(0.5, complete(1.0))]


def test_what_a_member_cannot_learn_from_is_said_once_and_by_name():
    optimizer = portfolio(Equal(2), Fixed(0.25), Fixed(0.75, refuses=True))
    play(optimizer, 6)
    (note,) = optimizer.notes
    assert note.startswith("m1: ")
    assert "it hears nobody" in note


def test_what_no_member_can_learn_from_is_refused():
    deaf = [Fixed(0.25, refuses=True), Fixed(0.75, refuses=True)]
    optimizer = portfolio(Equal(2), *deaf)
    with pytest.raises(ForeignHistoryError, match="it hears nobody"):
        optimizer.observe({"x": 0.5}, complete(1.0))


def test_an_exhausted_member_leaves_its_trials_to_the_others_and_goes_on_learning():
    one, two = Fixed(0.25, most=2), Fixed(0.75)
    optimizer = portfolio(Equal(2), one, two)
    assert play(optimizer, 7) == ["m0", "m1", "m0", "m1", "m1", "m1", "m1"]
    assert optimizer.notes == [
        "m0 has nothing left to propose: its trials go to the others (all is said)"
    ]
    assert len(one.observed) == 5


def test_a_portfolio_is_exhausted_when_all_members_are():
    optimizer = portfolio(Equal(2), Fixed(0.25, most=1), Fixed(0.75, most=2))
    assert len(play(optimizer, 3)) == 3
    with pytest.raises(ExhaustedError, match="all is said"):
        optimizer.ask()


@pytest.mark.parametrize("name", ["ask", "tell", "observe"])
def test_the_member_whose_library_fails_is_named(name):
    def fail(*_):
        msg = "no luck"
        raise ZeroDivisionError(msg)

    one, two = Fixed(0.25), Fixed(0.75)
    optimizer = portfolio(Equal(2), one, two)
    setattr(two if name == "observe" else one, name, fail)
    with pytest.raises(OptimizerError, match=r"'m[01]' failed .*no luck"):
        play(optimizer, 1)


def test_forbidden_proposals_take_no_turn_until_there_are_too_many():
    space = Space({"x": Int(0, 3)}, forbid=[{"x": 0}])
    optimizer = portfolio(Equal(2), Fixed(0), Fixed(1), space=space)
    asked = []
    for _ in range(MOST_FORBIDDEN + 2):
        suggestion = optimizer.ask()
        asked.append(suggestion.member)
        state = State.FAILED if suggestion.params["x"] == 0 else State.COMPLETE
        optimizer.tell(suggestion, Outcome(state, (1.0,) * (state is State.COMPLETE)))
    assert asked == [*["m0"] * MOST_FORBIDDEN, "m1", "m0"]


def test_notes_of_members_say_whose_they_are():
    one = Fixed(0.25)
    one.notes = ["computes slowly", "m0 takes one value"]
    optimizer = portfolio(Equal(2), one, Fixed(0.75))
    assert list(optimizer.notes) == ["m0: computes slowly", "m0 takes one value"]


def test_after_the_warm_up_the_best_member_goes_on_alone():
    optimizer = portfolio(Elimination(3, 2), Fixed(0.5), Fixed(0.25), Fixed(0.75))
    members = play(optimizer, 10)
    assert members == ["m0", "m1", "m2"] * 2 + ["m1"] * 4


def test_the_warm_up_waits_for_trials_to_end():
    optimizer = portfolio(Elimination(2, 1), Fixed(0.5), Fixed(0.25))
    asked = [optimizer.ask() for _ in range(6)]
    assert [each.member for each in asked] == ["m0", "m1"] * 3
    for suggestion in asked:
        optimizer.tell(suggestion, complete(suggestion.params["x"]))
    assert [optimizer.ask().member for _ in range(3)] == ["m1"] * 3


def test_a_member_that_fails_is_eliminated():
    optimizer = portfolio(Elimination(2, 2), Fixed(0.25), Fixed(0.75))
    for _ in range(4):
        suggestion = optimizer.ask()
        is_first = suggestion.member == "m0"
        optimizer.tell(suggestion, Outcome(State.FAILED) if is_first else complete(5.0))
    assert optimizer.ask().member == "m1"


def test_when_the_best_member_is_exhausted_the_next_best_goes_on():
    best = Fixed(0.25, most=3)
    optimizer = portfolio(Elimination(3, 1), Fixed(0.75), best, Fixed(0.5))
    assert play(optimizer, 8) == ["m0", "m1", "m2", "m1", "m1", "m2", "m2", "m2"]


def test_the_worst_half_of_an_explorer_does_not_count_against_it():
    values = {"m0": [0.1, 9.0], "m1": [0.5, 0.5]}
    optimizer = portfolio(Elimination(2, 2), Fixed(0.25), Fixed(0.75))
    for _ in range(4):
        suggestion = optimizer.ask()
        optimizer.tell(suggestion, complete(values[suggestion.member].pop(0)))
    assert optimizer.ask().member == "m0"


def test_the_bandit_asks_the_better_member_more_often_and_the_other_still():
    optimizer = portfolio(Gumbel(2, 50, 0.3, 1), Fixed(0.75), Fixed(0.25))
    members = play(optimizer, 200)
    assert members.count("m1") > 150
    assert members[:2] == ["m0", "m1"]
    assert "m0" in members[2:]


def test_a_bandit_that_does_not_explore_asks_the_best_alone():
    optimizer = portfolio(Gumbel(2, 50, 0.0, 1), Fixed(0.75), Fixed(0.25))
    assert set(play(optimizer, 40)[5:]) == {"m1"}


def test_the_bandit_forgets_what_is_long_ago():
    optimizer = portfolio(Gumbel(2, 10, 0.3, 2), Fixed(0.25), Fixed(0.75))
    before = play(optimizer, 60)
    after = play(optimizer, 200, value=lambda x: -x)
    assert before.count("m0") > 30
    assert after[-60:].count("m1") > 40


def test_bandits_of_the_same_seed_draw_the_same():
    def members(seed):
        return play(portfolio(Gumbel(2, 50, 0.3, seed), Fixed(0.3), Fixed(0.25)), 60)

    assert members(4) == members(4)
    assert members(4) != members(5)


def test_trials_are_ranked_feasible_first_and_failed_last():
    good, bad = score_of(complete(1.0)), score_of(complete(2.0))
    beyond = score_of(Outcome(State.COMPLETE, (0.0,), (0.5,)))
    failed = score_of(Outcome(State.FAILED))
    ranked = [good, bad, beyond, failed]
    shares = [share_beaten(each, ranked) for each in ranked]
    assert shares == [0.875, 0.625, 0.375, 0.125]
    assert share_beaten(good, [good]) == 0.5
    assert ranks_of(ranked) == [1 - share for share in shares]
    far = score_of(Outcome(State.COMPLETE, (0.0,), (float("inf"),)))
    assert share_beaten(far, [failed]) == 1.0
    assert ranks_of([good, good, failed]) == [1 / 3, 1 / 3, 5 / 6]


def test_of_several_metrics_what_dominates_is_better():
    first = score_of(Outcome(State.COMPLETE, (1.0, 1.0)))
    other = score_of(Outcome(State.COMPLETE, (1.0, 2.0)))
    apart = score_of(Outcome(State.COMPLETE, (0.5, 3.0)))
    assert share_beaten(first, [other]) == 1.0
    assert share_beaten(first, [apart]) == 0.5


def test_the_first_member_has_the_seed_of_the_study():
    seeds = {member_seed(7, place) for place in range(50)}
    assert member_seed(7, 0) == 7
    assert len(seeds) == 50
    assert all(0 <= seed < 2**32 for seed in seeds)
