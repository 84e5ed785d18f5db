"""Bayesian-optimization as an hpbridge backend: Gaussian-process optimization.

Everything that is declared is here; nothing here imports the library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.plugin import (
    AS_LAST_REPORT,
    KNOWN_SO_FAR,
    YES,
    Algorithm,
    BackendSpec,
    Capabilities,
    Capability,
    Entry,
    Feature,
    HostSpec,
    Part,
    ScriptReader,
    StudyFormat,
    Support,
    emulated,
    hookimpl,
    lazy,
    lazy_names,
    no,
)
from hpbridge_bayesopt.options import (
    HedgeOptions,
    ImprovementOptions,
    UCBOptions,
    after,
)

if TYPE_CHECKING:
    from hpbridge_bayesopt.host.plug import BridgeAcquisition

__all__ = ["FORMAT", "HOST", "SPEC", "BridgeAcquisition"]

# It subclasses what is the library's, which is not imported before.
__getattr__ = lazy_names(__name__, {"BridgeAcquisition": "hpbridge_bayesopt.host.plug"})

_WITHOUT_CONSTRAINTS = Capabilities(
    {
        Feature.FLOAT: YES,
        Feature.FLOAT_LOG: emulated("log"),
        Feature.FLOAT_STEP: emulated("index"),
        Feature.FLOAT_PRIOR: emulated("quantile"),
        Feature.INT: YES,
        Feature.INT_LOG: emulated("log-round"),
        Feature.INT_STEP: emulated("index"),
        Feature.INT_PRIOR: emulated("quantile"),
        Feature.QUANTIZED: emulated("quantize"),
        Feature.CATEGORICAL: YES,
        Feature.CATEGORICAL_ORDERED: emulated("index"),
        Feature.CATEGORICAL_WEIGHTS: emulated("weight-quantile"),
        Feature.CONDITIONAL: emulated("flatten"),
        Feature.FORBIDDEN: emulated("reject"),
        Feature.MULTI_OBJECTIVE: no("it has one target"),
        Feature.CONSTRAINTS: no("the upper confidence bound takes no constraints"),
        Feature.FAILED_TRIALS: Capability(
            Support.EMULATED, "told with the worst value so far"
        ),
        Feature.PRUNED_TRIALS: AS_LAST_REPORT,
        Feature.SEEDING: YES,
        Feature.FOREIGN_HISTORY: YES,
        Feature.PENDING: Capability(
            Support.EMULATED, "pending points are told as the best value so far"
        ),
        Feature.OUT_OF_ORDER: YES,
        Feature.REPLAY: YES,
        Feature.DEFINE_BY_RUN: KNOWN_SO_FAR,
    }
)
_WITH_CONSTRAINTS = _WITHOUT_CONSTRAINTS.but({Feature.CONSTRAINTS: YES})


def _algorithm(
    name: str, summary: str, options: type, capabilities: Capabilities, source: str
) -> Algorithm:
    return Algorithm(
        name=name,
        summary=summary,
        capabilities=capabilities,
        native_call="BayesianOptimization.maximize",
        options=options,
        cost_per_ask="O(n^3) in trials",
        linear_algebra=True,
        recommended_trials="10 to 200",
        source=f"bayes_opt.acquisition.{source}",
        quick={"init_points": 3},
        after=after,
        refine=lazy("hpbridge_bayesopt.backend.space:refine"),
    )


SPEC = BackendSpec(
    name="bayesopt",
    summary="Gaussian-process optimization from bayesian-optimization.",
    requires=("bayesian-optimization>=3.0",),
    algorithms={
        algorithm.name: algorithm
        for algorithm in (
            _algorithm(
                "ucb",
                "A Gaussian process, searched where its confidence bound is best.",
                UCBOptions,
                _WITHOUT_CONSTRAINTS,
                "UpperConfidenceBound",
            ),
            _algorithm(
                "ei",
                "A Gaussian process, searched where it expects the most improvement.",
                ImprovementOptions,
                _WITH_CONSTRAINTS,
                "ExpectedImprovement",
            ),
            _algorithm(
                "poi",
                "A Gaussian process, searched where an improvement is most probable.",
                ImprovementOptions,
                _WITH_CONSTRAINTS,
                "ProbabilityOfImprovement",
            ),
            _algorithm(
                "hedge",
                "A portfolio of `ucb`, `ei` and `poi` that follows what paid off.",
                HedgeOptions,
                _WITHOUT_CONSTRAINTS,
                "GPHedge",
            ),
        )
    },
    create=lazy("hpbridge_bayesopt.backend.optimizer:BayesOptOptimizer"),
    explain=lazy("hpbridge_bayesopt.backend.explain:explain"),
    homepage="https://github.com/bayesian-optimization/BayesianOptimization",
    from_native=lazy("hpbridge_bayesopt.native.read:from_native"),
    script=ScriptReader(
        library="bayes_opt",
        entries=(
            Entry("maximize", (0, "f"), of=("BayesianOptimization",), by_maker=True),
        ),
        read=lazy("hpbridge_bayesopt.native.script:read"),
    ),
    upstream=lazy("hpbridge_bayesopt._upstream:problems"),
    tested={"oldest": "3.0.0", "newest": "3.4.0"},
)

FORMAT = StudyFormat(
    name="bayesopt",
    summary="Bayesian-optimization's saved states and logs, or a live optimizer.",
    looks_for="a state of `save_state`, a log of JSONLogger, a BayesianOptimization",
    recognizes=lazy("hpbridge_bayesopt.format.read:recognizes"),
    read=lazy("hpbridge_bayesopt.format.read:read"),
    write=lazy("hpbridge_bayesopt.format.write:write"),
    holds=frozenset(Part),
    backend="bayesopt",
)

HOST = HostSpec(
    name="bayesopt",
    summary="an AcquisitionFunction for BayesianOptimization",
    line='acquisition_function=hpbridge_bayesopt.BridgeAcquisition("{optimizer}")',
    requires=SPEC.requires,
)


@hookimpl
def hpbridge_backends() -> list[BackendSpec]:
    return [SPEC]


@hookimpl
def hpbridge_study_formats() -> list[StudyFormat]:
    return [FORMAT]


@hookimpl
def hpbridge_hosts() -> list[HostSpec]:
    return [HOST]
