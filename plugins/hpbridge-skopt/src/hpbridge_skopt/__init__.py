"""Scikit-optimize as an hpbridge backend.

Everything that is declared is here; nothing here imports scikit-optimize.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.plugin import (
    AS_LAST_REPORT,
    FROM_NO_TRIAL,
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
from hpbridge_skopt.options import ForestOptions, GBRTOptions, GPOptions

if TYPE_CHECKING:
    from hpbridge_skopt.host.plug import BridgeOptimizer, minimize
    from hpbridge_skopt.host.search import BridgeBayesSearchCV

__all__ = [
    "FORMAT",
    "HOST",
    "SPEC",
    "BridgeBayesSearchCV",
    "BridgeOptimizer",
    "minimize",
]

# These subclass or return what is the library's, which is not imported before.
__getattr__ = lazy_names(
    __name__,
    {
        "BridgeBayesSearchCV": "hpbridge_skopt.host.search",
        "BridgeOptimizer": "hpbridge_skopt.host.plug",
        "minimize": "hpbridge_skopt.host.plug",
    },
)

_refine = lazy("hpbridge_skopt.backend.space:refine")
_encode = lazy("hpbridge_skopt.backend.space:encode")

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
        Feature.INT_PRIOR: emulated("quantile"),
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
        Feature.PRUNED_TRIALS: AS_LAST_REPORT,
        Feature.SEEDING: YES,
        Feature.FOREIGN_HISTORY: YES,
        Feature.PENDING: Capability(
            Support.NATIVE, "the library's constant liar, cl_min"
        ),
        Feature.OUT_OF_ORDER: YES,
        Feature.REPLAY: YES,
        Feature.DEFINE_BY_RUN: KNOWN_SO_FAR,
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
        Feature.PRUNED_TRIALS: FROM_NO_TRIAL,
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
        linear_algebra=True,
        recommended_trials="20 to 100",
        refine=_refine,
        encode=_encode,
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
        refine=_refine,
        encode=_encode,
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
        refine=_refine,
        encode=_encode,
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
        refine=_refine,
        encode=_encode,
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
        refine=_refine,
        encode=_encode,
        source="Bergstra and Bengio 2012, JMLR 13",
        learns=False,
    ),
)

SPEC = BackendSpec(
    name="skopt",
    summary="Scikit-optimize: Gaussian process, forests, boosted trees, random search.",
    requires=("scikit-optimize>=0.10.2",),
    algorithms={algorithm.name: algorithm for algorithm in _ALGORITHMS},
    create=lazy("hpbridge_skopt.backend.optimizer:create"),
    explain=lazy("hpbridge_skopt.backend.explain:explain"),
    homepage="https://scikit-optimize.readthedocs.io",
    from_native=lazy("hpbridge_skopt.native.read:from_native"),
    script=ScriptReader(
        library="skopt",
        entries=(
            Entry("gp_minimize", (0, "func")),
            Entry("forest_minimize", (0, "func")),
            Entry("gbrt_minimize", (0, "func")),
            Entry("dummy_minimize", (0, "func")),
        ),
        read=lazy("hpbridge_skopt.native.script:read"),
    ),
    upstream=lazy("hpbridge_skopt._upstream:problems"),
    tested={"oldest": "0.10.2", "newest": "0.10.2"},
)

FORMAT = StudyFormat(
    name="skopt",
    summary="Scikit-optimize's OptimizeResult, live or from `skopt.dump`.",
    looks_for="an OptimizeResult of scikit-optimize, live or in a file (.pkl, .gz ...)",
    recognizes=lazy("hpbridge_skopt.format.read:recognizes"),
    read=lazy("hpbridge_skopt.format.read:read"),
    write=lazy("hpbridge_skopt.format.write:write"),
    holds=frozenset(Part),
    requires=SPEC.requires,
    backend="skopt",
)

_SEARCH = (
    "search = hpbridge_skopt.BridgeBayesSearchCV(model, spaces, "
    'optimizer_kwargs=dict(optimizer="{optimizer}"))'
)
HOST = HostSpec(
    name="skopt",
    summary="an Optimizer with ask and tell, a minimize, and a BayesSearchCV on it",
    line='hpbridge_skopt.minimize(func, dimensions, "{optimizer}", n_calls=50)',
    more_lines=(
        'optimizer = hpbridge_skopt.BridgeOptimizer(dimensions, "{optimizer}")',
        _SEARCH,
    ),
    requires=SPEC.requires,
    # `skopt.Optimizer` has one default for all; the functions have one each.
    defaults={
        f"skopt:{name}": {"acq_func": "gp_hedge"} for name in ("et", "rf", "gbrt")
    },
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
