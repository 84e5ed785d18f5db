"""Arguments of a wrong kind to the host, all of them named at once."""

from __future__ import annotations

import pytest

from hpbridge.errors import ArgumentError
from hpbridge_hyperopt import suggest


@pytest.mark.parametrize("optimizer", ["random", "hyperopt:tpe"])
def test_all_arguments_of_a_wrong_kind_are_named_at_once(optimizer) -> None:
    with pytest.raises(ArgumentError) as caught:
        suggest(optimizer, seed=1.5, options=[4])
    assert caught.value.headline == "suggest() got wrong arguments"
    assert list(caught.value.problems) == [
        "seed must be a whole number in [0, 2**32), or None, got 1.5",
        "options must be a dict by name, or None, got [4]",
    ]
