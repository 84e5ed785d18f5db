"""Bayesian-optimization as an hpbridge backend: Gaussian-process optimization.

Everything that is declared is here; nothing here imports the library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    YES,
    Algorithm,
    BackendSpec,
    Capabilities,
    Capability,
    Feature,
    ForeignStudy,
    Hints,
    HostSpec,
    Part,
    StudyFormat,
    Support,
    emulated,
    hookimpl,
    no,
)
from hpbridge_bayesopt.options import HedgeOptions, ImprovementOptions, UCBOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import (
        Experiment,
        Label,
        NativeSpace,
        Optimizer,
        Problem,
        Space,
        Study,
    )
    from hpbridge_bayesopt._host import BridgeAcquisition

__all__ = ["FORMAT", "HOST", "SPEC", "BridgeAcquisition"]


def __getattr__(name: str) -> Any:
    # It subclasses what is the library's, which is not imported before.
    if name != "BridgeAcquisition":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from hpbridge_bayesopt._host import BridgeAcquisition

    return BridgeAcquisition


def _create(problem: Problem, algorithm: str, options: Any, seed: int) -> Optimizer:
    from hpbridge_bayesopt._optimizer import BayesOptOptimizer

    return BayesOptOptimizer(problem, SPEC.algorithms[algorithm], options, seed)


def _explain_native(problem: Problem, algorithm: str, options: Any, seed: int) -> str:
    from hpbridge_bayesopt._explain import explain

    return explain(problem, SPEC.algorithms[algorithm], options, seed)


def _from_native(given: object) -> NativeSpace | None:
    from hpbridge_bayesopt._native_space import from_native

    return from_native(given)


def _recognizes(source: object) -> bool:
    from hpbridge_bayesopt._reading import recognizes

    return recognizes(source)


def _read(source: Any, hints: Hints) -> ForeignStudy:
    from hpbridge_bayesopt._reading import read

    return read(source, hints)


def _write(study: Study, target: str) -> tuple[str, ...]:
    from hpbridge_bayesopt._writing import write

    return write(study, target)


def _run_in_host(
    optimizer: str, experiment: Experiment, n_trials: int, seed: int
) -> list[tuple[Mapping[str, Label], float]]:
    from hpbridge_bayesopt._host_run import run

    return run(optimizer, experiment, n_trials, seed)


def _reasons_against(space: Space) -> list[str]:
    from hpbridge_bayesopt._host_run import reasons_against

    return reasons_against(space)


_WITHOUT_CONSTRAINTS = Capabilities(
    {
        Feature.FLOAT: YES,
        Feature.FLOAT_LOG: emulated("log"),
        Feature.FLOAT_STEP: emulated("index"),
        Feature.FLOAT_PRIOR: emulated("quantile"),
        Feature.INT: YES,
        Feature.INT_LOG: emulated("log-round"),
        Feature.INT_STEP: emulated("index"),
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
        Feature.SEEDING: YES,
        Feature.FOREIGN_HISTORY: YES,
        Feature.PENDING: Capability(
            Support.EMULATED, "pending points are told as the best value so far"
        ),
        Feature.OUT_OF_ORDER: YES,
        Feature.REPLAY: YES,
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
        recommended_trials="10 to 200",
        source=f"bayes_opt.acquisition.{source}",
        quick={"init_points": 3},
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
    create=_create,
    explain=_explain_native,
    homepage="https://github.com/bayesian-optimization/BayesianOptimization",
    from_native=_from_native,
    tested={"oldest": "3.0.0", "newest": "3.4.0"},
)

FORMAT = StudyFormat(
    name="bayesopt",
    summary="Bayesian-optimization's saved states and logs, or a live optimizer.",
    looks_for="a state of `save_state`, a log of JSONLogger, a BayesianOptimization",
    recognizes=_recognizes,
    read=_read,
    write=_write,
    holds=frozenset(Part),
    backend="bayesopt",
)

HOST = HostSpec(
    name="bayesopt",
    summary="an AcquisitionFunction for BayesianOptimization",
    line='acquisition_function=hpbridge_bayesopt.BridgeAcquisition("{optimizer}")',
    run=_run_in_host,
    reasons_against=_reasons_against,
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
