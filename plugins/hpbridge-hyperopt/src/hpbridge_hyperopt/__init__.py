"""Hyperopt as an hpbridge backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.plugin import (
    AS_WORST,
    FROM_NO_TRIAL,
    KNOWN_SO_FAR,
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
)
from hpbridge_hyperopt.options import AnnealOptions, MixOptions, TpeOptions

if TYPE_CHECKING:
    from collections.abc import Iterable


__getattr__ = lazy_names(__name__, {"suggest": "hpbridge_hyperopt.host.plug"})

FORMAT = StudyFormat(
    name="hyperopt",
    summary="Trials of Hyperopt: live, SparkTrials, or a pickle such as "
    "trials_save_file.",
    looks_for="a Trials or SparkTrials, or a pickle of one or of its documents",
    recognizes=lazy("hpbridge_hyperopt.format.read:recognizes"),
    read=lazy("hpbridge_hyperopt.format.read:read"),
    write=lazy("hpbridge_hyperopt.format.write:write"),
    # It holds a study of ours whole: what has no place in a document rides along.
    holds=frozenset(Part),
    backend="hyperopt",
)

_encode = lazy("hpbridge_hyperopt.backend.space:encode")
_refine = lazy("hpbridge_hyperopt.backend.space:refine")

CAPABILITIES = Capabilities(
    {
        Feature.FLOAT: YES,
        Feature.FLOAT_LOG: YES,
        # A bare quniform has its grid on multiples of q, not on low + k * q, and gives
        # the ends half their share; hence the index, as an int.
        Feature.FLOAT_STEP: emulated("index"),
        # hp.normal and hp.lognormal are not truncated to the range.
        Feature.FLOAT_PRIOR: emulated("quantile"),
        # uniformint gives the ends half their share; to TPE randint has no order.
        Feature.INT: Capability(
            Support.NATIVE, "a rounded hp.quniform(low - 0.5, high + 0.5, 1)"
        ),
        # qloguniform has the same shares, but TPE finds worse values with it, slower.
        Feature.INT_LOG: emulated("log-round"),
        Feature.INT_STEP: emulated("index"),
        Feature.INT_PRIOR: emulated("quantile"),
        Feature.QUANTIZED: YES,
        Feature.CATEGORICAL: YES,
        Feature.CATEGORICAL_ORDERED: emulated("index"),
        Feature.CATEGORICAL_WEIGHTS: YES,
        Feature.CONDITIONAL: Capability(
            Support.NATIVE,
            "nested hp.choice; below an int, an ordered or several independent parents "
            "it is always drawn, and the objective sees it only when it is active",
        ),
        Feature.FORBIDDEN: emulated("reject"),
        Feature.MULTI_OBJECTIVE: no("it minimizes one loss"),
        Feature.CONSTRAINTS: no("it minimizes one loss"),
        Feature.FAILED_TRIALS: YES,
        Feature.PRUNED_TRIALS: AS_WORST,
        Feature.SEEDING: YES,
        Feature.FOREIGN_HISTORY: YES,
        Feature.PENDING: YES,
        Feature.OUT_OF_ORDER: YES,
        Feature.REPLAY: YES,
        Feature.DEFINE_BY_RUN: KNOWN_SO_FAR,
    }
)

ATPE_CAPABILITIES = CAPABILITIES.but(
    {
        # It reads neither pchoice nor the branches of a choice back from the space.
        Feature.CATEGORICAL_WEIGHTS: emulated("weight-quantile"),
        Feature.CONDITIONAL: emulated("flatten"),
        Feature.FAILED_TRIALS: Capability(
            Support.EMULATED, f"{LEFT_OUT.note}, and here infinite ones too"
        ),
        Feature.PRUNED_TRIALS: NOT_LEARNT,
        Feature.PENDING: Capability(Support.EMULATED, "does not see pending trials"),
    }
)

SPEC = BackendSpec(
    name="hyperopt",
    summary="Tree-structured Parzen estimators and annealing from Hyperopt.",
    requires=("hyperopt>=0.3",),
    homepage="https://hyperopt.github.io/hyperopt/",
    tested={"oldest": "0.3.0", "newest": "0.3.0"},
    algorithms={
        algorithm.name: algorithm
        for algorithm in (
            Algorithm(
                name="tpe",
                encode=_encode,
                refine=_refine,
                summary="Tree-structured Parzen estimator, one parameter at a time.",
                capabilities=CAPABILITIES,
                native_call="hyperopt.fmin(algo=tpe.suggest)",
                options=TpeOptions,
                quick={"n_startup_jobs": 5},
                cost_per_ask="O(n) in trials, O(d) in parameters",
                recommended_trials="50 to 1000",
                source="Bergstra et al. 2011, Algorithms for Hyper-Parameter "
                "Optimization",
            ),
            Algorithm(
                name="random",
                encode=_encode,
                refine=_refine,
                summary="Independent draws from the space.",
                capabilities=CAPABILITIES.but({Feature.PRUNED_TRIALS: FROM_NO_TRIAL}),
                native_call="hyperopt.fmin(algo=rand.suggest)",
                cost_per_ask="O(1) in trials",
                recommended_trials="any number; the baseline",
                learns=False,
                source="Bergstra and Bengio 2012, Random Search for Hyper-Parameter "
                "Optimization",
            ),
            Algorithm(
                name="anneal",
                encode=_encode,
                refine=_refine,
                summary="Draws around one of the best trials, ever closer to it.",
                capabilities=CAPABILITIES,
                native_call="hyperopt.fmin(algo=anneal.suggest)",
                options=AnnealOptions,
                # Pending trials are points to start from, for want of better ones.
                starts_random=False,
                cost_per_ask="O(n) in trials",
                recommended_trials="50 to 1000",
                source="hyperopt 0.3.0, hyperopt/anneal.py",
            ),
            Algorithm(
                name="mix",
                encode=_encode,
                refine=_refine,
                summary="Random, anneal and TPE, one drawn for each trial.",
                capabilities=CAPABILITIES,
                native_call="hyperopt.fmin(algo=mix.suggest)",
                options=MixOptions,
                starts_random=False,
                quick={"p_suggest": [[0.1, "random"], [0.9, "anneal"]]},
                cost_per_ask="O(n) in trials",
                recommended_trials="50 to 1000",
                source="hyperopt 0.3.0, hyperopt/mix.py",
            ),
            Algorithm(
                name="atpe",
                encode=_encode,
                refine=_refine,
                summary="TPE whose options are chosen by models trained beforehand.",
                capabilities=ATPE_CAPABILITIES,
                native_call="hyperopt.fmin(algo=atpe.suggest)",
                cost_per_ask="O(n) in trials, and 0.05 s",
                recommended_trials="50 to 500",
                source="hyperopt 0.3.0, hyperopt/atpe.py",
                requires=("lightgbm>=4.0", "scikit-learn>=1.5"),
                extra="atpe",
            ),
        )
    },
    create=lazy("hpbridge_hyperopt.backend.optimizer:create"),
    upstream=lazy("hpbridge_hyperopt._upstream:problems"),
    explain=lazy("hpbridge_hyperopt.backend.explain:explain"),
    from_native=lazy("hpbridge_hyperopt.native.read:from_native"),
    script=ScriptReader(
        library="hyperopt",
        entries=(
            Entry("fmin", (0, "fn")),
            Entry("fmin", (0, "fn"), of=("Trials", "SparkTrials")),
        ),
        read=lazy("hpbridge_hyperopt.native.script:read"),
    ),
)

HOST = HostSpec(
    name="hyperopt",
    summary="a function for algo= of fmin, with Trials and SparkTrials",
    line='algo=hpbridge_hyperopt.suggest("{optimizer}")',
    requires=SPEC.requires,
)


@hookimpl
def hpbridge_backends() -> Iterable[BackendSpec]:
    return [SPEC]


@hookimpl
def hpbridge_study_formats() -> Iterable[StudyFormat]:
    return [FORMAT]


@hookimpl
def hpbridge_hosts() -> Iterable[HostSpec]:
    return [HOST]
