"""Arguments of a wrong kind to the host, all of them named at once."""

from __future__ import annotations

import pytest

from hpbridge.errors import ArgumentError
from hpbridge_skopt import BridgeOptimizer, minimize

ONE = [(0.0, 1.0)]


def first(point):
    return point[0]


@pytest.mark.parametrize("optimizer", ["random", "skopt:gp"])
def test_all_arguments_of_a_wrong_kind_are_named_at_once(optimizer) -> None:
    with pytest.raises(ArgumentError) as caught:
        BridgeOptimizer(3, optimizer, random_state="1", options=[4], space_constraint=5)
    assert caught.value.headline == "BridgeOptimizer() got wrong arguments"
    assert [each.partition(" must be ")[0] for each in caught.value.problems] == [
        "dimensions",
        "random_state",
        "options",
        "space_constraint",
    ]
    host = BridgeOptimizer(ONE, optimizer, random_state=0)
    with pytest.raises(ArgumentError, match="fit must be True or False, got 'no'"):
        host.tell(host.ask(), 1.0, fit="no")
    with pytest.raises(ValueError, match=r"expected one number .* got 1j"):
        host.tell(host.ask(), 1j)


def test_arguments_of_minimize_are_named_at_once() -> None:
    with pytest.raises(ArgumentError) as caught:
        minimize(3, ONE, "random", n_calls="4", verbose="no", x0=5)
    assert [each.partition(" must be ")[0] for each in caught.value.problems] == [
        "func",
        "n_calls",
        "x0",
        "verbose",
    ]


def test_no_more_points_run_than_there_are_calls() -> None:
    ran = []
    with pytest.raises(ValueError, match="n_calls is 2, and x0 has 3 points to run"):
        minimize(ran.append, ONE, "random", n_calls=2, x0=[[0.1], [0.2], [0.3]])
    assert not ran
    result = minimize(first, ONE, "random", n_calls=2, x0=[[0.1], [0.2]])
    assert result.x_iters == [[0.1], [0.2]]


def test_a_result_can_be_printed() -> None:
    assert "func_vals" in repr(minimize(first, ONE, "random", n_calls=2))
