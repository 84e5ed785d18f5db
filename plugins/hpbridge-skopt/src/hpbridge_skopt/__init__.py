"""Scikit-optimize as an hpbridge backend.

Everything that is declared is here; nothing here imports scikit-optimize.
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
from hpbridge_skopt.options import ForestOptions, GBRTOptions, GPOptions

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
    from hpbridge_skopt._host import BridgeOptimizer, minimize
    from hpbridge_skopt._search import BridgeBayesSearchCV

__all__ = [
    "FORMAT",
    "HOST",
    "SPEC",
    "BridgeBayesSearchCV",
    "BridgeOptimizer",
    "minimize",
]

_HOMES = {
    "BridgeBayesSearchCV": "_search",
    "BridgeOptimizer": "_host",
    "minimize": "_host",
}


def __getattr__(name: str) -> Any:
    # These subclass or return what is the library's, which is not imported before.
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def _create(problem: Problem, algorithm: str, options: Any, seed: int) -> Optimizer:
    from hpbridge_skopt._optimizer import create

    return create(problem, SPEC.algorithms[algorithm], options, seed)


def _explain_native(problem: Problem, algorithm: str, options: Any, seed: int) -> str:
    from hpbridge_skopt._explain import explain

    return explain(problem, SPEC.algorithms[algorithm], options, seed)


def _from_native(given: object) -> NativeSpace | None:
    from hpbridge_skopt._native_space import from_native

    return from_native(given)


def _recognizes(source: object) -> bool:
    from hpbridge_skopt._reading import recognizes

    return recognizes(source)


def _read(source: Any, hints: Hints) -> ForeignStudy:
    from hpbridge_skopt._reading import read

    return read(source, hints)


def _write(study: Study, target: str) -> tuple[str, ...]:
    from hpbridge_skopt._writing import write

    return write(study, target)


def _run_in_host(
    optimizer: str, experiment: Experiment, n_trials: int, seed: int
) -> list[tuple[Mapping[str, Label], float]]:
    from hpbridge_skopt._host_run import run

    return run(optimizer, experiment, n_trials, seed)


def _reasons_against(space: Space) -> list[str]:
    from hpbridge_skopt._host_run import reasons_against

    return reasons_against(space)


_TREES = Capabilities(
    {
        Feature.FLOAT: YES,
        Feature.FLOAT_LOG: YES,
        Feature.FLOAT_STEP: emulated("index"),
        Feature.FLOAT_PRIOR: emulated("quantile"),
        Feature.INT: YES,
        # The library clips a log Integer to wrong bounds under trees, and halves the
        # weight of its ends.
        Feature.INT_LOG: emulated("log-round"),
        Feature.INT_STEP: emulated("index"),
        Feature.QUANTIZED: emulated("quantize"),
        Feature.CATEGORICAL: YES,
        Feature.CATEGORICAL_ORDERED: emulated("index"),
        Feature.CATEGORICAL_WEIGHTS: YES,
        Feature.CONDITIONAL: emulated("flatten"),
        Feature.FORBIDDEN: emulated("reject"),
        Feature.MULTI_OBJECTIVE: no("it minimizes one value"),
        Feature.CONSTRAINTS: no("it models no constraint on metrics"),
        Feature.FAILED_TRIALS: Capability(
            Support.EMULATED, "is told with the worst value so far"
        ),
        Feature.SEEDING: YES,
        Feature.FOREIGN_HISTORY: YES,
        Feature.PENDING: Capability(
            Support.NATIVE, "the library's constant liar, cl_min"
        ),
        Feature.OUT_OF_ORDER: YES,
        Feature.REPLAY: YES,
    }
)
_GP = _TREES.but(
    {
        Feature.INT: Capability(
            Support.NATIVE, "an Integer mended to give its end points full weight"
        )
    }
)
_NOTHING = Capability(Support.NATIVE, "accepted; random search learns from no trial")
_RANDOM = _TREES.but(
    {
        Feature.FAILED_TRIALS: _NOTHING,
        Feature.FOREIGN_HISTORY: _NOTHING,
        Feature.PENDING: YES,
    }
)
# Enough to reach the model in a handful of trials.
_QUICK = {"n_initial_points": 5, "n_points": 500}

_ALGORITHMS = (
    Algorithm(
        name="gp",
        summary="Gaussian process; the library's default.",
        capabilities=_GP,
        native_call="gp_minimize",
        options=GPOptions,
        cost_per_ask="O(n^3) in trials",
        recommended_trials="20 to 100",
        source="Snoek, Larochelle and Adams 2012, arXiv:1206.2944",
        quick=_QUICK,
    ),
    Algorithm(
        name="et",
        summary="Extremely randomized trees.",
        capabilities=_TREES,
        native_call="forest_minimize",
        options=ForestOptions,
        cost_per_ask="O(n log n) in trials",
        recommended_trials="50 to 500",
        source="Geurts, Ernst and Wehenkel 2006, Machine Learning 63",
        quick=_QUICK,
    ),
    Algorithm(
        name="rf",
        summary="Random forest.",
        capabilities=_TREES,
        native_call="forest_minimize",
        options=ForestOptions,
        cost_per_ask="O(n log n) in trials",
        recommended_trials="50 to 500",
        source="Hutter, Hoos and Leyton-Brown 2011, LION 5",
        quick=_QUICK,
    ),
    Algorithm(
        name="gbrt",
        summary="Gradient boosted trees for three quantiles.",
        capabilities=_TREES,
        native_call="gbrt_minimize",
        options=GBRTOptions,
        cost_per_ask="O(n log n) in trials",
        recommended_trials="50 to 500",
        source="scikit-optimize, gbrt_minimize",
        quick=_QUICK,
    ),
    Algorithm(
        name="random",
        summary="Independent draws.",
        capabilities=_RANDOM,
        native_call="dummy_minimize",
        cost_per_ask="O(1)",
        recommended_trials="any",
        source="Bergstra and Bengio 2012, JMLR 13",
        learns=False,
    ),
)

SPEC = BackendSpec(
    name="skopt",
    summary="Scikit-optimize: Gaussian process, forests, boosted trees, random search.",
    requires=("scikit-optimize>=0.10.2",),
    algorithms={algorithm.name: algorithm for algorithm in _ALGORITHMS},
    create=_create,
    explain=_explain_native,
    homepage="https://scikit-optimize.readthedocs.io",
    from_native=_from_native,
    tested={"oldest": "0.10.2", "newest": "0.10.2"},
)

FORMAT = StudyFormat(
    name="skopt",
    summary="Scikit-optimize's OptimizeResult, live or from `skopt.dump`.",
    looks_for="an OptimizeResult of scikit-optimize, live or in a file (.pkl, .gz ...)",
    recognizes=_recognizes,
    read=_read,
    write=_write,
    holds=frozenset(Part),
    requires=SPEC.requires,
    backend="skopt",
)

HOST = HostSpec(
    name="skopt",
    summary="an Optimizer with ask and tell, a minimize, and a BayesSearchCV on it",
    line='hpbridge_skopt.minimize(func, dimensions, "{optimizer}", n_calls=50)',
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
