"""Arguments of a wrong kind to the host, all of them named at once."""

from __future__ import annotations

import numpy as np
import pytest

import hpbridge as hpb
import hpbridge_ray
from hpbridge.errors import ArgumentError
from hpbridge_ray import BridgeSearcher


@pytest.mark.parametrize("optimizer", ["random", "ray:random"])
def test_all_arguments_of_a_wrong_kind_are_named_at_once(optimizer) -> None:
    with pytest.raises(ArgumentError) as caught:
        BridgeSearcher(optimizer, 3, "minimize", 4, "1", [5], {"x": 1})
    assert caught.value.headline == "BridgeSearcher() got wrong arguments"
    assert [each.partition(" must be ")[0] for each in caught.value.problems] == [
        "metric",
        "mode",
        "space",
        "seed",
        "options",
        "points_to_evaluate",
    ]


def test_what_runs_until_something_is_a_class() -> None:
    with pytest.raises(ArgumentError, match="trainable must be a class, got 3"):
        hpbridge_ray.until(3, training_iteration=10)


@pytest.mark.parametrize("masked", [np.ma.masked, np.ma.array(0.1, mask=True)])
@pytest.mark.filterwarnings("ignore:Warning. converting a masked element")
def test_a_masked_result_is_a_failed_trial(masked) -> None:
    space = {"x": hpb.Float(0, 1)}
    searcher = BridgeSearcher("random", "loss", "min", space, seed=0)
    searcher.suggest("a")
    searcher.on_trial_result("a", {"loss": masked, "training_iteration": 1})
    searcher.on_trial_complete("a", {"loss": masked, "training_iteration": 1})
    *_, (what, key, outcome) = searcher._inner._talk[0].state()["events"]
    assert (what, key, outcome["state"], outcome["reports"]) == (
        "tell",
        "a",
        "failed",
        [],
    )
