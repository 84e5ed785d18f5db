from __future__ import annotations

import threading

from waiting import PATIENCE

from hpbridge.remote.wanted import asking


def test_what_an_engine_wants_no_more_is_stopped_once():
    answers, said, is_stopped = iter([False, True]), [], threading.Event()

    def stop(why):
        said.append(why)
        is_stopped.set()

    with asking(lambda: next(answers), stop):
        assert is_stopped.wait(PATIENCE)
    assert said == ["its engine ended it"]


def test_nobody_is_asked_once_it_has_left():
    asked = []
    with asking(lambda: asked.append(1), print):
        pass
    assert not asked
