from __future__ import annotations

import numpy as np
import pytest

from hpbridge.analysis.contest.fronts import joint_front, reference_of, volumes_so_far
from hpbridge.analysis.statistics.hypervolume import hypervolume


@pytest.mark.parametrize("n_metrics", [2, 3, 4])
def test_runs_of_any_length_have_the_volume_of_what_they_told(n_metrics) -> None:
    rng = np.random.default_rng(n_metrics)
    runs = [rng.normal(size=(n, n_metrics)) for n in (0, 1, 12, 30)]
    runs[3][::5] = np.inf
    reference = reference_of(runs)
    for run, found in zip(runs, volumes_so_far(runs, reference), strict=True):
        told = [hypervolume(run[: k + 1], reference) for k in range(len(run))]
        assert found.tolist() == pytest.approx(told, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("n_metrics", [2, 3, 4])
def test_equal_fronts_in_another_order_tie(n_metrics) -> None:
    rng = np.random.default_rng(0)
    run = rng.random((40, n_metrics))
    runs = [rng.permutation(run) for _ in range(20)]
    found = volumes_so_far(runs, reference_of(runs))
    assert len({volumes[-1] for volumes in found}) == 1
    assert len({volumes[3] for volumes in found}) > 1


def test_what_dominates_nothing_has_no_volume() -> None:
    nothing = [np.full((3, 2), np.inf), np.empty((0, 2))]
    assert reference_of(nothing) == (0.0, 0.0)
    assert [v.tolist() for v in volumes_so_far(nothing, (0.0, 0.0))] == [[0.0] * 3, []]
    flat = [np.ones((2, 2))]
    assert reference_of(flat) == pytest.approx((1.1, 1.1))
    volumes = volumes_so_far(flat, (1.1, 1.1))[0]
    assert volumes.tolist() == pytest.approx([0.01, 0.01])


def test_equal_points_of_different_runs_are_both_of_the_front() -> None:
    runs = [np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 3.0]]), np.array([[1.0, 2.0]])]
    assert joint_front(runs) == [(0, 0), (1, 0)]
    assert joint_front([np.full((2, 2), np.inf), np.empty((0, 2))]) == []
    assert joint_front([]) == []
