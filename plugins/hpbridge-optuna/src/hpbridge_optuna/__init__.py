"""Optuna's samplers as an hpbridge backend.

Everything that is declared is here; nothing here imports Optuna.
"""

from __future__ import annotations

from hpbridge.plugin import (
    FROM_NO_TRIAL,
    KNOWN_SO_FAR,
    LEARNS_REPORTS,
    LEFT_OUT,
    NOT_LEARNT,
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
    with_more,
)
from hpbridge_optuna.options import (
    BruteForceOptions,
    CmaEsOptions,
    GPOptions,
    NSGAIIIOptions,
    NSGAIIOptions,
    QMCOptions,
    SharedOptions,
    TPEOptions,
)

__getattr__ = lazy_names(__name__, {"BridgeSampler": "hpbridge_optuna.host.plug"})


_refine = lazy("hpbridge_optuna.backend.space:refine")


def _shares(options: SharedOptions) -> str:
    return options.place


def _yes(note: str) -> Capability:
    return Capability(Support.NATIVE, note)


_COMMON = Capabilities(
    {
        Feature.FLOAT: YES,
        Feature.FLOAT_LOG: YES,
        Feature.FLOAT_STEP: YES,
        Feature.FLOAT_PRIOR: emulated("quantile"),
        Feature.INT: YES,
        Feature.INT_LOG: YES,
        Feature.INT_STEP: YES,
        Feature.INT_PRIOR: emulated("quantile"),
        Feature.QUANTIZED: emulated("quantize"),
        Feature.CATEGORICAL: YES,
        Feature.CATEGORICAL_ORDERED: emulated("index"),
        Feature.CATEGORICAL_WEIGHTS: emulated("weight-quantile"),
        Feature.CONDITIONAL: YES,
        Feature.FORBIDDEN: emulated("reject"),
        Feature.MULTI_OBJECTIVE: YES,
        Feature.CONSTRAINTS: no("the sampler ignores constraints"),
        Feature.FAILED_TRIALS: YES,
        Feature.PRUNED_TRIALS: FROM_NO_TRIAL,
        Feature.SEEDING: YES,
        Feature.FOREIGN_HISTORY: no("the sampler does not learn from trials"),
        Feature.PENDING: YES,
        Feature.OUT_OF_ORDER: YES,
        Feature.REPLAY: YES,
        Feature.DEFINE_BY_RUN: YES,
    }
)
# Elsewhere Optuna computes ``low + k * step``; these two differ from it in the last
# bits (`optuna._gp.search_space` unnormalizes, `_brute_force` counts in decimal).
_OWN_GRID = emulated("index", "the sampler rounds a float grid in its own way")
_OWN_GENERATIONS = no("the sampler learns only from the generations that it bred")
_RANDOM_UNDER_CONDITIONS = _yes("draws parameters that are not always active at random")
_RANKED_BY_STEP = with_more(
    LEARNS_REPORTS, "behind complete ones, the further the better, then by value"
)
_IF_CONSIDERED = with_more(
    NOT_LEARNT, "with consider_pruned_trials=True their last report counts"
)
_GENETIC = _COMMON.but(
    {
        Feature.CONSTRAINTS: YES,
        Feature.FAILED_TRIALS: LEFT_OUT,
        Feature.PRUNED_TRIALS: NOT_LEARNT,
        Feature.FOREIGN_HISTORY: _OWN_GENERATIONS,
    }
)
_NOT_COUNTABLE = no("an exhaustive search needs countable values; give it a step")
_EXHAUSTIVE = _COMMON.but(
    {
        Feature.FLOAT: _NOT_COUNTABLE,
        Feature.FLOAT_LOG: _NOT_COUNTABLE,
        Feature.FLOAT_PRIOR: _NOT_COUNTABLE,
        Feature.INT_PRIOR: _NOT_COUNTABLE,
        Feature.QUANTIZED: emulated("index", "every value once, whatever its share"),
        Feature.CATEGORICAL_WEIGHTS: no("an exhaustive search tries every choice"),
    }
)

