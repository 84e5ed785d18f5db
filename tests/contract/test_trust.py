"""A quick way is believed as long as it does what the library's own code does."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from hpbridge.contract.trust import Trust, is_same


class Drawing:
    """A library's own code and a quick way to the same numbers, from one generator."""

    def __init__(self, wrong_from=None, change=None):
        self.generator = np.random.RandomState(0)
        self.n_own, self.looks, self.quick_since_look = 0, [], []
        self.trust = Trust("library:algorithm")
        self._wrong_from, self._change = wrong_from, change
        self._n, self._quick = 0, 0

    def own(self):
        self.n_own += 1
        self.looks.append(self._n)
        return {"x": self.generator.uniform(), "y": self.generator.randint(10)}

    def quick(self):
        self._quick += 1
        if self._wrong_from is not None and self._n >= self._wrong_from:
            return self._change(self.generator)
        return {"x": self.generator.uniform(), "y": self.generator.randint(10)}

    def propose(self, n):
        found = []
        for _ in range(n):
            self._n += 1
            found.append(
                self.trust.propose(self.quick, self.own, generator=self.generator)
            )
        return found

    @property
    def n_quick(self):
        return self._quick


def library_alone(n):
    generator = np.random.RandomState(0)
    return [{"x": generator.uniform(), "y": generator.randint(10)} for _ in range(n)]


def another_value(generator):
    return {"x": generator.uniform() + 2**-50, "y": generator.randint(10)}


def another_draw(generator):
    found = {"x": generator.uniform(), "y": generator.randint(10)}
    generator.uniform()
    return found


def an_error_after_a_draw(generator):
    generator.uniform()
    msg = "no attribute\n'_mixture'"
    raise AttributeError(msg)


def test_a_right_quick_way_proposes_what_the_library_would():
    drawing = Drawing()
    assert drawing.propose(300) == library_alone(300)
    assert drawing.trust.lost_because == ""
    assert drawing.trust.notes == ()


def test_a_look_comes_at_powers_of_two_and_then_at_every_64th():
    drawing = Drawing()
    drawing.propose(300)
    assert drawing.looks == [1, 2, 4, 8, 16, 32, 64, 128, 192, 256]


@pytest.mark.parametrize("change", [another_value, another_draw])
@pytest.mark.parametrize(
    ("wrong_from", "found_at"), [(1, 1), (3, 4), (65, 128), (128, 128), (129, 192)]
)
def test_a_difference_is_found_at_the_next_look(change, wrong_from, found_at):
    drawing = Drawing(wrong_from, change)
    found = drawing.propose(found_at)
    assert f"it differs at its proposal {found_at}" in drawing.trust.lost_because
    n_quick = drawing.n_quick
    # The look itself is already the library's, and so is all that comes after it.
    state = drawing.generator.get_state()
    alone = np.random.RandomState()
    alone.set_state(state)
    expected = {"x": alone.uniform(), "y": alone.randint(10)}
    assert drawing.propose(1) == [expected]
    assert drawing.n_quick == n_quick
    assert found[: wrong_from - 1] == library_alone(wrong_from - 1)


def test_what_may_have_differed_before_it_was_found_is_said():
    drawing = Drawing(65, another_value)
    drawing.propose(128)
    assert drawing.trust.lost_because == (
        "it differs at its proposal 128, and may since proposal 65"
    )
    (note,) = drawing.trust.notes
    assert note.startswith("the quick way of library:algorithm was given up")
    assert drawing.trust.lost_because in note


@pytest.mark.parametrize("wrong_from", [1, 2, 3, 64, 65, 70])
def test_an_error_falls_back_at_once_and_changes_no_number(wrong_from):
    drawing = Drawing(wrong_from, an_error_after_a_draw)
    assert drawing.propose(150) == library_alone(150)
    assert drawing.trust.lost_because == (
        f"it fails at its proposal {wrong_from} with AttributeError: "
        "no attribute '_mixture'"
    )
    assert drawing.n_quick == wrong_from


def test_what_the_library_raises_too_is_not_held_against_the_quick_way():
    trust = Trust("library:algorithm")

    def exhausted():
        raise StopIteration

    for _ in range(2):
        assert trust.propose(lambda: 1, lambda: 1) == 1
    with pytest.raises(StopIteration):
        trust.propose(exhausted, exhausted)
    assert trust.lost_because == ""


def test_what_the_quick_way_leaves_to_the_library_is_no_look():
    drawing = Drawing(1, lambda generator: generator.uniform() and None)
    assert drawing.propose(10) == library_alone(10)
    assert drawing.trust.lost_because == ""
    drawing._wrong_from = None
    drawing.propose(3)
    # The first that it proposed itself was looked at, and the second.
    assert drawing.looks == [*range(1, 11), 11, 12]


def test_each_kind_of_proposal_is_looked_at_by_itself():
    trust = Trust("library:algorithm")
    for _ in range(100):
        trust.propose(lambda: 1, lambda: 1, key="x")
    assert trust.propose(lambda: 2, lambda: 3, key="y") == 3
    assert trust.lost_because == "it differs at its proposal 1"
    assert trust.propose(lambda: 1, lambda: 4, key="x") == 4


def test_a_comparison_of_ones_own_decides():
    trust = Trust("library:algorithm")
    assert trust.propose(lambda: -1, lambda: 1, lambda a, b: abs(a) == abs(b)) == 1
    assert trust.lost_because == ""

    def broken(_left, _right):
        return {}["misc"]

    assert trust.propose(lambda: 1, lambda: 1, broken) == 1
    assert "KeyError" in trust.lost_because


@pytest.mark.parametrize("every", [1, 3, 16])
def test_no_more_proposals_than_wanted_come_between_two_looks(every):
    trust = Trust("library:algorithm", every)
    looks = []
    for number in range(1, 100):
        trust.propose(lambda: 0, lambda number=number: looks.append(number) or 0)
    gaps = [right - left for left, right in pairwise(looks)]
    assert looks[0] == 1
    assert max(gaps) <= every


def test_pythons_own_generator_needs_two_lines():
    class Own(random.Random):
        get_state, set_state = random.Random.getstate, random.Random.setstate

    generator, alone = Own(3), random.Random(3)
    trust = Trust("library:algorithm")
    for _ in range(20):
        found = trust.propose(generator.random, generator.random, generator=generator)
        assert found == alone.random()
    assert trust.lost_because == ""


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (np.arange(3), np.arange(4)),
        (np.zeros(1), np.zeros(3)),
        ([np.zeros(2)], [np.array([0.0, 1e-300])]),
        ({"x": 1}, {"y": 1}),
        ((1, 2), (1,)),
        ("MT19937", np.zeros(1)),
        (1.0, None),
    ],
)
def test_different_values_are_not_the_same(left, right):
    assert not is_same(left, right)
    assert not is_same(right, left)


def test_arrays_within_lists_and_dicts_are_compared():
    state = np.random.RandomState(1).get_state()
    assert is_same(state, np.random.RandomState(1).get_state())
    assert not is_same(state, np.random.RandomState(2).get_state())
    assert is_same({"x": [np.ones(2), 1]}, {"x": [np.ones(2), 1.0]})
