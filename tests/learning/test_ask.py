from __future__ import annotations

from hpbridge.contract.stage import Stage
from hpbridge.learning.ask import LONGEST_TEXT, Ask, ask_of, recorded_text, stage_of
from hpbridge.trial import FinishedTrial, State


def test_the_ask_of_a_recorded_trial_is_what_it_was() -> None:
    stage = Stage(9, 1, 2, 4)
    ask = Ask(7, {"x": 0.5}, 3, asked_at=1.5, ask_seconds=0.25, stage=stage)
    trial = FinishedTrial(
        number=7,
        state=State.COMPLETE,
        params={"x": 0.5},
        values={"x": 0.5},
        metrics={"value": 1.0},
        seed=3,
        asked_at=1.5,
        ask_seconds=0.25,
        **ask.staged,
    )
    assert ask_of(trial) == ask
    assert stage_of(trial) == stage
    assert ask.point == ({"x": 0.5}, 7, 3, 9)


def test_a_trial_without_a_stage_has_none() -> None:
    ask = Ask(0, {}, 1)
    assert ask.staged == {}
    assert ask.point.budget is None


def test_text_that_no_database_takes_is_escaped_and_cut() -> None:
    assert recorded_text("a\0\ud800") == "a\\x00\\ud800"
    assert recorded_text("x" * (LONGEST_TEXT + 5)).endswith(
        f" … ({LONGEST_TEXT + 5} characters)"
    )
