"""Ray Tune's search classes as an hpbridge backend, and its cluster as drivers.

Everything that is declared is here; nothing here imports Ray.
"""

from __future__ import annotations

from typing import Any

from hpbridge.plugin import (
    AS_LAST_REPORT,
    FROM_NO_TRIAL,
    KNOWN_SO_FAR,
    LEFT_OUT,
    NOT_LEARNT,
    YES,
    Algorithm,
    BackendSpec,
    Capabilities,
    Capability,
    DriverSpec,
    Entry,
    Feature,
    HostSpec,
    LoopSpec,
    ScriptReader,
    StudyFormat,
    Support,
    emulated,
    hookimpl,
    lazy,
    lazy_names,
    no,
)
from hpbridge_ray.options import (
    BohbOptions,
    HyperOptOptions,
    Pb2Options,
    PbtOptions,
    RayOptions,
    TuneOptions,
)

__getattr__ = lazy_names(
    __name__,
    {
        "BridgeSearcher": "hpbridge_ray.host.plug",
        "until": "hpbridge_ray.native.objective",
    },
    hint="pip install 'ray[tune]'",
)


_refine = lazy("hpbridge_ray.backend.space:refine")
_encode = lazy("hpbridge_ray.backend.space:encode")

_ROUNDED_INDEX = "the index is searched as a float and rounded"
_NOT_COUNTABLE = no("a grid needs countable values; give it a step")
_COMMON = Capabilities(
    {
        Feature.FLOAT: YES,
        Feature.FLOAT_LOG: YES,
        Feature.FLOAT_STEP: emulated("index"),
        Feature.FLOAT_PRIOR: emulated("quantile"),
        Feature.INT: YES,
        Feature.INT_LOG: YES,
        Feature.INT_STEP: emulated("index"),
        Feature.INT_PRIOR: emulated("quantile"),
        Feature.QUANTIZED: emulated("quantize"),
        Feature.CATEGORICAL: YES,
        Feature.CATEGORICAL_ORDERED: emulated("index"),
        Feature.CATEGORICAL_WEIGHTS: emulated("weight-quantile"),
        Feature.CONDITIONAL: emulated("flatten"),
        Feature.FORBIDDEN: emulated("reject"),
        Feature.MULTI_OBJECTIVE: no("the search class takes one metric"),
        Feature.CONSTRAINTS: no("the search class knows no constraints"),
        Feature.FAILED_TRIALS: YES,
        Feature.PRUNED_TRIALS: FROM_NO_TRIAL,
        Feature.SEEDING: YES,
        Feature.FOREIGN_HISTORY: no("the search class learns from no trial"),
        Feature.PENDING: YES,
        Feature.OUT_OF_ORDER: YES,
        Feature.REPLAY: YES,
        Feature.DEFINE_BY_RUN: KNOWN_SO_FAR,
    }
)

_POPULATION = _COMMON.but(
    {
        Feature.CONSTRAINTS: Capability(
            Support.NATIVE, "a member beyond a bound counts as the worst"
        ),
        Feature.FAILED_TRIALS: Capability(
            Support.NATIVE, "a member whose trial failed counts as the worst"
        ),
        Feature.PRUNED_TRIALS: Capability(
            Support.NATIVE, f"{NOT_LEARNT.note}; their members count as the worst"
        ),
        Feature.MULTI_OBJECTIVE: no("members are compared by one value"),
        Feature.FOREIGN_HISTORY: no("a member goes on from its own checkpoints"),
        Feature.DEFINE_BY_RUN: no("members would begin anew as the space grows"),
    }
)
_OF_POPULATIONS: dict[str, Any] = {
    "native_call": "Tuner.fit",
    "recommended_trials": "10 members, 10 intervals or more",
    "quick": {"population_size": 6},
    "is_staged": True,
    "refine": lazy("hpbridge_ray.backend.space:refine_population"),
    "encode": _encode,
    "remarks": lazy("hpbridge.plugin:remarks_on_population"),
}

