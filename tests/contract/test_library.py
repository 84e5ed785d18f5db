from __future__ import annotations

import logging
import random
import threading
import warnings
from fractions import Fraction

import numpy as np
import pytest

from hpbridge.contract.library import (
    GlobalRandom,
    class_names,
    is_instance_of,
    quiet,
)


class Half(Fraction):
    """What a user makes of a library's class."""


def test_the_classes_of_a_library_are_told_by_name_nearest_first():
    assert class_names(Half(), "fractions") == ["Fraction"]
    assert class_names(Half(), "numbers")[:2] == ["Rational", "Real"]
    assert class_names(Half(), "builtins") == ["object"]


def test_a_module_that_only_begins_like_the_library_is_another_one():
    lookalike = type("Fraction", (), {"__module__": "fractions_of_others"})()
    assert class_names(lookalike, "fractions") == []
    inside = type("Fraction", (), {"__module__": "fractions.inside"})()
    assert is_instance_of(inside, "fractions", "Fraction")


def test_a_class_is_no_instance_and_another_name_is_another_class():
    assert is_instance_of(Half(), "fractions", "Fraction")
    assert not is_instance_of(Half, "fractions", "Fraction")
    assert not is_instance_of(Half(), "fractions", "Half")


@pytest.fixture
def heard(caplog):
    caplog.set_level(logging.INFO, "of_a_library")

    def texts():
        return [record.getMessage() for record in caplog.records]

    return texts


def test_quiet_drops_warnings_and_what_the_loggers_say(heard):
    logger = logging.getLogger("of_a_library")
    with quiet("of_a_library"):
        logger.info("within")
        warnings.warn("within", stacklevel=1)
        logging.getLogger("of_a_library.child").info("of a child")
    logger.info("after")
    assert heard() == ["of a child", "after"]
    assert logger.filters == []
    with pytest.warns(UserWarning, match="after"):
        warnings.warn("after", stacklevel=1)


def test_quiet_lets_other_threads_speak(heard):
    def speak():
        logging.getLogger("of_a_library").info("elsewhere")

    with quiet("of_a_library"):
        thread = threading.Thread(target=speak)
        thread.start()
        thread.join()
    assert heard() == ["elsewhere"]


def test_quiet_ends_with_an_error():
    with pytest.raises(ZeroDivisionError), quiet("of_a_library"):
        1 / 0  # noqa: B018
    assert logging.getLogger("of_a_library").filters == []


def draws(n=3):
    return [(random.random(), np.random.random()) for _ in range(n)]


@pytest.fixture
def seeded():
    """Global generators of a known state, put back after the test."""
    before = random.getstate(), np.random.get_state()
    random.seed(1)
    np.random.seed(1)
    yield
    random.setstate(before[0])
    np.random.set_state(before[1])


def restart(seed):
    random.seed(seed)
    np.random.seed(seed)


def test_a_state_of_ones_own_goes_on_where_it_was_left(seeded):
    own = GlobalRandom(5)
    found = []
    for _ in range(3):
        with own:
            found += draws(1)
        draws()  # the process's own
    restart(5)
    assert found == draws()


def test_the_process_draws_as_if_nobody_else_had(seeded):
    expected = draws()
    restart(1)
    with GlobalRandom(5):
        draws()
    with GlobalRandom():
        assert draws() == expected  # it starts where the process is
    assert draws() == expected


def test_the_state_of_the_process_comes_back_after_an_error(seeded):
    expected = draws()
    restart(1)
    with pytest.raises(ZeroDivisionError), GlobalRandom(5):
        draws()[0][0] / 0
    assert draws() == expected
