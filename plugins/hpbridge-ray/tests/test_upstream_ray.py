"""What is said when Ray no longer has what the plugin takes from it."""

from __future__ import annotations

import importlib

import pytest
import ray
from ray import tune

from hpbridge.plugin import HpbridgeError, Trial
from hpbridge_ray import SPEC, _upstream

PRIVATE = {
    "ray.train._internal.session:_session": "what is written for Ray Tune",
    "ray.tune.search.variant_generator:_get_preset_variants": "no points_to_evaluate",
    "ray._private.ray_constants:RAY_ENABLE_UV_RUN_RUNTIME_ENV": "under `uv run`",
    "ray._private.worker:_worker_logs_enabled": "prints a line",
    "ray.tune.result_grid:ResultGrid": "takes its metric for minimized",
    "ray.tune.search.bohb.bohb_search:TuneBOHB.to_wrapper": "trials that ran elsewhere",
    "ray.tune.experiment.trial:_TemporaryTrialState": "cannot end trials",
    "ray._private.node:Node.kill_all_processes": "leaves its processes",
}
"""By name, a part of what it costs when it is gone."""


def place(path):
    module, _, names = path.partition(":")
    *parents, name = names.split(".")
    holder = importlib.import_module(module)
    for parent in parents:
        holder = getattr(holder, parent)
    return holder, name


def test_the_installed_ray_has_it_all():
    assert SPEC.upstream() == []


@pytest.mark.parametrize("path", PRIVATE)
def test_a_name_that_is_gone_is_told_with_what_it_costs(path, monkeypatch):
    holder, name = place(path)
    if not hasattr(holder, name):
        pytest.skip(f"Ray {ray.__version__} has none, and needs none")
    monkeypatch.delattr(holder, name)
    (problem,) = SPEC.upstream()
    assert problem.startswith(
        f"ray {ray.__version__} has no {path.replace(':', '.')}: "
    )
    assert PRIVATE[path] in problem


def nothing(*_, **__):
    """Does not do what the function in its place did."""


SILENT = {
    "ray.train._internal.session:_session": ("ray.tune:report", nothing),
    "ray.tune.search.variant_generator:_get_preset_variants": (
        "ray.tune.search.variant_generator:_get_preset_variants",
        lambda spec, config: None,
    ),
    "ray._private.worker:_worker_logs_enabled": (
        "ray._private.worker:print_worker_logs",
        nothing,
    ),
    "ray.tune.result_grid:ResultGrid": ("ray.tune:ExperimentAnalysis", object),
    "ray.tune.search.bohb.bohb_search:TuneBOHB.to_wrapper": (
        "ray.tune.search.bohb.bohb_search:TuneBOHB.to_wrapper",
        nothing,
    ),
    "ray.tune.experiment.trial:_TemporaryTrialState": (
        "ray.tune.experiment.trial:_TemporaryTrialState",
        object,
    ),
}
"""By name, what changes without an error, and to what."""


@pytest.mark.parametrize("path", SILENT)
def test_what_would_fail_without_an_error_is_told(path, monkeypatch):
    changed, other = SILENT[path]
    monkeypatch.setattr(*place(changed), other)
    (problem,) = SPEC.upstream()
    name = path.replace(":", ".")
    assert problem.startswith(f"ray {ray.__version__} has changed {name}: ")


def test_a_trainable_says_which_name_it_needs(monkeypatch):
    from hpbridge_ray.native.read import from_native

    wrapped = from_native({"x": tune.uniform(0, 1)}).wrap(lambda config: config["x"])
    monkeypatch.delattr("ray.train._internal.session._session")
    trial = Trial({"x": 0.5}, number=0, seed=0)
    with pytest.raises(HpbridgeError, match="cannot be an objective"):
        wrapped(trial)


def test_only_points_to_evaluate_need_preset_variants(monkeypatch):
    from hpbridge_ray import BridgeSearcher

    space = {"x": tune.uniform(0, 1)}
    monkeypatch.delattr("ray.tune.search.variant_generator._get_preset_variants")
    drawn = BridgeSearcher("ray:random", "loss", "min", space, seed=1).suggest("a")
    assert 0 <= drawn["x"] <= 1
    given = BridgeSearcher(
        "ray:random", "loss", "min", space, points_to_evaluate=[{"x": 0.5}]
    )
    with pytest.raises(HpbridgeError, match="takes no points_to_evaluate"):
        given.suggest("a")


def test_ray_starts_and_is_heard_where_its_switches_are_gone(monkeypatch):
    constants = "ray._private.ray_constants.RAY_ENABLE_UV_RUN_RUNTIME_ENV"
    monkeypatch.delattr(constants, raising=False)
    monkeypatch.delattr("ray._private.worker._worker_logs_enabled")
    with _upstream.same_environment(), _upstream.muted():
        pass


def test_the_switches_are_put_back():
    worker = ray._private.worker
    with _upstream.muted():
        assert not worker._worker_logs_enabled
    assert worker._worker_logs_enabled


def test_a_result_grid_that_keeps_nothing_has_no_mode():
    assert _upstream.mode_of(object()) is None
