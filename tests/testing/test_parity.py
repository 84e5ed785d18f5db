"""The parity check itself: it sees every difference, and every gap."""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np
import pytest

from hpbridge.contract.capabilities import Feature, no
from hpbridge.testing.checks import CheckFailed
from hpbridge.testing.parity import (
    COUNTABLE_SPACES,
    PARITY_SPACES,
    SEEDS,
    check_parity,
    check_same,
    parity_cells,
    parity_gaps,
    run_native,
    space_of,
)
from hpbridge_random import SPEC

RANDOM = SPEC.algorithms["random"]
MIXED = PARITY_SPACES["mixed"]


def explained_as(change):
    """The random plugin, with another explanation of what it does."""

    def explain(problem, algorithm, options, seed):
        return change(SPEC.explain(problem, algorithm, options, seed))

    return dataclasses.replace(SPEC, explain=explain)


def test_the_trials_are_returned():
    trials = check_parity(SPEC, "random", MIXED, 7, 1)
    assert trials == run_native(SPEC, "random", MIXED, 7, 1)
    assert len(trials) == 7


@pytest.mark.parametrize(
    ("old", "new", "number"),
    [
        ("Random(1)", "Random(2)", 0),
        ("range(n_trials)", "range(n_trials - 1)", 6),
        ("range(n_trials)", "range(n_trials + 1)", 7),
        (
            "objective(params)",
            "objective(params) * (1 + 2**-52 * (len(trials) == 4))",
            4,
        ),
    ],
)
def test_another_native_run_is_a_failure(old, new, number):
    spec = explained_as(lambda source: source.replace(old, new))
    with pytest.raises(CheckFailed, match=f"^trial {number}: the bridge has "):
        check_parity(spec, "random", MIXED, 7, 1)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(True, 1), (1, 1.0), (0.0, -0.0), (0.1 + 0.2, 0.3), ("a", "b"), (None, False)],
)
def test_what_python_takes_for_equal_may_differ(ours, theirs):
    with pytest.raises(CheckFailed):
        check_same([({"x": ours}, 1.0)], [({"x": theirs}, 1.0)])
    check_same([({"x": ours}, 1.0)], [({"x": ours}, 1.0)])


def test_values_are_compared_to_the_last_bit():
    with pytest.raises(CheckFailed):
        check_same([({}, 1.0)], [({}, math.nextafter(1.0, 2))])
    check_same([({}, math.nan)], [({}, math.nan)])


def test_a_numpy_scalar_is_the_number_that_it_holds():
    native = {"f": np.float64(0.5), "n": np.int64(3), "b": np.True_, "s": np.str_("x")}
    check_same([({"f": 0.5, "n": 3, "b": True, "s": "x"}, 1.0)], [(native, 1.0)])
    with pytest.raises(CheckFailed):
        check_same([({"f": 3}, 1.0)], [({"f": np.float64(3)}, 1.0)])


def test_warnings_of_the_library_alone_are_not_the_bridges():
    text = "import warnings\nwarnings.warn('of its own')\n"
    spec = explained_as(lambda source: text + source)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_parity(spec, "random", MIXED, 2, 0)


def without(*features):
    capabilities = RANDOM.capabilities.but(dict.fromkeys(features, no("test")))
    algorithm = dataclasses.replace(RANDOM, capabilities=capabilities)
    return dataclasses.replace(SPEC, algorithms={"random": algorithm})


def test_a_mode_has_a_space_that_the_algorithm_takes():
    assert {m: space_of(RANDOM, m) for m in PARITY_SPACES} == PARITY_SPACES
    counting = without(Feature.FLOAT, Feature.FLOAT_LOG, Feature.FLOAT_PRIOR)
    algorithm = counting.algorithms["random"]
    assert space_of(algorithm, "float") is None
    assert space_of(algorithm, "int") == PARITY_SPACES["int"]
    assert space_of(algorithm, "mixed") == COUNTABLE_SPACES["mixed"]
    assert all(space.size >= 33 for space in COUNTABLE_SPACES.values())


def test_every_mode_is_to_be_compared_with_every_seed():
    cells = parity_cells(SPEC, {})
    assert len(cells) == len(PARITY_SPACES) * len(SEEDS)
    assert parity_gaps(SPEC, cells, {}) == []
    del cells[4]
    assert parity_gaps(SPEC, cells, {}) == ["random in mode log lacks seeds [1]"]


def test_an_excuse_must_be_true(monkeypatch):
    excused = {("random", "float"): "it is late"}
    cells = parity_cells(SPEC, excused)
    assert parity_gaps(SPEC, cells, excused) == [
        "random in mode float is excused, but runs"
    ]
    gaps = parity_gaps(SPEC, parity_cells(SPEC, {}), {**excused, ("tpe", "x"): "no"})
    assert gaps == [
        "('tpe', 'x') is excused, but does not exist",
        "random in mode float is excused, and compared",
    ]
    monkeypatch.setitem(
        SPEC.algorithms, "random", without(Feature.FLOAT).algorithms["random"]
    )
    assert parity_gaps(SPEC, cells, excused) == []
