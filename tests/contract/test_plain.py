from __future__ import annotations

from hpbridge.space.plain import labelled, text_of


class Nameless:
    pass


NAMELESS = [Nameless(), Nameless()]


def test_choices_are_named_by_their_text():
    assert list(labelled([(1,), int], "choice {}", text_of)) == ["(1,)", "int"]


def test_without_a_text_all_go_by_place_or_those_alone_that_lack_one():
    choices = [NAMELESS[0], (1,)]
    assert list(labelled(choices, "choice{}")) == ["choice0", "choice1"]
    assert list(labelled(choices, "choice {}", text_of)) == ["choice 0", "choice 1"]
    mixed = labelled(choices, "choice_{}", text_of, is_mixed=True)
    assert list(mixed) == ["choice_0", "(1,)"]
    assert mixed["choice_0"] is NAMELESS[0]


def test_where_two_texts_are_the_same_all_go_by_place():
    choices = [1, "1", NAMELESS[1]]
    for is_mixed in (False, True):
        found = labelled(choices, "at {}", text_of, is_mixed=is_mixed)
        assert list(found) == ["at 0", "at 1", "at 2"]
