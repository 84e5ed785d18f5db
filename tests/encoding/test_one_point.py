from __future__ import annotations

from hpbridge import Categorical, Int, Space
from hpbridge.contract.backend import Outcome
from hpbridge.contract.capabilities import Capabilities
from hpbridge.encoding.encoded import Encoded
from hpbridge.encoding.one_point import OnePoint
from hpbridge.trial import State


def test_it_proposes_its_only_point_for_ever():
    space = Space({"n": Int(3, 3), "c": Categorical(["a"])})
    optimizer = OnePoint(Encoded(space, Capabilities({})))
    outcome = Outcome(State.COMPLETE, (1.0,))
    optimizer.observe({"n": 3, "c": "a"}, outcome)
    for number in range(3):
        suggestion = optimizer.ask()
        assert (suggestion.id, suggestion.params) == (number, {"n": 3, "c": "a"})
        optimizer.tell(suggestion, outcome)