_ALGORITHMS = (
    Algorithm(
        name="random",
        refine=_refine,
        encode=_encode,
        summary="Ray's own variant generation: independent draws.",
        capabilities=_COMMON,
        native_call="Tuner.fit",
        cost_per_ask="O(d) in parameters",
        recommended_trials="any",
        source="Ray Tune, BasicVariantGenerator",
        learns=False,
    ),
    Algorithm(
        name="grid",
        refine=_refine,
        summary="Every point of a finite space in order, by tune.grid_search.",
        capabilities=_COMMON.but(
            {
                Feature.FLOAT: _NOT_COUNTABLE,
                Feature.FLOAT_LOG: _NOT_COUNTABLE,
                Feature.FLOAT_PRIOR: _NOT_COUNTABLE,
                Feature.INT_PRIOR: _NOT_COUNTABLE,
                Feature.QUANTIZED: emulated(
                    "index", "every value once, whatever its share"
                ),
                Feature.CATEGORICAL_WEIGHTS: no("a grid tries every choice once"),
                Feature.CONDITIONAL: emulated(
                    "flatten", "repeats points that differ in inactive parameters only"
                ),
                Feature.SEEDING: no("a grid has one order"),
            }
        ),
        native_call="Tuner.fit",
        cost_per_ask="O(d) in parameters",
        recommended_trials="the size of the space",
        source="Ray Tune, BasicVariantGenerator",
        learns=False,
        starts_random=False,
    ),
    Algorithm(
        name="optuna",
        refine=_refine,
        summary="OptunaSearch: Optuna's tree-structured Parzen estimator.",
        capabilities=_COMMON.but(
            {
                Feature.MULTI_OBJECTIVE: Capability(
                    Support.UNIMPLEMENTED, "use the optuna backend"
                ),
                Feature.PRUNED_TRIALS: AS_LAST_REPORT,
                Feature.FOREIGN_HISTORY: YES,
            }
        ),
        native_call="Tuner.fit",
        cost_per_ask="O(d n log n), n trials of d parameters",
        recommended_trials="100 to 1000",
        source="Bergstra et al. 2011; Ray Tune, OptunaSearch",
        requires=("optuna>=4.0",),
        extra="optuna",
    ),
    Algorithm(
        name="hyperopt",
        refine=_refine,
        encode=_encode,
        summary="HyperOptSearch: Hyperopt's tree-structured Parzen estimator.",
        capabilities=_COMMON.but(
            {
                Feature.FLOAT_STEP: emulated("index", _ROUNDED_INDEX),
                Feature.INT: emulated("round"),
                Feature.INT_LOG: emulated("log-round"),
                Feature.INT_STEP: emulated("index", _ROUNDED_INDEX),
                Feature.CATEGORICAL_ORDERED: emulated("index", _ROUNDED_INDEX),
                Feature.PRUNED_TRIALS: AS_LAST_REPORT,
                Feature.FOREIGN_HISTORY: no("HyperOptSearch takes no evaluated points"),
            }
        ),
        native_call="Tuner.fit",
        options=HyperOptOptions,
        cost_per_ask="O(d n), n trials of d parameters",
        recommended_trials="100 to 1000",
        source="Bergstra et al. 2011; Ray Tune, HyperOptSearch",
        requires=("hyperopt>=0.3",),
        extra="hyperopt",
        quick={"n_initial_points": 5},
    ),
    Algorithm(
        name="bohb",
        refine=_refine,
        encode=_encode,
        summary="TuneBOHB: BOHB's kernel densities; with pruner hyperband, BOHB.",
        takes_budgets=True,
        capabilities=_COMMON.but(
            {
                Feature.FLOAT: Capability(
                    Support.NATIVE,
                    "in [0, 1] where rounding to 13 decimal places would matter",
                ),
                Feature.FLOAT_LOG: emulated("log"),
                Feature.FAILED_TRIALS: LEFT_OUT,
                Feature.PRUNED_TRIALS: NOT_LEARNT,
                Feature.FOREIGN_HISTORY: YES,
            }
        ),
        native_call="Tuner.fit",
        options=BohbOptions,
        cost_per_ask="O(d n), n trials of d parameters",
        recommended_trials="50 to 500",
        source="Falkner et al. 2018, arXiv:1807.01774; Ray Tune, TuneBOHB",
        requires=("ray>=2.56", "hpbandster>=0.7.4", "ConfigSpace>=1.2"),
        extra="bohb",
    ),
    Algorithm(
        name="pbt",
        summary="PopulationBasedTraining: the worst copy the best, and vary that.",
        capabilities=_POPULATION,
        options=PbtOptions,
        cost_per_ask="O(members)",
        source="Jaderberg et al. 2017; Ray Tune, PopulationBasedTraining",
        **_OF_POPULATIONS,
    ),
    Algorithm(
        name="pb2",
        summary="PB2: as pbt, but a Gaussian process over the gains says what to try.",
        capabilities=_POPULATION.but(
            {
                Feature.FLOAT_LOG: emulated("log"),
                Feature.FLOAT_STEP: emulated("index", _ROUNDED_INDEX),
                Feature.INT: emulated("round"),
                Feature.INT_LOG: emulated("log-round"),
                Feature.INT_STEP: emulated("index", _ROUNDED_INDEX),
                Feature.CATEGORICAL: no("it knows numbers alone"),
                Feature.CATEGORICAL_ORDERED: emulated("index", _ROUNDED_INDEX),
            }
        ),
        options=Pb2Options,
        cost_per_ask="O(n^3) in intervals, at most 1000",
        linear_algebra=True,
        source="Parker-Holder et al. 2020; Ray Tune, PB2",
        requires=("ray[tune]>=2.56", "scikit-learn>=1.5"),  # before, it wants GPy
        extra="pb2",
        **_OF_POPULATIONS,
    ),
)