_ALGORITHMS = (
    Algorithm(
        name="tpe",
        refine=_refine,
        shares=_shares,
        summary="Tree-structured Parzen estimator; Optuna's default.",
        capabilities=_COMMON.but(
            {
                Feature.FORBIDDEN: emulated(
                    "reject", "tells a forbidden point as pruned"
                ),
                Feature.CONSTRAINTS: YES,
                Feature.PRUNED_TRIALS: _RANKED_BY_STEP,
                Feature.FOREIGN_HISTORY: YES,
            }
        ),
        native_call="Study.optimize",
        options=TPEOptions,
        cost_per_ask="O(d n log n), n trials of d parameters",
        recommended_trials="100 to 1000",
        source="Bergstra et al. 2011; Watanabe 2023, arXiv:2304.11127",
        quick={"n_startup_trials": 5},
    ),
    Algorithm(
        name="gp",
        refine=_refine,
        shares=_shares,
        summary="Gaussian process with the logarithm of expected improvement.",
        capabilities=_COMMON.but(
            {
                Feature.FLOAT_STEP: _OWN_GRID,
                Feature.CONDITIONAL: _RANDOM_UNDER_CONDITIONS,
                Feature.FORBIDDEN: emulated("reject", "tells a forbidden point as inf"),
                Feature.CONSTRAINTS: YES,
                Feature.PRUNED_TRIALS: NOT_LEARNT,
                Feature.FOREIGN_HISTORY: YES,
            }
        ),
        native_call="Study.optimize",
        options=GPOptions,
        cost_per_ask="O(n^3) in trials",
        linear_algebra=True,
        recommended_trials="up to 500",
        source="Ament et al. 2023, arXiv:2310.20708",
        requires=("torch>=2.2", "scipy>=1.10"),
        extra="gp",
        quick={"n_startup_trials": 5},
    ),
    Algorithm(
        name="cmaes",
        refine=_refine,
        shares=_shares,
        summary="Covariance matrix adaptation evolution strategy, for numbers.",
        capabilities=_COMMON.but(
            {
                Feature.CATEGORICAL: _yes("draws categories at random"),
                Feature.CONDITIONAL: _RANDOM_UNDER_CONDITIONS,
                Feature.MULTI_OBJECTIVE: no("the sampler takes one metric"),
                Feature.FAILED_TRIALS: LEFT_OUT,
                Feature.PRUNED_TRIALS: _IF_CONSIDERED,
                Feature.FOREIGN_HISTORY: _OWN_GENERATIONS,
            }
        ),
        native_call="Study.optimize",
        options=CmaEsOptions,
        cost_per_ask="O(d^3) in parameters",
        linear_algebra=True,
        recommended_trials="1000 to 10000",
        source="Hansen 2016, arXiv:1604.00772",
        requires=("cmaes>=0.12",),
        extra="cmaes",
    ),
    Algorithm(
        name="random",
        refine=_refine,
        shares=_shares,
        summary="Independent draws.",
        capabilities=_COMMON,
        native_call="Study.optimize",
        options=SharedOptions,
        cost_per_ask="O(d) in parameters",
        recommended_trials="any",
        source="Bergstra and Bengio 2012, JMLR 13",
        learns=False,
    ),
    Algorithm(
        name="qmc",
        refine=_refine,
        shares=_shares,
        summary="A Sobol' or Halton sequence, which fills the space evenly.",
        capabilities=_COMMON.but(
            {
                Feature.CONDITIONAL: _RANDOM_UNDER_CONDITIONS,
                Feature.SEEDING: _yes(
                    "the sequence depends on the seed only with scramble=True"
                ),
            }
        ),
        native_call="Study.optimize",
        options=QMCOptions,
        cost_per_ask="O(d n), n trials of d parameters",
        recommended_trials="any; powers of two for Sobol'",
        source="Bergstra and Bengio 2012, JMLR 13",
        requires=("scipy>=1.10",),
        extra="qmc",
        learns=False,
        starts_random=False,
    ),
    Algorithm(
        name="grid",
        refine=_refine,
        shares=_shares,
        summary="Every point of a finite space, shuffled.",
        capabilities=_EXHAUSTIVE.but(
            {
                Feature.DEFINE_BY_RUN: KNOWN_SO_FAR,
                Feature.CONDITIONAL: _yes(
                    "repeats points that differ in inactive parameters only"
                ),
            }
        ),
        native_call="Study.optimize",
        options=SharedOptions,
        cost_per_ask="O(d n), n trials of d parameters",
        recommended_trials="the size of the space",
        source="Optuna, GridSampler",
        learns=False,
        starts_random=False,
    ),
    Algorithm(
        name="bruteforce",
        refine=_refine,
        shares=_shares,
        summary="Every point of a finite space once, conditions respected.",
        capabilities=_EXHAUSTIVE.but(
            {
                Feature.FLOAT_STEP: _OWN_GRID,
                Feature.FOREIGN_HISTORY: _yes("leaves out points that ran elsewhere"),
            }
        ),
        native_call="Study.optimize",
        options=BruteForceOptions,
        cost_per_ask="O(d n), n trials of d parameters",
        recommended_trials="the size of the space",
        source="Optuna, BruteForceSampler",
        learns=False,
        starts_random=False,
    ),
    Algorithm(
        name="nsga2",
        refine=_refine,
        shares=_shares,
        summary="Non-dominated sorting genetic algorithm II.",
        capabilities=_GENETIC,
        native_call="Study.optimize",
        options=NSGAIIOptions,
        cost_per_ask="O(m p^2), m metrics and a population of p",
        recommended_trials="100 to 10000",
        source="Deb et al. 2002, IEEE TEC 6(2)",
        quick={"population_size": 5},
    ),
    Algorithm(
        name="nsga3",
        refine=_refine,
        shares=_shares,
        summary="Non-dominated sorting genetic algorithm III, for many metrics.",
        capabilities=_GENETIC,
        native_call="Study.optimize",
        options=NSGAIIIOptions,
        cost_per_ask="O(m p^2), m metrics and a population of p",
        recommended_trials="100 to 10000",
        source="Deb and Jain 2014, IEEE TEC 18(4)",
        quick={"population_size": 5},
    ),
)

