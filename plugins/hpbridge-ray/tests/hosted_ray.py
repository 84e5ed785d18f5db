"""An experiment as a ``param_space``, run by `Tuner.fit` with any optimizer inside."""

from __future__ import annotations

import math
import sys
import tempfile
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from ray import cloudpickle, tune

from hpbridge.plugin import (
    Categorical,
    Float,
    GlobalRandom,
    Int,
    Parameter,
    Point,
    Quantized,
    State,
    UnsupportedFeatureError,
    trial_seed,
)
from hpbridge.testing.hosted import Hosted
from hpbridge_ray import HOSTS
from hpbridge_ray._upstream import draws_multiples_alike
from hpbridge_ray.driver.actor import Runner, pack
from hpbridge_ray.driver.cluster import (
    ensure_ray,
    muted,
    quiet,
    restored_sigusr1,
)
from hpbridge_ray.driver.tuner import ENVIRONMENT
from hpbridge_ray.host.plug import BridgeSearcher
from hpbridge_ray.native.param_space import ParamSpace
from hpbridge_ray.native.read import read_param_space
from hpbridge_ray.native.write import domain_of, is_normal, make_domain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Experiment, Label, Space


_NUMBER = "hpbridge:number"

# The actors do not look for modules in the folder of the tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


class Trainable(tune.Trainable):  # type: ignore[misc]
    """An experiment's objective as a user of Ray Tune would write it."""

    def setup(
        self,
        config: Mapping[str, Any],
        packed: bytes = b"",
        space: ParamSpace | None = None,
        seed: int = 0,
    ) -> None:
        self._runner, self._space, self._seed = Runner(packed), space, seed
        self._config = config

    def reset_config(self, new_config: Mapping[str, Any]) -> bool:
        self._config = new_config
        return True

    def step(self) -> dict[str, Any]:
        params = cast("ParamSpace", self._space).params(self._config)
        number = self._config[_NUMBER]
        point = Point(params, number, trial_seed(self._seed, number))
        run, _, _ = self._runner.run(point)
        result = run.result
        if result.state is not State.COMPLETE and not result.metrics:
            raise RuntimeError(result.error or result.state.value)
        return {**result.metrics, "done": True}


class _Numbered(BridgeSearcher):
    """Also says which trial it is: its seed follows from the number."""

    configs: list[dict[str, Any]]

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        config = super().suggest(trial_id)
        if isinstance(config, dict):
            config = {**config, _NUMBER: len(self.configs)}
            self.configs.append(config)
        return config


def reasons_against(space: Space) -> list[str]:
    """Return what a ``param_space`` cannot hold, one sentence each."""
    reasons = [
        f"{name!r}: {domain}"
        for name, domain in _domains(space).items()
        if isinstance(domain, str)
    ]
    reasons += [
        f"{name!r}: a condition takes tune.sample_from, which only Ray itself can draw"
        for name, parameter in space.items()
        if parameter.when
    ]
    if space.is_restricted:
        reasons.append("forbid=: a param_space forbids nothing")
    if not space.searched:
        reasons.append("there is nothing to search")
    names = {
        name for name in space if set(name.split("/")) & {"", "grid_search", "eval"}
    }
    parents = {name.rpartition("/")[0] for name in space} & set(space)
    reasons += [
        f"{name!r}: as a name it is a path or an order to Ray"
        for name in sorted(names | parents)
    ]
    return reasons


def _domains(space: Space) -> dict[str, Any]:
    """Return Ray's domain for each searched parameter, or why there is none."""
    return {name: _domain(p) for name, p in space.items() if name in space.searched}


def _domain(parameter: Parameter) -> Any:
    if isinstance(parameter, Categorical):
        if parameter.weights is not None or parameter.ordered:
            return "tune.choice has neither weights nor an order"
        return make_domain(domain_of(parameter))
    if isinstance(parameter, Int):
        return _int(parameter)
    if isinstance(parameter, Quantized):
        return _quantized(parameter)
    return _float(cast("Float", parameter))


def _float(parameter: Float) -> Any:
    if is_normal(parameter):
        return make_domain(domain_of(parameter))
    if parameter.prior is not None:
        return "tune.randn has no ends"
    if parameter.step is not None:
        return "tune.quniform has the ends at half share, and multiples only"
    return make_domain(domain_of(parameter))


def _int(parameter: Int) -> Any:
    if parameter.prior is not None:
        return "no domain of ints has a prior"
    low, last, step = parameter.low, parameter.last, parameter.step
    if step == 1:
        return make_domain(domain_of(parameter))
    if low % step or not draws_multiples_alike():
        return f"tune.qrandint has multiples of {step} only, or not each as often"
    return tune.qrandint(low, last, step)


def _quantized(parameter: Quantized) -> Any:
    draw = tune.qloguniform if parameter.log else tune.quniform
    if is_normal(parameter):
        return make_domain(domain_of(parameter))
    if parameter.is_int or parameter.prior is not None:
        return f"tune.{draw.__name__} gives floats without a prior"
    try:
        return draw(parameter.low, parameter.high, parameter.q)
    except ValueError as error:
        return " ".join(str(error).split()).rstrip(".")


def param_space_of(space: Space) -> dict[str, Any]:
    """Return a space as a ``param_space``; constants are left to the objective.

    Raises:
        UnsupportedFeatureError: With everything that a ``param_space`` cannot hold.
    """
    reasons = reasons_against(space)
    if reasons:
        host = "ray"
        raise UnsupportedFeatureError.refused(host, reasons)
    domains = _domains(space)
    paths = {name: tuple(name.split("/")) for name in domains}
    return ParamSpace(space, paths).config(domains)


def run(
    optimizer: str, experiment: Experiment, n_trials: int, seed: int
) -> list[tuple[Mapping[str, Label], float]]:
    """Run an experiment by `Tuner.fit`.

    One trial after the other, on one actor. ``ray:bohb`` also draws from numpy's global
    generator, which has the seed meanwhile.

    Returns:
        Plain parameters and value of the main metric, in order; NaN where it failed.

    Raises:
        UnsupportedFeatureError: If Ray or the optimizer cannot search the space.
    """
    param_space = param_space_of(experiment.space)
    read = read_param_space(param_space)
    metric = experiment.main_metric
    packed = pack(experiment)
    ensure_ray(1)
    with (
        tempfile.TemporaryDirectory(
            prefix="hpbridge-ray-", ignore_cleanup_errors=True
        ) as directory,
        quiet(**ENVIRONMENT),
        restored_sigusr1(),
        GlobalRandom(),  # Ray and Tune draw from them
        muted(),
    ):
        np.random.seed(seed % GlobalRandom.N_SEEDS)
        searcher = _Numbered(optimizer, seed=seed)
        searcher.configs = configs = []
        way = experiment.metrics[metric]
        results = tune.Tuner(
            tune.with_parameters(Trainable, packed=packed, space=read, seed=seed),
            param_space=param_space,
            tune_config=tune.TuneConfig(
                metric=metric,
                mode="max" if way == "maximize" else "min",
                search_alg=searcher,
                num_samples=n_trials,
                max_concurrent_trials=1,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="host",
                storage_path=directory,
                verbose=0,
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        ).fit()
        # A trial that failed has no config in its result.
        return [
            (read.params(config), float(result.metrics.get(metric, math.nan)))
            for config, result in zip(configs, results, strict=True)
        ]


(_HOST,) = HOSTS
HOSTED = Hosted(_HOST, run, reasons_against, is_quick=False)