SPEC = BackendSpec(
    name="ray",
    summary="Ray Tune's search classes, run by a Tuner on Ray.",
    requires=("ray[tune]>=2.44",),
    algorithms={algorithm.name: algorithm for algorithm in _ALGORITHMS},
    create=lazy("hpbridge_ray.backend.optimizer:create"),
    explain=lazy("hpbridge_ray.backend.explain:explain"),
    from_native=lazy("hpbridge_ray.native.read:from_native"),
    pruner_of=lazy("hpbridge_ray.native.scheduler:pruner_of"),
    script=ScriptReader(
        library="ray",
        entries=(
            Entry("fit", (0, "trainable"), of=("Tuner",), by_maker=True),
            Entry("run", (0, "run_or_experiment")),
        ),
        read=lazy("hpbridge_ray.native.script:read"),
    ),
    homepage="https://docs.ray.io/en/latest/tune/",
    driver="tune",
    upstream=lazy("hpbridge_ray._upstream:problems"),
    tested={"oldest": "2.44.0", "newest": "2.60.0"},
)


DRIVERS = (
    LoopSpec(
        name="tune",
        summary="Ray Tune's Tuner, with one actor for many trials.",
        run=lazy("hpbridge_ray.driver.tuner:run_in_tuner"),
        prepare=lazy("hpbridge_ray.driver.opening:prepare"),
        requires=SPEC.requires,
        answers=True,
        logs=True,
        saves=True,
        options=TuneOptions,
        needs="nothing, or a Ray that runs",
        address="10.0.0.1:6379",
    ),
    DriverSpec(
        name="ray",
        summary="A pool of Ray actors, quicker to start than Tune.",
        open=lazy("hpbridge_ray.driver.opening:open_actors"),
        requires=SPEC.requires,
        logs=True,
        options=RayOptions,
        needs="nothing, or a Ray that runs",
        address="10.0.0.1:6379",
    ),
)


FORMATS = (
    StudyFormat(
        name="ray",
        summary="Ray Tune's experiment folder, by its JSON files alone, or a frame.",
        looks_for="a folder with experiment_state-*.json and result.json files, "
        "a tune.ResultGrid, or the table that its get_dataframe() makes",
        recognizes=lazy("hpbridge_ray.format.read:recognizes"),
        read=lazy("hpbridge_ray.format.read:read"),
        backend="ray",
    ),
)


HOSTS = (
    HostSpec(
        name="ray",
        summary="a Searcher for TuneConfig(search_alg=...)",
        line='search_alg=hpbridge_ray.BridgeSearcher("{optimizer}")',
        requires=SPEC.requires,
    ),
)


@hookimpl
def hpbridge_backends() -> list[BackendSpec]:
    return [SPEC]


@hookimpl
def hpbridge_drivers() -> list[DriverSpec | LoopSpec]:
    return list(DRIVERS)


@hookimpl
def hpbridge_study_formats() -> list[StudyFormat]:
    return list(FORMATS)


@hookimpl
def hpbridge_hosts() -> list[HostSpec]:
    return list(HOSTS)
