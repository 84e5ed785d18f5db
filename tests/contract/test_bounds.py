"""Reading ends where a file takes more than is due to its size, whatever reads it."""

from __future__ import annotations

import contextlib
import time

import pytest

from hpbridge.contract import bounds
from hpbridge.contract.bounds import (
    Bounds,
    TooLargeError,
    is_over,
    limit_bytes,
    limit_values,
    within,
)


@pytest.fixture
def short(monkeypatch):
    """Half a second and 64 MiB."""
    monkeypatch.setattr(bounds, "SECONDS", 0.6)
    monkeypatch.setattr(bounds, "MIB", bounds._OF_PYTHON + 64)


def for_ever():
    while True:
        sum(range(100))


def catching():
    while True:
        with contextlib.suppress(Exception):
            for_ever()


def growing():
    kept = []
    while True:
        kept.append(bytearray(2**20))


def test_bounds_grow_with_a_file():
    small, large = Bounds.of(0), Bounds.of(100 * 2**20)
    assert small == Bounds.of(10 * 2**20)
    assert large.seconds == 10 * small.seconds
    assert small.seconds_said == "10 s"
    assert small.memory_said == "512 MiB"


@pytest.mark.parametrize("work", [for_ever, catching])
def test_what_takes_for_ever_is_ended(short, work):
    with pytest.raises(TooLargeError, match="more than 1 s to read"):
        within(0, work)


def test_what_fills_the_memory_is_ended(short):
    with pytest.raises(TooLargeError, match="of memory to read"):
        within(0, growing)


def test_nothing_is_raised_after_the_work(short):
    def work():
        with contextlib.suppress(TooLargeError):
            within(0, for_ever)
        return 3

    for _ in range(3):
        assert work() == 3
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            sum(range(100))


def test_bounds_within_others_are_theirs(short):
    with pytest.raises(TooLargeError):
        within(0, lambda: within(2**40, for_ever))


def test_who_trusts_a_file_lifts_them(short):
    def work():
        until = time.thread_time() + 1
        while time.thread_time() < until:
            sum(range(100))
        limit_bytes(10**12)
        limit_values(10**12)
        return is_over()

    assert within(0, work, is_trusted=True) is False


def test_a_library_that_asks_is_told(short):
    def work():
        while not is_over():
            sum(range(100))
        return "asked"

    # It is ended while it asks, or right after.
    with contextlib.suppress(TooLargeError):
        assert within(0, work) == "asked"


def test_what_can_be_counted_is_not_even_begun():
    with pytest.raises(TooLargeError, match="larger than 200 MiB"):
        within(0, lambda: limit_bytes(201 * 2**20))
    with pytest.raises(TooLargeError, match="more than 4194304 values"):
        within(0, lambda: limit_values(4_194_305))
    within(20 * 2**20, lambda: limit_values(4_194_305))


def test_what_the_work_returns_and_raises_comes_through():
    assert within(0, lambda: 7) == 7
    with pytest.raises(KeyError):
        within(0, lambda: {}["x"])
