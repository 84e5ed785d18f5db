from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest

import hpbridge as hpb


def test_budgets_are_whole_where_both_ends_are() -> None:
    epochs = hpb.Budget(1, 81, name="epochs")
    assert epochs.is_whole
    assert (epochs.number(9.9), type(epochs.number(9.0))) == (9, int)
    share = hpb.Budget(0.1, 1)
    assert not share.is_whole
    assert share.number(1) == 1.0
    assert type(share.number(1)) is float
    assert hpb.Budget.from_json(epochs.to_json()) == epochs


def test_numbers_of_any_library_are_taken() -> None:
    budget = hpb.Budget(np.int64(1), np.int32(9))
    assert (budget.least, budget.most) == (1, 9)
    assert {type(budget.least), type(budget.most)} == {int}
    assert hpb.Budget(np.float32(0.5), Decimal(2)) == hpb.Budget(0.5, 2.0)


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ((9, 1), ["least is 9, and most is 1"]),
        ((0, 9), ["least must be a number above 0, got 0"]),
        ((-1, 0), [f"{n} must be a number above 0" for n in ("least", "most")]),
        ((math.nan, 9), ["least must be a number above 0, got nan"]),
        ((1, math.inf), ["most must be a number above 0, got inf"]),
        (("1", None), ["least must be a number", "most must be a number"]),
        ((True, 9), ["least must be a number above 0, got the bool True"]),
        ((1, 9, ""), ["name must be a word, got ''"]),
        ((1, 9, 3), ["name must be a word, got 3"]),
    ],
)
def test_what_is_no_budget_is_refused_with_all_that_is_wrong(given, problems) -> None:
    with pytest.raises(hpb.HpbridgeError) as raised:
        hpb.Budget(*given)
    assert len(raised.value.problems) == len(problems)
    for said, problem in zip(raised.value.problems, problems, strict=True):
        assert said.startswith(problem)


def test_an_experiment_takes_a_budget_and_nothing_else() -> None:
    with pytest.raises(hpb.HpbridgeError) as raised:
        hpb.Experiment(objective=len, space={"x": hpb.Float(0, 1)}, budget=81)
    assert raised.value.problems == ("budget must be hpb.Budget(least, most), got 81",)
