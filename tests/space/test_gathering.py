from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hpbridge import Categorical, Float, Space
from hpbridge.space.gathering import gather

NAMES = "abcde"
PARAMETERS = {name: Float(0, 1) for name in NAMES}


def rows(*sets, is_whole=True):
    return [(dict.fromkeys(names, 0.5), is_whole) for names in sets]


def named(trials, **said):
    used = {n: p for n, p in PARAMETERS.items() if any(n in t for t, _ in trials)}
    found = gather(used, trials, **said)
    return "".join(found.parameters), "".join(found.outside)


def n_kept(trials, found):
    space = Space(found.parameters)
    needs = [space.active(point) for point, is_whole in trials if is_whole]
    whole = [point for point, is_whole in trials if is_whole]
    return sum({*need} <= {*point} for need, point in zip(needs, whole, strict=True))


def test_what_a_minority_has_is_no_parameter():
    assert named(rows("a", "a", "a", "ab")) == ("a", "b")
    assert named(rows("ab", "ab", "ac", "ac")) == ("a", "bc")
    assert named(rows("a", "a") + rows("ab", is_whole=False)) == ("a", "b")


def test_what_the_majority_has_is_one():
    trials = rows("ab", "ab", "ab", "a")
    assert named(trials) == ("ab", "")
    (note,) = gather({n: PARAMETERS[n] for n in "ab"}, trials).notes
    assert note.startswith("1 of 4 complete trials lack 'b'")


def test_where_no_parameter_is_in_most_trials_the_commonest_set_is_taken():
    assert named(rows("a", "b", "b", "c")) == ("b", "ac")
    assert named(rows("a", "b")) == ("b", "a")  # the later one


def test_several_parameters_of_the_majority_do_not_together_lose_half():
    trials = rows("abc", "abd", "acd", "bcd", "abcd")
    found = gather({n: PARAMETERS[n] for n in "abcd"}, trials)
    assert 2 * n_kept(trials, found) >= len(trials)


def test_what_the_user_says_decides():
    trials = rows("a", "a", "a", "ab")
    assert named(trials, defaults={"b"}) == ("ab", "")
    assert named(rows("ab", "ab", "a"), without={"b"}) == ("a", "b")


def test_without_a_whole_trial_all_of_them_count():
    assert named(rows("a", "ab", "ab", is_whole=False)) == ("ab", "")


def test_doubt_about_a_condition_is_said():
    parameters = {"k": Categorical(["x", "y"]), "l": Categorical(["u", "v"])}
    parameters["b"] = Float(0, 1)
    trials = [({"k": "x", "l": "u"}, True)] * 3
    trials += [({"k": "y", "l": "v", "b": 0.5}, True)]
    found = gather(parameters, trials)
    assert found.parameters["b"].when == (("k", ("y",)),)
    (note,) = found.notes
    assert note == (
        "the condition of 'b' was inferred from 4 trials: 'k' is one of ['y']; "
        "'l' would fit too; only 1 trial tells the one from the other"
    )


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(NAMES), min_size=1), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_at_least_half_of_the_whole_trials_stay_and_there_is_a_parameter(given_sets):
    trials = [(dict.fromkeys(sorted(n), 0.5), is_whole) for n, is_whole in given_sets]
    used = {n: p for n, p in PARAMETERS.items() if any(n in t for t, _ in trials)}
    found = gather(used, trials)
    assert found.parameters
    assert {*found.parameters, *found.outside} == {*used}
    whole = [point for point, is_whole in trials if is_whole]
    sets = [frozenset(point) for point in whole]
    most = max((sets.count(each) for each in sets), default=0)
    assert n_kept(trials, found) >= min(len(whole) / 2, most)