_OWN_PRUNERS = frozenset(
    {
        *("median", "percentile", "threshold", "patient", "wilcoxon"),
        *("sha", "asha:optuna", "hyperband"),
    }
)

SPEC = BackendSpec(
    name="optuna",
    summary="Optuna's samplers: TPE, Gaussian process, CMA-ES, NSGA and others.",
    requires=("optuna>=5.0",),
    algorithms={algorithm.name: algorithm for algorithm in _ALGORITHMS},
    create=lazy("hpbridge_optuna.backend.defining:create"),
    explain=lazy("hpbridge_optuna.backend.explain:explain"),
    adopt=lazy("hpbridge_optuna.native.objective:adopt"),
    homepage="https://optuna.org",
    from_native=lazy("hpbridge_optuna.native.read:from_native"),
    pruner_of=lazy("hpbridge_optuna.native.pruner:pruner_of"),
    script=ScriptReader(
        library="optuna",
        entries=(
            Entry("optimize", (0, "func"), of=("create_study", "load_study", "Study")),
        ),
        read=lazy("hpbridge_optuna.native.script:read"),
    ),
    tested={"oldest": "5.0.0", "newest": "5.0.0"},
    upstream=lazy("hpbridge_optuna._upstream:problems"),
    pruners=_OWN_PRUNERS,
)

FORMAT = StudyFormat(
    name="optuna",
    summary="Optuna storages: a database, a journal, a live study, its data frame.",
    looks_for=(
        "an SQLite file or database URL with Optuna's tables, "
        "a journal of JSON lines, an optuna.Study, also pickled, or its "
        "trials_dataframe()"
    ),
    recognizes=lazy("hpbridge_optuna.format.read:recognizes"),
    read=lazy("hpbridge_optuna.format.read:read"),
    write=lazy("hpbridge_optuna.format.write:write"),
    holds=frozenset(Part),
    requires=SPEC.requires,
    backend="optuna",
)

HOST = HostSpec(
    name="optuna",
    summary="a sampler for Study.optimize",
    line='sampler=hpbridge_optuna.BridgeSampler("{optimizer}")',
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
