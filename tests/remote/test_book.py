"""What comes late, twice or never is settled in the book of a reception."""

from __future__ import annotations

import pytest

from hpbridge.contract.attempt import Reply
from hpbridge.remote import book
from hpbridge.remote.book import Book, Order


@pytest.fixture
def said():
    return []


@pytest.fixture
def kept(said):
    """A book with two agents."""
    made = Book(lambda *message: said.append(message))
    for name in ("one", "two"):
        made.join(name, "host", f"host:{name}", None)
    said.clear()
    return made


def order(number):
    return Order(number, "study", number, b"{}")


def test_a_result_counts_once_whoever_says_it(kept, said):
    one, two = kept.members["one"], kept.members["two"]
    kept.give(order(1))
    assert kept.next_for(one).id == 1
    kept.take(two, 1, {"kind": "ended"})  # it never had it
    kept.take(one, 2, {"kind": "ended"})  # there is none
    assert said == []
    kept.take(one, 1, {"kind": "ended"})
    kept.take(one, 1, {"kind": "ended"})  # once more
    assert said == [(book.SAID, 1, {"kind": "ended"})]


def test_an_agent_that_asks_again_gets_the_same_job_and_nobody_else(kept):
    one, two = kept.members["one"], kept.members["two"]
    kept.give(order(1))
    kept.give(order(2))
    assert [kept.next_for(one).id, kept.next_for(one).id] == [1, 1]
    assert kept.next_for(two).id == 2
    kept.give_back(one)  # it was not sent
    kept.take(two, 2, {})
    assert kept.next_for(two).id == 1


def test_an_agent_that_is_away_too_long_loses_its_job_and_is_a_stranger(kept, said):
    one = kept.members["one"]
    kept.give(order(1))
    kept.next_for(one)
    one.seen_at -= book.SILENT_SECONDS + 1
    kept.reap()
    what, job, why, *_, worker = said[0]
    assert (what, job, worker) == (book.LOST, 1, "host:one")
    assert "nothing was heard" in why
    assert said[1][:2] == (book.LEFT, "host:one")
    kept.take(one, 1, {"kind": "ended"})  # late
    assert len(said) == 2
    assert not kept.join("one", "host", "host:one", 1)  # its job is no longer its


def test_an_agent_comes_back_to_its_job_where_it_was_not_away_for_long(kept, said):
    one = kept.members["one"]
    kept.give(order(1))
    kept.next_for(one)
    one.gone_at = one.seen_at
    kept.reap()
    assert kept.join("one", "host", "host:one", 1)
    assert one.gone_at is None
    assert said == []


def test_a_machine_that_slept_blames_no_agent(kept, said):
    one = kept.members["one"]
    one.seen_at -= 3600
    kept._looked_at -= 3600
    kept.reap()
    assert said == []


def test_an_agent_that_leaves_by_itself_gives_its_job_back(kept, said):
    one = kept.members["one"]
    kept.give(order(1))
    kept.next_for(one)
    kept.leave(one, "it was told to", by_itself=True)
    assert said[0] == (book.RETURNED, 1, "it was told to")


def test_what_is_cancelled_is_spoken_of_no_more(kept, said):
    one = kept.members["one"]
    for number in (1, 2):
        kept.give(order(number))
    kept.next_for(one)
    kept.cancel(2)  # nobody has it
    kept.cancel(1)
    assert one.cancelled == 1
    kept.take(one, 1, {"kind": "ended"})
    assert one.cancelled is None
    assert said == []
    assert kept.next_for(one) is None


class StopsAt2:
    def report(self, trial, step, value):
        return Reply.STOP if step == 2 else Reply.GO_ON


def test_a_report_counts_once_and_is_answered_again(kept, said):
    one = kept.members["one"]
    kept.decide_by("study", StopsAt2())
    kept.give(order(1))
    kept.next_for(one)
    assert kept.report(one, 1, [(0, 1, 0.5)]) == Reply.GO_ON.value
    for _ in range(2):  # the answer did not arrive
        assert kept.report(one, 1, [(1, 2, 0.25)]) == Reply.STOP.value
    # Those that did not arrive come before the next one.
    kept.answer(1, Reply.PAUSE.value)
    reports = [(1, 2, 0.25), (2, 3, 0.1), (3, 4, 0.1)]
    assert kept.report(one, 1, reports) == Reply.PAUSE.value
    assert said == [
        (book.REPORTED, 1, 1, 0.5),
        (book.REPORTED, 1, 2, 0.25),
        (book.REPORTED, 1, 3, 0.1),
        (book.REPORTED, 1, 4, 0.1),
    ]
    assert kept.report(kept.members["two"], 1, [(4, 5, 0.1)]) == Reply.GO_ON.value


class Raises:
    def report(self, trial, step, value):
        raise ZeroDivisionError


def test_a_policy_that_raises_is_told_and_done_without(kept, said, capsys):
    one = kept.members["one"]
    kept.decide_by("study", Raises())
    kept.give(order(1))
    kept.next_for(one)
    assert kept.report(one, 1, [(0, 1, 0.5)]) == Reply.GO_ON.value
    assert (book.FAULT, "study") in said
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert kept.report(one, 1, [(1, 2, 0.5)]) == Reply.GO_ON.value
