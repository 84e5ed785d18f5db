"""Print the problem as a script that runs Ray Tune alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Call, Name, encode
from hpbridge_ray.backend.space import read_source, to_dimensions
from hpbridge_ray.native.write import SEARCHERS, searcher_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Algorithm, Encoded, Problem
    from hpbridge_ray.backend.space import Dimension

_TRAINABLE = '''
class Objective(tune.Trainable):
    """One step is one trial, and one actor runs them all."""

    def setup(self, config):
        self.point = {point}

    def reset_config(self, config):
        self.point = {point}
        return True

    def step(self):
        return {{"value": objective(self.point), "done": True}}
'''

_BOHB = '''
class OneBudget(FIFOScheduler):
    """Every trial runs in full. TuneBOHB learns from results with a budget."""

    def on_trial_result(self, controller, trial, result):
        result["hyperband_info"] = {{"budget": 1}}
        return self.CONTINUE


class Objective(tune.Trainable):
    """One actor runs all trials. The second step ends a trial: no searcher sees it."""

    def setup(self, config):
        self.point, self.value = {point}, None

    def reset_config(self, config):
        self.setup(config)
        return True

    def step(self):
        is_done = self.value is not None
        if not is_done:
            self.value = objective(self.point)
        return {{"value": self.value, "done": is_done}}
'''

_GRID = '''
class Enough(tune.Stopper):
    """A grid has its own number of trials: stop after `n_trials` of them."""

    n_done = 0

    def __call__(self, trial_id, result):
        self.n_done += 1
        return False

    def stop_all(self):
        return self.n_done >= n_trials
'''


def explain(problem: Problem, algorithm: Algorithm, options: Any, seed: int) -> str:
    """Return a script with one `Tuner.fit` on the native space."""
    if algorithm.is_staged:
        from hpbridge_ray.backend import explain_population

        return explain_population.script_of(problem, algorithm, options, seed)
    encoded = encode(problem, algorithm, options, f"ray:{algorithm.name}")
    name = algorithm.name if encoded.native else "random"
    dimensions = to_dimensions(encoded, algorithm.name)
    read = read_source(dimensions)
    point = "decode(read(config))" if read else "decode(config)"
    trainable = (_BOHB if name == "bohb" else _TRAINABLE).format(point=point)
    parts = [
        _imports(name, "\n".join([encoded.source(), *read])),
        _param_space(encoded, dimensions),
        *(["\n" + "\n".join(read) + "\n"] if read else []),
        "\n" + encoded.source() + "\n",
        trainable,
        *([_GRID] if name == "grid" else []),
        _fit(name, options, seed),
        _trials(point.replace("config", "result.config"), name),
    ]
    return "\n".join(parts)


def _imports(name: str, source: str) -> str:
    module, cls = SEARCHERS[name]
    plain = ["tempfile"]
    plain += [m for m in ("math", "hpbridge") if f"{m}." in source]
    lines = [f"import {m}" for m in sorted(plain)]
    if name == "bohb":
        lines += ["", "import numpy as np"]
    lines += ["", "from ray import tune"]
    if name == "bohb":
        lines.append("from ray.tune.schedulers import FIFOScheduler")
    lines.append(f"from {module} import {cls}")
    return "\n".join([*lines, ""])


def _param_space(encoded: Encoded, dimensions: Mapping[str, Dimension]) -> str:
    lines = [*encoded.comments(), "param_space = {"]
    lines += [f"    {d.key!r}: {d.domain.source()}," for d in dimensions.values()]
    return "\n".join([*lines, "}", ""])


def _fit(name: str, options: Any, seed: int) -> str:
    is_variants = name in {"random", "grid"}
    tune_config = {
        "metric": "value",
        "mode": "min",
        "search_alg": searcher_of(name, options, seed),
        "num_samples": 1 if name == "grid" else Name("n_trials"),
        **({} if is_variants else {"max_concurrent_trials": 1}),
        **({"scheduler": Call("OneBudget")} if name == "bohb" else {}),
        "reuse_actors": True,
    }
    checkpoints = Call("tune.CheckpointConfig", kwargs={"checkpoint_at_end": False})
    run_config = {
        "verbose": 0,
        "storage_path": Call("tempfile.mkdtemp"),
        "checkpoint_config": checkpoints,
        **({"stop": Call("Enough")} if name == "grid" else {}),
    }
    arguments = {
        "param_space": Name("param_space"),
        "tune_config": Call("tune.TuneConfig", kwargs=tune_config),
        "run_config": Call("tune.RunConfig", kwargs=run_config),
    }
    call = Call("tune.Tuner", (Name("Objective"),), arguments)
    lines = ["", f"tuner = {call.wrapped()}"]
    if name == "bohb":
        lines.append(f"np.random.seed({seed})  # hpbandster draws from this one too")
    return "\n".join(lines)


def _trials(point: str, name: str) -> str:
    results = "tuner.fit()"
    if name == "grid":
        results = "list(tuner.fit())[:n_trials]"
    return "\n".join(
        [
            "trials = [",
            f'    ({point}, result.metrics["value"])',
            f"    for result in {results}",
            "]",
            "",
        ]
    )
