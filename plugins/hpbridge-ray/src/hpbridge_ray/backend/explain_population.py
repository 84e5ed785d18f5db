"""Print a population as a script that runs Ray Tune alone."""

from __future__ import annotations

import pprint
import textwrap
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Call, Name, encode
from hpbridge_ray.backend.space import read_source, to_dimensions
from hpbridge_ray.native.population import ends_of, scheduler_of

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Problem

_SCRIPT = '''
class Member(tune.Trainable):
    """One step is one interval, and one trial."""

    def setup(self, config):
        self.point, self.state, self.steps = {point}, None, 0

    def reset_config(self, config):
        self.setup(config)
        return True

    def step(self):
        self.steps += {interval} if self.steps else {first}
        # Here the objective trains `self.state` on, up to `self.steps`.
        return {{"value": objective(self.point), "steps": self.steps}}

    def save_checkpoint(self, folder):
        with open(f"{{folder}}/state", "wb") as file:
            pickle.dump((self.state, self.steps), file)

    def load_checkpoint(self, folder):
        with open(f"{{folder}}/state", "rb") as file:
            self.state, self.steps = pickle.load(file)


ends = {ends}


def inside(config):
    """Let what has left its range end at its end."""
    for key, (low, high) in ends.items():
        config[key] = min(max(config[key], low), high)
    return config


class Kept(tune.Callback):
    """Keep each interval of a member as a trial."""

    def on_trial_result(self, *, result, **info):
        config = result["config"]
        trials.append(({point}, result["value"]))


class Enough(tune.Stopper):
    """Stop after `n_trials` intervals."""

    def __call__(self, trial_id, result):
        return {is_done}

    def stop_all(self):
        return len(trials) >= n_trials


ray.init(ignore_reinit_error=True)
alone = {{"CPU": ray.cluster_resources()["CPU"]}}  # one member at a time
random.seed({seed})  # Ray draws from both
np.random.seed({seed})
trials = []
'''


def script_of(problem: Problem, algorithm: Algorithm, options: Any, seed: int) -> str:
    """Return a script with one `Tuner.fit` of a population."""
    encoded = encode(problem, algorithm, options, f"ray:{algorithm.name}")
    dimensions = to_dimensions(encoded, algorithm.name)
    read = read_source(dimensions)
    scheduler = scheduler_of(algorithm.name, encoded, dimensions, options)
    ends = pprint.pformat(ends_of(encoded, dimensions), sort_dicts=False)
    interval = options.perturbation_interval
    is_done = "False"
    if problem.budget is not None:
        is_done = f'result["steps"] >= {problem.budget.most!r}'
    script = _SCRIPT.format(
        point="decode(read(config))" if read else "decode(config)",
        interval=repr(interval),
        first=repr(max(interval, getattr(options, "burn_in_period", 0.0))),
        ends=textwrap.indent(ends, " " * len("ends = ")).strip(),
        seed=seed % 2**32,
        is_done=is_done,
    )
    module = "ray.tune.schedulers" + (".pb2" if scheduler.name == "PB2" else "")
    imports = [
        "import math",
        "import pickle",
        "import random",
        "import tempfile",
        "",
        *(["import hpbridge"] if "hpbridge." in encoded.source() else []),
        "import numpy as np",
        "import ray",
        "from ray import tune",
        f"from {module} import {scheduler.name}",
        "",
    ]
    return "\n".join(
        [
            *imports,
            *encoded.comments(),
            *read,
            "",
            encoded.source(),
            script,
            scheduler.wrapped("scheduler = "),
            _tuner(options.population_size),
            "",
        ]
    )


def _tuner(size: int) -> str:
    arguments = {
        "tune_config": Call(
            "tune.TuneConfig",
            kwargs={
                "scheduler": Name("scheduler"),
                "num_samples": size,
                "reuse_actors": True,
            },
        ),
        "run_config": Call(
            "tune.RunConfig",
            kwargs={
                "verbose": 0,
                "storage_path": Call("tempfile.mkdtemp"),
                "stop": Call("Enough"),
                "callbacks": [Call("Kept")],
            },
        ),
    }
    member = Call("tune.with_resources", (Name("Member"), Name("alone")))
    tuner = Call("tune.Tuner", (member,), arguments)
    return f"{tuner.wrapped('tuner = ')}\ntuner.fit()\ntrials = trials[:n_trials]"
