"""An experiment of ours inside somebody else's loop, for the tests of a host.

A plugin writes in its ``tests/hosted_example.py`` how its host runs an experiment; the
host kit (`hpbridge.testing.host_conformance`) and the plugin's own tests run it::

    def run(optimizer, experiment, n_trials, seed):
        recorder = Recorder(experiment, seed)

        def function(**values):  # as a user of the library would write it
            return recorder.loss(recorder.run(experiment.space.canonical(values)))

        strategy = hpbridge_example.Bridge(optimizer, seed=seed)
        example.search(function, bounds_of(experiment.space), strategy, n=n_trials)
        return recorder.trials

    HOSTED = Hosted(HOST, run, reasons_against)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.drivers.objective import evaluate
from hpbridge.trial import trial_seed

if TYPE_CHECKING:
    from hpbridge.contract.hosting import HostSpec
    from hpbridge.experiment import Experiment
    from hpbridge.space.parameters import Label
    from hpbridge.space.space import Space
    from hpbridge.trial import Result

Trials = list[tuple[Mapping[str, "Label"], float]]
"""Plain parameters, and the value in the main metric's own unit: NaN where there is
none."""


def no_reasons(_space: Space) -> list[str]:
    """Return nothing: the host takes every space."""
    return []


@dataclass(frozen=True)
class Hosted:
    """How an experiment runs in a host.

    Attributes:
        run: ``run(optimizer, experiment, n_trials, seed) -> trials``: by the host's own
            high-level call with the optimizer inside, one trial after the other.
            Returns them in the order of running.
        reasons_against: ``reasons_against(space) -> list``: what the host's own way of
            describing a space cannot hold, one sentence each.
        resumed: As `run`, but the host, or the object that plugs in, is saved or
            pickled halfway and gone on with; None where it cannot be.
        is_quick: Whether `run` takes moments; the kit tries every algorithm in a quick
            host, and the default ones of all backends in another.
    """

    spec: HostSpec
    run: Callable[[str, Experiment, int, int], Trials]
    reasons_against: Callable[[Space], list[str]] = no_reasons
    resumed: Callable[[str, Experiment, int, int], Trials] | None = None
    is_quick: bool = True


class Recorder:
    """Runs the trials of an experiment that a host wants run, and keeps them.

    Args:
        experiment: Its objective gets the numbers and seeds of a run of ours.
        seed: Of the study.

    Attributes:
        trials: What ran, in order.
        sign: What a value is multiplied with to be minimized.
    """

    def __init__(self, experiment: Experiment, seed: int) -> None:
        self.experiment = experiment
        self.trials: Trials = []
        way = experiment.metrics[experiment.main_metric]
        self.sign = -1.0 if way == "maximize" else 1.0
        self._seed = seed

    def run(self, params: Mapping[str, Label], number: int | None = None) -> Result:
        """Run a trial.

        Args:
            params: Its point, plain values.
            number: Of the trial, where the host counts them; else the next one.
        """
        number = len(self.trials) if number is None else number
        seed = trial_seed(self._seed, number)
        result = evaluate(self.experiment, params, number, seed)
        self.trials.append((params, self.value(result)))
        return result

    def value(self, result: Result) -> float:
        """Return the value of the main metric, in its own unit; NaN without one."""
        return result.metrics.get(self.experiment.main_metric, math.nan)

    def loss(self, result: Result) -> float:
        """Return the value to be minimized; NaN where there is none."""
        return self.sign * self.value(result)
