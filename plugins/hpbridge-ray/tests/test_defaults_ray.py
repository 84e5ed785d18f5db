"""Every default is that of Ray's own search class, and of what that hands on to."""

from __future__ import annotations

import importlib
import inspect
import warnings

from ray.tune.search.hyperopt import HyperOptSearch

from hpbridge_ray.options import BohbOptions, HyperOptOptions


def defaults(cls):
    return {n: p.default for n, p in inspect.signature(cls).parameters.items()}


def test_every_default_of_hyperopt_is_ray_s():
    ours = vars(HyperOptOptions())
    assert ours == {name: defaults(HyperOptSearch)[name] for name in ours}


def test_every_default_of_bohb_is_hpbandster_s_which_ray_takes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is older than those of Python
        bohb = importlib.import_module("hpbandster.optimizers.config_generators.bohb")
        search = importlib.import_module("ray.tune.search.bohb")
    assert defaults(search.TuneBOHB)["bohb_config"] is None
    ours = vars(BohbOptions())
    assert ours == {name: defaults(bohb.BOHB)[name] for name in ours}
