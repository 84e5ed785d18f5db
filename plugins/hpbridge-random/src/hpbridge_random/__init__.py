"""Pure random search: the smallest plugin of hpbridge."""

from __future__ import annotations

from hpbridge.plugin import (
    FROM_NO_TRIAL,
    KNOWN_SO_FAR,
    SPACE_FEATURES,
    YES,
    Algorithm,
    BackendSpec,
    Capabilities,
    Capability,
    Feature,
    Support,
    hookimpl,
    lazy,
)

_NOTHING = Capability(Support.NATIVE, "accepted; random search learns from no trial")


SPEC = BackendSpec(
    name="random",
    summary="Independent random draws from the space, in pure Python.",
    requires=(),
    algorithms={
        "random": Algorithm(
            name="random",
            summary="Draws every trial by scale, prior and weights; learns nothing.",
            capabilities=Capabilities(
                {
                    **dict.fromkeys(SPACE_FEATURES, YES),
                    Feature.MULTI_OBJECTIVE: _NOTHING,
                    Feature.CONSTRAINTS: _NOTHING,
                    Feature.FAILED_TRIALS: _NOTHING,
                    Feature.PRUNED_TRIALS: FROM_NO_TRIAL,
                    Feature.FOREIGN_HISTORY: _NOTHING,
                    Feature.SEEDING: YES,
                    Feature.PENDING: YES,
                    Feature.OUT_OF_ORDER: YES,
                    Feature.REPLAY: YES,
                    Feature.DEFINE_BY_RUN: KNOWN_SO_FAR,
                }
            ),
            native_call="Space.sample",
            cost_per_ask="O(1)",
            recommended_trials="any",
            source="Bergstra and Bengio, JMLR 13, 2012",
            learns=False,
        )
    },
    create=lazy("hpbridge_random.backend.optimizer:create"),
    explain=lazy("hpbridge_random.backend.explain:explain"),
)


@hookimpl
def hpbridge_backends() -> list[BackendSpec]:
    return [SPEC]
